"""``did:key``: the identifier is the key, so that resolving it needs nobody (did:key method 1.0, W3C CCG)."""

from typing import Any

from ledger.errors import BadMultibase, NotFound, SignatureInvalid
from ledger.keys import DID_CONTEXT, VerificationKey, read_multikey

PREFIX = "did:key:"


def document_of(did: str) -> dict[str, Any]:
    """Return the DID document of a ``did:key``.

    Raises:
        NotFound: Another DID method, or no key we know.
    """
    try:
        key = _key(did)
    except BadMultibase as error:
        raise NotFound(f"{did[:80]} is no did:key of a known kind", did=did[:80]) from error
    method = {
        "id": f"{did}#{key.multikey}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": key.multikey,
    }
    uses = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
    return {
        "@context": list(DID_CONTEXT),
        "id": did,
        "verificationMethod": [method],
        **{use: [method["id"]] for use in uses},
    }


def key_of(method_id: str) -> VerificationKey:
    """Return the key of a verification method ``did:key:z…#z…``.

    Raises:
        SignatureInvalid: ``unknown_key``: no such key.
    """
    did, _, fragment = method_id.partition("#")
    try:
        key = _key(did)
    except BadMultibase as error:
        raise SignatureInvalid("unknown_key", f"no key {method_id[:80]}", method=method_id[:80]) from error
    if fragment != key.multikey:
        raise SignatureInvalid("unknown_key", "the fragment is another key", method=method_id[:80])
    return key


def _key(did: str) -> VerificationKey:
    return read_multikey(did.removeprefix(PREFIX) if did.startswith(PREFIX) else None)
