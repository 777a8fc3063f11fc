import json
import math
import random
import sys

import base58
import pytest

from ledger.canonical import (
    _is_plain,
    canonical_bytes,
    fingerprint,
    from_multibase,
    parse_json_strict,
    to_multibase,
)
from ledger.errors import BadMultibase, NotCanonical, NotJSON
from support.refusals import refused


def test_members_are_sorted_and_nothing_is_escaped_that_need_not_be() -> None:
    document = {"b": [True, None, -1], "a": "茶\u007f\u2028\u001f/", "€": {}}
    assert canonical_bytes(document) == '{"a":"茶\u007f\u2028\\u001f/","b":[true,null,-1],"€":{}}'.encode()


def test_keys_past_the_surrogates_sort_by_utf16_units() -> None:
    assert canonical_bytes({"\ufb33": 1, "😀": 2}) == '{"😀":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**53), math.nan, math.inf, "\ud800", {"a": "\ud800"}, {1: 2}, object()],
)
def test_value_without_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


def test_why_a_value_has_no_canonical_form_is_told() -> None:
    half = "'utf-8' codec can't encode character '\\ud800' in position 1: surrogates not allowed"
    with refused(NotCanonical, f"no canonical form: {half}"):
        canonical_bytes("\ud800")


def test_largest_safe_integers_have_a_form() -> None:
    assert canonical_bytes([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("\U0001f600", True),
        ([True, None, 2**53 - 1, -(2**53) + 1], True),
        ({"é": {"\ud7ff": []}}, True),
        (2**53, False),
        (-(2**53), False),
        (0.5, False),
        (["a", 2**53], False),
        ({"a": "b", "c": {"d": "e", "f": 0.5}}, False),
        ((1,), False),
        ({"\ud800": 1}, False),
        ({"a": 1, "\ue000": 2}, False),
        ({"a": {1: 2}}, False),
    ],
)
def test_only_what_both_encoders_write_alike_takes_the_fast_path(value: object, *, plain: bool) -> None:
    assert _is_plain(value) is plain


def test_endless_nesting_is_refused_however_deep_the_interpreter_may_go() -> None:
    endless: list[object] = []
    endless.append(endless)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with refused(NotCanonical, "no canonical form: more than 64 containers deep"):
            canonical_bytes(endless)
    finally:
        sys.setrecursionlimit(before)


def test_sixty_four_containers_have_a_form_on_both_paths() -> None:
    plain: list[object] = []
    broken: dict[str, object] = {"": 0.5}
    for _ in range(63):
        plain, broken = [plain], {"": broken}
    assert _is_plain(plain)
    assert not _is_plain([plain])
    assert canonical_bytes(plain) == b"[" * 64 + b"]" * 64
    assert canonical_bytes(broken) == b'{"":' * 64 + b"0.5" + b"}" * 64
    for deeper in ([plain], {"": broken}):
        with refused(NotCanonical, "no canonical form: more than 64 containers deep"):
            canonical_bytes(deeper)


@pytest.mark.parametrize(
    ("text", "reason", "sentence"),
    [
        (b"", "not_json", "not JSON at character 0: Expecting value"),
        (b"{", "not_json", "not JSON at character 1: Expecting property name enclosed in double quotes"),
        (b"\xef\xbb\xbf{}", "not_json", "not JSON at character 0: Unexpected UTF-8 BOM (decode using utf-8-sig)"),
        (b"[NaN]", "not_json", "NaN is not JSON"),
        (b"[-Infinity]", "not_json", "-Infinity is not JSON"),
        (b"\xff", "not_utf8", "not UTF-8 at byte 0"),
        (b'"\xed\xa0\x80"', "not_utf8", "not UTF-8 at byte 1"),
        (b'{"a":1,"b":2,"a":1}', "duplicate_key", "the key 'a' stands twice in one object"),
        (b'{"b":1,"a":2,"a":3}', "duplicate_key", "the key 'a' stands twice in one object"),
        (b'[{"x":{"a":1,"\\u0061":2}}]', "duplicate_key", "the key 'a' stands twice in one object"),
        (b'"\\ud800"', "lone_surrogate", "a text holds half of a surrogate pair"),
        (b'{"\\udc00":1}', "lone_surrogate", "a text holds half of a surrogate pair"),
        (b'{"a":["\\udfff"]}', "lone_surrogate", "a text holds half of a surrogate pair"),
        (b"9007199254740992", "unsafe_number", "the integer 9007199254740992 is beyond 2^53-1"),
        (b"-9007199254740992", "unsafe_number", "the integer -9007199254740992 is beyond 2^53-1"),
        (b"1" * 5000, "unsafe_number", f"the integer {'1' * 40} is beyond 2^53-1"),
        (b"1e30", "unsafe_number", "the integer 1000000000000000019884624838656 is beyond 2^53-1"),
        (b"9007199254740992.0", "unsafe_number", "the integer 9007199254740992 is beyond 2^53-1"),
        (b"1e309", "unsafe_number", "the number 1e309 is beyond all doubles"),
        (b"-1e309", "unsafe_number", "the number -1e309 is beyond all doubles"),
        (b"1." + b"0" * 50 + b"e309", "unsafe_number", f"the number 1.{'0' * 38} is beyond all doubles"),
        (b"[" * 65 + b"]" * 65, "too_deep", "more than 64 containers deep"),
        (b"[" * 63 + b"[],[[]]" + b"]" * 63, "too_deep", "more than 64 containers deep"),
        (b"[" * 100_000, "too_deep", "more than 64 containers deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep", "more than 64 containers deep"),
        (b'"' + b'\\"[' * 100_000, "not_json", "not JSON at character 0: Unterminated string starting at"),
        (b'["' + b"[" * 100 + b"\\", "not_json", "not JSON at character 1: Unterminated string starting at"),
        (b'"' + b"a" * ((1 << 20) - 1) + b'"', "too_large", "1048577 bytes, 1048576 allowed"),
    ],
)
def test_document_that_readers_could_understand_differently_is_refused(
    text: bytes, reason: str, sentence: str
) -> None:
    with refused(NotJSON, sentence, reason=reason):
        parse_json_strict(text)


def test_a_comma_before_the_end_is_refused_in_the_words_of_this_python() -> None:
    with pytest.raises(NotJSON, match=r"^not JSON at character [23]: ") as refusal:
        parse_json_strict(b"[1,]")
    assert refusal.value.reason == "not_json"


def test_a_document_of_one_mebibyte_is_read() -> None:
    assert parse_json_strict(b'"' + b"a" * ((1 << 20) - 2) + b'"') == "a" * ((1 << 20) - 2)


def test_brackets_that_are_closed_again_do_not_count_as_depth() -> None:
    assert parse_json_strict(b"[" + b"[],{}," * 100 + b"0]")[-1] == 0


def test_limit_of_bytes_is_the_callers() -> None:
    assert parse_json_strict(b"[1]", max_bytes=3) == [1]
    with refused(NotJSON, "3 bytes, 2 allowed", reason="too_large"):
        parse_json_strict(b"[1]", max_bytes=2)


def test_sixty_four_containers_are_read() -> None:
    text = b"[" * 64 + b"]" * 64
    assert json.dumps(parse_json_strict(text)).encode() == text


def test_numbers_read_as_ecmascript_reads_them() -> None:
    values = parse_json_strict(b"[1.0, -0.0, 1e2, 0.5, 1e-400, 9007199254740991, -9007199254740991]")
    assert values == [1, 0, 100, 0.5, 0, 9007199254740991, -9007199254740991]
    assert [type(value) for value in values] == [int, int, int, float, int, int, int]


def test_fingerprint_is_base64url_of_the_canonical_digest() -> None:
    # printf '{}' | sha256sum | xxd -r -p | base64
    assert fingerprint({}) == "RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o"


def test_multibase_goes_there_and_back_with_leading_zeros() -> None:
    assert to_multibase(b"\x00\x00\x01") == "z112"
    assert from_multibase("z112") == b"\x00\x00\x01"


@pytest.mark.parametrize("text", [None, "", "z", "u112", "z1l2", "z112 ", "z112\n", "z" + "1" * 141])
def test_text_that_is_no_base58btc_multibase_is_refused(text: object) -> None:
    with refused(BadMultibase, "not base58btc multibase text"):
        from_multibase(text)


def test_base58_is_that_of_another_implementation() -> None:
    chance = random.Random(58)  # noqa: S311 - not a secret
    for size in (0, 1, 2, 16, 32, 34, 64, 96):
        for zeros in (0, 1, 3):
            data = bytes(zeros) + chance.randbytes(size)
            if not data:
                continue
            assert to_multibase(data) == "z" + base58.b58encode(data).decode()
            assert from_multibase(to_multibase(data)) == data


@pytest.mark.parametrize("document", [{1: "a"}, {None: "a"}, {"a": {True: 1}}, {0: "é", "é": 1}])
def test_key_that_is_no_text_has_no_canonical_form(document: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_bytes(document)
