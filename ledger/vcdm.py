"""The rules of Verifiable Credentials Data Model 2.0 on credentials and presentations, as values.

Section numbers are those of the W3C Recommendation. Signatures, status lists and the meaning of terms are checked
elsewhere; here it is the shape. Nothing is fetched: digests of related resources are compared with those the
caller knows.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from ledger.canonical import from_multibase
from ledger.errors import BadMultibase, NotAModel

BASE_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL: Final = "VerifiableCredential"
PRESENTATION: Final = "VerifiablePresentation"
ENVELOPED: Final = "EnvelopedVerifiableCredential"

Digests = Callable[[str], frozenset[bytes]]
"""The digests (SHA-256, SHA-384) the verifier knows of the resource at an address; none for one it has not."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_STAMP = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_SRI = re.compile(r"sha(256|384)-([A-Za-z0-9+/_-]+={0,2})")
_DIRECTIONS: Final = ("ltr", "rtl")
# Sections 4.10 to 4.12, 5.4 to 5.6: what must have a type, and what an identifier as well.
_TYPED: Final = ("credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "evidence", "proof")
_IDENTIFIED: Final = ("credentialSchema",)


def check_credential(value: Any, *, digests: Digests) -> None:
    """Check a credential, secured or not (section 4).

    Args:
        value: Anything JSON.
        digests: See :data:`Digests`.

    Raises:
        NotAModel: ``reason`` is the member that breaks a rule.
    """
    credential = _object(value, "credential")
    _check_frame(credential, CREDENTIAL)
    _check_party(credential, "issuer", required=True)
    _check_subjects(credential)
    _check_dates(credential)
    for name in _TYPED:
        for one in _each(credential, name):
            _check_typed(one, name)
    _check_resources(credential, digests)
    _check_words(credential)
    if isinstance(credential["issuer"], dict):
        _check_words(credential["issuer"])


def check_presentation(value: Any) -> None:
    """Check a presentation; the credentials in it are the caller's to check (section 4.13).

    Raises:
        NotAModel: ``reason`` is the member that breaks a rule.
    """
    presentation = _object(value, "presentation")
    _check_frame(presentation, PRESENTATION)
    _check_party(presentation, "holder", required=False)
    for one in _each(presentation, "verifiableCredential"):
        if not isinstance(one, dict):
            raise NotAModel("verifiableCredential", "a credential is an object")
    for one in _each(presentation, "proof"):
        _check_typed(one, "proof")


def check_self_asserted(credential: Mapping[str, Any], presentation: Mapping[str, Any]) -> None:
    """Check a credential without a proof of its own: who presents it must be who issues it (section 4.13.3).

    Raises:
        NotAModel: ``issuer``.
    """
    if identifier_of(credential.get("issuer")) != identifier_of(presentation.get("holder")):
        raise NotAModel("issuer", "a self-asserted credential is not its holder's")


def identifier_of(party: Any) -> Any:
    """Return the identifier of an issuer or holder: the value itself, or its ``id``."""
    return party.get("id") if isinstance(party, dict) else party


def _object(value: Any, reason: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotAModel(reason, f"{reason} is no object")
    return value


def _each(holder: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Give the values of a member that may hold one or several; an empty list says nothing and is refused."""
    if name not in holder:
        return
    value = holder[name]
    if isinstance(value, list):
        if not value:
            raise NotAModel(name, f"{name} is an empty list")
        yield from value
    else:
        yield value


def _check_frame(document: Mapping[str, Any], wanted: str) -> None:
    """Check contexts (4.3), identifier (4.4) and types (4.5)."""
    contexts = document.get("@context")
    if not isinstance(contexts, list) or contexts[:1] != [BASE_CONTEXT]:
        raise NotAModel("@context", f"the first context is not {BASE_CONTEXT}")
    for one in contexts[1:]:
        if not isinstance(one, dict) and not _is_url(one):
            raise NotAModel("@context", "a context is neither an address nor an object")
    _check_identifier(document, "id")
    if wanted not in _types(document, "type"):
        raise NotAModel("type", f"not a {wanted}")


def _check_identifier(holder: Mapping[str, Any], reason: str, *, required: bool = False) -> None:
    if "id" not in holder and not required:
        return
    if not _is_url(holder.get("id")):
        raise NotAModel(reason, "the identifier is not one address")


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def _types(holder: Mapping[str, Any], reason: str) -> list[str]:
    value = holder.get("type")
    types: list[Any] = value if isinstance(value, list) else [value]
    if not types or not all(isinstance(one, str) and one for one in types):
        raise NotAModel(reason, "no type, or one that is no text")
    return types


def _check_party(document: Mapping[str, Any], name: str, *, required: bool) -> None:
    """Check issuer (4.7) or holder (4.13): an address, or an object with one."""
    if name not in document and not required:
        return
    if not _is_url(identifier_of(document.get(name))):
        raise NotAModel(name, f"the {name} has no address")


def _check_subjects(credential: Mapping[str, Any]) -> None:
    """Check the claims (4.8): at least one about every subject."""
    if "credentialSubject" not in credential:
        raise NotAModel("credentialSubject", "no subject")
    for one in _each(credential, "credentialSubject"):
        if not isinstance(one, dict) or not one:
            raise NotAModel("credentialSubject", "a subject without a claim")
        _check_identifier(one, "credentialSubject")


def _check_dates(credential: Mapping[str, Any]) -> None:
    """Check the validity period (4.9)."""
    found = [to_moment(credential[name], name) for name in ("validFrom", "validUntil") if name in credential]
    if sorted(found) != found:
        raise NotAModel("validUntil", "validity ends before it starts")


def to_moment(value: Any, reason: str) -> datetime:
    """Read an XML Schema ``dateTimeStamp``.

    Raises:
        NotAModel: Another form, or a day that no calendar has.
    """
    if not isinstance(value, str) or not _STAMP.fullmatch(value):
        raise NotAModel(reason, f"{reason} is no dateTimeStamp")
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise NotAModel(reason, f"{reason}: {error}") from error


def _check_typed(value: Any, name: str) -> None:
    one = _object(value, name)
    _types(one, name)
    _check_identifier(one, name, required=name in _IDENTIFIED)


def _check_resources(credential: Mapping[str, Any], digests: Digests) -> None:
    """Check related resources (5.3): an address each, once, with a digest that is not another's."""
    seen = set()
    for value in _each(credential, "relatedResource"):
        one = _object(value, "relatedResource")
        _check_identifier(one, "relatedResource", required=True)
        if one["id"] in seen or not one.keys() & {"digestSRI", "digestMultibase"}:
            raise NotAModel("relatedResource", "a resource named twice, or without a digest")
        seen.add(one["id"])
        known = digests(one["id"])
        if known and not _said_digests(one) <= known:
            raise NotAModel("relatedResource", f"{one['id']} has another digest")


def _said_digests(resource: Mapping[str, Any]) -> set[bytes]:
    readers = (("digestSRI", _from_sri), ("digestMultibase", _from_digest_multibase))
    try:
        return {read(resource[name]) for name, read in readers if name in resource}
    except (BadMultibase, binascii.Error, TypeError, ValueError) as error:
        raise NotAModel("relatedResource", f"an unreadable digest: {error}") from error


def _from_sri(text: str) -> bytes:
    match = _SRI.fullmatch(text)
    if not match:
        raise ValueError("not subresource integrity text")
    return _from_base64(match[2])


def _from_digest_multibase(text: str) -> bytes:
    """Read base58btc (``z``) or base64url (``u``), a multihash or the bare digest."""
    data = _from_base64(text[1:]) if text[:1] == "u" else from_multibase(text)
    return data[2:] if data[:2] in (b"\x12\x20", b"\x20\x30") else data


def _from_base64(text: str) -> bytes:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _check_words(holder: Mapping[str, Any]) -> None:
    """Check name and description (4.6): text, or language value objects."""
    for name in ("name", "description"):
        for value in _each(holder, name):
            if not isinstance(value, str) and not _is_worded(value):
                raise NotAModel(name, f"{name} is neither text nor a language value")


def _is_worded(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() <= {"@value", "@language", "@direction"}:
        return False
    language, direction = value.get("@language", "en"), value.get("@direction", "ltr")
    return (
        isinstance(value.get("@value"), str)
        and isinstance(language, str)
        and _LANGUAGE.fullmatch(language) is not None
        and direction in _DIRECTIONS
    )
