"""Suppliers read over a login of their own, and an agreement is looked up once a transaction.

Until now every policy a statement met looked the agreement's row up itself. ``tally_resolve`` does so once, with the
settings ``tally.org``, ``tally.partner``, ``tally.agreement`` and ``tally.today`` of the transaction, and keeps what
it found in settings the policies read. See ``docs/adr/0006-disclosure.md``.
"""

from alembic import op

revision = "0008_suppliers_read"
down_revision = "0007_deeds_on_stock"
branch_labels = None
depends_on = None

PORTAL = "tallystick_portal"
TIERS = ("ordinary", "key", "strategic")
BY_NODE = ("key", "strategic")
SUPPLIER = "tallystick_supplier"

SUPPLIERS = {
    "replenishment_order": "org_id, id, number, policy_id, product_id, location_id, supplier_id, quantity, pack_quanta,"
    " needed_on, on_hand, in_transit, confirmed, incoming_on, demand_in_lead_time, lead_time_days, projected,"
    " min_quanta, max_quanta, over_max, moq_numerator, moq_denominator, moq_unit, moq_quanta, state, version,"
    " answer_by, created_at",
    "replenishment_step": "org_id, order_id, version, from_state, to_state, actor, actor_id, reason, at",
    "shipment": "org_id, id, number, order_id, supplier_id, product_id, location_id, lot_code, lot_made_on,"
    " lot_expires_on, quantity, received, due_on, state, version, departed_at, received_at",
    "product": "org_id, id, sku, gtin, name_zh, name_en, base_unit, decimals",
    "product_unit": "org_id, product_id, code, numerator, denominator, level, valid_from, valid_until, label_zh,"
    " label_en",
    "location": "org_id, id, name_zh, name_en",
    "partner": "org_id, id, name_zh, name_en",
}
NEWLY_GUARDED = ("partner", "replenishment_order", "replenishment_step", "shipment")

# Scalar sub-selects, so that each is asked once a statement and not once a row.
ORG = "CAST((SELECT current_setting('tally.org')) AS uuid)"
PARTNER = "CAST((SELECT current_setting('tally.partner')) AS uuid)"
TODAY = "CAST((SELECT current_setting('tally.today')) AS date)"
NUMBER = "(SELECT current_setting('tally.agreement'))"
# What ``tally_resolve`` found: nobody's id where there is no such agreement in force, of this partner, of this tier.
AGREED = "CAST((SELECT current_setting('tally.agreed')) AS uuid)"
EVERY_PRODUCT = "CAST((SELECT current_setting('tally.every_product')) AS boolean)"
EVERY_NODE = "CAST((SELECT current_setting('tally.every_node')) AS boolean)"
NOBODYS = "00000000-0000-0000-0000-000000000000"

RESOLVE = f"""
CREATE FUNCTION tally_resolve() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    agreed record;
BEGIN
    -- Read as whoever asks: the agreement's own policy decides whether there is one.
    SELECT a.id, a.all_products INTO agreed FROM agreement a WHERE a.org_id = {ORG} AND a.number = {NUMBER};
    PERFORM set_config('tally.agreed', COALESCE(CAST(agreed.id AS text), '{NOBODYS}'), TRUE),
            set_config('tally.every_product', CAST(COALESCE(agreed.all_products, FALSE) AS text), TRUE);
    PERFORM set_config('tally.every_node', CAST(agreed.id IS NOT NULL AND NOT EXISTS (
        SELECT FROM agreement_node n WHERE n.org_id = {ORG} AND n.agreement_id = agreed.id) AS text), TRUE);
END $$
"""


def product_agreed(column: str) -> str:
    """Return the condition that a row's product is in the agreement."""
    listed = f"p.org_id = {ORG} AND p.agreement_id = {AGREED} AND p.product_id = {column}"
    return f"({EVERY_PRODUCT} OR (SELECT TRUE FROM agreement_product p WHERE {listed}))"


def node_agreed(column: str) -> str:
    """Return the condition that a row's node is in the agreement."""
    listed = f"n.org_id = {ORG} AND n.agreement_id = {AGREED} AND n.location_id = {column}"
    return f"({EVERY_NODE} OR (SELECT TRUE FROM agreement_node n WHERE {listed}))"


def policies(tier: str) -> dict[str, str]:
    """Return which rows of each table a tier may read."""
    product, node = product_agreed, node_agreed
    own = f"partner_id = {PARTNER}"
    placed = f"{product('{t}.product_id')} AND {node('{t}.location_id')}"
    rows = {
        "agreement": f"number = {NUMBER} AND {own} AND tier = '{tier}'"
        f" AND valid_from <= {TODAY} AND valid_until >= {TODAY}",
        "agreement_product": f"agreement_id = {AGREED}",
        "agreement_node": f"agreement_id = {AGREED}",
        "product": product("product.id"),
        "location": node("location.id"),
        "lot": product("lot.product_id"),
        "product_unit": product("product_unit.product_id"),
        "stock_balance": f"{product('stock_balance.product_id')} AND {node('stock_balance.node_id')}",
        "stock_summary": placed.replace("{t}", "stock_summary"),
        "expected_receipt": placed.replace("{t}", "expected_receipt"),
        "allocation": f"{own} AND {placed.replace('{t}', 'allocation')}",
        "reservation": f"{own} AND {AGREED} <> '{NOBODYS}'",
        "reservation_line": product("reservation_line.product_id")
        + " AND EXISTS (SELECT FROM reservation r WHERE r.org_id = reservation_line.org_id"
        " AND r.id = reservation_line.reservation_id)",
        "threshold_question": f"agreement = {NUMBER}",
        "sales_order": f"{own} AND {AGREED} <> '{NOBODYS}'",
        "sales_order_line": product("sales_order_line.product_id")
        + " AND EXISTS (SELECT FROM sales_order o WHERE o.org_id = sales_order_line.org_id"
        " AND o.id = sales_order_line.order_id)",
    }
    if tier in BY_NODE:
        rows["credential"] = product("credential.product_id")
    if tier == "strategic":
        rows["demand_day"] = product("demand_day.product_id")
    return {table: f"{table}.org_id = {ORG} AND {condition}" for table, condition in rows.items()}


def of_a_supplier() -> dict[str, str]:
    """Return which rows of each table a supplier may read: what was sent to them, and what that names."""

    def named(column: str, by: str) -> str:
        return f"(SELECT TRUE FROM replenishment_order o WHERE o.org_id = {ORG} AND o.{column} = {by} LIMIT 1)"

    own = f"supplier_id = {PARTNER}"
    rows = {
        "replenishment_order": f"{own} AND state <> 'proposed'",
        "replenishment_step": named("id", "replenishment_step.order_id"),
        "shipment": own,
        "product": named("product_id", "product.id"),
        "product_unit": named("product_id", "product_unit.product_id"),
        "location": named("location_id", "location.id"),
        "partner": f"id = {PARTNER}",
    }
    return {table: f"{table}.org_id = {ORG} AND {condition}" for table, condition in rows.items()}


def upgrade() -> None:
    """Make the suppliers' group, and write the policies of all who read anew."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {SUPPLIER} NOLOGIN NOSUPERUSER NOBYPASSRLS;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(f"GRANT USAGE ON SCHEMA public TO {SUPPLIER}")
    for table, columns in SUPPLIERS.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {SUPPLIER}")
    tiers = ", ".join(f"tallystick_{tier}" for tier in TIERS)
    op.execute(f"GRANT SELECT (answers) ON threshold_question TO {tiers}")
    op.execute(RESOLVE)
    op.execute("REVOKE ALL ON FUNCTION tally_resolve() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION tally_resolve() TO {PORTAL}, {tiers}")
    for table in NEWLY_GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY portal ON {table} TO {PORTAL} USING (TRUE) WITH CHECK (TRUE)")
    for tier in TIERS:
        for table, condition in policies(tier).items():
            op.execute(f"ALTER POLICY {tier} ON {table} USING ({condition})")
    for table, condition in of_a_supplier().items():
        op.execute(f"CREATE POLICY supplier ON {table} FOR SELECT TO {SUPPLIER} USING ({condition})")
