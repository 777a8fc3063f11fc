"""Passports of single pieces, where rooms meet: which pieces a lot has, and what is signed of each.

A piece's passport says what its lot's says: the same papers and the lot's own way here, under the piece's address
(``docs/adr/0016-piece-passports.md``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.flows import passporting
from portal.inventory import reads as inventory
from portal.inventory.reads import Piece
from portal.kernel.actor import Actor
from portal.kernel.errors import Malformed
from portal.passports import service
from portal.passports.bearer import passport_link
from portal.passports.pieces import passports_of_pieces
from portal.passports.reads import Passport
from portal.platform.services import Services

MOST_PIECES = 50
"""So many passports are signed at once."""


class PiecesUnpicked(Malformed):
    """One to ``MOST_PIECES`` pieces are signed for at once."""

    code = "pieces_unpicked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportedPiece:
    """A piece and its newest passport, if it has one."""

    piece: Piece
    passport: Passport | None


def pieces_of_lot(
    connection: Connection, *, org_id: UUID, product_id: UUID, lot_code: str, page: int
) -> tuple[tuple[PassportedPiece, ...], int]:
    """Return one page of ``MOST_PIECES`` of a lot's pieces, and how many there are in all."""
    found, count = inventory.pieces_of_lot(
        connection, org_id=org_id, product_id=product_id, lot_code=lot_code, page=page, per_page=MOST_PIECES
    )
    issued = passports_of_pieces(
        connection, org_id=org_id, product_id=product_id, serials=[one.serial for one in found]
    )
    return tuple(PassportedPiece(piece=one, passport=issued.get(one.serial)) for one in found), count


def issue_pieces(  # noqa: PLR0913 - who signs what of which lot, when
    connection: Connection,
    *,
    actor: Actor,
    services: Services,
    product_id: UUID,
    lot_code: str,
    serials: Sequence[str],
    now: datetime,
) -> tuple[UUID, ...]:
    """Sign the passports of pieces of one lot, all or none; what already stands exactly so is returned.

    Args:
        connection: Open transaction.
        actor: Who issues them.
        services: As for ``passporting.prepare``.
        product_id: The product.
        lot_code: The lot they are of.
        serials: Their serial numbers; one named twice is signed once.
        now: Instant of issuing.

    Returns:
        The credentials' ids, in the order of ``serials``.

    Raises:
        PiecesUnpicked: None, or more than ``MOST_PIECES``.
        portal.inventory.places.UnknownSerial: One is no piece of the lot, or was scrapped.
        portal.passports.bearer.SerialNotPrintable: One cannot stand in a GS1 code.
        portal.kernel.errors.PortalError: See ``passporting.prepare``.
    """
    wanted = list(dict.fromkeys(serials))
    if not 1 <= len(wanted) <= MOST_PIECES:
        raise PiecesUnpicked(f"Pick 1 to {MOST_PIECES} pieces.", most=MOST_PIECES)
    inventory.check_pieces(
        connection, org_id=actor.org_id, product_id=product_id, lot_code=lot_code, serials=wanted
    )
    ready = passporting.prepare(
        connection, actor=actor, services=services, product_id=product_id, lot_code=lot_code, now=now
    )
    subjects = [replace(ready.subject, serial=serial) for serial in wanted]
    for subject in subjects:
        passport_link(services.settings.origin, subject.bearer)
    return tuple(
        service.issue_passport(
            connection, signing=ready.signing, subject=subject, cited=ready.cited, links=ready.links
        )
        for subject in subjects
    )
