"""Which lots a viewer may know of: what others' promises leave of them, in SQL that every read shares.

Promises are made for a product and a node, not for a lot. Goods leave first expired, first out, so what is
promised to others is taken to be the usable stock that expires first; of a lot a viewer is told no more than is
left of it then, and nothing where nothing is left: neither its code nor its last day, in a list, a filter or a
search. Held and expired lots cannot be promised, so they are told as they lie (``docs/adr/0006-disclosure.md``);
that a lot is held because of its papers is not told, only that it is.
"""

# Of the lots at a place ``q`` of ``SCOPE``; the running sum is what leaves up to and including each lot.
LOTS_LEFT = """
    SELECT s.code, s.made_on, s.expires_on, s.state,
           CAST(CASE WHEN s.state <> 'usable' THEN s.lying ELSE GREATEST(0, LEAST(s.lying,
                    SUM(s.lying) FILTER (WHERE s.state = 'usable') OVER (ORDER BY s.expires_on NULLS LAST, s.code)
                    - q.others)) END AS bigint) AS quantity
    FROM (
        SELECT t.code, t.made_on, t.expires_on,
               CASE WHEN b.status = 'withheld' THEN 'blocked' WHEN b.status <> 'available' THEN b.status
                    WHEN t.expires_on < :today THEN 'expired' ELSE 'usable' END AS state,
               SUM(b.on_hand) AS lying
        FROM stock_balance b JOIN lot t ON t.org_id = b.org_id AND t.id = b.lot_id
        WHERE b.org_id = :org AND b.product_id = q.product_id AND b.node_id = q.location_id
          AND b.owner_id = :own AND b.on_hand > 0
        GROUP BY 1, 2, 3, 4
    ) AS s
"""
"""Lots at ``q`` with the quantity a viewer may be told, which may be 0; for a LATERAL join."""

# Where nothing is promised to others the summary knows the day; lots are walked only where some are taken.
FIRST_EXPIRY = f"""
        SELECT q.product_id, MIN(CASE WHEN q.others > 0 THEN l.expires_on ELSE q.first_expiry END) AS first_expiry
        FROM place q LEFT JOIN LATERAL (
            SELECT MIN(v.expires_on) AS expires_on FROM ({LOTS_LEFT}) AS v
            WHERE v.state = 'usable' AND v.quantity > 0
              AND q.others > 0 AND q.others < q.usable + q.left_out AND q.first_expiry IS NOT NULL
        ) AS l ON TRUE
        GROUP BY q.product_id
"""  # noqa: S608 - pieces from code
"""Nearest last day of a usable lot, by product."""

NO_EXPIRY = "SELECT CAST(NULL AS uuid) AS product_id, CAST(NULL AS date) AS first_expiry WHERE FALSE"
"""In its place, for who is not told of lots: their login may not read the codes that order them."""

FOUND_BY_LOT = f"""
        SELECT q.product_id FROM place q CROSS JOIN LATERAL ({LOTS_LEFT}) AS v
        WHERE v.quantity > 0 AND v.code ILIKE :pattern AND CAST(:search AS text) <> ''
          AND q.product_id IN (SELECT t.product_id FROM lot t WHERE t.org_id = :org AND t.code ILIKE :pattern)
"""  # noqa: S608 - pieces from code
"""Products with something left of a lot whose code matches."""

NOT_BY_LOT = "SELECT CAST(NULL AS uuid) AS product_id WHERE FALSE"
"""In its place, for who is not told of lots."""
