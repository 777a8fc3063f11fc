"""A credential of which parts can be withheld: ``application/vc+sd-jwt`` (VC-JOSE-COSE section 3.2.1, RFC 9901).

Issue with everything that may ever be withheld hidden, present with what the receiver may see. Key binding is
not used: goods have no wallet, and who holds a passport may pass it on.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from ledger.canonical import MAX_BYTES, canonical_bytes
from ledger.errors import DisclosureInvalid, EnvelopeInvalid
from ledger.jose.compact import read_compact, sign_compact
from ledger.jose.envelope import CTY, Documents, check_claims, check_token, check_type
from ledger.jose.sd_jwt import Path, Salt, conceal, fresh_salt, places, reveal
from ledger.keys import SigningKey

MEDIA_TYPE: Final = "application/vc+sd-jwt"
TYP: Final = "vc+sd-jwt"
ALWAYS_OPEN: Final = frozenset({
    "@context", "type", "id", "issuer", "validFrom", "validUntil", "credentialStatus", "credentialSchema",
})  # fmt: skip
"""What a verifier needs to judge a credential, so nobody may withhold it (VC-JOSE-COSE section 3.2.1)."""


def seal_with_disclosures(
    credential: Mapping[str, Any], hidden: Iterable[Path], key: SigningKey, *, salt: Salt = fresh_salt
) -> str:
    """Return a credential as ``vc+sd-jwt`` with all its disclosures: the issuer's and nobody else's to keep.

    Args:
        credential: Any, with or without embedded proofs; they are left out.
        hidden: Where the parts stand that can be withheld.
        key: The issuer's.
        salt: See :func:`ledger.jose.sd_jwt.conceal`.

    Raises:
        DisclosureInvalid: See :func:`ledger.jose.sd_jwt.conceal`; ``always_open``: a verifier needs the part.
        EnvelopeInvalid: ``signer_differs``, ``not_a_credential``.
    """
    claims = {name: value for name, value in credential.items() if name != "proof"}
    paths = frozenset(hidden)
    needed = sorted(str(path[0]) for path in paths if path and path[0] in ALWAYS_OPEN)
    if needed:
        raise DisclosureInvalid("always_open", "a part every verifier needs", names=needed)
    check_claims(claims, kid=key.method_id)
    payload, disclosures = conceal(claims, paths, salt=salt)
    headers = {"typ": TYP, "cty": CTY, "kid": key.method_id}
    token = sign_compact(canonical_bytes(payload), key, headers=headers)
    return _joined(token, [disclosure.text for disclosure in disclosures])


def present(token: str, shown: Callable[[Path], bool]) -> str:
    """Return an SD-JWT with only the disclosures somebody may see (RFC 9901 section 7.2).

    A part inside a withheld part is withheld with it.

    Args:
        token: As issued, or as received.
        shown: Says of each hidden part's place whether it may be seen.

    Raises:
        EnvelopeInvalid: See :func:`ledger.jose.compact.read_compact`; ``key_binding_refused``.
        DisclosureInvalid: See :func:`ledger.jose.sd_jwt.reveal`.
    """
    jwt, texts = split(token)
    found = places(read_compact(jwt).claims(), texts)
    withheld = {path for path in found if not shown(path)}
    kept = [text for path, text in found.items() if not any(path[: n + 1] in withheld for n in range(len(path)))]
    return _joined(jwt, kept)


def open_disclosed(
    token: str, documents: Documents, *, as_of: datetime, anchored_at: str | None = None
) -> dict[str, Any]:
    """Check a ``vc+sd-jwt`` and return the credential as far as it is disclosed.

    Args:
        token: Token and disclosures.
        documents: See :func:`ledger.jose.envelope.open_credential`.
        as_of: The moment to judge at, with a time zone.
        anchored_at: Block time of a confirmed anchor of this token.

    Raises:
        EnvelopeInvalid: See :func:`ledger.jose.envelope.open_credential`; ``key_binding_refused``.
        DisclosureInvalid: See :func:`ledger.jose.sd_jwt.reveal`.
        SignatureInvalid: See :func:`ledger.jose.envelope.open_credential`.
        ValidityInvalid: See :func:`ledger.jose.envelope.open_credential`.
        NotChecked: ``key_retired_unproven``.
    """
    jwt, texts = split(token)
    compact = read_compact(jwt)
    check_type(compact, TYP, CTY)
    claims = reveal(compact.claims(), texts)
    check_token(compact, claims, documents, as_of=as_of, anchored_at=anchored_at)
    check_claims(claims, kid=compact.header["kid"])
    return claims


def split(token: str) -> tuple[str, list[str]]:
    """Part an SD-JWT into its token and its disclosures (RFC 9901 section 4).

    Raises:
        EnvelopeInvalid: Not an SD-JWT, or larger than a document may be (``malformed_envelope``); it is bound
            to a holder's key, which nobody here could check (``key_binding_refused``).
    """
    jwt, *texts = token.split("~")
    if not texts or len(token) > MAX_BYTES:
        raise EnvelopeInvalid("malformed_envelope", "not an SD-JWT, or too large")
    if texts.pop():
        raise EnvelopeInvalid("key_binding_refused", "bound to a holder's key")
    return jwt, texts


def _joined(jwt: str, disclosures: Iterable[str]) -> str:
    return "~".join([jwt, *disclosures, ""])
