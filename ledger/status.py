"""Bitstring Status List: which credentials of an issuer are revoked or suspended, one bit each.

Source: W3C Bitstring Status List v1.0 (2025). A list is a credential of its own; bit 0 is the left-most bit of the
first byte; lists hold 131,072 bits or more, so that one bit hides among many. What comes from outside is unpacked
no further than ``MAX_BYTES``. Whether a list counts at a moment is ``ledger.verification.status``'s question.
"""

import binascii
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from ledger.errors import BadStatus
from ledger.keys import to_instant
from ledger.kinds.envelope import OWN_TERMS_CONTEXT, VC_CONTEXT

REVOCATION: Final = "revocation"
SUSPENSION: Final = "suspension"
PURPOSES: Final = (REVOCATION, SUSPENSION)
ENTRY_TYPE: Final = "BitstringStatusListEntry"
LIST_TYPE: Final = "BitstringStatusListCredential"
NOTICE_TYPE: Final = "StatusNotice"
LENGTH: Final = 131_072
"""Bits of a list of ours, and the fewest the standard allows (16 KB)."""
MAX_BYTES: Final = 1 << 17
"""The largest list that is unpacked: a million credentials."""
_MAX_TEXT: Final = 1 << 18
_BASE64URL = re.compile(r"u[A-Za-z0-9_-]*")
_GZIP: Final = 31
_LEVEL: Final = 6
_MAX_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class StatusList:
    """The bits of a list."""

    bits: bytes

    @classmethod
    def of(cls, positions: Iterable[int]) -> Self:
        """Return the list of ``LENGTH`` bits in which these are set.

        Raises:
            BadStatus: One lies outside.
        """
        bits = bytearray(LENGTH // 8)
        for position in positions:
            if not 0 <= position < LENGTH:
                raise BadStatus(f"bit {position} is outside the list", position=position)
            bits[position // 8] |= 0x80 >> position % 8
        return cls(bytes(bits))

    @classmethod
    def decode(cls, text: Any) -> Self:
        """Unpack an ``encodedList`` (section 3.4), no further than ``MAX_BYTES``.

        Raises:
            BadStatus: Not multibase base64url, not one whole gzip stream, too short or too long.
        """
        if not isinstance(text, str) or len(text) > _MAX_TEXT or not _BASE64URL.fullmatch(text):
            raise BadStatus("not base64url behind u, or too long")
        try:
            packed = urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4))
            stream = zlib.decompressobj(_GZIP)
            bits = stream.decompress(packed, MAX_BYTES + 1)
        except (binascii.Error, zlib.error) as error:
            raise BadStatus(f"cannot be unpacked: {error}") from error
        if not stream.eof or stream.unused_data or not LENGTH <= len(bits) * 8 <= MAX_BYTES * 8:
            raise BadStatus("not one whole gzip stream of 16 KB to 128 KB")
        return cls(bits)

    def encode(self) -> str:
        """Return the ``encodedList``: gzip, then base64url without padding behind ``u`` (section 3.3)."""
        stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        packed = stream.compress(self.bits) + stream.flush()
        return "u" + urlsafe_b64encode(packed).decode().rstrip("=")

    def is_set(self, position: int) -> bool:
        """Tell whether a bit is set.

        Raises:
            BadStatus: It lies outside (RANGE_ERROR of the standard).
        """
        if position >= len(self.bits) * 8:
            raise BadStatus(f"bit {position} is outside the list", position=position)
        return bool(self.bits[position // 8] & 0x80 >> position % 8)


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Where a credential's bit stands.

    Args:
        purpose: ``revocation`` or ``suspension``.
        position: Of the bit, from 0.
        list_url: The list's id and address.
    """

    purpose: str
    position: int
    list_url: str

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Read a member of ``credentialStatus`` (section 2.1).

        Raises:
            BadStatus: Another type or purpose, more than one bit, or unreadable.
        """
        if (
            not isinstance(value, dict)
            or value.get("type") != ENTRY_TYPE
            or not _is_one(value.get("statusSize", 1))
        ):
            raise BadStatus(f"not a {ENTRY_TYPE} of one bit")
        purpose, index, url = (
            value.get(name) for name in ("statusPurpose", "statusListIndex", "statusListCredential")
        )
        if purpose not in PURPOSES or not isinstance(url, str):
            raise BadStatus("no list, or another purpose than revocation and suspension")
        if not isinstance(index, str) or not (index.isascii() and index.isdigit()) or len(index) > _MAX_DIGITS:
            raise BadStatus("statusListIndex is no decimal text")
        return cls(purpose, int(index), url)

    def to_value(self) -> dict[str, Any]:
        """Return the JSON value."""
        return {
            "id": f"{self.list_url}#{self.position}",
            "type": ENTRY_TYPE,
            "statusPurpose": self.purpose,
            "statusListIndex": str(self.position),
            "statusListCredential": self.list_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """One version of a list.

    Args:
        url: The list's, the same for all its versions.
        version: From 1.
        did: The issuer.
        valid_from: When it was made: everything until then is in it.
        valid_until: How long it may be relied on without a newer one.
    """

    url: str
    version: int
    did: str
    purpose: str
    valid_from: datetime
    valid_until: datetime
    statuses: StatusList


def compose_list(facts: ListFacts) -> dict[str, Any]:
    """Return the unsigned credential of a list version (section 2.2)."""
    return {
        "@context": [VC_CONTEXT],
        "id": facts.url,
        "type": ["VerifiableCredential", LIST_TYPE],
        "issuer": {"id": facts.did},
        "validFrom": to_instant(facts.valid_from),
        "validUntil": to_instant(facts.valid_until),
        "credentialSubject": {
            "id": f"{facts.url}/{facts.version}#list",
            "type": "BitstringStatusList",
            "statusPurpose": facts.purpose,
            "encodedList": facts.statuses.encode(),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """Why a bit was set, or taken back.

    Args:
        url: The notice's id and address.
        credential_id: The ``id`` of the credential it is about.
        set_: Whether the bit was set.
        at: When.
        reason: As somebody wrote it.
        superseded_by: The ``id`` of the credential in its place.
    """

    url: str
    did: str
    credential_id: str
    purpose: str
    set_: bool
    at: datetime
    reason: str
    superseded_by: str | None = None


def compose_notice(facts: NoticeFacts) -> dict[str, Any]:
    """Return the unsigned credential that says why; the standard has no place for a reason of one-bit lists."""
    subject: dict[str, Any] = {
        "id": facts.credential_id,
        "statusPurpose": facts.purpose,
        "set": facts.set_,
        "reason": facts.reason,
    }
    if facts.superseded_by is not None:
        subject["supersededBy"] = facts.superseded_by
    return {
        "@context": [VC_CONTEXT, OWN_TERMS_CONTEXT],
        "id": facts.url,
        "type": ["VerifiableCredential", NOTICE_TYPE],
        "issuer": {"id": facts.did},
        "validFrom": to_instant(facts.at),
        "credentialSubject": subject,
    }


def entries_of(credential: Mapping[str, Any]) -> tuple[StatusEntry, ...]:
    """Return where a credential's bits stand.

    Raises:
        BadStatus: See :meth:`StatusEntry.from_value`; or there is none.
    """
    listed = credential["credentialStatus"]
    entries = tuple(map(StatusEntry.from_value, listed if isinstance(listed, list) else [listed]))
    if not entries:
        raise BadStatus("credentialStatus is empty")
    return entries


def _is_one(value: Any) -> bool:
    return type(value) is int and value == 1
