"""What can be promised to the last piece, for rules that answer less than that; never for a page."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.inventory.model import PromiseStep, UnknownProduct
from portal.inventory.reads.availability import dated_facts
from portal.inventory.reads.books import Product, to_product
from portal.inventory.reads.detail import ONE
from portal.inventory.reads.scope import scope_values, statement_for
from portal.kernel.disclosure import Disclosure


def exact_steps(
    connection: Connection, *, org_id: UUID, disclosure: Disclosure, sku: str, as_of: datetime
) -> tuple[Product, tuple[PromiseStep, ...]]:
    """Return a product in scope and what can be promised of it by date, as exact as it is.

    Args:
        connection: Open transaction.
        org_id: The company.
        disclosure: Whoever asks; scope and basis count, its grain does not.
        sku: The product.
        as_of: Instant in the company's zone.

    Raises:
        UnknownProduct: There is no such product in the viewer's scope.
    """
    values = scope_values(org_id=org_id, disclosure=disclosure, as_of=as_of)
    asked = statement_for(ONE, by_node=disclosure.by_node, everything=disclosure.everything)
    found = connection.execute(asked, values | {"sku": sku}).first()
    if found is None:
        raise UnknownProduct(f"No product {sku} is known.", product=sku)
    dated = dated_facts(connection, values=values, product_ids=[found.id], disclosure=disclosure)
    return to_product(found), dated[found.id].steps
