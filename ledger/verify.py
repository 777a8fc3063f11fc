"""Check a passport: nine numbered steps, each a function that raises its own refusal.

Answers come from the bytes in hand, the verifier's own trust file and a chain endpoint; never from the
issuer's database. A step that cannot be made says so (``NotChecked``) and an unreachable chain is never a
"no". ``portal/static/verify.mjs`` is the twin in the browser: same ids, states and codes, held together by
``tests/vectors/bundles``. No web3 here, no clock: the caller says what time it is.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from ledger.bundle import Bundle
from ledger.errors import StructureInvalid
from ledger.keys import to_instant
from ledger.trust import TrustedIssuer, TrustList
from ledger.verification.anchor import check_anchor
from ledger.verification.report import Check, Question, Report, State, run_step
from ledger.verification.signature import Signer, check_signature
from ledger.verification.status import check_status
from ledger.verification.steps import (
    check_documents,
    check_fingerprint,
    check_issuer,
    check_place,
    check_structure,
    check_validity,
)

CHECKS: Final = (
    "structure",
    "fingerprint",
    "signature",
    "issuer",
    "validity",
    "status",
    "inclusion",
    "anchor",
    "documents",
)
"""The steps, in the order they are reported."""


def verify_bundle(
    data: bytes,
    *,
    as_of: datetime,
    trust: TrustList | None = None,
    rpc_url: str | None = None,
    expected_hash: str | None = None,
    files: Iterable[tuple[str, bytes]] = (),
) -> Report:
    """Check a bundle and report every step; refusals of the bundle are lines, not exceptions.

    Args:
        data: The bundle's bytes.
        as_of: The moment to judge validity at, with a time zone.
        trust: The verifier's trust list.
        rpc_url: Chain endpoint; wins over the trust list's.
        expected_hash: Fingerprint from the printed code.
        files: ``(name, bytes)`` of documents to compare.

    Raises:
        Malformed: ``as_of`` has no time zone.
    """
    return answer(data, Question(as_of, trust, rpc_url, expected_hash, tuple(files)))


def answer(data: bytes, question: Question) -> Report:
    """Check a bundle as ``verify_bundle`` does, with everything a verifier may bring along.

    Raises:
        Malformed: ``as_of`` has no time zone.
    """
    to_instant(question.as_of)
    try:
        bundle = check_structure(data)
    except StructureInvalid as refusal:
        first = Check("structure", State.FAILED, refusal.reason, {"detail": refusal.message})
        rest = [Check(name, State.NOT_CHECKED, "not_reached") for name in CHECKS[1:]]
        return Report((first, *rest), None)
    checks = (Check("structure", State.OK, "ok"), *_judge(bundle, question))
    return Report(checks, dict(bundle.credential))


def _judge(bundle: Bundle, question: Question) -> list[Check]:
    trusted = question.trust.issuer(bundle.credential["issuer"]["id"]) if question.trust else None
    anchored = _asking(question, trusted)
    anchor = anchored(bundle)
    document = trusted.did_document if trusted else bundle.did_document
    anchored_at = anchor.params.get("time") if anchor.state is State.OK else None
    return [
        _asked("fingerprint", question.expected_hash, lambda h: check_fingerprint(bundle, h)),
        run_step("signature", lambda: check_signature(bundle, Signer(document, question.as_of, anchored_at))),
        run_step("issuer", lambda: check_issuer(bundle, question.trust, trusted)),
        run_step("validity", lambda: check_validity(bundle, question.as_of)),
        _asked(
            "status",
            "credentialStatus" in bundle.credential,
            lambda _: check_status(bundle, document, question.as_of, anchored),
        ),
        run_step("inclusion", lambda: check_place(bundle)),
        anchor,
        _asked("documents", question.files, lambda files: check_documents(bundle, files)),
    ]


def _asking(question: Question, trusted: TrustedIssuer | None) -> Callable[[Bundle], Check]:
    """Return the step that asks the chain, which asks once for each batch."""
    known: dict[Any, Check] = {}

    def anchored(part: Bundle) -> Check:
        place = part.inclusion
        batch = (place and (place.root, place.tree_size), part.anchor)
        if batch not in known:
            known[batch] = run_step("anchor", lambda: check_anchor(part, question, trusted))
        return known[batch]

    return anchored


def _asked(name: str, value: Any, step: Callable[[Any], dict[str, Any]]) -> Check:
    return run_step(name, lambda: step(value)) if value else Check(name, State.NOT_ASKED, "not_asked")
