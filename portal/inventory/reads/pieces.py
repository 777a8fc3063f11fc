"""The pieces of a lot whose product is tracked by serial numbers."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.places import UnknownSerial


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece.

    Attributes:
        serial: Its serial number.
        state: ``in_stock``, ``shipped`` or ``scrapped``.
        place: Code of the place it is at, a virtual one when it has left.
    """

    serial: str
    state: str
    place: str


_PIECES = """
    FROM serial s JOIN lot t ON t.org_id = s.org_id AND t.id = s.lot_id
    JOIN location l ON l.org_id = s.org_id AND l.id = s.location_id
    WHERE s.org_id = :org AND s.product_id = :product AND t.code = :lot AND s.state <> 'void'
"""


def pieces_of_lot(
    connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str, page: int, per_page: int
) -> tuple[tuple[Piece, ...], int]:
    """Return one page of a lot's pieces, those in stock first, and how many there are in all.

    What never came, or was taken back, is no piece.
    """
    values = {"org": org_id, "product": product_id, "lot": lot_code}
    count = connection.execute(text(f"SELECT count(*) {_PIECES}"), values).scalar_one()
    rows = connection.execute(
        text(f"""
            SELECT s.code AS serial, s.state, l.code AS place {_PIECES}
            ORDER BY s.state <> 'in_stock', s.code LIMIT :most OFFSET :before
        """),
        {**values, "most": per_page, "before": (page - 1) * per_page},
    )
    return tuple(Piece(**row._mapping) for row in rows), count  # noqa: SLF001 - SQLAlchemy's public name for it


def check_pieces(
    connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str, serials: Collection[str]
) -> None:
    """Check that serial numbers are those of pieces of a lot, in stock or gone to a customer.

    Raises:
        UnknownSerial: One is of another lot, was never there, or its piece was scrapped.
    """
    known = connection.execute(
        text(f"SELECT s.code {_PIECES} AND s.state <> 'scrapped' AND s.code = ANY(CAST(:codes AS text[]))"),
        {"org": org_id, "product": product_id, "lot": lot_code, "codes": list(serials)},
    )
    found = {row.code for row in known}
    for code in serials:
        if code not in found:
            raise UnknownSerial(f"Lot {lot_code} has no piece {code}.", serial=code)
