"""Rules of the dimensions of stock: which place, which status, whose goods; and what to take from where.

Pure functions of values, as in ``model.py``; what can be promised is decided there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.kernel.errors import Conflict, NotFound, Refused

OWN = UUID(int=0)
"""The owner of our own stock; any other owner is the partner whose consignment stock it is."""

AVAILABLE = "available"
STATUSES = (AVAILABLE, "quarantine", "blocked")
"""Statuses people choose. That a lot has expired is not one of them: it follows from the lot's last day."""

WITHHELD = "withheld"
"""Status of what would be usable if its lot's papers held; nobody chooses it (``service.withholding``)."""

LYING = (*STATUSES, WITHHELD)
"""Every status stock can lie in."""

LEVELS = ("node", "zone", "bin")
"""A node holds zones and bins, a zone holds bins."""

ABOVE = {"zone": ("node",), "bin": ("node", "zone")}
"""What a zone or a bin may belong to."""

STALE_POLICIES = ("count", "leave_out")
"""What happens to the stock of a node whose feed is older than its limit."""


class SerialElsewhere(Conflict):
    """A serial number is not at the place, or not in the status, that a move would take it from."""

    code = "serial_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Stock of one lot, in one status, at one place.

    Attributes:
        product_id: The product.
        lot_id: Its lot.
        place_id: The node, zone or bin it lies in.
        above: What the place belongs to: its node and, for a bin in a zone, the zone.
        status: One of ``LYING``.
        quantity: Quanta, more than 0; in a correction, less than 0 for what is taken off.
    """

    product_id: UUID
    lot_id: UUID
    place_id: UUID
    above: frozenset[UUID]
    status: str
    quantity: int

    def lies_in(self, place_id: UUID) -> bool:
        """Tell whether the stock lies in that place, or in a place that belongs to it."""
        return place_id == self.place_id or place_id in self.above


@dataclass(frozen=True, slots=True)
class Change:
    """What a count changes at one place: quanta added, or taken off when negative."""

    place_id: UUID
    status: str
    quantity: int


def count_corrections(spots: Sequence[Spot], counted: int, *, place_id: UUID, status: str) -> tuple[Change, ...]:
    """Return the changes that bring the spots of one lot in a place to what was counted there.

    Args:
        spots: What lies in the place, in the order in which too much is taken off.
        counted: Quanta that were counted, 0 or more.
        place_id: Where what is too little is added.
        status: In which status it is added.
    """
    more = counted - sum(spot.quantity for spot in spots)
    if more > 0:
        return (Change(place_id, status, more),)
    changes = []
    for spot in spots:
        part = min(-more, spot.quantity)
        if part:
            changes.append(Change(spot.place_id, spot.status, -part))
        more += part
    return tuple(changes)


class WrongProduct(Refused):
    """What was scanned is another product than the one that is to be taken."""

    code = "wrong_product"


class WrongLot(Refused):
    """What was scanned or named is another lot than the one that is to be taken, or gives it another date."""

    code = "wrong_lot"


class WrongPlace(Refused):
    """What was scanned or named is another place than the one to take from, or there is nowhere to go."""

    code = "wrong_place"


class WrongOwner(Refused):
    """The goods at that place are not that owner's."""

    code = "wrong_owner"


class OwnedAlready(Refused):
    """The goods are our own; there is nothing to take over."""

    code = "owned_already"


class LotExpired(Refused):
    """The lot is past its last day of use."""

    code = "lot_expired"


class LotHeld(Refused):
    """The stock is in quarantine or blocked."""

    code = "lot_held"


class LotWithheld(Refused):
    """The lot's papers do not hold, or it was recalled: nothing of it is received, shipped or made usable."""

    code = "lot_withheld"


class UnknownLot(NotFound):
    """The product has no such lot."""

    code = "unknown_lot"


class UnknownSerial(NotFound):
    """The product has no such serial number, or it is not at that place."""

    code = "unknown_serial"


class SerialUsed(Refused):
    """The serial number has been used: it has left, was scrapped, or is in stock already."""

    code = "serial_used"


class SerialsDiffer(Refused):
    """A product tracked by serial number needs one number for every piece, each once; others take none."""

    code = "serials_differ"


class ReasonNeeded(Refused):
    """Such a deed needs a reason that people can read later."""

    code = "stock_reason_needed"


class UnknownStatus(Refused):
    """A status or a policy is not one of those there are."""

    code = "unknown_status"


class UnknownMove(NotFound):
    """There is no such move."""

    code = "unknown_move"


RECEIPT_KINDS = ("ship", "receive", "correct", "write_off")
"""Deeds under the announcement of a receipt, which counts what arrived and what is on its way."""


class MoveOfReceipt(Refused):
    """The move belongs to a receipt; what is expected under its announcement would no longer agree."""

    code = "move_of_receipt"


PAPER_KINDS = ("withhold", "free")
"""Deeds that follow a lot's papers, and are taken back by them alone."""


class MoveOfPapers(Refused):
    """The move follows the lot's papers; it ends by itself when they hold again."""

    code = "move_of_papers"


class NothingThere(NotFound):
    """Nothing of that lot lies there in that status and ownership, or no longer."""

    code = "nothing_there"


class AlreadyReversed(Refused):
    """The move has been taken back before, or is itself the taking back of another."""

    code = "already_reversed"


class StockPromised(Refused):
    """So much of what lies at a node is promised that the rest does not cover what should leave it."""

    code = "stock_promised"


class UnknownDocument(NotFound):
    """Nothing is promised, or left to take, under that document."""

    code = "unknown_document"


class BadPlace(Refused):
    """A zone or bin cannot be like that: its code is taken, or what it should belong to is not above it."""

    code = "bad_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What is to be taken from where; the beginning of every deed with stock that lies there.

    Attributes:
        product_id: The product.
        lot_code: Its lot; empty for a product that is not tracked.
        place_id: The node, zone or bin it lies in.
        quantity: Quanta, 1 or more.
        status: Status it lies there in.
        owner_id: ``OWN``, or the partner whose consignment stock it is.
        serials: One serial number for every piece of a product that is tracked by them, else none.
    """

    product_id: UUID
    lot_code: str
    place_id: UUID
    quantity: int
    status: str = AVAILABLE
    owner_id: UUID = OWN
    serials: tuple[str, ...] = ()


def check_status(status: str, *, among: Sequence[str] = STATUSES) -> None:
    """Refuse a status that there is not.

    Raises:
        UnknownStatus: It is none of ``among``.
    """
    if status not in among:
        raise UnknownStatus(f"There is no status {status}.", status=status)


def check_reason(reason: str) -> str:
    """Return a reason without the space around it.

    Raises:
        ReasonNeeded: It is empty.
    """
    reason = reason.strip()
    if not reason:
        raise ReasonNeeded("Such a deed needs a reason.")
    return reason


def check_serials(serials: Sequence[str], quantity: int, *, tracking: str, sku: str) -> None:
    """Refuse serial numbers that are not one for every piece, each once; and any for a product without them.

    Raises:
        SerialsDiffer: They are too many, too few, doubled or not wanted.
    """
    wanted = quantity if tracking == "serial" else 0
    if len(serials) != wanted or len(set(serials)) != wanted or not all(serials):
        raise SerialsDiffer(
            f"{wanted} serial numbers are needed for {sku}, {len(set(serials))} were given.",
            sku=sku,
            needed=wanted,
            given=len(set(serials)),
        )


def check_not_withheld(lot: str, reasons: Sequence[Mapping[str, str]]) -> None:
    """Refuse a lot whose papers do not hold.

    Args:
        lot: Its code.
        reasons: Why it is withheld, as the papers' rule says it; none when it is not.

    Raises:
        LotWithheld: It is; the reasons are told.
    """
    if reasons:
        why = "; ".join(" ".join(reason[key] for key in sorted(reason)) for reason in reasons)
        raise LotWithheld(f"Lot {lot} is withheld: {why}.", lot=lot, reasons=[dict(reason) for reason in reasons])


def check_usable(*, lot: str, status: str, expires_on: date | None, today: date) -> None:
    """Refuse to let a lot leave for a customer that may not.

    Raises:
        LotHeld: It is in quarantine or blocked.
        LotExpired: Its last day has passed.
    """
    if status != AVAILABLE:
        raise LotHeld(f"Lot {lot} is {status}.", lot=lot, status=status)
    if expires_on is not None and expires_on < today:
        raise LotExpired(f"Lot {lot} ended on {expires_on}.", lot=lot, expires_on=expires_on.isoformat())
