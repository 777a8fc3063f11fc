"""A credential as a JSON Web Token: ``application/vc+jwt`` (W3C VC-JOSE-COSE section 3.1.1).

The credential is the payload as it is. Its proofs stay out: the envelope signs the same facts anew, and a
token is no leaf of any tree. Whose key signed is said by ``kid``, a DID URL, and must be the issuer's.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ledger.canonical import canonical_bytes
from ledger.errors import EnvelopeInvalid, Malformed, SignatureInvalid, ValidityInvalid
from ledger.jose.compact import Compact, check_compact, read_compact, sign_compact
from ledger.jose.keys import checking_key
from ledger.keys import SigningKey, from_instant
from ledger.kinds.envelope import VC_CONTEXT
from ledger.verification.signature import check_key_counted

MEDIA_TYPE: Final = "application/vc+jwt"
TYP: Final = "vc+jwt"
CTY: Final = "vc"

Documents = Callable[[str], Any]
"""Gives the DID document a verifier has of an issuer; ``None`` when it has none. Never asks the network."""


def seal_credential(credential: Mapping[str, Any], key: SigningKey) -> str:
    """Return a credential as ``vc+jwt``: same key and same credential, same token.

    Args:
        credential: Any, with or without embedded proofs; they are left out.
        key: The issuer's.

    Raises:
        EnvelopeInvalid: The credential is not the key's issuer's (``signer_differs``), or none
            (``not_a_credential``).
        NotCanonical: It holds a value without a canonical form.
    """
    claims = {name: value for name, value in credential.items() if name != "proof"}
    check_claims(claims, kid=key.method_id)
    return sign_compact(canonical_bytes(claims), key, headers={"typ": TYP, "cty": CTY, "kid": key.method_id})


def open_credential(
    token: str, documents: Documents, *, as_of: datetime, anchored_at: str | None = None
) -> dict[str, Any]:
    """Check a ``vc+jwt`` and return the credential in it.

    Whether the credential itself holds (validity, status, schema) is the caller's next question.

    Args:
        token: The compact form.
        documents: DID documents the verifier has: of its trust list, or of a bundle.
        as_of: The moment to judge at, with a time zone.
        anchored_at: Block time of a confirmed anchor of this token.

    Raises:
        EnvelopeInvalid: See :func:`ledger.jose.compact.read_compact`; a ``typ`` or ``cty`` of something else
            (``unknown_type``); ``not_a_credential``; ``signer_differs``.
        SignatureInvalid: ``unknown_key``, ``signature_mismatch``, ``key_retired``.
        ValidityInvalid: ``not_yet_valid``, ``expired`` by the token's own ``nbf`` and ``exp``.
        NotChecked: ``key_retired_unproven``.
    """
    compact = read_compact(token)
    check_type(compact, TYP, CTY)
    claims = compact.claims()
    check_token(compact, claims, documents, as_of=as_of, anchored_at=anchored_at)
    check_claims(claims, kid=compact.header["kid"])
    return claims


def check_type(compact: Compact, typ: str, cty: str) -> None:
    """Check that a token says to be of a kind, if it says anything (RFC 7515 section 4.1.9).

    Raises:
        EnvelopeInvalid: It says to be something else (``unknown_type``).
    """
    for name, wanted in (("typ", typ), ("cty", cty)):
        said = compact.header.get(name, wanted)
        if not isinstance(said, str) or said.lower().removeprefix("application/") != wanted:
            raise EnvelopeInvalid("unknown_type", f"{name} is not {wanted}", said=str(said))


def check_token(
    compact: Compact,
    claims: Mapping[str, Any],
    documents: Documents,
    *,
    as_of: datetime,
    anchored_at: str | None = None,
) -> None:
    """Check who signed a token, with a key that counted, and its own dates (RFC 7519 sections 4.1.4 and 4.1.5).

    Raises:
        SignatureInvalid: ``unknown_key``, ``signature_mismatch``, ``key_retired``.
        EnvelopeInvalid: A date of the token is no number (``malformed_envelope``).
        ValidityInvalid: ``not_yet_valid``, ``expired``.
        NotChecked: ``key_retired_unproven``.
    """
    kid = compact.header.get("kid")
    if not isinstance(kid, str):
        raise SignatureInvalid("unknown_key", "the token names no key")
    key = checking_key(documents(kid.partition("#")[0]), kid)
    check_compact(compact, key)
    if key.retired_at is not None:
        signed = _signed_at(claims)
        check_key_counted(key.retired_at, signed=signed, as_of=as_of, anchored_at=anchored_at)
    _check_dates(claims, as_of)


def check_claims(claims: Mapping[str, Any], *, kid: str) -> None:
    """Check that a payload is a credential (or what is disclosed of one) of the DID whose key signed it.

    Raises:
        EnvelopeInvalid: No VCDM 2.0 credential, or one wrapped in ``vc`` or ``vp`` (``not_a_credential``);
            its issuer is not the signer's DID (``signer_differs``).
    """
    context, types = claims.get("@context"), claims.get("type")
    if not isinstance(context, list) or context[:1] != [VC_CONTEXT] or claims.keys() & {"vc", "vp"}:
        raise EnvelopeInvalid("not_a_credential", "not a credential of VCDM 2.0")
    if not isinstance(types, list) or "VerifiableCredential" not in types:
        raise EnvelopeInvalid("not_a_credential", "not a VerifiableCredential")
    check_signer(claims, party_of(claims.get("issuer")), kid=kid)


def check_signer(claims: Mapping[str, Any], party: Any, *, kid: str) -> None:
    """Check that a party, and ``iss`` where there is one, is the DID whose key signed.

    Raises:
        EnvelopeInvalid: It is another (``signer_differs``).
    """
    signer = kid.partition("#")[0]
    if party != signer or claims.get("iss", signer) != signer:
        raise EnvelopeInvalid("signer_differs", "signed by another than the issuer", signer=signer)


def party_of(value: Any) -> Any:
    """Return the identifier of an issuer or holder, which may be a text or an object with an ``id``."""
    return value.get("id") if isinstance(value, dict) else value


def _signed_at(claims: Mapping[str, Any]) -> datetime:
    if "iat" in claims:
        return _moment(claims["iat"])
    try:
        return from_instant(claims.get("validFrom"))
    except Malformed as error:
        raise EnvelopeInvalid("malformed_envelope", "no time of signing") from error


def _check_dates(claims: Mapping[str, Any], as_of: datetime) -> None:
    if "nbf" in claims and as_of < _moment(claims["nbf"]):
        raise ValidityInvalid("not_yet_valid", "the token holds later")
    if "exp" in claims and as_of >= _moment(claims["exp"]):
        raise ValidityInvalid("expired", "the token holds no longer")


def _moment(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise EnvelopeInvalid("malformed_envelope", "a date that is no number of seconds") from error
