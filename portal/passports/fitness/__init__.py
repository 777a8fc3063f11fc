"""Fitness of a lot: which papers it must have, whether they hold on a day, and whether it was recalled.

``model`` holds the rule, ``store`` the rows, ``reads`` the facts of many lots at once, ``service`` the deeds. What
it does to stock is the business of ``portal.flows.withholding``.
"""
