"""Public keys on the curves P-256 and P-384: checked, never made here.

Sources: Controlled Identifiers 1.0 (``Multikey``: 0x8024 ``p256-pub``, 0x8124 ``p384-pub``, compressed point),
vc-di-ecdsa section 3 (signature ``r || s``; SHA-256 for P-256, SHA-384 for P-384).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from ledger.canonical import from_multibase, to_multibase
from ledger.errors import BadMultibase, SignatureInvalid


@dataclass(frozen=True, slots=True)
class Curve:
    """One of the two curves.

    Args:
        prefix: Multicodec of its public keys.
        size: Bytes of one coordinate; a signature has twice as many.
    """

    name: str
    prefix: bytes
    size: int
    group: type[ec.EllipticCurve]
    signature_hash: type[SHA256 | SHA384]
    digest: Callable[[bytes], bytes]


P256: Final = Curve("P-256", b"\x80\x24", 32, ec.SECP256R1, SHA256, lambda data: hashlib.sha256(data).digest())
P384: Final = Curve("P-384", b"\x81\x24", 48, ec.SECP384R1, SHA384, lambda data: hashlib.sha384(data).digest())


@dataclass(frozen=True, slots=True)
class CurveKey:
    """A public key: the compressed point, one byte longer than a coordinate."""

    curve: Curve
    raw: bytes

    @classmethod
    def from_multikey(cls, text: object) -> Self:
        """Read ``publicKeyMultibase`` (``zDn…`` or ``z82…``).

        Raises:
            BadMultibase: Not multibase, another kind of key, another length, or no point of the curve.
        """
        data = from_multibase(text)
        for curve in (P256, P384):
            if data[:2] == curve.prefix and len(data) == len(curve.prefix) + 1 + curve.size:
                key = cls(curve, data[2:])
                key._point()
                return key
        raise BadMultibase("not a P-256 or P-384 multikey")

    @property
    def multikey(self) -> str:
        """``publicKeyMultibase``: the curve's prefix and the compressed point, base58btc."""
        return to_multibase(self.curve.prefix + self.raw)

    @property
    def did(self) -> str:
        """The ``did:key`` of this key."""
        return f"did:key:{self.multikey}"

    def digest(self, data: bytes) -> bytes:
        """Return the hash that the ECDSA suites use with this curve (vc-di-ecdsa section 3.2.4)."""
        return self.curve.digest(data)

    def check(self, signature: bytes, data: bytes) -> None:
        """Check a signature (``r || s``) over the data.

        Raises:
            SignatureInvalid: It is not this key's signature over these bytes (``signature_mismatch``).
        """
        half = self.curve.size
        if len(signature) != 2 * half:
            raise SignatureInvalid("signature_mismatch", f"not a signature of {2 * half} bytes")
        numbers = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
        try:
            algorithm = ec.ECDSA(self.curve.signature_hash())
            self._point().verify(encode_dss_signature(*numbers), data, algorithm)
        except InvalidSignature as error:
            raise SignatureInvalid("signature_mismatch", "not signed by this key") from error

    def _point(self) -> ec.EllipticCurvePublicKey:
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(self.curve.group(), self.raw)
        except ValueError as error:
            raise BadMultibase(f"not a point of {self.curve.name}") from error
