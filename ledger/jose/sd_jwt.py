"""Selective disclosure for JSON Web Tokens (RFC 9901): hide parts of an object behind salted digests, show some.

What is hidden leaves the object and becomes a *disclosure*, ``[salt, name, value]``, which travels beside the
token; only its digest is signed. Who is not given a disclosure has neither value nor salt, so a guess cannot
be tried. A path is a tuple of member names and array positions. Nothing here signs: see
:mod:`ledger.jose.disclosing`.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.canonical import MAX_DEPTH, canonical_bytes, parse_json_strict, sha256
from ledger.errors import DisclosureInvalid, EnvelopeInvalid, NotJSON
from ledger.jose.compact import from_base64url, to_base64url

HASH: Final = "sha-256"
SALT_BYTES: Final = 16
MAX_DISCLOSURES: Final = 2000
_DIGESTS, _PLACE, _HASH_NAME = "_sd", "...", "_sd_alg"
_RESERVED: Final = frozenset({_DIGESTS, _PLACE, _HASH_NAME})
_OF_MEMBER, _OF_ELEMENT = 3, 2

Path = tuple[str | int, ...]
Salt = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One hidden part, readable.

    Args:
        text: As it travels, base64url.
        name: Name of the member; ``None`` for an element of an array.
    """

    text: str
    name: str | None
    value: Any

    @property
    def digest(self) -> str:
        """Digest of the text as it travels (RFC 9901 section 4.2.3)."""
        return to_base64url(sha256(self.text.encode()))


def fresh_salt() -> str:
    """Return 128 bits of new randomness (RFC 9901 section 9.3)."""
    return to_base64url(secrets.token_bytes(SALT_BYTES))


def conceal(
    claims: Mapping[str, Any], hidden: Iterable[Path], *, salt: Salt = fresh_salt
) -> tuple[dict[str, Any], tuple[Disclosure, ...]]:
    """Hide parts of an object (RFC 9901 section 6.1).

    A part hidden inside a hidden part is a disclosure of its own within it: who shows the inner one must show
    the outer one.

    Args:
        claims: JSON types; they stay as they are.
        hidden: Where the parts stand.
        salt: Makes one salt per part; known ones are for vectors only.

    Returns:
        What is to be signed, and the disclosures, inner before outer.

    Raises:
        DisclosureInvalid: A path leads nowhere (``no_such_part``), or the claims use a reserved name
            (``reserved_name``).
    """
    concealing = _Concealing(frozenset(hidden), salt)
    payload = concealing.member({**claims}, ())
    missing = concealing.hidden - concealing.found
    if missing:
        raise DisclosureInvalid("no_such_part", "a path leads nowhere", paths=sorted(map(list, missing), key=str))
    return {**payload, _HASH_NAME: HASH}, tuple(concealing.made)


class _Concealing:
    """One walk over an object that hides parts of it."""

    def __init__(self, hidden: frozenset[Path], salt: Salt) -> None:
        self.hidden, self.salt = hidden, salt
        self.found: set[Path] = set()
        self.made: list[Disclosure] = []

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return self.member(value, path)
        if isinstance(value, list):
            return [self.element(item, (*path, index)) for index, item in enumerate(value)]
        return value

    def member(self, value: dict[str, Any], path: Path) -> dict[str, Any]:
        if value.keys() & _RESERVED:
            raise DisclosureInvalid("reserved_name", "a name that SD-JWT keeps for itself", path=list(path))
        shown, digests = {}, []
        for name, item in value.items():
            here = (*path, name)
            inner = self.value(item, here)
            if here in self.hidden:
                digests.append(self.hide(here, name, inner).digest)
            else:
                shown[name] = inner
        # Sorted, so that their order says nothing of the order of what they hide.
        return {**shown, _DIGESTS: sorted(digests)} if digests else shown

    def element(self, value: Any, path: Path) -> Any:
        inner = self.value(value, path)
        return {_PLACE: self.hide(path, None, inner).digest} if path in self.hidden else inner

    def hide(self, path: Path, name: str | None, value: Any) -> Disclosure:
        self.found.add(path)
        parts = [self.salt(), value] if name is None else [self.salt(), name, value]
        made = Disclosure(to_base64url(canonical_bytes(parts)), name, value)
        self.made.append(made)
        return made


def read_disclosure(text: str) -> Disclosure:
    """Read a disclosure (RFC 9901 section 4.2).

    Raises:
        DisclosureInvalid: Not base64url of strict JSON ``[salt, name, value]`` or ``[salt, value]``
            (``malformed_disclosure``), or a name SD-JWT keeps for itself (``reserved_name``).
    """
    try:
        parts = parse_json_strict(from_base64url(text))
    except (EnvelopeInvalid, NotJSON) as error:
        raise DisclosureInvalid("malformed_disclosure", f"unreadable: {error}") from error
    if not isinstance(parts, list) or len(parts) not in (_OF_MEMBER, _OF_ELEMENT):
        raise DisclosureInvalid("malformed_disclosure", "not [salt, name, value] or [salt, value]")
    name = parts[1] if len(parts) == _OF_MEMBER else None
    if not isinstance(parts[0], str) or not isinstance(name, str | None):
        raise DisclosureInvalid("malformed_disclosure", "salt and name are texts")
    if name in _RESERVED:
        raise DisclosureInvalid("reserved_name", "a disclosure uses a reserved name", name=name)
    return Disclosure(text, name, parts[-1])


def reveal(payload: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, Any]:
    """Put disclosed parts back into their places (RFC 9901 section 7.1, steps 3 to 5).

    Args:
        payload: Signed claims whose signature has been checked.
        disclosures: As they travel.

    Returns:
        The claims, without digests of what was not disclosed.

    Raises:
        DisclosureInvalid: See :func:`read_disclosure`; ``unknown_hash``; ``too_many``; a digest stands twice
            (``digest_twice``); a disclosure has no digest (``digest_missing``), hides a member where an element
            is or the other way round (``wrong_place``), or would overwrite what is there (``name_taken``); a
            digest list is none (``malformed_digests``); ``too_deep``.
    """
    return dict(_Revealing(payload, disclosures).claims)


def places(payload: Mapping[str, Any], disclosures: Iterable[str]) -> dict[Path, str]:
    """Return where each disclosure belongs.

    Raises:
        DisclosureInvalid: See :func:`reveal`.
    """
    return _Revealing(payload, disclosures).places


class _Revealing:
    """One walk over a payload that puts parts back."""

    def __init__(self, payload: Mapping[str, Any], disclosures: Iterable[str]) -> None:
        if payload.get(_HASH_NAME, HASH) != HASH:
            raise DisclosureInvalid("unknown_hash", f"not {HASH}", hash=str(payload.get(_HASH_NAME)))
        read = [read_disclosure(text) for text in disclosures]
        if len(read) > MAX_DISCLOSURES:
            raise DisclosureInvalid("too_many", f"{len(read)} disclosures, {MAX_DISCLOSURES} allowed")
        self.by_digest = {disclosure.digest: disclosure for disclosure in read}
        self.seen: set[str] = set()
        self.places: dict[Path, str] = {}
        top = {name: value for name, value in payload.items() if name != _HASH_NAME}
        self.claims = self._member(top, (), MAX_DEPTH - 1)
        if len(self.by_digest) != len(read):
            raise DisclosureInvalid("digest_twice", "a disclosure stands twice")
        if self.by_digest.keys() - self.seen:
            raise DisclosureInvalid("digest_missing", "a disclosure whose digest nobody signed")

    def _value(self, value: Any, path: Path, room: int) -> Any:
        if not isinstance(value, dict | list):
            return value
        if room == 0:
            raise DisclosureInvalid("too_deep", f"more than {MAX_DEPTH} containers deep")
        if isinstance(value, dict):
            return self._member(value, path, room - 1)
        return self._elements(value, path, room - 1)

    def _member(self, value: dict[str, Any], path: Path, room: int) -> dict[str, Any]:
        if value.keys() & {_PLACE, _HASH_NAME}:
            raise DisclosureInvalid("reserved_name", "a reserved name where it means nothing", path=list(path))
        digests = value.get(_DIGESTS, [])
        if not isinstance(digests, list) or not all(isinstance(digest, str) for digest in digests):
            raise DisclosureInvalid("malformed_digests", "_sd is not a list of texts", path=list(path))
        shown = {n: self._value(item, (*path, n), room) for n, item in value.items() if n != _DIGESTS}
        for digest in digests:
            found = self._found(digest)
            if found is None:
                continue
            if found.name is None:
                raise DisclosureInvalid("wrong_place", "an element's disclosure among members", path=list(path))
            if found.name in shown:
                raise DisclosureInvalid("name_taken", "a disclosure would overwrite a member", name=found.name)
            here = (*path, found.name)
            self.places[here] = found.text
            shown[found.name] = self._value(found.value, here, room)
        return shown

    def _elements(self, value: list[Any], path: Path, room: int) -> list[Any]:
        shown = []
        for index, item in enumerate(value):
            here = (*path, index)
            if not (isinstance(item, dict) and item.keys() == {_PLACE} and isinstance(item[_PLACE], str)):
                shown.append(self._value(item, here, room))
                continue
            found = self._found(item[_PLACE])
            if found is None:
                continue
            if found.name is not None:
                raise DisclosureInvalid("wrong_place", "a member's disclosure among elements", path=list(path))
            self.places[here] = found.text
            shown.append(self._value(found.value, here, room))
        return shown

    def _found(self, digest: str) -> Disclosure | None:
        if digest in self.seen:
            raise DisclosureInvalid("digest_twice", "a digest stands twice", digest=digest)
        self.seen.add(digest)
        return self.by_digest.get(digest)
