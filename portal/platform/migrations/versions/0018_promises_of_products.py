"""What others will take is reckoned for the products of the read, not for every order of the company.

``promised_to_others`` added up all open orders at every request, whatever was asked: one product's page took as long
as the company had orders. The function with one argument more reads the named products' orders by their index, and
looks the agreement up once. The one without it stays for portals of the release before, which run while this
migration does.
"""

from alembic import op

revision = "0018_promises_of_products"
down_revision = "0017_nodes_at_once"
branch_labels = None
depends_on = None

PORTAL, RECKONER = "tallystick_portal", "tallystick_reckoner"
TIERS = ("tallystick_ordinary", "tallystick_key", "tallystick_strategic")
SIGNATURE = "promised_to_others(uuid, uuid, date, timestamptz, uuid[])"

ORG = "CAST((SELECT current_setting('tally.org')) AS uuid)"
PARTNER = "CAST((SELECT current_setting('tally.partner')) AS uuid)"
NUMBER = "(SELECT current_setting('tally.agreement'))"

# As in 0006: a tier asks in its own firm's name only, and within its agreement; the portal answers for its own staff.
TAKEN = f"""
CREATE FUNCTION promised_to_others(asked_org uuid, asked_partner uuid, today date, moment timestamptz, products uuid[])
RETURNS TABLE (product_id uuid, location_id uuid, on_day date, quantity bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH agreed AS MATERIALIZED (
        SELECT a.id, a.all_products,
               NOT EXISTS (SELECT FROM agreement_node n WHERE n.org_id = a.org_id AND n.agreement_id = a.id) AS all_nodes
        FROM agreement a
        WHERE a.org_id = asked_org AND a.number = {NUMBER} AND a.partner_id = asked_partner
    )
    SELECT l.product_id, l.location_id, GREATEST(l.on_day, today), CAST(SUM(l.quantity) AS bigint)
    FROM (
        SELECT a.product_id, a.location_id, a.needed_on AS on_day, a.quantity FROM allocation a
        WHERE a.org_id = asked_org AND a.product_id = ANY(products) AND a.state = 'open'
          AND a.partner_id IS DISTINCT FROM asked_partner
        UNION ALL
        SELECT v.product_id, v.location_id, v.needed_on, v.quantity
        FROM reservation_line v JOIN reservation r ON r.org_id = v.org_id AND r.id = v.reservation_id
        WHERE v.org_id = asked_org AND v.product_id = ANY(products) AND v.state = 'open' AND v.held_until > moment
          AND r.partner_id IS DISTINCT FROM asked_partner
        UNION ALL
        SELECT o.product_id, o.location_id, o.starts_on, o.quantity - o.drawn FROM pool o
        WHERE o.org_id = asked_org AND o.product_id = ANY(products) AND o.state = 'open' AND o.ends_at > moment
          AND o.quantity > o.drawn AND (o.partner_id IS DISTINCT FROM asked_partner OR o.starts_on > today)
    ) l
    WHERE (SELECT pg_has_role(CASE current_setting('role') WHEN 'none' THEN session_user
                              ELSE current_setting('role') END, '{PORTAL}', 'USAGE'))
       OR (asked_org = {ORG} AND asked_partner = {PARTNER}
           AND ((SELECT all_products FROM agreed) OR EXISTS (
                 SELECT FROM agreement_product p WHERE p.org_id = asked_org
                   AND p.agreement_id = (SELECT id FROM agreed) AND p.product_id = l.product_id))
           AND ((SELECT all_nodes FROM agreed) OR l.location_id IN (
                 SELECT n.location_id FROM agreement_node n WHERE n.org_id = asked_org
                   AND n.agreement_id = (SELECT id FROM agreed))))
    GROUP BY 1, 2, 3
$$
"""


def upgrade() -> None:
    """Make the function beside the old one, with the same owner and rights."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.execute(TAKEN)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {PORTAL}, {', '.join(TIERS)}")
    _hand_over()


def _hand_over() -> None:
    """Make the reckoner the function's owner; who migrates without being superuser must be of its group for that."""
    is_super = op.get_bind().exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar()
    if not is_super:
        op.execute(f"GRANT {RECKONER} TO CURRENT_USER")
    op.execute(f"GRANT CREATE ON SCHEMA public TO {RECKONER}")
    op.execute(f"ALTER FUNCTION {SIGNATURE} OWNER TO {RECKONER}")
    op.execute(f"REVOKE CREATE ON SCHEMA public FROM {RECKONER}")
    if not is_super:
        op.execute(f"REVOKE {RECKONER} FROM CURRENT_USER")
