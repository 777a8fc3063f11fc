"""Reservations in two phases, ring-fenced pools, and the stock summary that makes both quick.

``stock_summary`` is kept by statement-level triggers in the transaction that changes stock or promises; they make
and lock the summaries in the order of their keys, so two writers never wait for each other in a circle.
``tally_reserve`` is the one way to hold stock: the guard is inside it, whoever calls.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_reservations"
down_revision = "0003_stock_dimensions"
branch_labels = None
depends_on = None

LIVE = """
CREATE FUNCTION tally_stock_on(
    p_org uuid, p_product uuid, p_place uuid, p_day date,
    OUT physical bigint, OUT usable bigint, OUT good_until date
) LANGUAGE sql STABLE AS $$
    SELECT COALESCE(SUM(b.on_hand), 0),
           COALESCE(SUM(b.on_hand) FILTER (WHERE b.status = 'available'
                                             AND COALESCE(l.expires_on, 'infinity') >= p_day), 0),
           MIN(l.expires_on) FILTER (WHERE b.status = 'available' AND l.expires_on >= p_day)
    FROM stock_balance b JOIN lot l ON l.org_id = b.org_id AND l.id = b.lot_id
    WHERE b.org_id = p_org AND b.product_id = p_product AND b.node_id = p_place AND b.on_hand > 0
      AND b.owner_id = '00000000-0000-0000-0000-000000000000'
$$
"""

ADD_TO_SUMMARIES = """
CREATE FUNCTION tally_add_to_summaries(
    p_orgs uuid[], p_products uuid[], p_places uuid[], p_quantities bigint[], p_fit boolean[], p_expiries date[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_summary (org_id, product_id, location_id)
    SELECT DISTINCT * FROM unnest(p_orgs, p_products, p_places) ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM stock_summary s
    WHERE (s.org_id, s.product_id, s.location_id) IN (SELECT * FROM unnest(p_orgs, p_products, p_places))
    ORDER BY s.org_id, s.product_id, s.location_id FOR NO KEY UPDATE;
    UPDATE stock_summary t SET
        physical = t.physical + d.physical,
        usable = t.usable + d.usable,
        -- The nearest last day is looked up again only when a lot with that day went down.
        good_until = CASE
            WHEN d.first_gone <= t.good_until
            THEN (tally_stock_on(t.org_id, t.product_id, t.location_id, t.day)).good_until
            ELSE LEAST(t.good_until, d.first_come) END
    FROM (
        SELECT s.org_id, s.product_id, s.location_id, SUM(c.quantity) AS physical,
               COALESCE(SUM(c.quantity) FILTER (WHERE c.fit AND COALESCE(c.expires_on, 'infinity') >= s.day), 0) AS usable,
               MIN(c.expires_on) FILTER (WHERE c.fit AND c.quantity > 0 AND c.expires_on >= s.day) AS first_come,
               MIN(c.expires_on) FILTER (WHERE c.fit AND c.quantity < 0 AND c.expires_on >= s.day) AS first_gone
        FROM unnest(p_orgs, p_products, p_places, p_quantities, p_fit, p_expiries)
             AS c (org_id, product_id, location_id, quantity, fit, expires_on)
        JOIN stock_summary s USING (org_id, product_id, location_id)
        GROUP BY s.org_id, s.product_id, s.location_id
    ) d
    WHERE (t.org_id, t.product_id, t.location_id) = (d.org_id, d.product_id, d.location_id);
END $$
"""


def _on_balances(event: str, change: str) -> str:
    return f"""
CREATE FUNCTION tally_balances_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tally_add_to_summaries(
        array_agg(c.org_id), array_agg(c.product_id), array_agg(c.location_id), array_agg(c.quantity),
        array_agg(c.status = 'available'), array_agg(l.expires_on))
    FROM ({change}) c JOIN lot l ON l.org_id = c.org_id AND l.id = c.lot_id
    HAVING count(*) > 0;
    RETURN NULL;
END $$
"""


# What belongs to somebody else lies at a node without being ours to promise.
_COLUMNS = "org_id, product_id, node_id AS location_id, lot_id, status"
_OURS = "on_hand <> 0 AND owner_id = '00000000-0000-0000-0000-000000000000'"
COME = f"SELECT {_COLUMNS}, on_hand AS quantity FROM come WHERE {_OURS}"
GONE = f"SELECT {_COLUMNS}, -on_hand AS quantity FROM gone WHERE {_OURS}"

ON_LOTS = """
CREATE FUNCTION tally_lots_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tally_summarise(k.org_id, k.product_id, k.location_id, NULL)
    FROM (
        SELECT DISTINCT b.org_id, b.product_id, b.node_id AS location_id
        FROM come n
        JOIN gone o ON o.org_id = n.org_id AND o.id = n.id AND o.expires_on IS DISTINCT FROM n.expires_on
        JOIN stock_balance b ON b.org_id = n.org_id AND b.product_id = n.product_id AND b.lot_id = n.id
        ORDER BY 1, 2, 3
    ) k;
    RETURN NULL;
END $$
"""

SUMMARISE = """
CREATE FUNCTION tally_summarise(p_org uuid, p_product uuid, p_place uuid, p_day date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM stock_summary
    WHERE org_id = p_org AND product_id = p_product AND location_id = p_place FOR NO KEY UPDATE;
    UPDATE stock_summary s SET (physical, usable, good_until, day) = (
        SELECT f.physical, f.usable, f.good_until, COALESCE(p_day, s.day)
        FROM tally_stock_on(p_org, p_product, p_place, COALESCE(p_day, s.day)) f
    )
    WHERE s.org_id = p_org AND s.product_id = p_product AND s.location_id = p_place;
END $$
"""

COMMIT_MORE = """
CREATE FUNCTION tally_commit_more(
    p_orgs uuid[], p_products uuid[], p_places uuid[], p_quantities bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_summary (org_id, product_id, location_id)
    SELECT DISTINCT * FROM unnest(p_orgs, p_products, p_places) ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM stock_summary s
    WHERE (s.org_id, s.product_id, s.location_id) IN (SELECT * FROM unnest(p_orgs, p_products, p_places))
    ORDER BY s.org_id, s.product_id, s.location_id FOR NO KEY UPDATE;
    UPDATE stock_summary t SET committed = t.committed + d.quantity
    FROM (
        SELECT org_id, product_id, location_id, SUM(quantity) AS quantity
        FROM unnest(p_orgs, p_products, p_places, p_quantities) AS c (org_id, product_id, location_id, quantity)
        GROUP BY 1, 2, 3 HAVING SUM(quantity) <> 0
    ) d
    WHERE (t.org_id, t.product_id, t.location_id) = (d.org_id, d.product_id, d.location_id);
END $$
"""


def _on_promises(event: str, change: str) -> str:
    return f"""
CREATE FUNCTION tally_promises_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tally_commit_more(
        array_agg(c.org_id), array_agg(c.product_id), array_agg(c.location_id), array_agg(c.quantity))
    FROM ({change}) c
    HAVING count(*) > 0;
    RETURN NULL;
END $$
"""


_PLACE = "org_id, product_id, location_id"
PROMISED = f"SELECT {_PLACE}, quantity FROM come WHERE state = 'open'"
UNPROMISED = f"SELECT {_PLACE}, -quantity AS quantity FROM gone WHERE state = 'open'"

FREE = """
CREATE FUNCTION tally_levels(
    p_org uuid, p_product uuid, p_place uuid, p_today date, p_now timestamptz, p_usable bigint
) RETURNS TABLE (on_day date, ahead bigint) LANGUAGE sql STABLE AS $$
    WITH change AS (
        SELECT p_today AS on_day, p_usable AS quantity
        UNION ALL
        SELECT GREATEST(e.due_on, p_today), e.quantity - e.received - e.written_off FROM expected_receipt e
        WHERE e.org_id = p_org AND e.product_id = p_product AND e.location_id = p_place AND e.state <> 'closed'
        UNION ALL
        SELECT GREATEST(a.needed_on, p_today), -a.quantity FROM allocation a
        WHERE a.org_id = p_org AND a.product_id = p_product AND a.location_id = p_place AND a.state = 'open'
        UNION ALL
        SELECT GREATEST(l.needed_on, p_today), -l.quantity FROM reservation_line l
        WHERE l.org_id = p_org AND l.product_id = p_product AND l.location_id = p_place
          AND l.state = 'open' AND l.held_until > p_now
        UNION ALL
        SELECT GREATEST(o.starts_on, p_today), -(o.quantity - o.drawn) FROM pool o
        WHERE o.org_id = p_org AND o.product_id = p_product AND o.location_id = p_place
          AND o.state = 'open' AND o.ends_at > p_now
    ), level AS (
        SELECT c.on_day, SUM(SUM(c.quantity)) OVER (ORDER BY c.on_day) AS quantity FROM change c GROUP BY c.on_day
    )
    -- Look-ahead: what no later day falls below.
    SELECT v.on_day, CAST(MIN(v.quantity) OVER (ORDER BY v.on_day DESC) AS bigint) FROM level v
$$
"""

USABLE = """
CREATE FUNCTION tally_usable(p_summary stock_summary, p_today date, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM location n
               WHERE n.org_id = p_summary.org_id AND n.id = p_summary.location_id AND n.kind <> 'own'
                 AND n.stale_policy = 'leave_out'
                 AND (n.fed_at IS NULL OR n.fed_at < p_now - make_interval(hours => COALESCE(n.feed_limit_hours, 24))))
    THEN
        RETURN 0;
    END IF;
    IF p_summary.day <= p_today AND COALESCE(p_summary.good_until, 'infinity') >= p_today THEN
        RETURN p_summary.usable;
    END IF;
    RETURN (tally_stock_on(p_summary.org_id, p_summary.product_id, p_summary.location_id, p_today)).usable;
END $$
"""

RESERVE = """
CREATE FUNCTION tally_reserve(
    p_org uuid, p_id uuid, p_key text, p_body bytea, p_partner uuid, p_document text, p_actor text,
    p_until timestamptz, p_partial boolean, p_now timestamptz, p_today date,
    p_products uuid[], p_places uuid[], p_quantities bigint[], p_needed date[]
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    known RECORD;
    summary stock_summary;
    n integer;
    free bigint;
    held bigint;
    take bigint;
    piece integer;
    fence RECORD;
    grants jsonb := '[]';
    short boolean := false;
    missing integer;
BEGIN
    INSERT INTO reservation (org_id, id, key, body, partner_id, document, state, held_until, actor, created_at, changed_at)
    VALUES (p_org, p_id, p_key, p_body, p_partner, p_document, 'held', p_until, p_actor, p_now, p_now)
    ON CONFLICT (org_id, key) DO NOTHING;
    IF NOT FOUND THEN
        SELECT r.id, r.body INTO known FROM reservation r WHERE r.org_id = p_org AND r.key = p_key;
        RETURN jsonb_build_object(
            'outcome', CASE WHEN known.body = p_body THEN 'replayed' ELSE 'other_body' END, 'id', known.id);
    END IF;

    -- Summaries are locked in the order of their keys; the lines arrive in that order too.
    SELECT count(*) INTO missing FROM (
        SELECT 1 FROM (SELECT DISTINCT * FROM unnest(p_products, p_places)) k (product_id, location_id)
        WHERE NOT EXISTS (SELECT 1 FROM stock_summary s WHERE s.org_id = p_org
                            AND s.product_id = k.product_id AND s.location_id = k.location_id)) m;
    IF missing > 0 THEN
        -- A summary nobody has made yet: wait for deeds on these products first, as every deed does.
        PERFORM 1 FROM product p WHERE p.org_id = p_org AND p.id = ANY(p_products) ORDER BY p.id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM unnest(p_products, p_places) k (product_id, location_id)
            LEFT JOIN product p ON p.org_id = p_org AND p.id = k.product_id
            LEFT JOIN location n ON n.org_id = p_org AND n.id = k.location_id
                                AND n.level = 'node'
                                AND n.kind IN ('own', 'third_party', 'forward', 'shelf')
            WHERE p.id IS NULL OR n.id IS NULL)
        THEN
            DELETE FROM reservation WHERE org_id = p_org AND id = p_id;
            RETURN jsonb_build_object('outcome', 'unknown');
        END IF;
        INSERT INTO stock_summary (org_id, product_id, location_id)
        SELECT DISTINCT p_org, k.product_id, k.location_id FROM unnest(p_products, p_places) k (product_id, location_id)
        ORDER BY 2, 3 ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(p_products) > 1 THEN
        PERFORM 1 FROM stock_summary s
        WHERE s.org_id = p_org
          AND (s.product_id, s.location_id) IN (SELECT * FROM unnest(p_products, p_places))
        ORDER BY s.product_id, s.location_id FOR NO KEY UPDATE;
    END IF;

    FOR n IN 1 .. cardinality(p_products) LOOP
        SELECT * INTO summary FROM stock_summary s
        WHERE s.org_id = p_org AND s.product_id = p_products[n] AND s.location_id = p_places[n] FOR NO KEY UPDATE;
        held := 0;
        piece := 1;
        -- What is fenced off for this partner goes first.
        IF summary.pooled > 0 AND p_partner IS NOT NULL THEN
            FOR fence IN
                SELECT o.id, o.quantity - o.drawn AS rest FROM pool o
                WHERE o.org_id = p_org AND o.product_id = p_products[n] AND o.location_id = p_places[n]
                  AND o.partner_id = p_partner AND o.state = 'open' AND o.quantity > o.drawn
                  AND o.starts_on <= GREATEST(p_needed[n], p_today) AND o.ends_at > p_now
                ORDER BY o.ends_at, o.id FOR NO KEY UPDATE
            LOOP
                take := LEAST(fence.rest, p_quantities[n] - held);
                IF take > 0 THEN
                    UPDATE pool SET drawn = drawn + take WHERE org_id = p_org AND id = fence.id;
                    INSERT INTO reservation_line (org_id, reservation_id, line, part, product_id, location_id, pool_id,
                                                  quantity, needed_on, held_until, state)
                    VALUES (p_org, p_id, n, piece, p_products[n], p_places[n], fence.id, take, p_needed[n], p_until, 'open');
                    UPDATE stock_summary SET committed = committed + take
                    WHERE org_id = p_org AND product_id = p_products[n] AND location_id = p_places[n];
                    held := held + take;
                    piece := piece + 1;
                END IF;
            END LOOP;
            SELECT * INTO summary FROM stock_summary s
            WHERE s.org_id = p_org AND s.product_id = p_products[n] AND s.location_id = p_places[n];
        END IF;
        IF held < p_quantities[n] THEN
            -- When the stock that lies there covers every promise of every day and this one, no day can fall short.
            free := tally_usable(summary, p_today, p_now) - summary.committed;
            IF free < p_quantities[n] - held THEN
                SELECT GREATEST(0, v.ahead) INTO free
                FROM tally_levels(p_org, p_products[n], p_places[n], p_today, p_now,
                                  tally_usable(summary, p_today, p_now)) v
                WHERE v.on_day <= GREATEST(p_needed[n], p_today) ORDER BY v.on_day DESC LIMIT 1;
            END IF;
            take := LEAST(free, p_quantities[n] - held);
            IF take > 0 THEN
                INSERT INTO reservation_line (org_id, reservation_id, line, part, product_id, location_id, pool_id,
                                              quantity, needed_on, held_until, state)
                VALUES (p_org, p_id, n, piece, p_products[n], p_places[n], NULL, take, p_needed[n], p_until, 'open');
                UPDATE stock_summary SET committed = committed + take
                WHERE org_id = p_org AND product_id = p_products[n] AND location_id = p_places[n];
                held := held + take;
            END IF;
        END IF;
        IF held < p_quantities[n] THEN
            short := true;
        END IF;
        grants := grants || jsonb_build_object('line', n, 'held', held);
    END LOOP;
    IF short AND (NOT p_partial OR NOT EXISTS (
        SELECT 1 FROM reservation_line l WHERE l.org_id = p_org AND l.reservation_id = p_id))
    THEN
        -- A refusal leaves nothing behind, the key included.
        UPDATE pool o SET drawn = o.drawn - l.quantity FROM (
            SELECT pool_id, SUM(quantity) AS quantity FROM reservation_line
            WHERE org_id = p_org AND reservation_id = p_id AND pool_id IS NOT NULL GROUP BY pool_id) l
        WHERE o.org_id = p_org AND o.id = l.pool_id;
        DELETE FROM reservation_line WHERE org_id = p_org AND reservation_id = p_id;
        DELETE FROM reservation WHERE org_id = p_org AND id = p_id;
        RETURN jsonb_build_object('outcome', 'refused', 'lines', grants);
    END IF;
    RETURN jsonb_build_object('outcome', 'held', 'id', p_id, 'lines', grants);
END $$
"""

ON_POOLS = """
CREATE FUNCTION tally_pools_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Pools are rare and changed one by one: a row trigger is enough.
    PERFORM tally_commit_more(ARRAY[NEW.org_id], ARRAY[NEW.product_id], ARRAY[NEW.location_id], ARRAY[
        CASE WHEN NEW.state = 'open' THEN NEW.quantity - NEW.drawn ELSE 0 END
        - CASE WHEN TG_OP = 'UPDATE' AND OLD.state = 'open' THEN OLD.quantity - OLD.drawn ELSE 0 END]);
    UPDATE stock_summary s SET pooled = (
        SELECT count(*) FROM pool o WHERE o.org_id = NEW.org_id AND o.product_id = NEW.product_id
          AND o.location_id = NEW.location_id AND o.state = 'open')
    WHERE TG_OP = 'INSERT' OR OLD.state <> NEW.state
      AND s.org_id = NEW.org_id AND s.product_id = NEW.product_id AND s.location_id = NEW.location_id;
    RETURN NULL;
END $$
"""

FUNCTIONS = (
    LIVE,
    ADD_TO_SUMMARIES,
    SUMMARISE,
    _on_balances("come", COME),
    _on_balances("changed", f"{COME} UNION ALL {GONE}"),
    _on_balances("gone", GONE),
    ON_LOTS,
    COMMIT_MORE,
    _on_promises("come", PROMISED),
    _on_promises("changed", f"{PROMISED} UNION ALL {UNPROMISED}"),
    _on_promises("gone", UNPROMISED),
    ON_POOLS,
    FREE,
    USABLE,
    RESERVE,
)

NEW_ROWS = "REFERENCING NEW TABLE AS come"
OLD_ROWS = "REFERENCING OLD TABLE AS gone"
BOTH_ROWS = f"{NEW_ROWS} OLD TABLE AS gone"

TRIGGERS = (
    ("stock_balance", "summarise_come", f"AFTER INSERT ON stock_balance {NEW_ROWS}", "tally_balances_come"),
    ("stock_balance", "summarise_changed", f"AFTER UPDATE ON stock_balance {BOTH_ROWS}", "tally_balances_changed"),
    ("stock_balance", "summarise_gone", f"AFTER DELETE ON stock_balance {OLD_ROWS}", "tally_balances_gone"),
    ("lot", "summarise_lots", f"AFTER UPDATE ON lot {BOTH_ROWS}", "tally_lots_changed"),
    ("allocation", "promise_come", f"AFTER INSERT ON allocation {NEW_ROWS}", "tally_promises_come"),
    ("allocation", "promise_changed", f"AFTER UPDATE ON allocation {BOTH_ROWS}", "tally_promises_changed"),
    ("allocation", "promise_gone", f"AFTER DELETE ON allocation {OLD_ROWS}", "tally_promises_gone"),
    # Lines are only ever added by tally_reserve, which counts them itself.
    (
        "reservation_line",
        "promise_changed",
        f"AFTER UPDATE ON reservation_line {BOTH_ROWS}",
        "tally_promises_changed",
    ),
    ("reservation_line", "promise_gone", f"AFTER DELETE ON reservation_line {OLD_ROWS}", "tally_promises_gone"),
)


def upgrade() -> None:
    """Create the tables, the functions and the triggers, and add up what stands."""
    op.execute("SET LOCAL lock_timeout = '300ms'")
    op.create_table(
        "stock_summary",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("physical", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("usable", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("committed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pooled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("day", sa.Date(), server_default=sa.text("'-infinity'"), nullable=False),
        sa.Column("good_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "physical >= 0 AND usable >= 0 AND committed >= 0", name=op.f("ck_stock_summary_not_negative")
        ),
        sa.PrimaryKeyConstraint("org_id", "product_id", "location_id", name=op.f("pk_stock_summary")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "pool",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'ended')", name=op.f("ck_pool_state_known")),
        sa.CheckConstraint("drawn >= 0 AND drawn <= quantity AND quantity > 0", name=op.f("ck_pool_within")),
        sa.ForeignKeyConstraint(
            ["org_id", "product_id"], ["product.org_id", "product.id"], name=op.f("fk_pool_org_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "location_id"], ["location.org_id", "location.id"], name=op.f("fk_pool_org_id_location")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "partner_id"], ["partner.org_id", "partner.id"], name=op.f("fk_pool_org_id_partner")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_pool")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_pool_org_id_name")),
    )
    op.create_index("ix_pool_open", "pool", ["org_id", "product_id"], postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "reservation",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'confirmed', 'released', 'lapsed')", name=op.f("ck_reservation_state_known")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("org_id", "key", name=op.f("uq_reservation_org_id_key")),
    )
    op.create_index(
        "ix_reservation_held", "reservation", ["org_id", "held_until"], postgresql_where=sa.text("state = 'held'")
    )
    op.create_table(
        "reservation_line",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("reservation_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("needed_on", sa.Date(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_line_quantity_positive")),
        sa.CheckConstraint(
            "state IN ('open', 'confirmed', 'released', 'lapsed')", name=op.f("ck_reservation_line_state_known")
        ),
        sa.PrimaryKeyConstraint("org_id", "reservation_id", "line", "part", name=op.f("pk_reservation_line")),
    )
    op.create_index(
        "ix_reservation_line_open",
        "reservation_line",
        ["org_id", "product_id", "location_id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    for function in FUNCTIONS:
        op.get_bind().exec_driver_sql(function)
    for table, name, event, function in TRIGGERS:
        op.execute(f"CREATE TRIGGER {table}_{name} {event} FOR EACH STATEMENT EXECUTE FUNCTION {function}()")
    op.execute(
        "CREATE TRIGGER pool_changed AFTER INSERT OR UPDATE ON pool FOR EACH ROW EXECUTE FUNCTION tally_pools_changed()"
    )
    op.execute("""
        INSERT INTO stock_summary (org_id, product_id, location_id, committed)
        SELECT org_id, product_id, location_id, CAST(SUM(promised) AS bigint) FROM (
            SELECT org_id, product_id, node_id AS location_id, 0 AS promised FROM stock_balance
            UNION ALL SELECT org_id, product_id, location_id, quantity FROM allocation WHERE state = 'open'
        ) known GROUP BY 1, 2, 3
    """)
    op.execute("SELECT tally_summarise(org_id, product_id, location_id, NULL) FROM stock_summary")
