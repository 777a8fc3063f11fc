"""What a credential of any kind says, read out of it for people: a title and lines of facts.

The server shows them beside the verdict of the visitor's own browser, which shows the signed text as well.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.passports.kinds import CredentialKind
from portal.web import filters
from portal.web.passport_face import shown, split
from portal.web.passport_words import pair, step
from portal.web.units import unit_name

Line = tuple[tuple[str, ...], tuple[str, ...]]
"""What is told, and what it is; each in Chinese and English, or in one of them."""

_CBV = "https://ref.gs1.org/cbv/BizStep-"


@dataclass(frozen=True, slots=True)
class CredentialFace:
    """What people read of a credential.

    Attributes:
        title: What it is about, in a few words.
        lines: Its facts.
    """

    title: tuple[str, ...]
    lines: tuple[Line, ...]


def kind_name(kind: str) -> tuple[str, ...]:
    """Return the name of a kind; one that has none is shown as it is."""
    names = {
        CredentialKind.PASSPORT: pair("Product passport"),
        CredentialKind.CERTIFICATE: pair("Certificate"),
        CredentialKind.INSPECTION: pair("Inspection report"),
        CredentialKind.EVENT: pair("Traceability event"),
        CredentialKind.FACILITY: pair("Facility record"),
        CredentialKind.IDENTITY: pair("Identity anchor"),
        CredentialKind.AUDIT_REPORT: pair("Audit report"),
    }
    return {str(name): text for name, text in names.items()}.get(kind, (kind,))


def face_of(kind: str, body: str) -> CredentialFace:
    """Read a credential's facts.

    Args:
        kind: One of ``CredentialKind``; of any other kind only the id is told.
        body: The credential's text, as we issued it.
    """
    credential: dict[str, Any] = json.loads(body)
    readers: dict[str, Callable[[Any], Iterator[Line]]] = {
        CredentialKind.PASSPORT: _passport,
        CredentialKind.CERTIFICATE: _paper,
        CredentialKind.INSPECTION: _paper,
        CredentialKind.EVENT: _event,
        CredentialKind.FACILITY: _facility,
        CredentialKind.IDENTITY: _identity,
    }
    if kind not in readers:
        return CredentialFace(kind_name(kind), ((pair("Address"), (credential["id"],)),))
    title, *lines = readers[kind](credential["credentialSubject"])
    return CredentialFace(title[1], tuple(lines))


def _passport(subject: dict[str, Any]) -> Iterator[Line]:
    product = subject["product"]
    names = {one["@language"]: one["@value"] for one in product["characteristics"]["names"]}
    name = shown(names["zh"], names["en"])
    yield (), name
    yield pair("Product"), name
    yield ("GTIN",), (product["characteristics"]["gtin"],)
    yield pair("Lot"), (product.get("batchNumber", "·"),)
    if "serialNumber" in product:
        yield pair("Serial number"), (product["serialNumber"],)


def _paper(subject: dict[str, Any]) -> Iterator[Line]:
    paper, [assessment] = subject["paper"], subject["assessment"]
    yield (), (paper["number"],)
    yield pair("Number of the document"), (paper["number"],)
    yield pair("Issued by"), (paper["issuingBody"],)
    yield pair("Of"), split(subject["issuedToParty"]["name"])
    for one in assessment.get("assessedProduct", ()):
        yield pair("Product"), split(one["product"]["name"])
        lot = one["product"].get("batchNumber")
        yield pair("Lot"), (lot,) if lot else pair("all lots")
    yield pair("Result"), pair("conforms") if assessment["conformance"] else pair("does not conform")
    yield pair("Valid from, or day of inspection"), (paper["validFrom"],)
    yield pair("Last day"), (paper["validUntil"],) if "validUntil" in paper else pair("no end")
    yield ("SHA-256",), (subject["conformityCertificate"]["hashDigest"],)


def _event(subjects: list[dict[str, Any]]) -> Iterator[Line]:
    [event] = subjects
    happened = step(event["bizStep"].removeprefix(_CBV))
    if event["type"][0] == "TransformationEvent":
        happened = pair("Made from other lots")
    yield (), happened
    yield pair("What happened"), happened
    moment = filters.local(datetime.fromisoformat(event["eventTime"]))
    yield pair("When"), (moment.strftime("%Y-%m-%d %H:%M"),)
    yield pair("Where"), split(event["placeName"])
    for name, items in event.items():
        if name.endswith("QuantityList") or name == "quantityList":
            label = pair("Went in") if name.startswith("input") else pair("Goods")
            yield from ((label, (_amount(item),)) for item in items)
    if "document" in event:
        yield pair("Document"), (event["document"],)
    yield pair("Name of the event"), (event["id"],)


def _amount(item: dict[str, Any]) -> str:
    return f"{' '.join(split(item['productName']))} · {item['quantity']} {unit_name(item.get('uom', 'C62'))}"


def _facility(subject: dict[str, Any]) -> Iterator[Line]:
    place = subject["facility"]
    yield (), split(place["name"])
    yield pair("Place"), split(place["name"])
    yield ("GLN",) if "idScheme" in place else pair("Code"), (place["registeredId"],)
    yield pair("Run by"), split(place["operatedByParty"]["name"])
    yield pair("Address"), (place["id"],)


def _identity(subject: dict[str, Any]) -> Iterator[Line]:
    yield (), split(subject["name"])
    yield pair("Firm"), split(subject["name"])
    yield pair("Social credit code"), (subject["registeredId"],)
    yield ("DID",), (subject["id"],)
