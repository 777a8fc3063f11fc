"""The part of the stock a viewer is entitled to, as parameters and pieces of SQL that every read shares.

A partner's basis is *unallocated stock plus their own*: what others will need of the stock that lies there, beyond
the receipts that come in time for them, is taken off the stock a partner sees, node by node; what can be promised
counts everybody's demand, but not what a partner with coarse figures holds. The stock of a node is that of all its
bins, and only what is our own: consignment stock of a supplier is theirs until we use it, and is not ours to
promise. Products and nodes outside the agreement are outside the statement.
Source: Catena-X CX-0122 (stock is told as allocated to the partner who asks).
"""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import OWN
from portal.inventory.reads.lots import FIRST_EXPIRY, FOUND_BY_LOT, NO_EXPIRY, NOT_BY_LOT
from portal.kernel.disclosure import Disclosure
from portal.kernel.grain import EXACT

ENTITLED = (
    "org_id = :org AND active AND CAST(:anything AS boolean)"
    " AND (CAST(:all_products AS boolean) OR id = ANY(CAST(:products AS uuid[])))"
)
"""Condition on ``product``: sold, and in the viewer's agreement."""

_NODE_NAMES = "code, name_zh, name_en"
_SUPPLIER = "e.supplier"
_POOLS = """
        SELECT o.product_id, o.location_id, GREATEST(o.starts_on, :today), o.quantity - o.drawn, o.name, TRUE
        FROM pool o JOIN node n ON n.id = o.location_id JOIN item i ON i.id = o.product_id
        WHERE o.org_id = :org AND o.state = 'open' AND o.ends_at > :now AND o.quantity > o.drawn"""
_NO_POOLS = (
    "SELECT CAST(NULL AS uuid), CAST(NULL AS uuid), CAST(NULL AS date), CAST(NULL AS bigint), '', FALSE"
    " WHERE FALSE"
)

SCOPE = f"""
    node AS (
        SELECT id, {_NODE_NAMES}, kind, fed_at,
               kind <> 'own' AND COALESCE(fed_at < CAST(:now AS timestamptz)
                   - make_interval(hours => COALESCE(feed_limit_hours, 24)), TRUE) AS stale,
               stale_policy = 'leave_out' AS by_feed
        FROM location
        WHERE org_id = :org AND kind = ANY(CAST(:real AS text[])) AND level = 'node'
          AND (CAST(:all_nodes AS boolean) OR id = ANY(CAST(:nodes AS uuid[])))
    ), item AS (
        SELECT * FROM product WHERE {ENTITLED}
    ), hand AS (
        SELECT s.product_id, s.location_id, COALESCE(f.physical, s.physical) AS physical,
               CASE WHEN n.stale AND n.by_feed THEN 0 ELSE COALESCE(f.usable, s.usable) END AS usable,
               CASE WHEN n.stale AND n.by_feed THEN COALESCE(f.usable, s.usable) ELSE 0 END AS left_out,
               CASE WHEN f.physical IS NULL THEN s.good_until ELSE f.good_until END AS first_expiry
        FROM stock_summary s
        JOIN node n ON n.id = s.location_id
        JOIN item i ON i.id = s.product_id
        LEFT JOIN LATERAL (
            SELECT * FROM tally_stock_on(s.org_id, s.product_id, s.location_id, :today)
            WHERE s.day > :today OR s.good_until < :today
            OFFSET 0  -- else the condition is tried after the function has run, for every summary
        ) f ON TRUE
        WHERE s.org_id = :org AND s.physical > 0 AND NOT CAST(:own_only AS boolean)
    ), promised AS (
        SELECT a.product_id, a.location_id, GREATEST(a.needed_on, :today) AS on_day, a.quantity, a.document,
               TRUE AS own
        FROM allocation a JOIN node n ON n.id = a.location_id JOIN item i ON i.id = a.product_id
        WHERE a.org_id = :org AND a.state = 'open'
          AND (CAST(:everything AS boolean) OR a.partner_id IS NOT DISTINCT FROM CAST(:partner AS uuid))
        UNION ALL
        SELECT l.product_id, l.location_id, GREATEST(l.needed_on, :today), l.quantity, r.document, TRUE
        FROM reservation_line l JOIN reservation r ON r.org_id = l.org_id AND r.id = l.reservation_id
        JOIN node n ON n.id = l.location_id JOIN item i ON i.id = l.product_id
        WHERE l.org_id = :org AND l.state = 'open' AND l.held_until > :now AND CAST(:own_holds AS boolean)
          AND (CAST(:everything AS boolean) OR r.partner_id IS NOT DISTINCT FROM CAST(:partner AS uuid))
        UNION ALL {_POOLS}
        UNION ALL
        SELECT a.product_id, a.location_id, a.on_day, a.quantity, '', FALSE
        FROM promised_to_others(:org, CAST(:partner AS uuid), :today, :now, ARRAY(SELECT id FROM item)) a
        JOIN node n ON n.id = a.location_id JOIN item i ON i.id = a.product_id
        WHERE NOT CAST(:everything AS boolean) AND NOT CAST(:own_only AS boolean)
    ), coming AS (
        SELECT e.product_id, e.location_id, e.due_on, GREATEST(e.due_on, :today) AS on_day,
               e.quantity - e.received - e.written_off AS quantity, e.state = 'shipped' AS shipped, e.document,
               {_SUPPLIER} AS supplier
        FROM expected_receipt e JOIN node n ON n.id = e.location_id JOIN item i ON i.id = e.product_id
        WHERE e.org_id = :org AND e.state <> 'closed' AND e.quantity > e.received + e.written_off
          AND NOT CAST(:own_only AS boolean)
    ), taken AS (
        SELECT product_id, location_id, GREATEST(0, MAX(so_far)) AS quantity
        FROM (SELECT product_id, location_id,
                     SUM(quantity) OVER (PARTITION BY product_id, location_id ORDER BY on_day) AS so_far
              FROM (SELECT product_id, location_id, on_day, quantity FROM promised WHERE NOT own
                    UNION ALL SELECT product_id, location_id, on_day, -quantity FROM coming) AS day) AS running
        GROUP BY product_id, location_id
    ), place AS (
        SELECT product_id, location_id, COALESCE(h.physical, 0) AS physical, COALESCE(h.usable, 0) AS usable,
               COALESCE(h.left_out, 0) AS left_out, COALESCE(o.quantity, 0) AS others, h.first_expiry,
               COALESCE(h.physical - h.usable - h.left_out, 0)
               + GREATEST(0, COALESCE(h.usable + h.left_out, 0) - COALESCE(o.quantity, 0)) AS shown
        FROM hand h FULL JOIN taken o USING (product_id, location_id)
    )
"""  # noqa: S608 - pieces from code
"""Common table expressions, after ``WITH``: nodes and items in scope; stock, promises and receipts at them."""


@cache
def statement_for(statement: str, *, by_node: bool, everything: bool) -> TextClause:
    """Return a statement as ``readable``, to be run."""
    return text(readable(statement, by_node=by_node, everything=everything))


def readable(statement: str, *, by_node: bool, everything: bool) -> str:
    """Return a statement without the columns that are not for the viewer: their database login may not read them.

    Args:
        statement: With ``SCOPE`` in it.
        by_node: The viewer is told of nodes and lots.
        everything: The viewer is of the host's own staff.
    """
    if not everything:
        statement = statement.replace(_SUPPLIER, "''").replace(_POOLS, _NO_POOLS)
    if not by_node:
        no_names = ", ".join(f"'' AS {name}" for name in _NODE_NAMES.split(", "))
        statement = statement.replace(f"id, {_NODE_NAMES}, kind", f"id, {no_names}, kind")
        statement = statement.replace(FIRST_EXPIRY, NO_EXPIRY).replace(FOUND_BY_LOT, NOT_BY_LOT)
    return statement


def scope_values(*, org_id: UUID, disclosure: Disclosure, as_of: datetime) -> dict[str, Any]:
    """Return the parameters of ``SCOPE``. A partner without a known id owns nothing, not what nobody owns."""
    nobody = UUID(int=0)
    return {
        "org": org_id,
        "today": as_of.date(),
        "now": as_of,
        "real": list(REAL_KINDS),
        "own": OWN,
        "anything": disclosure.everything or disclosure.tier is not None,
        "everything": disclosure.everything,
        "partner": disclosure.partner_id or nobody,
        "all_products": disclosure.products is None,
        "products": list(disclosure.products or ()),
        "all_nodes": disclosure.everything or disclosure.nodes is None,
        "nodes": list(disclosure.nodes or ()),
        "own_only": disclosure.own_only,
        # Told coarsely, a figure must not fall by what its reader holds and may let go again: they would halve it.
        "own_holds": disclosure.grain == EXACT or disclosure.own_only,
        "floored": disclosure.grain.floored,
        "cap": disclosure.grain.cap,
        "steps": list(disclosure.grain.steps),
    }
