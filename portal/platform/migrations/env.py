"""Runs migrations on the connection that ``portal.platform.migrate`` hands over."""

from alembic import context

# One portal migrates at a time; the others wait here and then find nothing left to do.
_LOCK = 0x7A11_1571

connection = context.config.attributes["connection"]
connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
context.configure(connection=connection)
context.run_migrations()
