"""The step about the issuer's signature: whose key, and whether it counted then."""

from datetime import datetime
from typing import Any

from ledger.bundle import Bundle
from ledger.errors import NotChecked, SignatureInvalid
from ledger.keys import from_instant, key_in_document, to_instant
from ledger.proof import check_proof, read_proof


def check_signature(bundle: Bundle, document: Any, as_of: datetime, anchored_at: str | None) -> dict[str, Any]:
    """3. Check the issuer's signature with a key that counted.

    A key that was retired by ``as_of`` counts for what the chain shows to be older: ``created`` is the
    signer's word, the anchor's time is not.

    Args:
        bundle: The bundle.
        document: The issuer's DID document: the trust list's, else the bundle's.
        as_of: The moment to judge at, with a time zone.
        anchored_at: Block time of a confirmed anchor.

    Raises:
        SignatureInvalid: See :func:`ledger.proof.read_proof`; ``key_not_of_issuer``;
            ``unknown_key``; ``signature_mismatch``; ``key_retired``.
        NotChecked: ``key_retired_unproven``: only an anchor could tell.
    """
    proof = read_proof(bundle.credential)
    if proof.method_id.partition("#")[0] != bundle.credential["issuer"]["id"]:
        raise SignatureInvalid("key_not_of_issuer", "another's key", method=proof.method_id)
    key = key_in_document(document, proof.method_id)
    check_proof(bundle.credential, key.public)
    check_key_counted(key.retired_at, signed=proof.created, as_of=as_of, anchored_at=anchored_at)
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
