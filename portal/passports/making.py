"""Rules of a transformation (加工转化): a lot that was made from quantities of other lots.

It is told as one event about the lot that came out (EPCIS 2.0 section 7.4.6), and signed once, so what is recorded
is checked before and never changed after. Nothing is booked: what was used and made is counted where stock is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.kernel.errors import Conflict, Malformed, Refused
from portal.passports.model import TraceInput

MAX_INPUTS = 40
"""Most lots one event tells that went in."""


class NothingWentIn(Malformed):
    """A making without a lot that went in."""

    code = "nothing_went_in"


class TooManyInputs(Refused):
    """More lots went in than one event tells."""

    code = "too_many_inputs"


class InputTwice(Refused):
    """The same lot stands twice among what went in."""

    code = "input_twice"


class MadeOfItself(Refused):
    """What went in is the lot that came out, or was itself made from it."""

    code = "made_of_itself"


class NotYetMade(Refused):
    """The instant of the making is still to come."""

    code = "not_yet_made"


class MakingKnown(Conflict):
    """The lot's making under that document is recorded, otherwise than now."""

    code = "making_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class WentIn:
    """A quantity of one lot that went in.

    Attributes:
        sku: Item number of its product.
        lot_code: The lot.
        quantity: Quanta of its product, 1 or more.
    """

    sku: str
    lot_code: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MakingDraft:
    """A making as it is recorded.

    Attributes:
        product_id: Product of the lot that came out.
        lot_code: The lot that came out.
        quantity: Quanta that came out, 1 or more.
        location_id: The place of ours where it was made.
        document: Number of the production order or batch record.
        at: When it was done.
        inputs: What went in.
    """

    product_id: UUID
    lot_code: str
    quantity: int
    location_id: UUID
    document: str
    at: datetime
    inputs: tuple[WentIn, ...]

    @property
    def source_key(self) -> str:
        """What makes it the same deed when it is sent twice."""
        return f"making/{self.product_id}/{self.lot_code}/{self.document}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLot:
    """A lot that was made, from another one directly or over several steps.

    Attributes:
        product_id: Its product.
        sku: Item number of the product.
        lot_code: The lot.
        documents: The documents it was made under.
    """

    product_id: UUID
    sku: str
    lot_code: str
    documents: tuple[str, ...]


def check_making(draft: MakingDraft, *, now: datetime) -> None:
    """Refuse a making that cannot be, as far as it shows without the books.

    Raises:
        NothingWentIn: No lot went in.
        TooManyInputs: More than ``MAX_INPUTS`` did.
        InputTwice: A lot stands twice among them.
        NotYetMade: It is dated in the future.
    """
    if not draft.inputs:
        raise NothingWentIn("A making names at least one lot that went in.")
    if len(draft.inputs) > MAX_INPUTS:
        raise TooManyInputs(f"At most {MAX_INPUTS} lots are told of one making.", most=MAX_INPUTS)
    seen: set[tuple[str, str]] = set()
    for one in draft.inputs:
        if (one.sku, one.lot_code) in seen:
            raise InputTwice(f"{one.sku} {one.lot_code} stands twice.", sku=one.sku, lot=one.lot_code)
        seen.add((one.sku, one.lot_code))
    if draft.at > now:
        raise NotYetMade(f"{draft.at} is still to come.", at=draft.at.isoformat())


def check_line_of_descent(
    *, product: str, lot_code: str, inputs: Iterable[TraceInput], ancestors: Iterable[tuple[str, str]]
) -> None:
    """Refuse a lot that would be made of itself.

    Args:
        product: GTIN of the lot that comes out, 14 digits.
        lot_code: That lot.
        inputs: What goes in.
        ancestors: GTIN and lot of everything that went into the inputs, over any number of steps.

    Raises:
        MadeOfItself: It is one of the inputs, or went into one of them.
    """
    if (product, lot_code) in {*((one.gtin, one.lot_code) for one in inputs), *ancestors}:
        raise MadeOfItself(f"Lot {lot_code} would be made of itself.", lot=lot_code)
