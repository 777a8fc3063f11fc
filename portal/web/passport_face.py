"""What a passport says, read out of its credential for people: names, dates, documents, the way of the goods.

The page shows these facts before anything is checked; ``portal/static/passport.mjs`` reads the same places of the
checked bytes and writes over them.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from portal.web import i18n


@dataclass(frozen=True, slots=True)
class PaperFace:
    """A document as the passport cites it.

    Attributes:
        kind: ``certificate`` or ``inspection``.
        number: The paper's own number.
        body: Authority or laboratory.
        until: Last day as ``2027-08-04``; empty when it does not end, and for reports.
        sha256: Digest of the file in hexadecimal; empty when the passport cites no file.
    """

    kind: str
    number: str
    body: str
    until: str
    sha256: str


@dataclass(frozen=True, slots=True)
class EventFace:
    """One thing that happened to the lot.

    Attributes:
        step: CBV business step.
        place: Where, Chinese and English when it has both.
        quantity: Decimal text; empty when nothing was counted.
        unit: UN/ECE Recommendation 20 code.
        at: Instant as the credential writes it.
        document: Number of the paper behind it.
    """

    step: str
    place: tuple[str, ...]
    quantity: str
    unit: str
    at: str
    document: str


@dataclass(frozen=True, slots=True)
class Face:
    """All facts of a passport; names are one or two texts as the reader gets them, days are ISO texts."""

    name: tuple[str, ...]
    gtin: str
    lot: str
    serial: str
    producer: tuple[str, ...]
    made: str
    best: str
    issuer: tuple[str, ...]
    did: str
    issued: str
    until: str
    papers: tuple[PaperFace, ...]
    events: tuple[EventFace, ...]


def face_of(body: str) -> Face:
    """Read a passport's facts.

    Args:
        body: The credential's text, as we issued it.
    """
    credential: dict[str, Any] = json.loads(body)
    subject = credential["credentialSubject"]
    product = subject["product"]
    more = product["characteristics"]
    names = {name["@language"]: name["@value"] for name in more["names"]}
    claims = subject.get("conformityClaim", [])
    traces = subject.get("traceabilityInformation", [])
    return Face(
        name=shown(names["zh"], names["en"]),
        gtin=more["gtin"],
        lot=product.get("batchNumber", ""),
        serial=product.get("serialNumber", ""),
        producer=split(product["producedByParty"]["name"]),
        made=product.get("productionDate", ""),
        best=more.get("bestBefore", ""),
        issuer=split(credential["issuer"]["name"]),
        did=credential["issuer"]["id"],
        issued=credential["validFrom"],
        until=credential.get("validUntil", ""),
        papers=tuple(_paper(claim) for claim in claims),
        events=tuple(_event(event) for trace in traces for event in trace["event"]),
    )


def names_of(body: str) -> tuple[str, ...]:
    """Return the product's Chinese and English name, whoever reads.

    Args:
        body: The credential's text, as we issued it.
    """
    names = json.loads(body)["credentialSubject"]["product"]["characteristics"]["names"]
    return tuple(dict.fromkeys(name["@value"] for name in names if name["@value"]))


def shown(zh: str, en: str) -> tuple[str, ...]:
    """Return a name in the reader's languages: Chinese and English, or English alone."""
    if i18n.language() == "en":
        return (en or zh,)
    return tuple(dict.fromkeys(name for name in (zh, en) if name))


def split(name: str) -> tuple[str, ...]:
    """Return a firm's or place's name, written ``Chinese / English``, in the reader's languages."""
    zh, _, en = name.partition(" / ")
    return shown(zh, en)


def _paper(claim: dict[str, Any]) -> PaperFace:
    kind = "certificate" if "certificate" in claim else "inspection"
    paper = claim[kind]
    return PaperFace(
        kind=kind,
        number=paper["number"],
        body=paper.get("issuingBody") or paper["laboratory"],
        until=paper.get("validUntil", ""),
        sha256=_digest_of_file(paper) or claim["conformityEvidence"]["hashDigest"],
    )


def _digest_of_file(paper: dict[str, Any]) -> str:
    """Return the digest a paper's address ends with; empty for passports from before papers had credentials."""
    digest = str(paper.get("file", "")).rpartition("/")[2]
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""


def _event(event: dict[str, Any]) -> EventFace:
    counted = event["quantityList"][0]
    return EventFace(
        step=event["bizStep"],
        place=split(event["bizLocation"]["name"]),
        quantity=counted["quantity"],
        unit=counted["uom"],
        at=event["eventTime"],
        document=event["document"],
    )
