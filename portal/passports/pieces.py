"""Questions about the passports of single pieces."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection

from portal.passports.reads import Passport, passports_query, to_passport
from portal.passports.store import credential_table


def passports_of_pieces(
    connection: Connection, *, org_id: UUID, product_id: UUID, serials: Collection[str]
) -> dict[str, Passport]:
    """Return the newest passport of each of these pieces of a product that has one, by serial number."""
    table = credential_table.c
    rows = connection.execute(
        passports_query(org_id)
        .where(table.product_id == product_id, table.serial.in_(serials))
        .order_by(table.issued_at, table.id)
    )
    return {row.serial: to_passport(row) for row in rows}
