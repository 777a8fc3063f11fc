"""The parts of ``tools/audit_graphql.py``: what is audited, and by whom."""
