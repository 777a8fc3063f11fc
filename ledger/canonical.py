"""One byte string per document: RFC 8785, strict JSON reading, digests and their multibase forms.

Two implementations must agree to the byte on what was signed, so reading is stricter than RFC 8259:
what another parser could understand differently is refused. Pure: no I/O, no clock.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from itertools import chain
from operator import add
from typing import Any, Final

import rfc8785

from ledger.errors import BadMultibase, NotCanonical, NotJSON

MAX_SAFE_INTEGER: Final = 2**53 - 1
"""The largest integer an ECMAScript number holds exactly."""
MAX_DEPTH: Final = 64
"""Containers inside containers; the outermost counts one."""
MAX_BYTES: Final = 1 << 20
"""Default limit of a document, in bytes."""
_SAFE_INTEGER_DIGITS: Final = 16
_DIGITS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# Two digits at a time halve the arithmetic; a signature is written and read with every credential.
_PAIRS: Final = [first + second for first in _DIGITS for second in _DIGITS]
_PAIR: Final = len(_PAIRS)
_PAIR_VALUES: Final = {pair: value for value, pair in enumerate(_PAIRS)}
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{1,140}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_SURROGATE: Final = "\ud800"
_PLAIN: Final = frozenset({bool, type(None)})
# Brackets outside texts; a text that never ends reaches to the end, so that no start is tried twice.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SHA2_256: Final = b"\x12\x20"

_fast_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


def canonical_bytes(document: Any) -> bytes:
    """Return the RFC 8785 form of a JSON value.

    The standard library's encoder makes the same bytes, several times faster, wherever a tree holds only
    text, booleans, null and safe integers under keys whose code point order is also their UTF-16 order;
    everything else goes to ``rfc8785``.

    Raises:
        NotCanonical: The value has no canonical form, or is not made of JSON types.
    """
    try:
        if _is_plain(document):
            return _fast_encode(document).encode()
        _check_depth(document, MAX_DEPTH)
        return rfc8785.dumps(document)
    except ValueError as error:
        raise NotCanonical(f"no canonical form: {error}") from error


def _is_plain(value: Any) -> bool:
    """Say whether the standard library's encoder may be trusted: level by level, no call for each value."""
    level: list[Any] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return True
        below: list[Any] = []
        if not _sort_out(chain.from_iterable(level), below):
            return False
        level = below
    return not level


def _sort_out(items: Iterable[Any], below: list[Any]) -> bool:
    """Gather the containers among the items; say whether the rest, and all keys, are plain."""
    keys: list[Any] = []
    for item in items:
        kind = type(item)
        if kind is str:  # nearly every value of a credential
            continue
        if kind is dict:
            keys.extend(item)
            below.append(item.values())
        elif kind is list:
            below.append(item)
        elif kind not in _PLAIN and not _is_safe_integer(item):
            return False
    return _are_plain_keys(keys)


def _is_safe_integer(value: Any) -> bool:
    return type(value) is int and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER


def _are_plain_keys(keys: list[Any]) -> bool:
    try:
        return "".join(keys).isascii() or all(map(_is_plain_key, keys))
    except TypeError:
        return False  # a key that is no text


def _is_plain_key(key: str) -> bool:
    return key.isascii() or max(key) < _FIRST_SURROGATE


def _check_depth(value: Any, room: int) -> None:
    """Refuse deep nesting by count: how deep the interpreter may go is for its other users to change."""
    if not isinstance(value, dict | list | tuple):
        return
    if room == 0:
        raise NotCanonical(f"no canonical form: more than {MAX_DEPTH} containers deep")
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, room - 1)


def parse_json_strict(data: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read one JSON document that every reader must understand alike.

    Numbers read as ECMAScript reads them: ``1.0`` is the integer 1, and ``1e30`` is one too large.

    Args:
        data: UTF-8 without a byte order mark.
        max_bytes: The longest document accepted.

    Raises:
        NotJSON: Not UTF-8, not RFC 8259 JSON, a duplicate key, a lone surrogate, NaN or an infinity, an
            integer beyond ±(2^53-1), more than 64 containers deep, or longer than ``max_bytes``.
    """
    if len(data) > max_bytes:
        raise NotJSON("too_large", f"{len(data)} bytes, {max_bytes} allowed")
    _check_brackets(data)
    try:
        text = data.decode()
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise NotJSON("not_utf8", f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise NotJSON("not_json", f"not JSON at character {error.pos}: {error.msg}") from error
    _check_texts(value)
    return value


def _check_brackets(data: bytes) -> None:
    depth = 0
    for mark in _MARKS.finditer(data):
        if mark[0] in (b"[", b"{"):
            depth += 1
        elif mark[0] in (b"]", b"}"):
            depth -= 1
        if depth > MAX_DEPTH:
            raise NotJSON("too_deep", f"more than {MAX_DEPTH} containers deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJSON("duplicate_key", f"the key {twice!r} stands twice in one object")
    return result


def _integer(token: str) -> int:
    if len(token.lstrip("-")) > _SAFE_INTEGER_DIGITS or abs(int(token)) > MAX_SAFE_INTEGER:
        raise NotJSON("unsafe_number", f"the integer {token[:40]} is beyond 2^53-1")
    return int(token)


def _number(token: str) -> float | int:
    number = float(token)
    if number in (float("inf"), float("-inf")):
        raise NotJSON("unsafe_number", f"the number {token[:40]} is beyond all doubles")
    return _integer(repr(int(number))) if number.is_integer() else number


def _constant(token: str) -> float:
    raise NotJSON("not_json", f"{token} is not JSON")


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise NotJSON("lone_surrogate", "a text holds half of a surrogate pair")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_texts(key)
            _check_texts(item)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)


def sha256(data: bytes) -> bytes:
    """Return the 32-byte SHA-256 digest."""
    return hashlib.sha256(data).digest()


def fingerprint(document: Any) -> str:
    """Return what a printed code carries as ``#h=``: base64url of SHA-256 of the canonical bytes, 43 characters.

    Raises:
        NotCanonical: The document has no canonical form.
    """
    return base64.urlsafe_b64encode(sha256(canonical_bytes(document))).rstrip(b"=").decode()


def to_multibase(data: bytes) -> str:
    """Return base58btc multibase text (``z…``)."""
    number, pairs = int.from_bytes(data), []
    while number:
        number, rest = divmod(number, _PAIR)
        pairs.append(_PAIRS[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * zeros + "".join(reversed(pairs)).lstrip("1")


def from_multibase(text: Any) -> bytes:
    """Read base58btc multibase text of at most 140 digits (96 bytes take 132).

    Raises:
        BadMultibase: Not text, no ``z`` in front, or a character outside the alphabet.
    """
    if not isinstance(text, str) or not text.startswith("z") or not _BASE58.fullmatch(text, 1):
        raise BadMultibase("not base58btc multibase text")
    digits = text[1:].lstrip("1")
    zeros = len(text) - 1 - len(digits)
    number = 0
    padded = "1" * (len(digits) % 2) + digits
    for pair in map(add, padded[::2], padded[1::2]):
        number = number * _PAIR + _PAIR_VALUES[pair]
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def digest_multibase(digest: bytes) -> str:
    """Return a SHA-256 digest as VCDM 2.0 ``digestMultibase``: multihash 0x12 0x20, base58btc (``zQm…``)."""
    return to_multibase(_SHA2_256 + digest)
