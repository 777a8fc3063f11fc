"""What happened to goods on their way (物流轨迹): UNTP Digital Traceability Event 0.6.1, one event a credential.

The event's id is the hash of the event itself (``ledger.kinds.epcis``), so that the same event told twice has one
name, and one that was changed has another. Sources: EPCIS 2.0 sections 7.4.2 and 7.4.6, CBV 2.0 sections 7.1
(business steps), 7.2 (dispositions) and 7.3 (business transactions).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ledger.errors import BadFacts
from ledger.keys import to_instant
from ledger.kinds.envelope import Heading, enveloped, without_gaps
from ledger.kinds.epcis import CBV, epcis_event, event_hash_id

TRACEABILITY_TYPE: Final = "DigitalTraceabilityEvent"
COUNTED: Final = frozenset({"C62", "EA", "H87", "NAR"})
"""Units of single pieces, which EPCIS writes by leaving the unit out (EPCIS 2.0 section 7.3.3.3)."""


@dataclass(frozen=True, slots=True)
class _Step:
    """How a business step is told: its action, what the goods are afterwards, the paper it goes by."""

    action: str
    disposition: str
    transaction: str
    process: str


_STEPS: Final = {
    "commissioning": _Step("add", "active", "prodorder", "Making"),
    "inspecting": _Step("observe", "in_progress", "testres", "Inspecting"),
    "shipping": _Step("observe", "in_transit", "desadv", "Shipping"),
    "receiving": _Step("observe", "in_progress", "recadv", "Receiving"),
}
STEPS: Final = tuple(_STEPS)
"""Business steps that can be told."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A quantity of a lot, or one piece.

    Args:
        link: GS1 Digital Link URI of the lot or the piece.
        quantity: Decimal text; ``None`` for one piece.
        unit: UN/ECE Recommendation 20 code of the quantity.
    """

    link: str
    name: str
    quantity: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One event.

    Args:
        time: With a zone, whose offset is told as the place's own.
        step: One of ``STEPS``.
        goods: What it happened to; of a transformation, what came out of it.
        place: Where, in words.
        place_link: The place's URI: a GLN's Digital Link, or the facility's address here.
        document: Number of the paper behind it.
        document_link: The paper's URI.
        inputs: What went into a transformation; empty for any other event.
    """

    time: datetime
    step: str
    goods: tuple[Goods, ...]
    place: str
    place_link: str | None = None
    document: str | None = None
    document_link: str | None = None
    inputs: tuple[Goods, ...] = ()


def compose(heading: Heading, event: EventFacts) -> dict[str, Any]:
    """Return the unsigned credential, made of JSON types.

    Raises:
        BadFacts: See :func:`ledger.kinds.envelope.enveloped`; an unknown step; a quantity that no JSON number
            holds exactly.
        Malformed: A time without a zone.
    """
    return enveloped(heading, type_name=TRACEABILITY_TYPE, subject=[event_value(event)])


def event_value(facts: EventFacts) -> dict[str, Any]:
    """Return an event as UNTP spells it, under the hash that names it.

    Raises:
        BadFacts: An unknown step, or a quantity that no JSON number holds exactly.
        Malformed: Its time has no zone.
    """
    if facts.step not in _STEPS:
        raise BadFacts(f"{facts.step!r} is no step that is told here", step=facts.step)
    step = _STEPS[facts.step]
    transformation = bool(facts.inputs)
    paper = [{"type": f"{CBV}BTT-{step.transaction}", "bizTransaction": facts.document_link}]
    event = {
        "type": ["TransformationEvent" if transformation else "ObjectEvent", "Event"],
        "processType": "Transforming" if transformation else step.process,
        "eventTime": to_instant(facts.time),
        "eventTimeZoneOffset": _offset(facts.time),
        "action": step.action,
        "disposition": f"{CBV}Disp-{step.disposition}",
        "bizStep": f"{CBV}BizStep-{facts.step}",
        "bizLocation": facts.place_link,
        "placeName": facts.place,
        "document": facts.document,
        "bizTransactionList": paper if facts.document_link else None,
        **(
            _listed("outputEPCList", "outputQuantityList", facts.goods)
            | _listed("inputEPCList", "inputQuantityList", facts.inputs)
            if transformation
            else _listed("epcList", "quantityList", facts.goods)
        ),
    }
    known = without_gaps(event)
    return {**known, "id": event_hash_id(epcis_event(known))}


def _listed(pieces: str, counted: str, goods: tuple[Goods, ...]) -> dict[str, Any]:
    """Return goods under the names of the list of pieces and the list of quantities of one side of the event."""
    lists = {
        pieces: [{"type": ["Item"], "id": one.link, "name": one.name} for one in goods if one.quantity is None],
        counted: [_counted(one, one.quantity) for one in goods if one.quantity is not None],
    }
    return {name: items for name, items in lists.items() if items}


def _counted(one: Goods, quantity: str) -> dict[str, Any]:
    return {
        "productId": one.link,
        "productName": one.name,
        "quantity": json_number(quantity),
        "uom": None if one.unit in COUNTED else one.unit,
    }


def json_number(text: str) -> int | float:
    """Return decimal text as the JSON number that means exactly it.

    Raises:
        BadFacts: No JSON number every reader understands alike is that quantity.
    """
    exact = Decimal(text)
    number = int(exact) if exact == int(exact) else float(exact)
    if abs(exact) >= 2**53 or Decimal(repr(number)) != exact:
        raise BadFacts(f"{text} is no exact JSON number", quantity=text)
    return number


def _offset(moment: datetime) -> str:
    """Return the offset of a time's zone as EPCIS writes it: ``+08:00``."""
    return moment.isoformat(timespec="seconds")[-6:]
