"""Keys that check a JSON Web Signature, read out of a DID document.

Sources: Controlled Identifiers 1.0 (``Multikey``, ``JsonWebKey``), RFC 7518 (ES256, ES384), RFC 8037 (EdDSA). An
algorithm is a property of the key and never of the token: whoever writes a token's header cannot choose how it is
checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from ledger.errors import Malformed, SignatureInvalid
from ledger.keys import PublicKey, find_method, key_dates, read_multikey

ALGORITHMS: Final = ("EdDSA", "ES256", "ES384")
"""What signs a credential here; ``none`` and shared secrets never do."""
_ALGORITHMS: Final = {
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
    key = read_multikey(text)
    if isinstance(key, PublicKey):
        return "EdDSA", Ed25519PublicKey.from_public_bytes(key.raw)
    point = ec.EllipticCurvePublicKey.from_encoded_point(key.curve.group(), key.raw)
    return _ALGORITHMS["EC", key.curve.name], point


def _from_jwk(jwk: Any) -> tuple[str, RawKey]:
    algorithm = _ALGORITHMS[jwk["kty"], jwk["crv"]]
    if "d" in jwk or jwk.get("alg", algorithm) != algorithm:
        raise Malformed("a private key, or one for another algorithm")
    raw: RawKey = PyJWK(jwk).key  # type and curve name the algorithm there too
    return algorithm, raw
