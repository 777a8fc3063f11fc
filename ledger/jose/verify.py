"""Check a ``vc+jwt`` or ``vc+sd-jwt`` as a passport is checked: step by step, with a verifier's own trust list.

A token is no leaf of a batch, so there is no line about the chain: it shows who said something, and that it holds
today. When it was said is proven by the anchored form it names.
"""

from datetime import datetime
from typing import Any, Final

from ledger.bundle import Bundle, check_credential
from ledger.errors import EnvelopeInvalid, Malformed, NotChecked, VerificationError
from ledger.jose.compact import read_compact
from ledger.jose.disclosing import open_disclosed, split
from ledger.jose.envelope import check_claims, open_credential
from ledger.jose.sd_jwt import reveal
from ledger.keys import to_instant
from ledger.trust import TrustedIssuer, TrustList
from ledger.verification.report import Check, Report, State, run_step
from ledger.verification.steps import check_issuer, check_validity

CHECKS: Final = ("envelope", "disclosure", "signature", "issuer", "validity", "status")
"""The steps, in the order they are reported."""
_START: Final = b"ey"
"""Base64url of ``{"``: every token's first bytes, and no bundle's."""


def is_token(data: bytes) -> bool:
    """Whether bytes are meant to be a token and not a document."""
    return data.lstrip().startswith(_START)


def verify_token(data: bytes, *, as_of: datetime, trust: TrustList | None = None) -> Report:
    """Check a token and report every step; refusals of the token are lines, not exceptions.

    Args:
        data: The compact form, with disclosures where it has any.
        as_of: The moment to judge at, with a time zone.
        trust: The verifier's trust list; without one nothing is said about the signature.

    Raises:
        Malformed: ``as_of`` has no time zone.
    """
    to_instant(as_of)
    text = data.decode("ascii", "replace").strip()
    parts = "~" in text
    try:
        claims = _read(text, parts=parts)
    except VerificationError as refusal:
        failed = Check(refusal.check, State.FAILED, refusal.reason, refusal.values)
        others = (Check(name, State.NOT_CHECKED, "not_reached") for name in CHECKS if name != refusal.check)
        return Report((failed, *others), None)
    trusted = trust.issuer(claims["issuer"]["id"]) if trust else None
    # A token brings no DID document along, so there is none that could contradict the trust list's.
    bundle = Bundle(claims, trusted.did_document if trusted else {})
    checks = (
        Check("envelope", State.OK, "ok"),
        Check("disclosure", State.OK, "ok") if parts else Check("disclosure", State.NOT_ASKED, "not_asked"),
        run_step("signature", lambda: _check_signature(text, trusted, as_of, parts=parts)),
        run_step("issuer", lambda: check_issuer(bundle, trust, trusted)),
        run_step("validity", lambda: check_validity(bundle, as_of)),
        run_step("status", lambda: _check_status(claims)),
    )
    return Report(checks, claims)


def _read(text: str, *, parts: bool) -> dict[str, Any]:
    """Read what a token says, before anybody is believed."""
    jwt, texts = split(text) if parts else (text, [])
    compact = read_compact(jwt)
    claims = reveal(compact.claims(), texts)
    try:
        check_credential(claims)
    except Malformed as error:
        raise EnvelopeInvalid("not_a_credential", error.message) from error
    check_claims(claims, kid=str(compact.header.get("kid")))
    return claims


def _check_signature(text: str, trusted: TrustedIssuer | None, as_of: datetime, *, parts: bool) -> dict[str, Any]:
    if trusted is None:
        raise NotChecked("no_trust", "no trust list was given, or it does not name the issuer")
    opener = open_disclosed if parts else open_credential
    opener(text, {trusted.did: trusted.did_document}.get, as_of=as_of)
    return {"method": read_compact(text.partition("~")[0]).header["kid"]}


def _check_status(claims: dict[str, Any]) -> dict[str, Any]:
    """A token brings no status list along, and none is fetched."""
    if "credentialStatus" in claims:
        raise NotChecked("status_unknown", "no status list is at hand")
    return {}
