"""What the passports room tells others."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from portal.kernel.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportIssued(Message):
    """A credential was signed; its anchor follows.

    Attributes:
        credential_id: The new credential.
        gtin: 14 digits.
        lot_code: The lot it speaks of.
        serial: The one piece of it, when it speaks of that; else empty.
    """

    name: ClassVar[str] = "passports.passport.issued"

    credential_id: UUID
    gtin: str
    lot_code: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceIssued(Message):
    """A credential of a paper, an event, a place or the firm was signed; its anchor follows.

    Attributes:
        credential_id: The new credential.
        kind: One of ``portal.passports.kinds.CredentialKind``.
    """

    name: ClassVar[str] = "passports.evidence.issued"

    credential_id: UUID
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRegistered(Message):
    """A certificate or an inspection report was handed in and is safely stored.

    Attributes:
        document_id: The new document.
        partner_id: Who handed it in.
    """

    name: ClassVar[str] = "passports.document.registered"

    document_id: UUID
    partner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementsChanged(Message):
    """Which papers lots must have has changed."""

    name: ClassVar[str] = "passports.requirements.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialMarked(Message):
    """What every change of a credential's standing tells.

    Attributes:
        credential_id: The credential.
        reason: Why, as somebody wrote it.
    """

    credential_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRevoked(CredentialMarked):
    """A credential counts no more, for good.

    Attributes:
        superseded_by: The credential that stands in its place, if there is one.
    """

    name: ClassVar[str] = "passports.credential.revoked"

    superseded_by: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSuspended(CredentialMarked):
    """A credential does not count until further notice."""

    name: ClassVar[str] = "passports.credential.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialResumed(CredentialMarked):
    """A suspended credential counts again."""

    name: ClassVar[str] = "passports.credential.resumed"
