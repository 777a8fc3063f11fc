"""Check the proofs of any secured document: sets, chains, and whose keys (vc-data-integrity section 4.4 and 4.5).

This is the standard's own procedure, for documents of others. A bundle of ours is judged more strictly, proof by
proof (:mod:`ledger.verification.signature`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ledger.canonical import from_multibase
from ledger.dataintegrity.suites import SUITES, Suite
from ledger.errors import BadMultibase, SignatureInvalid
from ledger.keys import VerificationKey

Keys = Callable[[str], VerificationKey]
"""Gives the key of a verification method, or raises ``SignatureInvalid``; never asks the network."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_MAX_PROOFS: Final = 16


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof must be made for.

    Args:
        purpose: ``assertionMethod`` or ``authentication``.
        now: The moment to judge ``expires`` at, with a time zone.
        domain: ``None`` when the verifier asked for none; the same of ``challenge``.
    """

    purpose: str
    now: datetime
    domain: str | None = None
    challenge: str | None = None


def check_document(document: Any, keys: Keys, expected: Expected) -> tuple[str, ...]:
    """Check that every proof of a document verifies, and return whose keys they were made with.

    Returns:
        The DIDs of the verification methods, in the order of the proofs.

    Raises:
        SignatureInvalid: ``missing_proof``, ``malformed_proof``, ``unknown_suite``, ``context_differs``,
            ``wrong_purpose``, ``wrong_audience`` (domain or challenge), ``proof_expired``,
            ``previous_proof_missing``, ``unknown_key``, ``signature_mismatch``.
        LedgerError: See :meth:`ledger.dataintegrity.suites.Suite.signed_bytes`.
    """
    if not isinstance(document, dict) or not document.get("proof"):
        raise SignatureInvalid("missing_proof", "the document carries no proof")
    found = document["proof"]
    proofs = found if isinstance(found, list) else [found]
    if len(proofs) > _MAX_PROOFS or not all(isinstance(proof, dict) for proof in proofs):
        raise SignatureInvalid("malformed_proof", f"not 1 to {_MAX_PROOFS} proofs")
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    for proof in proofs:
        _check_one(unsecured, proof, _previous(proof, proofs), keys, expected)
    return tuple(proof["verificationMethod"].partition("#")[0] for proof in proofs)


def _previous(proof: Mapping[str, Any], proofs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the proofs another one says to stand on (section 4.5, step 4.2)."""
    named = proof.get("previousProof", [])
    names = named if isinstance(named, list) else [named]
    matching = [one for one in proofs if "id" in one and one["id"] in names]
    if len(matching) != len(names):
        raise SignatureInvalid("previous_proof_missing", "a proof names one that is not there")
    return matching


def _check_one(
    unsecured: Mapping[str, Any],
    proof: Mapping[str, Any],
    previous: list[dict[str, Any]],
    keys: Keys,
    expected: Expected,
) -> None:
    suite, signature = _read(proof)
    _check_terms(proof, expected)
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    document = dict(unsecured)
    if "@context" in proof:
        document["@context"] = _shared_contexts(document.get("@context"), proof["@context"])
    if previous:
        document["proof"] = previous
    suite.check(document, config, signature, public=keys(proof["verificationMethod"]))


def _read(proof: Mapping[str, Any]) -> tuple[Suite, bytes]:
    if proof.get("type") != "DataIntegrityProof" or not isinstance(proof.get("verificationMethod"), str):
        raise SignatureInvalid("malformed_proof", "not a Data Integrity proof with a verification method")
    name = proof.get("cryptosuite")
    if not isinstance(name, str) or name not in SUITES:
        raise SignatureInvalid("unknown_suite", f"an unknown suite: {name}", suite=str(name))
    try:
        return SUITES[name], from_multibase(proof.get("proofValue"))
    except BadMultibase as error:
        raise SignatureInvalid("malformed_proof", f"unreadable proofValue: {error}") from error


def _check_terms(proof: Mapping[str, Any], expected: Expected) -> None:
    """Check purpose, dates and audience (section 4.4, steps 4 to 8)."""
    if proof.get("proofPurpose") != expected.purpose:
        raise SignatureInvalid("wrong_purpose", f"not made for {expected.purpose}")
    for name in ("created", "expires"):
        if name in proof and _moment(proof[name]) <= expected.now and name == "expires":
            raise SignatureInvalid("proof_expired", f"the proof expired at {proof[name]}")
    for name, wanted in (("domain", expected.domain), ("challenge", expected.challenge)):
        if wanted is not None and proof.get(name) not in (wanted, [wanted]):
            raise SignatureInvalid("wrong_audience", f"made for another {name}")


def _moment(text: Any) -> datetime:
    """Read a dateTimeStamp; one written without an offset counts as UTC (section 2.1)."""
    if not isinstance(text, str) or not _STAMP.fullmatch(text):
        raise SignatureInvalid("malformed_proof", "a date of the proof is no dateTimeStamp")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SignatureInvalid("malformed_proof", f"a date of the proof: {error}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shared_contexts(document: Any, proof: Any) -> Any:
    """Return the proof's contexts, which the document's must start with (vc-di-eddsa section 3.3.2, step 5)."""
    first, begun = (value if isinstance(value, list) else [value] for value in (document, proof))
    if first[: len(begun)] != begun:
        raise SignatureInvalid("context_differs", "the proof was made for other contexts")
    return proof
