"""The operator's deeds on stock that lies somewhere: what each asks for, and how it is done once checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from portal.inventory import service
from portal.inventory.places import AVAILABLE, OWN, WITHHELD, Take
from portal.inventory.reads import Held
from portal.kernel.actor import Actor
from portal.kernel.errors import PortalError
from portal.web import filters
from portal.web.amounts import read_amount
from portal.web.entries import Entries
from portal.web.errors import sentence_of
from portal.web.stock_words import Measure


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedKind:
    """One deed.

    Attributes:
        name: Name in the code and the last word of the address.
        title: What the page is called.
        line: What it does, in a line.
        button: The button that does it.
        done: What is said when it was done.
        asks: Further fields: ``to``, ``status``, ``reason``, ``document``, ``bill`` (a document that is needed).
    """

    name: str
    title: Any
    line: Any
    button: Any
    done: Any
    asks: tuple[str, ...]

    def fits(self, held: Held) -> bool:
        """Tell whether the deed makes sense for stock in its status and ownership."""
        match self.name:
            case "hold":
                return held.status != "blocked"
            case "release":
                return held.status not in {AVAILABLE, WITHHELD}
            case "take-over":
                return held.owner_id != OWN
            case _:
                return True


KINDS = (
    DeedKind(
        name="move",
        title=_l("Move stock"),
        line=_l("Put it into another bin, or bring it to another warehouse. It stays as it is."),
        button=_l("Move it"),
        done=_l("Moved: %(amount)s."),
        asks=("to", "document"),
    ),
    DeedKind(
        name="hold",
        title=_l("Hold stock"),
        line=_l("Held stock stays where it is and can no longer be promised or picked."),
        button=_l("Hold it"),
        done=_l("Held: %(amount)s."),
        asks=("status", "reason"),
    ),
    DeedKind(
        name="release",
        title=_l("Release stock"),
        line=_l("Released stock can be promised and picked again at once."),
        button=_l("Release it"),
        done=_l("Released: %(amount)s."),
        asks=("reason",),
    ),
    DeedKind(
        name="scrap",
        title=_l("Scrap stock"),
        line=_l("Scrapped stock leaves the books for good."),
        button=_l("Scrap it"),
        done=_l("Scrapped: %(amount)s."),
        asks=("reason", "document"),
    ),
    DeedKind(
        name="take-over",
        title=_l("Take over consignment"),
        line=_l("The partner's goods become ours where they lie, and can be promised."),
        button=_l("Take it over"),
        done=_l("Taken over: %(amount)s."),
        asks=("bill",),
    ),
)

HOLDS = {"quarantine": _l("In quarantine, until it has been tested"), "blocked": _l("Blocked, it must not leave")}
"""The two statuses stock is held in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Which stock a deed takes from, as the address of its page names it."""

    lot: str
    place_id: UUID
    status: str
    owner_id: UUID

    def words(self) -> dict[str, str]:
        """Return the words of the address."""
        return {
            "lot": self.lot,
            "place": str(self.place_id),
            "status": self.status,
            "owner": "" if self.owner_id == OWN else str(self.owner_id),
        }


def heap_of(held: Held) -> Heap:
    """Return the name of stock that lies somewhere."""
    return Heap(lot=held.lot, place_id=held.place_id, status=held.status, owner_id=held.owner_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a form asks to be done.

    Attributes:
        take: What, from where.
        to_id: Place it goes to, in a move.
        status: Status it arrives in, when it is held.
        reason: A sentence, or empty.
        document: What it is done for, or empty.
        key: Idempotency key.
    """

    take: Take
    to_id: UUID | None
    status: str
    reason: str
    document: str
    key: str


def read_wanted(
    entries: Entries,
    *,
    kind: DeedKind,
    heap: Heap,
    how: Measure,
    serials: tuple[str, ...],
    places: Mapping[str, UUID],
) -> Wanted | None:
    """Read a form; ``None`` with the faults noted where something cannot be read.

    Args:
        entries: The form.
        kind: The deed.
        heap: What it takes from.
        how: The product and its units.
        serials: Serial numbers that were chosen or typed.
        places: Ids of places by their codes in small letters.
    """
    by_piece = how.product.tracking == "serial"
    if by_piece and not serials:
        entries.errors["serials"] = gettext("Choose or type at least one serial number.")
    quantity = len(serials) if by_piece else read_amount(entries, how)
    status = _status(entries) if "status" in kind.asks else AVAILABLE
    to_id = _place(entries, places) if "to" in kind.asks else None
    reason = entries.text("reason") if "reason" in kind.asks else ""
    document = ""
    if {"document", "bill"} & set(kind.asks):
        document = entries.text("document", required="bill" in kind.asks)
    key = entries.text("key")
    if entries.errors:
        return None
    take = Take(
        product_id=how.product.id,
        lot_code=heap.lot,
        place_id=heap.place_id,
        quantity=quantity,
        status=heap.status,
        owner_id=heap.owner_id,
        serials=serials if by_piece else (),
    )
    return Wanted(take=take, to_id=to_id, status=status, reason=reason, document=document, key=f"ops:{key}")


def _status(entries: Entries) -> str:
    status = entries.values.get("status", "")
    if status not in HOLDS:
        entries.errors["status"] = gettext("Choose one of the list.")
    return status


def _place(entries: Entries, places: Mapping[str, UUID]) -> UUID | None:
    code = entries.text("to")
    found = places.get(code.lower())
    if code and found is None:
        entries.errors["to"] = gettext("No place has the code %(code)s.", code=code)
    return found


def perform(
    connection: Connection,
    *,
    actor: Actor,
    kind: DeedKind,
    wanted: Wanted,
    now: datetime,
    even_promised: bool,
) -> None:
    """Do it, once by its key.

    Raises:
        PortalError: Every refusal of the deed; nothing has changed.
    """
    common: dict[str, Any] = {"actor": actor, "take": wanted.take, "key": wanted.key, "now": now}
    if kind.name == "take-over":
        service.take_over(connection, document=wanted.document, **common)
        return
    common["even_promised"] = even_promised
    match kind.name:
        case "move":
            assert wanted.to_id is not None  # noqa: S101 - told to the type checker; the form has looked
            service.transfer(connection, to_id=wanted.to_id, document=wanted.document, **common)
        case "scrap":
            service.scrap(connection, reason=wanted.reason, document=wanted.document, **common)
        case _:
            service.change_status(connection, status=wanted.status, reason=wanted.reason, **common)


def even_so() -> str:
    """Return what is said when promised stock should leave and the box that says so was not ticked."""
    return _("Tick the box if it is to be done all the same, or change the quantity.")


_FIELD = {
    "unknown_location": "to",
    "wrong_place": "to",
    "stock_reason_needed": "reason",
    "unknown_serial": "serials",
    "serial_used": "serials",
    "serials_differ": "serials",
    "serial_elsewhere": "serials",
}
"""The field a refusal is about; the others are about the quantity, or the numbers chosen instead of one."""


def field_of(refusal: PortalError, how: Measure) -> str:
    """Return the field a refusal stands beside."""
    return _FIELD.get(refusal.code, "serials" if how.product.tracking == "serial" else "quantity")


def said_of(refusal: PortalError, how: Measure) -> str:
    """Return a refusal's sentence for these pages, with figures in the reader's units."""
    match refusal.code:
        case "not_enough_stock":
            return _("At most %(amount)s can be taken from there.", amount=how.text(refusal.values["held"]))
        case "stock_promised":
            return _(
                "Free at %(place)s: %(amount)s. The rest is promised to customers.",
                amount=how.text(refusal.values["free"]),
                place=refusal.values["place"],
            )
        case "wrong_place":
            return _("The goods are there already.")
        case "lot_expired":
            return _(
                "Lot %(lot)s was good until %(day)s; it cannot become usable again.",
                lot=refusal.values["lot"],
                day=filters.day(datetime.fromisoformat(refusal.values["expires_on"]).date()),
            )
        case "key_reused":
            return _("This form was sent before, with other figures. Look at the moves, then begin anew.")
        case _:
            return sentence_of(refusal)
