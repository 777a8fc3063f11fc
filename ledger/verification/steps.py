"""The steps that need nothing but the bundle, the trust list and files in hand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ledger.bundle import Bundle, Inclusion
from ledger.canonical import digest_multibase, fingerprint, sha256
from ledger.errors import (
    DocumentsInvalid,
    FingerprintInvalid,
    InclusionInvalid,
    IssuerInvalid,
    Malformed,
    NotChecked,
    NotJSON,
    ProofMismatch,
    StructureInvalid,
    ValidityInvalid,
)
from ledger.keys import from_instant, to_instant
from ledger.merkle import check_inclusion, credential_leaf
from ledger.trust import TrustedIssuer, TrustList
from ledger.verification.document import check_document


def check_structure(data: bytes) -> Bundle:
    """1. Read the bundle.

    Raises:
        StructureInvalid: The reasons of :class:`ledger.errors.NotJSON`, or ``malformed_bundle``.
    """
    try:
        return Bundle.from_json(data)
    except NotJSON as error:
        raise StructureInvalid(error.reason, error.message) from error
    except Malformed as error:
        raise StructureInvalid("malformed_bundle", error.message) from error


def check_fingerprint(bundle: Bundle, expected: str) -> dict[str, Any]:
    """2. Compare with the printed code.

    Raises:
        FingerprintInvalid: ``fingerprint_mismatch``.
    """
    found = fingerprint(bundle.credential)
    if found != expected:
        raise FingerprintInvalid("fingerprint_mismatch", "another credential", expected=expected, found=found)
    return {"fingerprint": found}


def check_issuer(bundle: Bundle, trust: TrustList | None, trusted: TrustedIssuer | None) -> dict[str, Any]:
    """4. Look the issuer up in the trust list.

    Raises:
        IssuerInvalid: ``unknown_issuer``; ``did_document_differs``, see :func:`check_document`.
        NotChecked: ``no_trust``.
    """
    did = bundle.credential["issuer"]["id"]
    if trust is None:
        raise NotChecked("no_trust", "no trust list was given", did=did)
    if trusted is None:
        raise IssuerInvalid("unknown_issuer", f"{did} is not in the trust list", did=did)
    check_document(dict(bundle.did_document), trusted.did_document)
    return {"did": did, "name": trusted.name}


def check_validity(bundle: Bundle, as_of: datetime) -> dict[str, Any]:
    """5. Compare the validity with the moment asked for; both ends count as valid.

    Raises:
        ValidityInvalid: ``not_yet_valid``, ``expired``.
    """
    start, end = bundle.credential["validFrom"], bundle.credential.get("validUntil")
    values = {"from": start, "until": end, "asOf": to_instant(as_of)}
    if as_of < from_instant(start):
        raise ValidityInvalid("not_yet_valid", f"valid from {start}", **values)
    if end is not None and as_of > from_instant(end):
        raise ValidityInvalid("expired", f"valid until {end}", **values)
    return values


def check_place(bundle: Bundle) -> dict[str, Any]:
    """7. Follow the path from this credential to the root.

    Raises:
        InclusionInvalid: ``path_mismatch``.
        NotChecked: ``not_anchored_yet``: not sealed into a batch so far.
    """
    place = place_of(bundle)
    leaf = credential_leaf(bundle.credential)
    try:
        check_inclusion(leaf, place.leaf_index, size=place.tree_size, path=place.path, root=place.root)
    except ProofMismatch as error:
        raise InclusionInvalid("path_mismatch", error.message, **error.values) from error
    return {"leafIndex": place.leaf_index, "treeSize": place.tree_size, "root": place.root.hex()}


def place_of(bundle: Bundle) -> Inclusion:
    """Return the place in the tree.

    Raises:
        NotChecked: ``not_anchored_yet``.
    """
    if bundle.inclusion is None:
        raise NotChecked("not_anchored_yet", "not sealed into a batch yet")
    return bundle.inclusion


def check_documents(bundle: Bundle, files: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """9. Compare files in hand with the digests in the credential.

    Raises:
        DocumentsInvalid: ``unknown_document``: one of them is none of those.
    """
    listed = bundle.credential.get("relatedResource")
    resources = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    known = [entry.get("digestMultibase") for entry in resources]
    in_hand = tuple(files)
    for name, data in in_hand:
        if digest_multibase(sha256(data)) not in known:
            raise DocumentsInvalid("unknown_document", f"{name} is not in the passport", name=name)
    return {"matched": len(in_hand), "listed": len(known)}
