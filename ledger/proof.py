"""Sign a credential and check its proof: Data Integrity ``eddsa-jcs-2022`` (vc-di-eddsa section 3.3)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.canonical import canonical_bytes, from_multibase, sha256, to_multibase
from ledger.errors import BadFacts, Malformed, SignatureInvalid
from ledger.keys import PublicKey, SigningKey, from_instant, to_instant

SUITE: Final = "eddsa-jcs-2022"
NONCE_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
_PROOF_MEMBERS: Final = {
    "@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue",
}  # fmt: skip


def sign(
    credential: Mapping[str, Any], key: SigningKey, *, created: datetime, nonce: bytes | None = None
) -> dict[str, Any]:
    """Return the credential with an ``eddsa-jcs-2022`` proof (vc-di-eddsa section 3.3.1).

    Args:
        credential: Unsigned; it stays as it is.
        key: The issuer's; its ``method_id`` becomes the proof's verification method.
        created: From the caller's clock.
        nonce: 16 bytes that keep equal facts from giving equal hashes; fresh randomness when left out.

    Raises:
        BadFacts: The credential is signed already.
        NotCanonical: The credential holds a value without a canonical form.
        Malformed: ``created`` has no time zone.
    """
    if "proof" in credential:
        raise BadFacts("the credential is signed already", id=credential.get("id"))
    salt = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
    config = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": to_instant(created),
        "verificationMethod": key.method_id,
        "proofPurpose": "assertionMethod",
        "nonce": to_multibase(salt),
        "@context": credential["@context"],
    }
    signature = key.sign(hash_data(credential, config))
    return {**credential, "proof": {**config, "proofValue": to_multibase(signature)}}


def hash_data(document: Mapping[str, Any], config: Mapping[str, Any]) -> bytes:
    """Return the 64 bytes that are signed: proof hash, then document hash (vc-di-eddsa 3.3.4).

    Raises:
        NotCanonical: One of them has no canonical form.
    """
    return sha256(canonical_bytes(config)) + sha256(canonical_bytes(document))


@dataclass(frozen=True, slots=True)
class Proof:
    """A parsed ``eddsa-jcs-2022`` proof."""

    created: datetime
    method_id: str
    signature: bytes
    config: Mapping[str, Any]


def read_proof(credential: Mapping[str, Any]) -> Proof:
    """Read the proof of a credential without checking the signature.

    Raises:
        SignatureInvalid: ``missing_proof``; ``malformed_proof`` (not one Data Integrity proof for
            assertions, members we do not know, unreadable values); ``unknown_suite``;
            ``context_differs`` (the proof was made for other contexts).
    """
    proof = credential.get("proof")
    if proof is None:
        raise SignatureInvalid("missing_proof", "the credential carries no proof")
    if not isinstance(proof, dict) or proof.get("type") != "DataIntegrityProof":
        raise SignatureInvalid("malformed_proof", "not a Data Integrity proof")
    if proof.get("cryptosuite") != SUITE:
        raise SignatureInvalid("unknown_suite", f"not {SUITE}", suite=str(proof.get("cryptosuite")))
    if proof.keys() - {"nonce"} != _PROOF_MEMBERS or proof["proofPurpose"] != "assertionMethod":
        raise SignatureInvalid("malformed_proof", "not a proof for assertions, or unknown members")
    if proof["@context"] != credential.get("@context"):
        raise SignatureInvalid("context_differs", "the proof was made for other contexts")
    return _parsed(proof)


def _parsed(proof: dict[str, Any]) -> Proof:
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    method_id = proof["verificationMethod"]
    try:
        created, signature = from_instant(proof["created"]), from_multibase(proof["proofValue"])
    except Malformed as error:
        raise SignatureInvalid("malformed_proof", f"unreadable proof: {error}") from error
    if len(signature) != SIGNATURE_BYTES or not isinstance(method_id, str):
        raise SignatureInvalid("malformed_proof", "the signature has not 64 bytes")
    return Proof(created, method_id, signature, config)


def check_proof(credential: Mapping[str, Any], public: PublicKey) -> Proof:
    """Check the proof of a credential with a key (vc-di-eddsa section 3.3.2), and return it parsed.

    Stricter than the standard, which lets a document add contexts behind the proof's: they must be equal.
    Whose key it is, and whether it counted then, is the caller's question
    (:func:`ledger.verification.signature.check_signature`).

    Raises:
        SignatureInvalid: See :func:`read_proof`; ``signature_mismatch``.
        NotCanonical: The credential has no canonical form.
    """
    proof = read_proof(credential)
    document = {name: value for name, value in credential.items() if name != "proof"}
    public.check(proof.signature, hash_data(document, proof.config))
    return proof
