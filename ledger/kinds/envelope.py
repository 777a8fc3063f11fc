"""What all kinds of credential share: the envelope of W3C VCDM 2.0, parties, files and links to them.

Types are UNTP's; terms that no context defines fall under VCDM's context for undefined terms.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import unquote

from ledger.canonical import digest_multibase
from ledger.dataintegrity.contexts import PASSPORT_PATH
from ledger.errors import BadFacts
from ledger.keys import to_instant

VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
OWN_TERMS_CONTEXT: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""VCDM 2.0's context for terms no other context defines; UNTP 0.6 allows contexts by address only."""
UNTP_TYPES: Final = frozenset(
    {
        "DigitalProductPassport",
        "DigitalConformityCredential",
        "DigitalTraceabilityEvent",
        "DigitalFacilityRecord",
        "DigitalIdentityAnchor",
    }
)
CREDENTIAL_MEDIA_TYPE: Final = "application/vc"
DIGEST_BYTES: Final = 32
_LINK_TYPE: Final = "https://test.uncefact.org/vocabulary/linkTypes/"


@dataclass(frozen=True, slots=True)
class Party:
    """A firm. ``id`` is a URI (a DID, or a register's address of it)."""

    id: str
    name: str
    registered_id: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file a credential vouches for by its digest.

    Args:
        url: Where it can be fetched; its identity in the credential.
        sha256: Digest of the bytes, 32 bytes.
    """

    url: str
    name: str
    media_type: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class LinkedCredential:
    """Another credential that one vouches for by its digest.

    Args:
        url: The credential's id, which is where it can be fetched.
        sha256: SHA-256 of its canonical bytes with their proofs, 32 bytes.
        link_type: UNTP's short word for its type: ``dcc``, ``dte``, ``dfr`` or ``dia``.
    """

    url: str
    sha256: bytes
    link_type: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What every credential says of itself.

    Args:
        id: Its URI (``https://…/credentials/…`` or ``urn:uuid:…``).
        issuer: Who signs it; ``id`` is a DID.
        valid_until: Inclusive, like ``valid_from``.
    """

    id: str
    issuer: Party
    valid_from: datetime
    valid_until: datetime | None = None


def contexts(issuer: str) -> list[str]:
    """Return the contexts of a credential: VCDM's, ours beside the issuer's DID document, VCDM's for the rest.

    Ours (ADR 9) says which terms of UNTP, GS1 and EPCIS a credential uses.

    Raises:
        BadFacts: The issuer is no ``did:web``.
    """
    if not issuer.startswith("did:web:"):
        raise BadFacts(f"{issuer} is no did:web", did=issuer)
    host = unquote(issuer.split(":")[2])
    return [VC_CONTEXT, f"https://{host}{PASSPORT_PATH}", OWN_TERMS_CONTEXT]


def enveloped(
    heading: Heading, *, type_name: str, subject: Any, resources: Iterable[EvidenceFile | LinkedCredential] = ()
) -> dict[str, Any]:
    """Return an unsigned credential, made of JSON types.

    Args:
        heading: What it says of itself.
        type_name: One of ``UNTP_TYPES``.
        subject: What it is about; members without a value are left out.
        resources: Files and credentials it vouches for by digest; one named twice stands there once.

    Raises:
        BadFacts: Validity ends before it starts, a digest has not 32 bytes, two different resources share an
            address, or the issuer is no ``did:web``.
        Malformed: A time without a zone.
    """
    if heading.valid_until and heading.valid_until < heading.valid_from:
        raise BadFacts("validity ends before it starts", id=heading.id)
    issuer = {"type": ["CredentialIssuer"], "id": heading.issuer.id, "name": heading.issuer.name}
    credential = {
        "@context": contexts(heading.issuer.id),
        "id": heading.id,
        "type": [type_name, "VerifiableCredential"],
        "issuer": issuer,
        "validFrom": to_instant(heading.valid_from),
        "validUntil": to_instant(heading.valid_until) if heading.valid_until else None,
        "credentialSubject": subject,
        "relatedResource": [_resource(one) for one in _each_once(resources)] or None,
    }
    return {name: without_gaps(value) for name, value in credential.items() if value is not None}


def _each_once(
    resources: Iterable[EvidenceFile | LinkedCredential],
) -> list[EvidenceFile | LinkedCredential]:
    found: dict[str, EvidenceFile | LinkedCredential] = {}
    for one in resources:
        if len(one.sha256) != DIGEST_BYTES:
            raise BadFacts(f"the digest of {one.url} has not 32 bytes", url=one.url)
        if found.setdefault(one.url, one).sha256 != one.sha256:
            raise BadFacts(f"two different files or credentials at {one.url}", url=one.url)
    return list(found.values())


def _resource(one: EvidenceFile | LinkedCredential) -> dict[str, Any]:
    """Return a resource as VCDM 2.0 lists what belongs to a credential (section 5.3)."""
    digest = digest_multibase(one.sha256)
    if isinstance(one, LinkedCredential):
        return {"id": one.url, "mediaType": CREDENTIAL_MEDIA_TYPE, "digestMultibase": digest}
    return {"id": one.url, "name": one.name, "mediaType": one.media_type, "digestMultibase": digest}


def party_value(party: Party) -> dict[str, Any]:
    """Return a firm as a credential names it."""
    return {"id": party.id, "name": party.name, "registeredId": party.registered_id}


def secure_link(target: EvidenceFile | LinkedCredential | None) -> dict[str, Any] | None:
    """Return what UNTP calls a secure link: an address with its digest; ``None`` for none."""
    if target is None:
        return None
    if isinstance(target, LinkedCredential):
        told = {"linkType": _LINK_TYPE + target.link_type}
    else:
        told = {"linkName": target.name}
    return {
        "type": ["SecureLink", "Link"],
        "linkURL": target.url,
        **told,
        "hashDigest": target.sha256.hex(),
        "hashMethod": "SHA-256",
        "encryptionMethod": "none",
    }


def product_value(link: str, *, name: str, gtin: str, lot: str | None, serial: str | None) -> dict[str, Any]:
    """Return goods as a credential names them.

    Args:
        link: Their GS1 Digital Link URI.
        name: As their label says.
        gtin: 14 digits.
        lot: Their lot, if they are known by one.
        serial: The number of one piece, if it is about one.
    """
    registered = [gtin, *(["10", lot] if lot and not serial else []), *(["21", serial] if serial else [])]
    return {
        "type": ["Product"],
        "id": link,
        "name": name,
        "registeredId": ".".join(registered),
        "idScheme": {
            "type": ["IdentifierScheme"],
            "id": "https://id.gs1.org/01/",
            "name": "Global Trade Item Number (GTIN)",
        },
        "batchNumber": lot,
        "serialNumber": serial,
    }


def day_text(day: date | None) -> str | None:
    """Return a day as ISO 8601 text; ``None`` for none."""
    return day.isoformat() if day else None


def without_gaps(value: Any) -> Any:
    """Drop what is not known: in a credential an absent member says it better than null."""
    if isinstance(value, dict):
        return {key: without_gaps(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_gaps(item) for item in value]
    return value
