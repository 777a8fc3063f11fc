"""What lies where, piece by piece: stock of one lot in one place, status and ownership, which deeds take from."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.places import NothingThere


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Stock of one lot at one place, in one status and ownership.

    Attributes:
        product_id: The product.
        place_id: The node, zone or bin.
        place: Code of the place.
        node_id: Its node.
        node: Code of the node.
        sku: The product's number.
        name_zh: Its Chinese name.
        name_en: Its English name.
        base_unit: UN/ECE Recommendation 20 code.
        decimals: Decimals of the base unit.
        lot: Lot code; empty for a product that is not tracked.
        expires_on: Last day of use of the lot, if known.
        status: Status of the stock.
        owner_id: Whose goods they are: all zeros for our own.
        owner_zh: Chinese name of the partner whose consignment stock it is; empty for our own.
        owner_en: English name of that partner.
        quantity: Quanta.
    """

    product_id: UUID
    place_id: UUID
    place: str
    node_id: UUID
    node: str
    sku: str
    name_zh: str
    name_en: str
    base_unit: str
    decimals: int
    lot: str
    expires_on: date | None
    status: str
    owner_id: UUID
    owner_zh: str
    owner_en: str
    quantity: int


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of what lies somewhere.

    Attributes:
        rows: The stock of this page.
        count: Rows over all pages.
        page: Number of this page from 1; never beyond the last.
        pages: Number of pages, at least 1.
    """

    rows: tuple[Held, ...]
    count: int
    page: int
    pages: int


_FROM = """
    FROM stock_balance b
    JOIN location l ON l.org_id = b.org_id AND l.id = b.location_id
    JOIN lot t ON t.org_id = b.org_id AND t.id = b.lot_id
    WHERE b.org_id = :org AND b.on_hand > 0
"""

_OF_PLACE = f"""
    {_FROM} AND b.node_id = (SELECT node_id FROM location WHERE org_id = :org AND id = :place)
      AND :place IN (l.id, l.parent_id, l.node_id)
"""  # noqa: S608 - pieces from code
_OF_PRODUCT = f"{_FROM} AND b.product_id = :product AND (CAST(:lot AS text) IS NULL OR t.code = :lot)"
_ONE = f"""
    {_OF_PRODUCT} AND b.location_id = :place AND b.status = :status AND b.owner_id = :owner
"""

_ROWS = """
    SELECT q.*, p.sku, p.name_zh, p.name_en, p.base_unit, p.decimals, n.code AS node,
           COALESCE(o.name_zh, '') AS owner_zh, COALESCE(o.name_en, '') AS owner_en
    FROM (SELECT b.product_id, b.location_id AS place_id, l.code AS place, l.level, b.node_id, t.code AS lot,
                 t.expires_on, b.status, b.owner_id, b.on_hand AS quantity {chosen}) q
    JOIN product p ON p.org_id = :org AND p.id = q.product_id
    JOIN location n ON n.org_id = :org AND n.id = q.node_id
    LEFT JOIN partner o ON o.org_id = :org AND o.id = q.owner_id
    ORDER BY n.code, q.level <> 'node', q.place, p.sku, q.expires_on NULLS LAST, q.lot, q.status, q.owner_id
    LIMIT :most OFFSET :skipped
"""


def held_in(
    connection: Connection, *, org_id: UUID, place_id: UUID, page: int = 1, per_page: int = 50
) -> HeldPage:
    """Return what lies in a place and in what belongs to it, our own and others', by place, product and lot.

    Args:
        connection: Open transaction.
        org_id: The company.
        place_id: The node, zone or bin.
        page: Page number from 1.
        per_page: Rows a page, 1 or more.
    """
    return _page(connection, _OF_PLACE, {"org": org_id, "place": place_id}, page=page, per_page=per_page)


def held_of(
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    lot: str | None = None,
    page: int = 1,
    per_page: int = 50,
) -> HeldPage:
    """Return what lies of a product, or of one of its lots, by node, place and lot.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_id: The product.
        lot: Code of the lot; ``None`` for all.
        page: Page number from 1.
        per_page: Rows a page, 1 or more.
    """
    values = {"org": org_id, "product": product_id, "lot": lot}
    return _page(connection, _OF_PRODUCT, values, page=page, per_page=per_page)


def find_held(  # noqa: PLR0913 - what, and where it lies
    connection: Connection,
    *,
    org_id: UUID,
    product_id: UUID,
    lot: str,
    place_id: UUID,
    status: str,
    owner_id: UUID,
) -> Held:
    """Return what lies of one lot at one place, in one status and ownership.

    Raises:
        NothingThere: Nothing lies there.
    """
    values = {
        "org": org_id,
        "product": product_id,
        "lot": lot,
        "place": place_id,
        "status": status,
        "owner": owner_id,
        "most": 1,
        "skipped": 0,
    }
    row = connection.execute(text(_ROWS.format(chosen=_ONE)), values).first()
    if row is None:
        raise NothingThere(f"Nothing of lot {lot} lies there.", lot=lot)
    return _held(row)


def serials_of(connection: Connection, *, org_id: UUID, held: Held, most: int) -> tuple[str, ...]:
    """Return the serial numbers that lie there, in order.

    Args:
        connection: Open transaction.
        org_id: The company.
        held: From ``find_held``.
        most: So many at most.
    """
    return tuple(
        connection.scalars(
            text("""
                SELECT s.code FROM serial s JOIN lot t ON t.org_id = s.org_id AND t.id = s.lot_id
                WHERE s.org_id = :org AND s.product_id = :product AND s.location_id = :place AND t.code = :lot
                  AND s.status = :status AND s.owner_id = :owner
                ORDER BY s.code LIMIT :most
            """),
            {
                "org": org_id,
                "product": held.product_id,
                "place": held.place_id,
                "lot": held.lot,
                "status": held.status,
                "owner": held.owner_id,
                "most": most,
            },
        )
    )


def _page(connection: Connection, chosen: str, values: dict[str, Any], *, page: int, per_page: int) -> HeldPage:
    count = int(connection.execute(text(f"SELECT count(*) {chosen}"), values).scalar_one())
    pages = max(1, -(-count // per_page))
    page = min(max(1, page), pages)
    found = connection.execute(
        text(_ROWS.format(chosen=chosen)), values | {"most": per_page, "skipped": (page - 1) * per_page}
    )
    return HeldPage(tuple(map(_held, found)), count, page, pages)


def _held(row: Any) -> Held:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    del values["level"]
    return Held(**values)
