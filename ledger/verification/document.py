"""Whether the issuer's DID document in a bundle can stand beside the one the verifier brought along. Pure."""

from typing import Any

from ledger.errors import IssuerInvalid, Malformed
from ledger.keys import from_instant

_DATES = ("expires", "revoked")
_KEYS = ("verificationMethod", "assertionMethod")


def check_document(bundled: dict[str, Any], trusted: dict[str, Any]) -> None:
    """Refuse a document that contradicts the trust list's; it may be older or newer, never another.

    Keys are judged by the trust list's document alone. This check is for the bundle's other readers: what stands
    in it unread could otherwise say anything.

    Raises:
        IssuerInvalid: ``did_document_differs``: another member, another key under a known name, a name that is not
            its key's, another day on which a key ended.
    """
    try:
        methods = bundled["verificationMethod"]
        same = [_same(method, trusted) for method in methods]
        listed = bundled["assertionMethod"] == [method["id"] for method in methods]
    except (LookupError, TypeError, AttributeError, Malformed) as error:
        raise _differs(trusted) from error
    if not (all(same) and listed and _rest(bundled) == _rest(trusted)):
        raise _differs(trusted)


def _differs(trusted: dict[str, Any]) -> IssuerInvalid:
    return IssuerInvalid(
        "did_document_differs", "the issuer's document contradicts the trust list's", did=trusted["id"]
    )


def _rest(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _KEYS}


def _same(method: dict[str, Any], trusted: dict[str, Any]) -> bool:
    """Compare a key with the trust list's of that name, else with what its name says it is."""
    did, key = trusted["id"], method["publicKeyMultibase"]
    named = {"id": f"{did}#{key}", "type": "Multikey", "controller": did, "publicKeyMultibase": key}
    known = next((one for one in trusted["verificationMethod"] if one["id"] == method["id"]), named)
    for name in _DATES:
        if name in method:
            from_instant(method[name])
            if method[name] != known.get(name, method[name]):
                return False
    return _undated(method) == _undated(known)


def _undated(method: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in method.items() if name not in _DATES}
