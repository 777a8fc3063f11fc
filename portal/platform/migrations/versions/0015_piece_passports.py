"""Passports of single pieces: the serial number beside the lot the piece is of.

``credential.serial`` is empty for a lot's passport and for every other kind. Product and lot stand in a piece's row
too, so whatever befalls the lot finds its pieces. See ``docs/adr/0016-piece-passports.md``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015_piece_passports"
down_revision = "0014_status_lists"
branch_labels = None
depends_on = None

BY_NODE = ("key", "strategic")


def upgrade() -> None:
    """Add the column, and let those who may read passports read it."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.add_column("credential", sa.Column("serial", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_credential_serial_given"), "credential", "serial <> ''")
    op.create_index(
        "ix_credential_piece",
        "credential",
        ["org_id", "product_id", "lot_code", "serial", "issued_at"],
        postgresql_where=sa.text("serial IS NOT NULL"),
    )
    for tier in BY_NODE:
        op.execute(f"GRANT SELECT (serial) ON credential TO tallystick_{tier}")
