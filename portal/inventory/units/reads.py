"""The units of products, on a day or over all days. Whoever may see a product may see its units."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.reads import Product
from portal.inventory.units.model import ProductUnit, Units, units_on
from portal.inventory.units.store import COLUMNS, to_unit


def product_units(
    connection: Connection, *, org_id: UUID, product_ids: Iterable[UUID]
) -> dict[UUID, tuple[ProductUnit, ...]]:
    """Return the ratios of products over all days, by code and first day, in one statement.

    Args:
        connection: Open transaction.
        org_id: The company.
        product_ids: The products, already in the viewer's scope; those without ratios are left out.
    """
    rows = connection.execute(
        text(
            f"SELECT product_id, {COLUMNS} FROM product_unit"  # noqa: S608 - columns from code
            " WHERE org_id = :org AND product_id = ANY(CAST(:ids AS uuid[])) ORDER BY code, valid_from"
        ),
        {"org": org_id, "ids": list(product_ids)},
    )
    found: dict[UUID, tuple[ProductUnit, ...]] = {}
    for row in rows:
        found[row.product_id] = (*found.get(row.product_id, ()), to_unit(row))
    return found


def units_of(connection: Connection, *, org_id: UUID, products: Iterable[Product], on: date) -> dict[UUID, Units]:
    """Return the units of products on a day, in one statement for all of them.

    Args:
        connection: Open transaction.
        org_id: The company.
        products: The products, already in the viewer's scope.
        on: Local date.
    """
    listed = {product.id: product for product in products}
    rows = product_units(connection, org_id=org_id, product_ids=listed)
    return {key: plain_units(product, on=on, rows=rows.get(key, ())) for key, product in listed.items()}


def plain_units(product: Product, *, on: date, rows: Iterable[ProductUnit] = ()) -> Units:
    """Return a product's units on a day from its ratios; without them those its base unit and case size give."""
    return units_on(
        on,
        sku=product.sku,
        base=product.base_unit,
        decimals=product.decimals,
        pack_quanta=product.pack_quanta,
        rows=rows,
    )
