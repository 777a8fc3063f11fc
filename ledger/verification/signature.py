"""The step about the issuer's signature: every proof of the set, whose key, and whether it counted then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.bundle import Bundle
from ledger.errors import (
    ContextChanged,
    GraphTooCostly,
    NotChecked,
    NotLinkedData,
    SignatureInvalid,
    UndefinedTerms,
    UnknownContext,
)
from ledger.keys import from_instant, key_in_document, to_instant
from ledger.proof import Proof, check_proof, proofs_of, read_proof
from ledger.verification.report import State

_UNABLE: Final = "unknown_suite"


@dataclass(frozen=True, slots=True)
class ProofVerdict:
    """What became of one proof.

    Args:
        suite: Its cryptosuite as it calls itself.
        values: Of a good proof ``method`` and ``created``; of a refusal what it speaks of.
    """

    suite: str
    state: State
    code: str
    values: dict[str, Any]

    def to_value(self) -> dict[str, str]:
        """Return the line of the report."""
        return {"suite": self.suite, "state": self.state.value, "code": self.code}


@dataclass(frozen=True, slots=True)
class Signer:
    """By what a proof is judged.

    Args:
        document: The issuer's DID document: the trust list's, else the bundle's.
        as_of: The moment to judge at, with a time zone.
        anchored_at: Block time of a confirmed anchor.
    """

    document: Any
    as_of: datetime
    anchored_at: str | None


def check_signature(bundle: Bundle, signer: Signer) -> dict[str, Any]:
    """3. Check the issuer's proofs with keys that counted.

    The signature holds when one proof does and none that could be checked fails; a proof this verifier cannot
    check is told apart and changes nothing. A key that was retired by ``as_of`` counts for what the chain
    shows to be older: ``created`` is the signer's word, the anchor's time is not.

    Raises:
        SignatureInvalid: See :func:`ledger.proof.read_proof`; ``key_not_of_issuer``; ``unknown_key``;
            ``signature_mismatch``; ``key_retired``; ``undefined_terms``; ``not_linked_data``.
        NotChecked: No proof could be checked: ``key_retired_unproven`` (only an anchor could tell),
            ``unknown_context``, ``graph_too_costly``, ``context_changed``.
    """
    verdicts = [_judged(bundle.credential, proof, signer) for proof in proofs_of(bundle.credential)]
    proofs = [verdict.to_value() for verdict in verdicts]
    for state in (State.FAILED, State.OK):
        for verdict in verdicts:
            if verdict.state is state:
                return _told(verdict, proofs)
    return _told(min(verdicts, key=lambda verdict: verdict.code == _UNABLE), proofs)


def _told(verdict: ProofVerdict, proofs: list[dict[str, str]]) -> dict[str, Any]:
    if verdict.state is State.OK:
        return {**verdict.values, "proofs": proofs}
    if verdict.state is State.FAILED or verdict.code == _UNABLE:
        raise SignatureInvalid(verdict.code, f"{verdict.suite} fails", **verdict.values, proofs=proofs)
    raise NotChecked(verdict.code, f"{verdict.suite} was not checked", **verdict.values, proofs=proofs)


def _judged(credential: Mapping[str, Any], value: Mapping[str, Any], signer: Signer) -> ProofVerdict:
    name = value.get("cryptosuite")
    suite = name if isinstance(name, str) else "?"
    try:
        proof = read_proof(credential, value)
        if proof.method_id.partition("#")[0] != credential["issuer"]["id"]:
            return ProofVerdict(suite, State.FAILED, "key_not_of_issuer", {"method": proof.method_id})
        return ProofVerdict(suite, State.OK, "ok", _checked(credential, proof, signer))
    except SignatureInvalid as refusal:
        state = State.NOT_CHECKED if refusal.reason == _UNABLE else State.FAILED
        return ProofVerdict(suite, state, refusal.reason, refusal.values)
    except (UndefinedTerms, NotLinkedData) as refusal:
        return ProofVerdict(suite, State.FAILED, refusal.code, refusal.values)
    except NotChecked as gap:
        return ProofVerdict(suite, State.NOT_CHECKED, gap.reason, gap.values)
    except (UnknownContext, GraphTooCostly, ContextChanged) as gap:
        return ProofVerdict(suite, State.NOT_CHECKED, gap.code, gap.values)


def _checked(credential: Mapping[str, Any], proof: Proof, signer: Signer) -> dict[str, Any]:
    key = key_in_document(signer.document, proof.method_id)
    check_proof(credential, proof, key.public)
    check_key_counted(key.retired_at, signed=proof.created, as_of=signer.as_of, anchored_at=signer.anchored_at)
    return {"method": proof.method_id, "created": to_instant(proof.created)}


def check_key_counted(
    end: datetime | None, *, signed: datetime, as_of: datetime, anchored_at: str | None = None
) -> None:
    """Check that a key counted when it signed.

    Args:
        end: From when on it no longer counts; ``None`` while it does.
        signed: When it signed, as the signer says.
        as_of: The moment to judge at, with a time zone.
        anchored_at: Block time of a confirmed anchor of what was signed.

    Raises:
        SignatureInvalid: ``key_retired``: it signed afterwards.
        NotChecked: ``key_retired_unproven``: only an anchor could tell.
    """
    if end is None:
        return
    known = from_instant(anchored_at) if anchored_at else signed
    if max(known, signed) >= end:
        raise SignatureInvalid("key_retired", "signed after the key was retired", retired=to_instant(end))
    if end <= as_of and not anchored_at:
        raise NotChecked("key_retired_unproven", "the key is retired now", retired=to_instant(end))
