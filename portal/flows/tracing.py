"""The trace of a lot with the names of the firms it came from and went to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, select

from portal.inventory import reads
from portal.inventory.reads import Lying, Product, TracedLot, TracedMove
from portal.inventory.units.model import Units
from portal.inventory.units.reads import units_of
from portal.partners.store import partner_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Everything that is known of the way of one lot, or of a part of it.

    Attributes:
        product: The product.
        units: Its units on the day asked for.
        lot: The lot.
        moves: Its moves, or those that one of them is connected with, in order.
        lying: Where it lies now; empty for a part.
        customers: Names (Chinese, English) of customers by id.
    """

    product: Product
    units: Units
    lot: TracedLot
    moves: tuple[TracedMove, ...]
    lying: tuple[Lying, ...]
    customers: Mapping[UUID, tuple[str, str]]


def trace(  # noqa: PLR0913 - whose lot, what of it, and on which day
    connection: Connection,
    *,
    org_id: UUID,
    lot: TracedLot,
    move_id: UUID | None,
    direction: str,
    serial: str,
    today: date,
) -> Trace:
    """Return the way of a lot, of one of its serial numbers, or from one of its moves on or back.

    Raises:
        UnknownSerial: The product has no such serial number.
        UnknownMove: There is no such move of that lot.
    """
    product = reads.products_by_id(connection, org_id=org_id, ids=[lot.product_id])[lot.product_id]
    if move_id is not None:
        moves = reads.trace_move(connection, org_id=org_id, move_id=move_id, direction=direction)
    elif serial:
        moves = reads.trace_serial(connection, org_id=org_id, product_id=lot.product_id, code=serial)
    else:
        moves = reads.trace_lot(connection, org_id=org_id, lot_id=lot.lot_id)
    whole = move_id is None and not serial
    return Trace(
        product=product,
        units=units_of(connection, org_id=org_id, products=[product], on=today)[product.id],
        lot=lot,
        moves=moves,
        lying=reads.lying(connection, org_id=org_id, lot_id=lot.lot_id) if whole else (),
        customers=_names(connection, org_id, {move.partner_id for move in moves} - {None}),
    )


def _names(connection: Connection, org_id: UUID, ids: set[UUID | None]) -> dict[UUID, tuple[str, str]]:
    partner = partner_table.c
    rows = connection.execute(
        select(partner.id, partner.name_zh, partner.name_en).where(partner.org_id == org_id, partner.id.in_(ids))
    )
    return {row.id: (row.name_zh, row.name_en) for row in rows}
