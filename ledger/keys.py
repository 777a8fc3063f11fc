"""Ed25519 signing keys, their files, ``did:web`` and ``did:key`` identifiers, DID documents with key history.

Sources: did:web and did:key methods (W3C CCG), Controlled Identifiers 1.0 (``Multikey``, ``expires``,
``revoked``), multicodec ``ed25519-pub`` 0xed01. ``did:web`` keeps no history of its own, so a retired key
stays in the document with the date it stopped counting, and the anchor's time says whether a signature
came before it.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.canonical import from_multibase, sha256, to_multibase
from ledger.curves import CurveKey
from ledger.errors import BadHost, BadMultibase, KeyExists, KeyExposed, Malformed, SignatureInvalid

DID_CONTEXT: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_ED25519_PUB: Final = b"\xed\x01"
_RAW_BYTES: Final = 32
_OTHERS: Final = 0o077
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"({_LABEL}(?:\.{_LABEL})*)(?::([1-9][0-9]{{0,4}}))?")
_MAX_PORT: Final = 65535
_INSTANT = re.compile(r"(?!0000)\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\dZ", re.ASCII)


def to_instant(moment: datetime) -> str:
    """Return a moment as ``2026-03-01T08:00:00Z``, the only form the ledger writes and reads.

    Raises:
        Malformed: The moment has no time zone. Fractions of a second are cut off.
    """
    if moment.tzinfo is None:
        raise Malformed(f"{moment} has no time zone")
    # strftime pads the year on some platforms only, isoformat does on all.
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def from_instant(text: Any) -> datetime:
    """Read what :func:`to_instant` writes.

    Raises:
        Malformed: Any other form, or a day that no calendar has.
    """
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise Malformed("not an instant like 2026-03-01T08:00:00Z", text=str(text)[:40])
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"{text}: {error}", text=text) from error


@lru_cache(maxsize=256)
def _loaded(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key: 32 bytes."""

    raw: bytes

    @classmethod
    def from_multikey(cls, text: Any) -> Self:
        """Read ``publicKeyMultibase`` (``z6Mk…``).

        Raises:
            BadMultibase: Not multibase, another kind of key, or another length.
        """
        data = from_multibase(text)
        if data[:2] != _ED25519_PUB or len(data) != len(_ED25519_PUB) + _RAW_BYTES:
            raise BadMultibase("not an Ed25519 multikey")
        return cls(data[2:])

    @property
    def multikey(self) -> str:
        """``publicKeyMultibase``: 0xed01 and the key, base58btc."""
        return to_multibase(_ED25519_PUB + self.raw)

    @property
    def did(self) -> str:
        """The ``did:key`` of this key."""
        return f"did:key:{self.multikey}"

    def digest(self, data: bytes) -> bytes:
        """Return the hash that the EdDSA suites use (vc-di-eddsa section 3.2.4): SHA-256."""
        return sha256(data)

    def check(self, signature: bytes, data: bytes) -> None:
        """Check a signature over the data.

        Raises:
            SignatureInvalid: It is not this key's signature over these bytes (``signature_mismatch``).
        """
        try:
            _loaded(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise SignatureInvalid("signature_mismatch", "not signed by this key") from error


VerificationKey = PublicKey | CurveKey


def read_multikey(text: Any) -> VerificationKey:
    """Read ``publicKeyMultibase`` of a key that some suite signs with: Ed25519, P-256 or P-384.

    Raises:
        BadMultibase: None of them.
    """
    data = from_multibase(text)
    return PublicKey.from_multikey(text) if data[:2] == _ED25519_PUB else CurveKey.from_multikey(text)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An issuer's private key and the name verifiers find its public half under.

    Args:
        did: The issuer, e.g. ``did:web:portal.example``.

    Attributes:
        public: The public half.
        method_id: The verification method's DID URL: the issuer, ``#`` and the multikey.
    """

    private: Ed25519PrivateKey = field(repr=False)
    did: str
    public: PublicKey = field(init=False, compare=False)
    method_id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what every signature needs."""
        public = PublicKey(self.private.public_key().public_bytes_raw())
        object.__setattr__(self, "public", public)
        object.__setattr__(self, "method_id", f"{self.did}#{public.multikey}")

    @classmethod
    def generate(cls, did: str) -> Self:
        """Make a new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate(), did)

    @classmethod
    def ephemeral(cls) -> Self:
        """Make a new key that is its own ``did:key``: for what is thrown away afterwards."""
        return cls.from_seed(os.urandom(_RAW_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes, did: str | None = None) -> Self:
        """Make the key of a 32-byte seed; without ``did`` its own ``did:key``. For vectors and restores."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(private, did or PublicKey(private.public_key().public_bytes_raw()).did)

    @classmethod
    def load(cls, path: Path, did: str) -> Self:
        """Read a key file.

        Raises:
            KeyExposed: Group or others may read the file.
            Malformed: Not an unencrypted Ed25519 private key in PEM.
            OSError: The file cannot be read.
        """
        mode = path.stat().st_mode
        if mode & _OTHERS:
            raise KeyExposed(f"{path} may be read by others (mode {mode & 0o777:o}); make it 600")
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise Malformed(f"{path} holds no private key") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise Malformed(f"{path} holds a key of another kind than Ed25519")
        return cls(private, did)

    def save(self, path: Path) -> None:
        """Write the key as PKCS#8 PEM, mode 0600, flushed to the disk.

        Raises:
            KeyExists: There is a file already; a key is never written over.
            OSError: The file cannot be written.
        """
        pem = self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise KeyExists(f"{path} is there already") from error
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature over the data (RFC 8032, deterministic)."""
        return self.private.sign(data)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key of an issuer's history.

    Args:
        expires: When the key stops counting, as planned beforehand.
        revoked: When it stopped counting, as decided afterwards.
    """

    public: VerificationKey
    expires: datetime | None = None
    revoked: datetime | None = None

    @property
    def retired_at(self) -> datetime | None:
        """From when on the key no longer counts: the earlier of the two dates."""
        return min(filter(None, (self.expires, self.revoked)), default=None)


def did_web(host: str) -> str:
    """Return the ``did:web`` of a host, its port percent-encoded: ``did:web:portal.example%3A8443``.

    Args:
        host: ``name`` or ``name:port``; letters of any case, no path.

    Raises:
        BadHost: Not a host name, or a port past 65535.
    """
    match = _HOST.fullmatch(host.lower())
    if not match or (match[2] and int(match[2]) > _MAX_PORT):
        raise BadHost(f"{host!r} is no host[:port]", host=host)
    return f"did:web:{match[1]}" + (f"%3A{match[2]}" if match[2] else "")


def did_document(did: str, keys: Sequence[KeyRecord]) -> dict[str, Any]:
    """Return the DID document of an issuer with all the keys it ever had.

    Retired keys stay under ``assertionMethod``: whether one counts is judged by date, see
    :func:`ledger.verification.signature.check_signature`.
    """
    methods = [_method(did, key) for key in keys]
    return {
        "@context": list(DID_CONTEXT),
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def _method(did: str, key: KeyRecord) -> dict[str, str]:
    method = {
        "id": f"{did}#{key.public.multikey}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": key.public.multikey,
    }
    if key.expires:
        method["expires"] = to_instant(key.expires)
    if key.revoked:
        method["revoked"] = to_instant(key.revoked)
    return method


def key_in_document(document: Any, method_id: str) -> KeyRecord:
    """Find a verification method in its issuer's DID document.

    Args:
        document: Anything JSON; it may come from an unknown sender.
        method_id: A DID URL, ``did#fragment``; the document must be that DID's.

    Raises:
        SignatureInvalid: No such method, not for assertions, or not a ``Multikey`` of this issuer
            that a suite signs with (``unknown_key``).
    """
    try:
        return _record(find_method(document, method_id))
    except (Malformed, LookupError, TypeError, ValueError) as error:
        raise SignatureInvalid("unknown_key", f"no key {method_id}: {error}", method=method_id) from error


def find_method(document: Any, method_id: str) -> dict[str, Any]:
    """Find the entry of a verification method that its issuer makes assertions with.

    Raises:
        Malformed: The document is another's, or does not name the method for assertions.
        LookupError, TypeError, ValueError: The document has another shape.
    """
    did = method_id.partition("#")[0]
    listed = document["assertionMethod"]
    if document["id"] != did or not isinstance(listed, list) or method_id not in listed:
        raise Malformed("not a key this issuer signs with")
    entries = [entry for entry in document["verificationMethod"] if isinstance(entry, dict)]
    [method] = [entry for entry in entries if entry.get("id") == method_id]
    if method["controller"] != did:
        raise Malformed("not a method of this issuer")
    return method


def key_dates(method: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when a verification method ``expires`` and when it was ``revoked``, as far as it says so.

    Raises:
        Malformed: One of them is no instant.
    """
    expires = from_instant(method["expires"]) if "expires" in method else None
    revoked = from_instant(method["revoked"]) if "revoked" in method else None
    return expires, revoked


def _record(method: dict[str, Any]) -> KeyRecord:
    if method["type"] != "Multikey":
        raise Malformed("not a Multikey")
    return KeyRecord(read_multikey(method["publicKeyMultibase"]), *key_dates(method))
