"""What stands now, read once per import in whole sets, in the shape that rows of a file are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from portal.inventory.model import REAL_KINDS
from portal.inventory.places import OWN
from portal.inventory.store import product_table
from portal.inventory.units.model import ProductUnit
from portal.inventory.units.store import COLUMNS, to_unit
from portal.kernel.quantity import to_text
from portal.partners.store import partner_table


def products(connection: Connection, *, org_id: UUID) -> dict[str, dict[str, Any]]:
    """Return every product's values by SKU, its id among them."""
    rows = connection.execute(select(product_table).where(product_table.c.org_id == org_id))
    return {row["sku"]: dict(row) for row in rows.mappings()}


def partners(connection: Connection, *, org_id: UUID) -> dict[str, dict[str, Any]]:
    """Return every partner's values by code, its id among them."""
    rows = connection.execute(select(partner_table).where(partner_table.c.org_id == org_id))
    return {row["code"]: dict(row) for row in rows.mappings()}


def places(connection: Connection, *, org_id: UUID) -> dict[str, dict[str, Any]]:
    """Return every real place's values by code, with the codes of its parent and its node, and its id."""
    rows = connection.execute(
        text("""
            SELECT l.id, l.code, l.name_zh, l.name_en, l.kind, l.level, COALESCE(p.code, '') AS parent,
                   n.code AS node
            FROM location l
            JOIN location n ON n.org_id = l.org_id AND n.id = l.node_id
            LEFT JOIN location p ON p.org_id = l.org_id AND p.id = l.parent_id
            WHERE l.org_id = :org AND l.kind = ANY(CAST(:real AS text[]))
        """),
        {"org": org_id, "real": list(REAL_KINDS)},
    )
    return {row["code"]: dict(row) for row in rows.mappings()}


def nodes(connection: Connection, *, org_id: UUID) -> dict[str, dict[str, Any]]:
    """Return every real node's values by code: what can be promised lies at a node, whatever its bins."""
    return {code: row for code, row in places(connection, org_id=org_id).items() if row["level"] == "node"}


def units(connection: Connection, *, org_id: UUID) -> dict[UUID, tuple[ProductUnit, ...]]:
    """Return every product's ratios over all days."""
    rows = connection.execute(
        text(f"SELECT product_id, {COLUMNS} FROM product_unit WHERE org_id = :org ORDER BY code, valid_from"),  # noqa: S608 - columns from code
        {"org": org_id},
    )
    found: dict[UUID, tuple[ProductUnit, ...]] = {}
    for row in rows:
        found[row.product_id] = (*found.get(row.product_id, ()), to_unit(row))
    return found


@dataclass(frozen=True, slots=True)
class Lot:
    """What is known of one lot at one node.

    Attributes:
        on_hand: Quanta there.
        made_on: Day it was made.
        expires_on: Last day of use.
    """

    on_hand: int
    made_on: date | None
    expires_on: date | None

    def facts(self, *, decimals: int) -> dict[str, Any]:
        """Return what is compared and shown of the lot, its stock in base units."""
        return {
            "quantity": to_text(self.on_hand, decimals=decimals),
            "made_on": self.made_on,
            "expires_on": self.expires_on,
        }


def stock(connection: Connection, *, org_id: UUID) -> dict[tuple[str, str, str], Lot]:
    """Return our own stock by SKU, location code and lot code; a place holds what its zones and bins hold."""
    rows = connection.execute(
        text("""
            SELECT p.sku, n.code AS node, l.code AS lot, CAST(SUM(b.on_hand) AS bigint) AS on_hand,
                   l.made_on, l.expires_on
            FROM stock_balance b
            JOIN product p ON (p.org_id, p.id) = (b.org_id, b.product_id)
            JOIN location x ON (x.org_id, x.id) = (b.org_id, b.location_id)
            JOIN location n ON n.org_id = b.org_id AND n.id = ANY(ARRAY[x.id, x.parent_id, x.node_id])
            JOIN lot l ON (l.org_id, l.id) = (b.org_id, b.lot_id)
            WHERE b.org_id = :org AND b.owner_id = :own
            GROUP BY p.sku, n.code, l.code, l.made_on, l.expires_on
        """),
        {"org": org_id, "own": OWN},
    )
    return {(r.sku, r.node, r.lot): Lot(r.on_hand, r.made_on, r.expires_on) for r in rows}


@dataclass(frozen=True, slots=True)
class Order:
    """What is known of one sales order.

    Attributes:
        customer: Partner code; empty for an unnamed customer.
        ordered_at: Instant.
        needed_on: Day the goods are needed.
        state: ``open``, ``fulfilled`` or ``cancelled``.
        lines: Number of lines.
        quantity: Sum of their quanta.
        digest: MD5 over the lines as ``plan.lines_digest`` writes them; it only finds differences.
    """

    customer: str
    ordered_at: datetime
    needed_on: date | None
    state: str
    lines: int
    quantity: int
    digest: str

    def facts(self) -> dict[str, Any]:
        """Return what is compared and shown of the order, as ``orders.Gathered.facts`` does for a file's."""
        return {
            "customer": self.customer,
            "ordered_at": self.ordered_at,
            "needed_on": self.needed_on,
            "state": self.state,
            "lines": self.lines,
            "quantity": self.quantity,
            "content": self.digest,
        }


def orders(connection: Connection, *, org_id: UUID, numbers: Sequence[str]) -> dict[str, Order]:
    """Return the orders among ``numbers`` that are known."""
    rows = connection.execute(
        text("""
            SELECT o.number, coalesce(c.code, '') AS customer, o.ordered_at, o.needed_on, o.state,
                   count(*) AS lines, sum(l.quantity) AS quantity,
                   md5(string_agg(
                       concat_ws('|', l.line_no, p.sku, coalesce(n.code, ''), l.quantity,
                                 coalesce(trim_scale(l.unit_price)::text, '')),
                       E'\\n' ORDER BY l.line_no)) AS digest
            FROM sales_order o
            JOIN sales_order_line l ON (l.org_id, l.order_id) = (o.org_id, o.id)
            JOIN product p ON (p.org_id, p.id) = (l.org_id, l.product_id)
            LEFT JOIN location n ON (n.org_id, n.id) = (l.org_id, l.location_id)
            LEFT JOIN partner c ON (c.org_id, c.id) = (o.org_id, o.partner_id)
            WHERE o.org_id = :org AND o.number = ANY(:numbers)
            GROUP BY o.org_id, o.id, c.code
        """),
        {"org": org_id, "numbers": list(numbers)},
    )
    return {
        r.number: Order(r.customer, r.ordered_at, r.needed_on, r.state, r.lines, int(r.quantity), r.digest)
        for r in rows
    }


def products_of_orders(connection: Connection, *, org_id: UUID, numbers: Sequence[str]) -> set[UUID]:
    """Return the products that the known orders among ``numbers`` hold now."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT l.product_id
            FROM sales_order o JOIN sales_order_line l ON (l.org_id, l.order_id) = (o.org_id, o.id)
            WHERE o.org_id = :org AND o.number = ANY(:numbers)
        """),
        {"org": org_id, "numbers": list(numbers)},
    )
    return set(rows.scalars())
