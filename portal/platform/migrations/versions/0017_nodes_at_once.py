"""The nodes of an agreement are looked up once a statement, not once for every row.

Policies asked for each row whether its node is in the agreement: on a page of 50 products at 20 nodes, a thousand
times. As ``IN`` over a query that does not depend on the row, PostgreSQL reads the agreement's nodes once and keeps
them in a hash. An agreement has few nodes; of products it may list tens of thousands, so a read of one product still
looks up just that one. See ``docs/performance.md``.
"""

from alembic import op

revision = "0017_nodes_at_once"
down_revision = "0016_makings"
branch_labels = None
depends_on = None

TIERS = ("ordinary", "key", "strategic")

ORG = "CAST((SELECT current_setting('tally.org')) AS uuid)"
PARTNER = "CAST((SELECT current_setting('tally.partner')) AS uuid)"
AGREED = "CAST((SELECT current_setting('tally.agreed')) AS uuid)"
EVERY_PRODUCT = "CAST((SELECT current_setting('tally.every_product')) AS boolean)"
EVERY_NODE = "CAST((SELECT current_setting('tally.every_node')) AS boolean)"


def product_agreed(table: str) -> str:
    """Return the condition that a row's product is in the agreement, as in 0008."""
    listed = f"p.org_id = {ORG} AND p.agreement_id = {AGREED} AND p.product_id = {table}.product_id"
    return f"({EVERY_PRODUCT} OR (SELECT TRUE FROM agreement_product p WHERE {listed}))"


def node_agreed(column: str) -> str:
    """Return the condition that a row's node is in the agreement."""
    nodes = f"SELECT n.location_id FROM agreement_node n WHERE n.org_id = {ORG} AND n.agreement_id = {AGREED}"
    return f"({EVERY_NODE} OR {column} IN ({nodes}))"


def policies() -> dict[str, str]:
    """Return which rows of the tables that tell of nodes a tier may read; the same for all tiers."""
    rows = {"location": node_agreed("location.id")}
    for table, column in (
        ("stock_balance", "node_id"),
        ("stock_summary", "location_id"),
        ("expected_receipt", "location_id"),
        ("allocation", "location_id"),
    ):
        rows[table] = f"{product_agreed(table)} AND {node_agreed(f'{table}.{column}')}"
    rows["allocation"] = f"partner_id = {PARTNER} AND {rows['allocation']}"
    return {table: f"{table}.org_id = {ORG} AND {condition}" for table, condition in rows.items()}


def upgrade() -> None:
    """Write these policies anew."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for tier in TIERS:
        for table, condition in policies().items():
            op.execute(f"ALTER POLICY {tier} ON {table} USING ({condition})")
