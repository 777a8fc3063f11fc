"""What all kinds of credential share: the envelope of W3C VCDM 2.0, parties, files and links to them.

Types are UNTP's; terms that no context defines fall under VCDM's context for undefined terms.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.canonical import digest_multibase
from ledger.dataintegrity.contexts import PASSPORT_PATH

VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
OWN_TERMS_CONTEXT: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""VCDM 2.0's context for terms no other context defines; UNTP 0.6 allows contexts by address only."""
DIGEST_BYTES: Final = 32


def contexts(base_url: str) -> list[str]:
    """Return the contexts of a credential: VCDM's, ours at the portal's address (ADR 9), VCDM's for the rest."""
    return [VC_CONTEXT, base_url + PASSPORT_PATH, OWN_TERMS_CONTEXT]


@dataclass(frozen=True, slots=True)
class Party:
    """A firm. ``id`` is a URI (a DID, or a register's address of it)."""

    id: str
    name: str
    registered_id: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file the passport vouches for by its digest.

    Args:
        url: Where it can be fetched; its identity in the credential.
        sha256: Digest of the bytes, 32 bytes.
    """

    url: str
    name: str
    media_type: str
    sha256: bytes


def party_value(party: Party) -> dict[str, Any]:
    """Return a firm as a credential names it."""
    return {"id": party.id, "name": party.name, "registeredId": party.registered_id}


def secure_link(file: EvidenceFile | None) -> dict[str, Any] | None:
    """Return a file as UNTP links evidence: its address and its digest; ``None`` for none."""
    if file is None:
        return None
    return {
        "type": ["SecureLink", "Link"],
        "linkURL": file.url,
        "linkName": file.name,
        "hashDigest": file.sha256.hex(),
        "hashMethod": "SHA-256",
        "encryptionMethod": "none",
    }


def resource_value(file: EvidenceFile) -> dict[str, Any]:
    """Return a file as VCDM 2.0 lists what belongs to a credential (section 5.3)."""
    return {
        "id": file.url,
        "name": file.name,
        "mediaType": file.media_type,
        "digestMultibase": digest_multibase(file.sha256),
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
