"""What the bench lays in the tables, and what it asks for: the same to ours and to the peers.

Products at 20 nodes with a lot at each, four shipments on their way and four orders of other firms each; 200
partners with an agreement over a fiftieth of the products each, of which the first asks. Every figure is another,
so that an answer made of the wrong row is noticed.

The peers have no entitlements, no dates and no agreements. For them the figures of the asking partner lie ready in
four narrow tables with small integer keys (schema ``peer``): totals a product, stock a product and warehouse. That
is the most favourable layout for them: ours reckons what they only read.
"""

from dataclasses import dataclass
from uuid import UUID

import psycopg

ORG, PERSON = UUID(int=1), UUID(int=2)
SHARE = 50
"""Every how many products one is in an agreement; also the length of a page."""

_FILL = """
    SET session_replication_role = replica;
    INSERT INTO org VALUES ('{org}', '测', 'Bench', FALSE, now());
    CREATE TEMP TABLE p AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, {products}) n;
    CREATE TEMP TABLE w AS SELECT n, gen_random_uuid() AS id FROM generate_series(1, 20) n;
    CREATE TEMP TABLE l AS SELECT p.n AS p, w.n AS w, p.id AS product_id, w.id AS node_id, gen_random_uuid() AS id,
                                  5 + (p.n * 7 + w.n * 13) % 90 AS quantity
        FROM p CROSS JOIN w ORDER BY p.n, w.n;
    CREATE TEMP TABLE f AS SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS agreement
        FROM generate_series(1, 200) n;
    CREATE TEMP TABLE k AS SELECT p.n AS p, 1 + (p.n * 3 + k * 5) % 20 AS w, k, p.id AS product_id
        FROM p CROSS JOIN generate_series(1, 4) k;
    CREATE INDEX ON w (n);
    CREATE INDEX ON f (n);
    INSERT INTO product (org_id, id, sku, name_zh, name_en, base_unit, decimals, pack_quanta, tracking, active,
                         created_at)
        SELECT '{org}', id, 'S-' || lpad(n::text, 6, '0'), '茶', 'Tea', 'C62', 0, 1, 'lot', TRUE, now() FROM p;
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, created_at)
        SELECT '{org}', id, 'N' || lpad(n::text, 2, '0'), '仓', 'Node', 'own', now() FROM w;
    INSERT INTO lot (org_id, id, product_id, code, expires_on, status, created_at)
        SELECT '{org}', id, product_id, 'L' || row_number() OVER (), DATE '2039-01-01', 'available', now() FROM l;
    INSERT INTO stock_balance (org_id, product_id, location_id, node_id, lot_id, status, owner_id, on_hand,
                               changed_at)
        SELECT '{org}', product_id, node_id, node_id, id, 'available', '00000000-0000-0000-0000-000000000000',
               quantity, now() FROM l;
    INSERT INTO stock_summary (org_id, product_id, location_id, physical, usable, good_until)
        SELECT '{org}', product_id, node_id, quantity, quantity, DATE '2039-01-01' FROM l;
    INSERT INTO partner (org_id, id, code, name_zh, name_en, roles, created_at)
        SELECT '{org}', id, 'C' || n, '客', 'Firm', ARRAY['customer'], now() FROM f;
    INSERT INTO agreement (org_id, id, number, partner_id, tier, purpose, valid_from, valid_until, all_products,
                           basis, grain, steps, daily_questions, note, created_at)
        SELECT '{org}', agreement, 'AG-' || n, id, 'key', 'x', '2020-01-01', '2039-12-31', FALSE,
               'unallocated_and_own', 'exact', '{{}}', 20, '', now() FROM f;
    INSERT INTO agreement_product
        SELECT '{org}', f.agreement, p.id FROM f JOIN p ON p.n % {share} = f.n % {share};
    INSERT INTO agreement_node SELECT '{org}', f.agreement, w.id FROM f CROSS JOIN w;
    INSERT INTO person (org_id, id, email, name, role, partner_id, password_hash, session_version, active,
                        created_at)
        SELECT '{org}', '{person}', 'a@example.com', 'A', 'customer', id, 'x', 1, TRUE, now() FROM f WHERE n = 1;
    INSERT INTO allocation (org_id, id, product_id, location_id, partner_id, quantity, needed_on, state, document,
                            source_key, created_at)
        SELECT '{org}', gen_random_uuid(), k.product_id, w.id, f.id, 1 + (k.p + k.k) % 4, '2024-01-01', 'open',
               'SO-' || k.p || '-' || k.k, 'SO-' || k.p || '-' || k.k, now()
        FROM k JOIN w ON w.n = k.w JOIN f ON f.n = 2 + k.p % 199;
    INSERT INTO expected_receipt (org_id, id, product_id, location_id, lot_code, quantity, received, written_off,
                                  due_on, state, document, supplier, source_key, created_at)
        SELECT '{org}', gen_random_uuid(), k.product_id, w.id, '', 1 + (k.p + k.k) % 50, 0, 0,
               current_date + 7 * k.k, 'shipped', 'R-' || k.p || '-' || k.k, 'Grower', 'R-' || k.p || '-' || k.k,
               now()
        FROM k JOIN w ON w.n = k.w;
"""

_FOR_PEERS = """
    CREATE SCHEMA peer;
    CREATE TABLE peer.product (id integer PRIMARY KEY, sku text NOT NULL UNIQUE);
    CREATE TABLE peer.warehouse (id integer PRIMARY KEY, code text NOT NULL UNIQUE);
    CREATE TABLE peer.availability_total (
        product_id integer PRIMARY KEY REFERENCES peer.product,
        on_hand integer NOT NULL, in_transit integer NOT NULL, promise integer NOT NULL);
    CREATE TABLE peer.availability (
        product_id integer NOT NULL REFERENCES peer.product,
        warehouse_id integer NOT NULL REFERENCES peer.warehouse,
        on_hand integer NOT NULL,
        PRIMARY KEY (product_id, warehouse_id));
    INSERT INTO peer.product SELECT n, 'S-' || lpad(n::text, 6, '0') FROM p ORDER BY n;
    INSERT INTO peer.warehouse SELECT n, 'N' || lpad(n::text, 2, '0') FROM w ORDER BY n;
    INSERT INTO peer.availability
        SELECT l.p, l.w, l.quantity - COALESCE(1 + (k.p + k.k) % 4, 0)
        FROM l LEFT JOIN k ON k.p = l.p AND k.w = l.w ORDER BY l.p, l.w;
    INSERT INTO peer.availability_total
        SELECT a.product_id, a.on_hand, c.quantity, a.on_hand
        FROM (SELECT product_id, sum(on_hand) AS on_hand FROM peer.availability GROUP BY product_id) a
        JOIN (SELECT p, sum(1 + (p + k) % 50) AS quantity FROM k GROUP BY p) c ON c.p = a.product_id
        ORDER BY a.product_id;
    CREATE FUNCTION peer.products_by_skus(skus text[]) RETURNS SETOF peer.product LANGUAGE sql STABLE
        AS 'SELECT * FROM peer.product WHERE sku = ANY(skus) ORDER BY sku';
    COMMENT ON FUNCTION peer.products_by_skus(text[]) IS '@behavior -connection +list';
    COMMENT ON CONSTRAINT availability_product_id_fkey ON peer.availability IS '@behavior -connection +list';
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for.

    Attributes:
        start: Place of the page's first product among those of the agreement.
        skus: The page's products.
        sku: The one product, where only one is asked for.
    """

    start: int
    skus: tuple[str, ...]
    sku: str


def fill(url: str, products: int) -> None:
    """Lay everything."""
    with psycopg.connect(url) as connection:
        connection.execute(_FILL.format(org=ORG, person=PERSON, products=products, share=SHARE).encode())
        connection.execute(_FOR_PEERS.encode())
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def asked(start: int, one: int) -> Asked:
    """Return what is asked for from a place on, and of the product at another, both counted in the agreement."""
    return Asked(start, tuple(_sku(place) for place in range(start, start + SHARE)), _sku(one))


def _sku(place: int) -> str:
    return f"S-{1 + SHARE * place:06}"
