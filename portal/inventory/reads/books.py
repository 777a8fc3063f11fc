"""The books: products and places as they are known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from portal.inventory.model import REAL_KINDS, UnknownProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product.

    Attributes:
        id: Its id.
        sku: The company's own number.
        gtin: GTIN, if it has one.
        name_zh: Chinese name.
        name_en: English name.
        category: Range or family, if given.
        base_unit: UN/ECE Recommendation 20 code.
        decimals: Decimals of the base unit.
        pack_quanta: Quanta in one case, 1 when not packed.
        tracking: ``none``, ``lot`` or ``serial``.
        shelf_life_days: Days from making to the last day of use, if known.
    """

    id: UUID
    sku: str
    gtin: str | None
    name_zh: str
    name_en: str
    category: str | None
    base_unit: str
    decimals: int
    pack_quanta: int
    tracking: str
    shelf_life_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A real node.

    Attributes:
        id: Its id.
        code: Short code.
        name_zh: Chinese name.
        name_en: English name.
        kind: ``own``, ``third_party``, ``forward`` or ``shelf``.
        fed_at: When a node that is not our own last told its stock.
    """

    id: UUID
    code: str
    name_zh: str
    name_en: str
    kind: str
    fed_at: datetime | None


PRODUCT_COLUMNS = (
    "p.id, p.sku, p.gtin, p.name_zh, p.name_en, p.category, p.base_unit, p.decimals, p.pack_quanta, p.tracking,"
    " p.shelf_life_days"
)
"""What ``to_product`` needs of a row, from ``product p``."""


def to_product(row: Row[Any]) -> Product:
    """Turn a row with ``PRODUCT_COLUMNS`` into a product."""
    return Product(
        id=row.id,
        sku=row.sku,
        gtin=row.gtin,
        name_zh=row.name_zh,
        name_en=row.name_en,
        category=row.category,
        base_unit=row.base_unit,
        decimals=row.decimals,
        pack_quanta=row.pack_quanta,
        tracking=row.tracking,
        shelf_life_days=row.shelf_life_days,
    )


def products(connection: Connection, *, org_id: UUID) -> dict[str, Product]:
    """Return every product by SKU, in the order of the SKUs."""
    rows = connection.execute(
        text(f"SELECT {PRODUCT_COLUMNS} FROM product p WHERE p.org_id = :org ORDER BY p.sku"),  # noqa: S608 - columns from code
        {"org": org_id},
    )
    return {row.sku: to_product(row) for row in rows}


def products_by_id(connection: Connection, *, org_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Product]:
    """Return the products of those ids; ids that are not known are left out."""
    rows = connection.execute(
        text(
            f"SELECT {PRODUCT_COLUMNS} FROM product p"  # noqa: S608 - columns from code
            " WHERE p.org_id = :org AND p.id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"org": org_id, "ids": list(ids)},
    )
    return {row.id: to_product(row) for row in rows}


def find_product(
    connection: Connection,
    *,
    org_id: UUID,
    sku: str | None = None,
    gtin: str | None = None,
    product_id: UUID | None = None,
) -> Product:
    """Return the product of that SKU, GTIN or id.

    Raises:
        UnknownProduct: There is none.
    """
    row = connection.execute(
        text(
            f"SELECT {PRODUCT_COLUMNS} FROM product p WHERE p.org_id = :org"  # noqa: S608 - columns from code
            " AND (p.sku = :sku OR p.gtin = :gtin OR p.id = :id)"
        ),
        {"org": org_id, "sku": sku, "gtin": gtin, "id": product_id},
    ).first()
    if row is None:
        asked = sku or gtin or str(product_id)
        raise UnknownProduct(f"No product {asked} is known.", product=asked)
    return to_product(row)


def categories(connection: Connection, *, org_id: UUID) -> tuple[str, ...]:
    """Return every range a product is of, in order."""
    rows = connection.execute(
        text("SELECT DISTINCT category FROM product WHERE org_id = :org AND category <> '' ORDER BY category"),
        {"org": org_id},
    )
    return tuple(row.category for row in rows)


def locations(connection: Connection, *, org_id: UUID) -> tuple[Location, ...]:
    """Return the real nodes in the order of their codes."""
    rows = connection.execute(
        text(
            "SELECT id, code, name_zh, name_en, kind, fed_at FROM location"
            " WHERE org_id = :org AND kind = ANY(CAST(:real AS text[])) AND level = 'node' ORDER BY code"
        ),
        {"org": org_id, "real": list(REAL_KINDS)},
    )
    return tuple(
        Location(
            id=row.id,
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            kind=row.kind,
            fed_at=row.fed_at,
        )
        for row in rows
    )
