"""The same events in the words of EPCIS 2.0, and the hash that names an event (CBV 2.0 section 8.9).

UNTP spells events otherwise than EPCIS: actions in lower case, goods as objects, vocabulary as full URIs. What is
here goes from the one to the other, so that whoever holds a credential can hand its event to an EPCIS repository
and compute its id anew. Only members this ledger writes can be hashed; any other is refused, since leaving it out
would give the event another event's name.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ledger.canonical import sha256
from ledger.errors import BadFacts
from ledger.kinds.digital_link import canonical_link

EPCIS_CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
CBV: Final = "https://ref.gs1.org/cbv/"
_UNHASHED: Final = {"type", "eventID", "recordTime"}
_MILLISECOND: Final = timedelta(milliseconds=1)


def epcis_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return a UNTP event, as a traceability credential holds it, in the words of EPCIS 2.0.

    Args:
        event: One of the events of :func:`ledger.kinds.traceability.compose`; its ``id`` may still be missing.
    """
    kind = event["type"][0]
    lists = {name: event[name] for name in event if name.endswith("List") and name != "bizTransactionList"}
    goods = {name: [_goods(item) for item in items] for name, items in lists.items()}
    found = {
        "type": kind,
        "eventID": event.get("id"),
        "eventTime": event["eventTime"],
        "eventTimeZoneOffset": event["eventTimeZoneOffset"],
        **goods,
        "action": event["action"].upper() if kind == "ObjectEvent" else None,
        "bizStep": event["bizStep"].removeprefix(f"{CBV}BizStep-"),
        "disposition": event["disposition"].removeprefix(f"{CBV}Disp-"),
        "bizLocation": {"id": event["bizLocation"]} if "bizLocation" in event else None,
        "bizTransactionList": [
            {"type": one["type"].removeprefix(f"{CBV}BTT-"), "bizTransaction": one["bizTransaction"]}
            for one in event.get("bizTransactionList", ())
        ]
        or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _goods(item: Mapping[str, Any]) -> Any:
    """Return the URI of a piece, or the class, count and unit of a quantity."""
    if "productId" not in item:
        return item["id"]
    element = {"epcClass": item["productId"], "quantity": item["quantity"]}
    return element | ({"uom": item["uom"]} if "uom" in item else {})


def epcis_document(event: Mapping[str, Any], *, created: str) -> dict[str, Any]:
    """Return an EPCIS 2.0 document with one event.

    Args:
        event: In EPCIS words.
        created: Instant of the document, as a credential writes one.
    """
    return {
        "@context": [EPCIS_CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created,
        "epcisBody": {"eventList": [dict(event)]},
    }


def event_hash_id(event: Mapping[str, Any]) -> str:
    """Return the id of an EPCIS event: ``ni:///sha-256;…?ver=CBV2.0`` (RFC 6920, CBV 2.0 section 8.9).

    Raises:
        BadFacts: See :func:`pre_hash`.
    """
    return f"ni:///sha-256;{sha256(pre_hash(event).encode()).hex()}?ver=CBV2.0"


def pre_hash(event: Mapping[str, Any]) -> str:
    """Return the text whose hash names an event: members in canonical order, values in canonical form.

    Raises:
        BadFacts: The event has a member this ledger does not write, or its time has no zone.
    """
    unknown = event.keys() - _UNHASHED - _ORDER.keys()
    if unknown:
        raise BadFacts(f"no hash of an event with {min(unknown)}", member=min(unknown))
    known = (write(name, event[name]) for name, write in _ORDER.items() if name in event)
    return f"eventType={event['type']}{''.join(known)}"


def _plain(name: str, value: Any) -> str:
    return f"{name}={value}"


def _time(name: str, value: str) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise BadFacts(f"{value} has no time zone", time=value)
    # Rounded to the millisecond, halves upwards; adding half of one and cutting does that.
    rounded = moment.astimezone(UTC) + _MILLISECOND / 2
    return f"{name}={rounded.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def _word(prefix: str) -> Callable[[str, str], str]:
    """Return a writer of vocabulary: a bare word of the standard becomes its URI, anything else stays."""

    def write(name: str, value: str) -> str:
        return f"{name}={value if ':' in value else CBV + prefix + value}"

    return write


def _pieces(name: str, value: list[str]) -> str:
    return name + "".join(sorted(f"epc={canonical_link(uri)}" for uri in value)) if value else ""


def _quantities(name: str, value: list[dict[str, Any]]) -> str:
    return name + "".join(sorted(map(_quantity, value))) if value else ""


def _quantity(element: dict[str, Any]) -> str:
    counted = (
        f"quantityElementepcClass={canonical_link(element['epcClass'])}quantity={_number(element['quantity'])}"
    )
    return counted + (f"uom={element['uom']}" if "uom" in element else "")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _place(name: str, value: dict[str, str]) -> str:
    return f"{name}id={canonical_link(value['id'])}"


def _transactions(name: str, value: list[dict[str, str]]) -> str:
    kind = _word("BTT-")
    return name + "".join(
        sorted(kind("type", one["type"]) + _plain("bizTransaction", one["bizTransaction"]) for one in value)
    )


# CBV 2.0 section 8.9.2; what stands here in this order is what can be hashed.
_ORDER: Final[dict[str, Callable[[str, Any], str]]] = {
    "eventTime": _time,
    "eventTimeZoneOffset": _plain,
    "epcList": _pieces,
    "inputEPCList": _pieces,
    "quantityList": _quantities,
    "inputQuantityList": _quantities,
    "outputEPCList": _pieces,
    "outputQuantityList": _quantities,
    "action": _plain,
    "transformationID": lambda name, value: _plain(name, canonical_link(value)),
    "bizStep": _word("BizStep-"),
    "disposition": _word("Disp-"),
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _transactions,
}
