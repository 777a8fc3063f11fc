"""Keys that check a JSON Web Signature, read out of a DID document.

Sources: Controlled Identifiers 1.0 (``Multikey``, ``JsonWebKey``), multicodec (``p256-pub`` 0x1200, ``p384-pub``
0x1201), RFC 7518 (ES256, ES384), RFC 8037 (EdDSA). An algorithm is a property of the key and never of the
token: whoever writes a token's header cannot choose how it is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from ledger.canonical import from_multibase
from ledger.errors import BadMultibase, Malformed, SignatureInvalid
from ledger.keys import find_method, key_dates

ALGORITHMS: Final = ("EdDSA", "ES256", "ES384")
"""What signs a credential here; ``none`` and shared secrets never do."""
_ED25519_PUB: Final = b"\xed\x01"
_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {b"\x80\x24": ec.SECP256R1(), b"\x81\x24": ec.SECP384R1()}
_EC_ALGORITHMS: Final = {"secp256r1": "ES256", "secp384r1": "ES384"}
_JWK_ALGORITHMS: Final = {
    ("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("EC", "P-384"): "ES384",
}  # fmt: skip

RawKey = Ed25519PublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class CheckingKey:
    """A public key with the one algorithm it checks.

    Args:
        expires: When it stops counting, as planned beforehand.
        revoked: When it stopped counting, as decided afterwards.
    """

    algorithm: str
    raw: RawKey
    expires: datetime | None = None
    revoked: datetime | None = None

    @property
    def retired_at(self) -> datetime | None:
        """From when on the key no longer counts: the earlier of the two dates."""
        return min(filter(None, (self.expires, self.revoked)), default=None)


def checking_key(document: Any, method_id: str) -> CheckingKey:
    """Find the key of a token in its issuer's DID document.

    Args:
        document: Anything JSON; it may come from an unknown sender.
        method_id: The token's ``kid``: a DID URL, ``did#fragment``; the document must be that DID's.

    Raises:
        SignatureInvalid: No such method, not for assertions, or no key of a kind we check (``unknown_key``).
    """
    try:
        method = find_method(document, method_id)
        algorithm, raw = _key_of(method)
        return CheckingKey(algorithm, raw, *key_dates(method))
    except (Malformed, LookupError, TypeError, ValueError, PyJWTError) as error:
        raise SignatureInvalid("unknown_key", f"no key {method_id}: {error}", method=method_id) from error


def _key_of(method: Mapping[str, Any]) -> tuple[str, RawKey]:
    if method["type"] == "Multikey":
        return _from_multikey(method["publicKeyMultibase"])
    if method["type"] == "JsonWebKey":
        return _from_jwk(method["publicKeyJwk"])
    raise Malformed("neither a Multikey nor a JsonWebKey")


def _from_multikey(text: Any) -> tuple[str, RawKey]:
    data = from_multibase(text)
    if data[:2] == _ED25519_PUB:
        return "EdDSA", Ed25519PublicKey.from_public_bytes(data[2:])
    curve = _CURVES.get(data[:2])
    if curve is None:
        raise BadMultibase("a multikey of another kind")
    return _EC_ALGORITHMS[curve.name], ec.EllipticCurvePublicKey.from_encoded_point(curve, data[2:])


def _from_jwk(jwk: Any) -> tuple[str, RawKey]:
    algorithm = _JWK_ALGORITHMS[jwk["kty"], jwk["crv"]]
    if "d" in jwk or jwk.get("alg", algorithm) != algorithm:
        raise Malformed("a private key, or one for another algorithm")
    raw: RawKey = PyJWK(jwk, algorithm=algorithm).key
    return algorithm, raw
