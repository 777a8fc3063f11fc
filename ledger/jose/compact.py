"""One JSON Web Signature in compact form (RFC 7515): read it strictly, sign it, check it.

PyJWT checks the signature; what is stricter here is the reading. Base64url has one spelling, JSON is read as
everywhere in the ledger, and a header that asks for extensions is refused.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jwt import PyJWS
from jwt.exceptions import PyJWTError

from ledger.canonical import MAX_BYTES, parse_json_strict
from ledger.errors import EnvelopeInvalid, NotJSON, SignatureInvalid
from ledger.jose.keys import ALGORITHMS, CheckingKey
from ledger.keys import SigningKey

_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Compact:
    """A token whose signature is not checked yet: nothing in it is to be believed.

    Args:
        text: As it came.
        header: Its protected header.
        payload: The signed bytes.
    """

    text: str
    header: Mapping[str, Any]
    payload: bytes

    def claims(self) -> dict[str, Any]:
        """Return the payload as an object.

        Raises:
            EnvelopeInvalid: Not one strict JSON object (``malformed_envelope``).
        """
        return _object(self.payload)


def to_base64url(data: bytes) -> str:
    """Return base64url text without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Read base64url text in its one spelling: no padding, no spaces, no stray bits in the last character.

    Raises:
        EnvelopeInvalid: Another spelling (``malformed_envelope``).
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeInvalid("malformed_envelope", f"not base64url: {error}") from error
    if to_base64url(data) != text:
        raise EnvelopeInvalid("malformed_envelope", "not base64url in its one spelling")
    return data


def read_compact(text: str) -> Compact:
    """Read a token without checking its signature.

    Raises:
        EnvelopeInvalid: Not a compact JWS, or larger than a document may be (``malformed_envelope``); an
            algorithm that signs no credential (``algorithm_refused``); extensions the signer calls critical
            (``extension_refused``).
    """
    parts = text.split(".")
    if len(parts) != _PARTS or len(text) > MAX_BYTES:
        raise EnvelopeInvalid("malformed_envelope", "not three parts, or too large")
    header = _object(from_base64url(parts[0]))
    if header.get("alg") not in ALGORITHMS:
        raise EnvelopeInvalid("algorithm_refused", "not an algorithm for credentials", alg=str(header.get("alg")))
    if header.keys() & {"crit", "b64"}:
        raise EnvelopeInvalid("extension_refused", "the header asks for extensions")
    from_base64url(parts[2])
    return Compact(text, header, from_base64url(parts[1]))


def check_compact(compact: Compact, key: CheckingKey) -> None:
    """Check a token's signature with a key.

    Raises:
        SignatureInvalid: Not signed by this key, or with another algorithm than the key's
            (``signature_mismatch``).
    """
    try:
        PyJWS().decode(compact.text, key.raw, algorithms=[key.algorithm])
    except PyJWTError as error:
        raise SignatureInvalid("signature_mismatch", "not signed by this key") from error


def sign_compact(payload: bytes, key: SigningKey, *, headers: Mapping[str, Any]) -> str:
    """Return a token signed with EdDSA; equal input gives an equal token (RFC 8037 section 3.1)."""
    return PyJWS().encode(payload, key.private, algorithm="EdDSA", headers={"typ": "", **headers})


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = parse_json_strict(data)
    except NotJSON as error:
        raise EnvelopeInvalid("malformed_envelope", error.message, reason=error.reason) from error
    if not isinstance(value, dict):
        raise EnvelopeInvalid("malformed_envelope", "not an object")
    return value
