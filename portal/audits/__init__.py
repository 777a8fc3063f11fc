"""Audits of suppliers: a checklist, what the portal holds for each item, judgements, findings, a signed report.

``model`` holds the rules, ``checklist`` reads the definitions (plain files, versioned, in both languages),
``store`` the rows, ``reads`` the questions, ``service`` the deeds. What the other rooms hold is gathered in
``portal.flows.auditing``.
"""
