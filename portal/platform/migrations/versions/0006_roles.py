"""Disclosure enforced by the database: groups, grants, row level security, and the one function that reckons.

Groups are cluster-wide and cannot log in; each installation gives its own logins to them (``portal.platform.roles``).
A tier's group may read the columns its tier shows and nothing else; policies narrow the rows to what the settings
``tally.org``, ``tally.partner``, ``tally.agreement`` and ``tally.today`` of the transaction name. Where one of them
is missing, reading is an error, not everything. See ``docs/adr/0006-disclosure.md``.
"""

from alembic import op

revision = "0006_roles"
down_revision = "0005_agreements"
branch_labels = None
depends_on = None

PORTAL, RECKONER = "tallystick_portal", "tallystick_reckoner"
TIERS = ("ordinary", "key", "strategic")
BY_NODE = ("key", "strategic")

EVERY_TIER = {
    "agreement": "org_id, id, number, partner_id, tier, valid_from, valid_until, all_products",
    "agreement_product": "org_id, agreement_id, product_id",
    "agreement_node": "org_id, agreement_id, location_id",
    "product": "org_id, id, sku, gtin, name_zh, name_en, category, base_unit, decimals, pack_quanta, tracking,"
    " shelf_life_days, active, created_at",
    "product_unit": "org_id, id, product_id, code, numerator, denominator, level, valid_from, valid_until, label_zh,"
    " label_en",
    "location": "org_id, id, kind, fed_at, level, feed_limit_hours, stale_policy",
    "lot": "org_id, id, product_id, status, expires_on",
    "stock_balance": "org_id, product_id, location_id, node_id, lot_id, status, owner_id, on_hand",
    "stock_summary": "org_id, product_id, location_id, physical, usable, day, good_until",
    "expected_receipt": "org_id, product_id, location_id, quantity, received, written_off, due_on, state, document",
    "allocation": "org_id, product_id, location_id, partner_id, quantity, needed_on, state, document",
    "reservation": "org_id, id, partner_id, document, state, held_until, actor, created_at, changed_at",
    "reservation_line": "org_id, reservation_id, product_id, location_id, pool_id, quantity, needed_on, held_until,"
    " state",
    "threshold_question": "org_id, agreement, day",
    "sales_order": "org_id, id, number, partner_id, ordered_at, needed_on, state",
    "sales_order_line": "org_id, order_id, line_no, product_id, location_id, quantity, unit_price",
}
KEY_AND_ABOVE = {
    "location": "code, name_zh, name_en",
    "lot": "code, made_on",
    "credential": "org_id, id, kind, product_id, gtin, lot_code, body, digest, facts_key, issued_by, issued_at,"
    " valid_until, replaces_id, batch_id, leaf_index, path",
    "anchor_batch": "org_id, id, seq, root, size, state, sealed_at, placement, receipt",
}
STRATEGIC_ONLY = {"demand_day": "org_id, product_id, day, quantity, order_count"}
RECKONED = {
    "allocation": "org_id, product_id, location_id, partner_id, quantity, needed_on, state",
    "reservation": "org_id, id, partner_id",
    "reservation_line": "org_id, reservation_id, product_id, location_id, quantity, needed_on, held_until, state",
    "pool": "org_id, product_id, location_id, partner_id, quantity, drawn, starts_on, ends_at, state",
    "agreement": "org_id, id, number, partner_id, all_products",
    "agreement_product": "org_id, agreement_id, product_id",
    "agreement_node": "org_id, agreement_id, location_id",
}

# Scalar sub-selects, so that each is asked once a statement and not once a row.
ORG = "CAST((SELECT current_setting('tally.org')) AS uuid)"
PARTNER = "CAST((SELECT current_setting('tally.partner')) AS uuid)"
TODAY = "CAST((SELECT current_setting('tally.today')) AS date)"
NUMBER = "(SELECT current_setting('tally.agreement'))"
# The agreement's own row, as far as its policy shows it: in force, of this partner, of this tier.
AGREED = f"(SELECT a.id FROM agreement a WHERE a.org_id = {ORG} AND a.number = {NUMBER})"
EVERY_PRODUCT = AGREED.replace("a.id", "a.all_products")
ANY_NODE = (
    f"({AGREED} IS NOT NULL AND NOT EXISTS"
    f" (SELECT FROM agreement_node n WHERE n.org_id = {ORG} AND n.agreement_id = {AGREED}))"
)


def product_agreed(column: str) -> str:
    """Return the condition that a row's product is in the agreement."""
    listed = f"p.org_id = {ORG} AND p.agreement_id = {AGREED} AND p.product_id = {column}"
    return f"({EVERY_PRODUCT} OR (SELECT TRUE FROM agreement_product p WHERE {listed}))"


def node_agreed(column: str) -> str:
    """Return the condition that a row's node is in the agreement."""
    listed = f"n.org_id = {ORG} AND n.agreement_id = {AGREED} AND n.location_id = {column}"
    return f"({ANY_NODE} OR (SELECT TRUE FROM agreement_node n WHERE {listed}))"


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
        "reservation": f"{own} AND {AGREED} IS NOT NULL",
        "reservation_line": product("reservation_line.product_id")
        + " AND EXISTS (SELECT FROM reservation r WHERE r.org_id = reservation_line.org_id"
        " AND r.id = reservation_line.reservation_id)",
        "threshold_question": f"agreement = {NUMBER}",
        "sales_order": f"{own} AND {AGREED} IS NOT NULL",
        "sales_order_line": product("sales_order_line.product_id")
        + " AND EXISTS (SELECT FROM sales_order o WHERE o.org_id = sales_order_line.org_id"
        " AND o.id = sales_order_line.order_id)",
    }
    if tier in BY_NODE:
        rows["credential"] = product("credential.product_id")
    if tier == "strategic":
        rows["demand_day"] = product("demand_day.product_id")
    return {table: f"{table}.org_id = {ORG} AND {condition}" for table, condition in rows.items()}


GUARDED = (*EVERY_TIER, "credential", "demand_day", "pool")

# The partner and the company asked for must be those of the transaction, and the rows within the agreement: a tier
# cannot ask in another's name. The portal itself may, because it answers for its own staff.
TAKEN = f"""
CREATE FUNCTION promised_to_others(asked_org uuid, asked_partner uuid, today date, moment timestamptz)
RETURNS TABLE (product_id uuid, location_id uuid, on_day date, quantity bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT l.product_id, l.location_id, GREATEST(l.on_day, today), CAST(SUM(l.quantity) AS bigint)
    FROM (
        SELECT a.product_id, a.location_id, a.needed_on AS on_day, a.quantity FROM allocation a
        WHERE a.org_id = asked_org AND a.state = 'open' AND a.partner_id IS DISTINCT FROM asked_partner
        UNION ALL
        SELECT v.product_id, v.location_id, v.needed_on, v.quantity
        FROM reservation_line v JOIN reservation r ON r.org_id = v.org_id AND r.id = v.reservation_id
        WHERE v.org_id = asked_org AND v.state = 'open' AND v.held_until > moment
          AND r.partner_id IS DISTINCT FROM asked_partner
        UNION ALL
        SELECT o.product_id, o.location_id, o.starts_on, o.quantity - o.drawn FROM pool o
        WHERE o.org_id = asked_org AND o.state = 'open' AND o.ends_at > moment AND o.quantity > o.drawn
          AND (o.partner_id IS DISTINCT FROM asked_partner OR o.starts_on > today)
    ) l
    WHERE (SELECT pg_has_role(CASE current_setting('role') WHEN 'none' THEN session_user
                              ELSE current_setting('role') END, '{PORTAL}', 'USAGE'))
       OR (asked_org = {ORG} AND asked_partner = {PARTNER}
           AND (EXISTS (SELECT FROM agreement a WHERE a.org_id = asked_org AND a.number = {NUMBER}
                          AND a.partner_id = asked_partner
                          AND (a.all_products OR EXISTS (
                                SELECT FROM agreement_product p WHERE p.org_id = asked_org
                                  AND p.agreement_id = a.id AND p.product_id = l.product_id))
                          AND (EXISTS (
                                SELECT FROM agreement_node n WHERE n.org_id = asked_org
                                  AND n.agreement_id = a.id AND n.location_id = l.location_id)
                               OR NOT EXISTS (
                                SELECT FROM agreement_node n WHERE n.org_id = asked_org
                                  AND n.agreement_id = a.id)))))
    GROUP BY 1, 2, 3
$$
"""


def upgrade() -> None:
    """Make the groups, and give each what it may read."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    for group in (PORTAL, RECKONER, *(f"tallystick_{tier}" for tier in TIERS)):
        _make_group(group)
    op.execute(f"GRANT USAGE ON SCHEMA public TO {PORTAL}, {RECKONER}, {_groups(TIERS)}")
    _give_the_portal()
    for tables, tiers in ((EVERY_TIER, TIERS), (KEY_AND_ABOVE, BY_NODE), (STRATEGIC_ONLY, ("strategic",))):
        for table, columns in tables.items():
            op.execute(f"GRANT SELECT ({columns}) ON {table} TO {_groups(tiers)}")
    for table, columns in RECKONED.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO {RECKONER}")
    _guard_rows()
    op.execute(TAKEN)
    signature = "promised_to_others(uuid, uuid, date, timestamptz)"
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {PORTAL}, {_groups(TIERS)}")
    _hand_over(signature)


def _groups(tiers: tuple[str, ...]) -> str:
    return ", ".join(f"tallystick_{tier}" for tier in tiers)


def _make_group(group: str) -> None:
    """Make a group that another database of the cluster may be making at this very moment."""
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {group} NOLOGIN NOSUPERUSER NOBYPASSRLS;"
        " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def _give_the_portal() -> None:
    """Let the portal read and write every table, these and later ones; it owns none and changes no schema."""
    rights = "SELECT, INSERT, UPDATE, DELETE"
    if op.get_bind().dialect.server_version_info >= (17,):  # type: ignore[operator]
        rights += ", MAINTAIN"
    for what in (f"{rights} ON {{}}TABLES", "USAGE, SELECT ON {}SEQUENCES"):
        op.execute(f"GRANT {what.format('ALL ')} IN SCHEMA public TO {PORTAL}")
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {what.format('')} TO {PORTAL}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {PORTAL}")


def _guard_rows() -> None:
    for table in GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY portal ON {table} TO {PORTAL} USING (TRUE) WITH CHECK (TRUE)")
    for table in RECKONED:
        op.execute(f"CREATE POLICY reckoner ON {table} FOR SELECT TO {RECKONER} USING (TRUE)")
    for tier in TIERS:
        for table, condition in policies(tier).items():
            op.execute(f"CREATE POLICY {tier} ON {table} FOR SELECT TO tallystick_{tier} USING ({condition})")


def _hand_over(signature: str) -> None:
    """Make the reckoner the function's owner; who migrates without being superuser must be of its group for that."""
    is_super = op.get_bind().exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar()
    if not is_super:
        op.execute(f"GRANT {RECKONER} TO CURRENT_USER")
    op.execute(f"GRANT CREATE ON SCHEMA public TO {RECKONER}")
    op.execute(f"ALTER FUNCTION {signature} OWNER TO {RECKONER}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {RECKONER}")
    if not is_super:
        op.execute(f"REVOKE {RECKONER} FROM CURRENT_USER")
