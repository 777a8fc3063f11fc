"""Which products a viewer may be told of at all."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.reads.books import PRODUCT_COLUMNS, Product, to_product
from portal.kernel.disclosure import Disclosure


def products_in_scope(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, ids: Iterable[UUID]
) -> dict[UUID, Product]:
    """Return those of the products that are sold and in the viewer's scope, by id.

    An agreement over every product covers those that are sold; one that was retired is the host's own affair.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks.
        ids: Products; those out of scope are left out as if they did not exist.
    """
    rows = connection.execute(
        text(
            f"SELECT {PRODUCT_COLUMNS} FROM product p"  # noqa: S608 - columns from code
            " WHERE p.org_id = :org AND p.active AND p.id = ANY(CAST(:ids AS uuid[]))"
            " AND (CAST(:all_products AS boolean) OR p.id = ANY(CAST(:products AS uuid[])))"
        ),
        {
            "org": org_id,
            "ids": list(ids),
            "all_products": disclosure.products is None,
            "products": list(disclosure.products or ()),
        },
    )
    return {row.id: to_product(row) for row in rows}
