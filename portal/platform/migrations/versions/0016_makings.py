"""What a lot was made from can be asked the other way round: which lots did this one go into?

The events have carried what went in since 0012; the index finds them by it. See ``docs/credentials.md``.
"""

from alembic import op

revision = "0016_makings"
down_revision = "0015_piece_passports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(
        "CREATE INDEX ix_trace_event_inputs ON trace_event USING gin (inputs jsonb_path_ops)"
        " WHERE inputs IS NOT NULL"
    )
