"""Sign a credential and check its proofs: a set of Data Integrity proofs, each over the same document.

A new credential carries ``eddsa-jcs-2022`` (cheap, needs no context, checked in any browser) and
``eddsa-rdfc-2022`` (signs the meaning; what most other verifiers read). A single proof stays readable.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.canonical import from_multibase, to_multibase
from ledger.dataintegrity.suites import EDDSA_JCS, EDDSA_RDFC, SUITES, Suite
from ledger.errors import BadFacts, Malformed, SignatureInvalid
from ledger.keys import SigningKey, VerificationKey, from_instant, to_instant

NONCE_BYTES: Final = 16
SIGNATURE_BYTES: Final = (64, 96)
"""Ed25519 and P-256, P-384."""
MAX_PROOFS: Final = 8
SET: Final = (EDDSA_JCS, EDDSA_RDFC)
"""What a new credential is signed with, in this order."""
_MEMBERS: Final = {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}


def sign(
    credential: Mapping[str, Any],
    key: SigningKey,
    *,
    created: datetime,
    nonce: bytes | None = None,
    suites: tuple[Suite, ...] = SET,
) -> dict[str, Any]:
    """Return the credential with a proof set, or with one proof (vc-di-eddsa sections 3.2.1 and 3.3.1).

    Args:
        credential: Unsigned; it stays as it is.
        key: The issuer's; its ``method_id`` becomes the proofs' verification method.
        created: From the caller's clock.
        nonce: 16 bytes that keep equal facts from giving equal hashes; fresh randomness when left out. Only
            proofs over the JSON carry it.
        suites: EdDSA suites; one of them makes a single proof.

    Raises:
        BadFacts: The credential is signed already.
        NotCanonical: The credential holds a value without a canonical form.
        UnknownContext: It names a context that is not pinned.
        UndefinedTerms: It holds terms that no context defines: a proof over linked data would skip them.
        NotLinkedData: It is no JSON-LD.
        GraphTooCostly: See :func:`ledger.dataintegrity.linkeddata.canonical_quads`.
        Malformed: ``created`` has no time zone.
    """
    if "proof" in credential:
        raise BadFacts("the credential is signed already", id=credential.get("id"))
    salt = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
    proofs = [_proof(credential, key, suite, to_instant(created), to_multibase(salt)) for suite in suites]
    return {**credential, "proof": proofs if len(proofs) > 1 else proofs[0]}


def _proof(
    credential: Mapping[str, Any], key: SigningKey, suite: Suite, created: str, salt: str
) -> dict[str, Any]:
    config = {
        "type": "DataIntegrityProof",
        "cryptosuite": suite.name,
        "created": created,
        "verificationMethod": key.method_id,
        "proofPurpose": "assertionMethod",
    }
    if not suite.linked:
        config |= {"nonce": salt, "@context": credential["@context"]}
    config["proofValue"] = to_multibase(key.sign(suite.signed_bytes(credential, config)))
    return config


@dataclass(frozen=True, slots=True)
class Proof:
    """One parsed proof."""

    suite: Suite
    created: datetime
    method_id: str
    signature: bytes
    config: Mapping[str, Any]


def proofs_of(credential: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the proofs of a credential, unread: one, or a set of at most eight.

    Raises:
        SignatureInvalid: ``missing_proof``; ``malformed_proof`` (neither an object nor a list of objects).
    """
    found = credential.get("proof")
    if found is None:
        raise SignatureInvalid("missing_proof", "the credential carries no proof")
    proofs = tuple(found) if isinstance(found, list) else (found,)
    if not 1 <= len(proofs) <= MAX_PROOFS or not all(isinstance(proof, dict) for proof in proofs):
        raise SignatureInvalid("malformed_proof", f"not 1 to {MAX_PROOFS} proofs")
    return proofs


def read_proof(credential: Mapping[str, Any], proof: Mapping[str, Any]) -> Proof:
    """Read one proof of a credential without checking the signature.

    Stricter than the standards, which let a document add contexts behind the proof's: where a proof names
    contexts (the suites over JSON), they must be the credential's own.

    Raises:
        SignatureInvalid: ``malformed_proof`` (not a Data Integrity proof for assertions, members we do not
            know, unreadable values); ``unknown_suite``; ``context_differs`` (made for other contexts).
    """
    if proof.get("type") != "DataIntegrityProof":
        raise SignatureInvalid("malformed_proof", "not a Data Integrity proof")
    name = proof.get("cryptosuite")
    suite = SUITES.get(name) if isinstance(name, str) else None
    if suite is None:
        raise SignatureInvalid("unknown_suite", f"an unknown suite: {name}", suite=str(name))
    known = _MEMBERS if suite.linked else _MEMBERS | {"@context"}
    if proof.keys() - {"nonce"} != known or proof["proofPurpose"] != "assertionMethod":
        raise SignatureInvalid("malformed_proof", "not a proof for assertions, or unknown members")
    if not suite.linked and proof["@context"] != credential.get("@context"):
        raise SignatureInvalid("context_differs", "the proof was made for other contexts")
    return _parsed(suite, proof)


def _parsed(suite: Suite, proof: Mapping[str, Any]) -> Proof:
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    method_id = proof["verificationMethod"]
    try:
        created, signature = from_instant(proof["created"]), from_multibase(proof["proofValue"])
    except Malformed as error:
        raise SignatureInvalid("malformed_proof", f"unreadable proof: {error}") from error
    if len(signature) not in SIGNATURE_BYTES or not isinstance(method_id, str):
        raise SignatureInvalid("malformed_proof", "the signature has not 64 or 96 bytes")
    return Proof(suite, created, method_id, signature, config)


def check_proof(credential: Mapping[str, Any], proof: Proof, public: VerificationKey) -> None:
    """Check one proof of a credential with a key (vc-di-eddsa sections 3.2.2 and 3.3.2).

    Whose key it is, and whether it counted then, is the caller's question
    (:func:`ledger.verification.signature.check_signature`).

    Raises:
        SignatureInvalid: ``unknown_key``, ``signature_mismatch``.
        LedgerError: See :meth:`ledger.dataintegrity.suites.Suite.signed_bytes`.
    """
    document = {name: value for name, value in credential.items() if name != "proof"}
    proof.suite.check(document, proof.config, proof.signature, public=public)
