"""``vc+sd-jwt``: parts that can be withheld, and every misfit of disclosures (RFC 9901 section 7.1)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.canonical import sha256
from ledger.errors import DisclosureInvalid, EnvelopeInvalid, NotChecked, SignatureInvalid
from ledger.jose.disclosing import open_disclosed, present, seal_with_disclosures, split
from ledger.jose.sd_jwt import Disclosure, conceal, fresh_salt, reveal
from support.envelopes import CREDENTIAL, KEY, NOW, decoded, documents, encoded, token
from support.refusals import refused

PRODUCER = ("credentialSubject", "producer")
REGISTERED = (*PRODUCER, "registeredId")
FIRST_PLACE = ("credentialSubject", "events", 0, "place")
SECOND = ("credentialSubject", "events", 1)
HIDDEN = [PRODUCER, REGISTERED, FIRST_PLACE, SECOND]


def whole() -> str:
    return seal_with_disclosures(CREDENTIAL, HIDDEN, KEY)


def nothing(_: object) -> bool:
    return False


def opened(text: str) -> dict[str, Any]:
    return open_disclosed(text, documents(), as_of=NOW)


def subject(text: str) -> Any:
    return opened(text)["credentialSubject"]


# ---- issuing and presenting -----------------------------------------------------------------------------------


def test_header_says_what_it_is() -> None:
    header = decoded(whole().split(".")[0])
    assert header == {"alg": "EdDSA", "cty": "vc", "kid": KEY.method_id, "typ": "vc+sd-jwt"}


def test_all_disclosures_give_the_whole_credential() -> None:
    assert opened(whole()) == CREDENTIAL


def test_without_disclosures_hidden_parts_are_absent() -> None:
    bare = present(whole(), nothing)
    assert subject(bare) == {
        "id": "https://issuer.example/01/06901234567892/10/L7",
        "events": [{"step": "shipping"}],
    }
    assert bare.count("~") == 1


def test_part_inside_a_withheld_part_is_withheld() -> None:
    shown = present(whole(), lambda path: path != PRODUCER)
    assert "producer" not in subject(shown)
    assert shown.count("~") == 3


def test_part_inside_a_shown_part_may_be_withheld() -> None:
    shown = present(whole(), lambda path: path != REGISTERED)
    assert subject(shown)["producer"] == {"name": "松月茶业"}


def test_who_was_shown_a_part_may_withhold_it_from_the_next() -> None:
    first = present(whole(), lambda path: path in (PRODUCER, SECOND))
    assert subject(present(first, lambda path: path == SECOND))["events"][1] == {
        "place": "宁波",
        "step": "receiving",
    }


def test_withheld_values_and_salts_are_nowhere_in_a_presentation() -> None:
    token, *texts = whole().split("~")[:-1]
    parts = {tuple(map(str, decoded(text))) for text in texts}
    bare = present(whole(), nothing)
    assert "松月茶业" not in str(decoded(token.split(".")[1]))
    assert all(salt not in bare for salt, *_ in parts)


def test_proofs_stay_out_and_salts_are_the_givers() -> None:
    made = seal_with_disclosures({**CREDENTIAL, "proof": {}}, [PRODUCER], KEY, salt=lambda: "salt")
    assert "proof" not in opened(made)
    assert decoded(made.split("~")[1])[0] == "salt"


def test_part_inside_a_withheld_member_of_the_top_is_withheld() -> None:
    credential = {**CREDENTIAL, "extra": {"inner": "Tea"}}
    made = seal_with_disclosures(credential, [("extra",), ("extra", "inner")], KEY)
    assert present(made, lambda path: path != ("extra",)).count("~") == 1


def test_every_salt_is_new() -> None:
    assert len({fresh_salt() for _ in range(100)}) == 100
    assert len(fresh_salt()) == 22


@pytest.mark.parametrize("name", ["@context", "type", "id", "issuer", "validFrom", "credentialStatus"])
def test_what_a_verifier_needs_cannot_be_withheld(name: str) -> None:
    with refused(DisclosureInvalid, "a part every verifier needs", reason="always_open", names=[name]):
        seal_with_disclosures(CREDENTIAL, [(name,)], KEY)


def test_path_that_leads_nowhere_is_refused() -> None:
    paths = [["credentialSubject", "events", 9], ["credentialSubject", "price"]]
    with refused(DisclosureInvalid, "a path leads nowhere", reason="no_such_part", paths=paths):
        seal_with_disclosures(CREDENTIAL, reversed([tuple(path) for path in paths]), KEY)


def test_paths_that_lead_nowhere_are_told_in_the_order_of_their_texts() -> None:
    with refused(
        DisclosureInvalid, "a path leads nowhere", reason="no_such_part", paths=[["a", "b"], ["a", 0], ["a", 10]]
    ):
        conceal({"a": []}, [("a", 10), ("a", 0), ("a", "b")])


def test_what_was_hidden_is_given_back_readable_inner_before_outer() -> None:
    payload, made = conceal({"a": ["Tea"], "b": 1}, [("a", 0), ("a",)], salt=lambda: "salt")
    element = encoded(["salt", "Tea"])
    member = encoded(["salt", "a", [{"...": digest(element)}]])
    assert payload == {"b": 1, "_sd": [digest(member)], "_sd_alg": "sha-256"}
    assert made == (Disclosure(element, None, "Tea"), Disclosure(member, "a", [{"...": digest(element)}]))


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_reserved_names_cannot_be_issued(name: str) -> None:
    with refused(DisclosureInvalid, "a name that SD-JWT keeps for itself", reason="reserved_name", path=["a", 0]):
        conceal({"a": [{name: "x"}]}, [])


# ---- disclosures that do not fit ------------------------------------------------------------------------------


def digest(text: str) -> str:
    return encoded(sha256(text.encode()))


NAME = encoded(["salt", "name", "Tea"])
ELEMENT = encoded(["salt", "Tea"])


@pytest.mark.parametrize(
    ("payload", "texts", "code", "sentence", "values"),
    [
        ({"_sd_alg": "sha-1"}, [], "unknown_hash", "not sha-256", {"hash": "sha-1"}),
        ({"_sd": [digest(NAME)], "_sd_alg": None}, [NAME], "unknown_hash", "not sha-256", {"hash": "None"}),
        ({}, ["%"], "malformed_disclosure", "unreadable: not base64url: Only base64 data is allowed", {}),
        ({}, [encoded(b"[")], "malformed_disclosure", "unreadable: not JSON at character 1: Expecting value", {}),
        ({}, [encoded({"salt": "name"})], "malformed_disclosure", "not [salt, name, value] or [salt, value]", {}),
        ({}, [encoded(["salt"])], "malformed_disclosure", "not [salt, name, value] or [salt, value]", {}),
        ({}, [encoded([1, "name", "Tea"])], "malformed_disclosure", "salt and name are texts", {}),
        ({}, [encoded(["salt", 1, "Tea"])], "malformed_disclosure", "salt and name are texts", {}),
        (
            {},
            [encoded(["salt", "_sd", []])],
            "reserved_name",
            "a disclosure uses a reserved name",
            {"name": "_sd"},
        ),
        (
            {},
            [encoded(["salt", "...", "Tea"])],
            "reserved_name",
            "a disclosure uses a reserved name",
            {"name": "..."},
        ),
        ({"_sd": "text"}, [], "malformed_digests", "_sd is not a list of texts", {"path": []}),
        ({"_sd": [1]}, [], "malformed_digests", "_sd is not a list of texts", {"path": []}),
        ({}, [NAME], "digest_missing", "a disclosure whose digest nobody signed", {}),
        ({"_sd": [digest(NAME)]}, [NAME, NAME], "digest_twice", "a disclosure stands twice", {}),
        (
            {"_sd": [digest(NAME), digest(NAME)]},
            [NAME],
            "digest_twice",
            "a digest stands twice",
            {"digest": "RiA4V6kGnvhKenkEX2Zc4v5c1x5ytDTLqKoI9hjcLMw"},
        ),
        (
            {"_sd": [digest(NAME)], "a": {"_sd": [digest(NAME)]}},
            [],
            "digest_twice",
            "a digest stands twice",
            {"digest": "RiA4V6kGnvhKenkEX2Zc4v5c1x5ytDTLqKoI9hjcLMw"},
        ),
        ({"_sd": ["x"], "a": [{"...": "x"}]}, [], "digest_twice", "a digest stands twice", {"digest": "x"}),
        (
            {"_sd": [digest(NAME)], "name": "Coffee"},
            [NAME],
            "name_taken",
            "a disclosure would overwrite a member",
            {"name": "name"},
        ),
        (
            {"_sd": [digest(ELEMENT)]},
            [ELEMENT],
            "wrong_place",
            "an element's disclosure among members",
            {"path": []},
        ),
        (
            {"a": [{"...": digest(NAME)}]},
            [NAME],
            "wrong_place",
            "a member's disclosure among elements",
            {"path": ["a"]},
        ),
        (
            {"a": [{"...": "x", "more": 1}]},
            [],
            "reserved_name",
            "a reserved name where it means nothing",
            {"path": ["a", 0]},
        ),
        ({"a": [{"...": 7}]}, [], "reserved_name", "a reserved name where it means nothing", {"path": ["a", 0]}),
        (
            {"a": {"_sd_alg": "sha-256"}},
            [],
            "reserved_name",
            "a reserved name where it means nothing",
            {"path": ["a"]},
        ),
        ({}, [NAME] * 2001, "too_many", "2001 disclosures, 2000 allowed", {}),
    ],
)
def test_disclosures_are_refused(
    payload: dict[str, Any], texts: list[str], code: str, sentence: str, values: dict[str, Any]
) -> None:
    with refused(DisclosureInvalid, sentence, reason=code, **values):
        reveal(payload, texts)


def test_two_thousand_disclosures_are_read() -> None:
    texts = [encoded(["salt", f"n{number}", number]) for number in range(2000)]
    assert len(reveal({"_sd": [digest(text) for text in texts]}, texts)) == 2000


def test_a_misfit_further_in_is_told_with_its_path() -> None:
    inner = {"b": [{"c": {"_sd": [digest(ELEMENT)]}}]}
    with refused(
        DisclosureInvalid, "an element's disclosure among members", reason="wrong_place", path=["b", 0, "c"]
    ):
        reveal(inner, [ELEMENT])
    with refused(
        DisclosureInvalid, "a member's disclosure among elements", reason="wrong_place", path=["b", 0, "name"]
    ):
        reveal(
            {"b": [{"_sd": [digest(hidden := encoded(["salt", "name", [{"...": digest(NAME)}]]))]}]},
            [hidden, NAME],
        )


def test_two_disclosures_of_one_name_are_refused() -> None:
    other = encoded(["other salt", "name", "Coffee"])
    with refused(DisclosureInvalid, "a disclosure would overwrite a member", reason="name_taken", name="name"):
        reveal({"_sd": [digest(NAME), digest(other)]}, [NAME, other])


def test_disclosures_nested_without_end_are_refused() -> None:
    texts: list[str] = []
    inner: Any = "Tea"
    for _ in range(64):
        texts.append(encoded(["salt", "in", inner]))
        inner = {"_sd": [digest(texts[-1])]}
    with refused(DisclosureInvalid, "more than 64 containers deep", reason="too_deep"):
        reveal({"a": inner}, texts)
    with refused(DisclosureInvalid, "more than 64 containers deep", reason="too_deep"):
        reveal({"_sd": [digest(over := encoded(["salt", "a", [inner]]))]}, [*texts, over])
    assert list(reveal(inner, texts)) == ["in"]


def test_sixty_three_lists_inside_the_object_are_read() -> None:
    inner: list[Any] = []
    for _ in range(62):
        inner = [inner]
    assert reveal({"a": inner}, []) == {"a": inner}
    with refused(DisclosureInvalid, "more than 64 containers deep", reason="too_deep"):
        reveal({"a": [inner]}, [])


def test_digests_nobody_discloses_are_dropped() -> None:
    assert reveal({"_sd": ["decoy"], "a": [{"...": "decoy 2"}, 1]}, []) == {"a": [1]}


# ---- tokens that do not fit -----------------------------------------------------------------------------------


def test_disclosure_of_another_credential_is_refused() -> None:
    other = seal_with_disclosures({**CREDENTIAL, "id": "urn:x"}, HIDDEN, KEY).split("~")[1]
    with pytest.raises(DisclosureInvalid) as refusal:
        opened(f"{whole()}{other}~")
    assert refusal.value.reason == "digest_missing"


def test_changed_disclosure_is_refused() -> None:
    jwt, *texts = whole().split("~")[:-1]
    salt, *rest = decoded(texts[0])
    changed = encoded([salt, *rest[:-1], "91330000000000000X"])
    with pytest.raises(DisclosureInvalid) as refusal:
        opened("~".join([jwt, changed, *texts[1:], ""]))
    assert refusal.value.reason == "digest_missing"


def test_an_sd_jwt_of_the_largest_size_is_parted() -> None:
    largest = "x" * ((1 << 20) - 1)
    assert split(f"{largest}~") == (largest, [])
    with refused(EnvelopeInvalid, "not an SD-JWT, or too large", reason="malformed_envelope"):
        split(f"{largest}x~")


def test_token_of_a_revoked_key_is_believed_by_its_anchor_alone() -> None:
    listed = documents(revoked=datetime(2026, 6, 1, tzinfo=UTC))
    found = open_disclosed(whole(), listed, as_of=NOW, anchored_at="2026-05-31T00:00:00Z")
    assert found == CREDENTIAL
    with refused(
        NotChecked, "the key is retired now", reason="key_retired_unproven", retired="2026-06-01T00:00:00Z"
    ):
        open_disclosed(whole(), listed, as_of=NOW)


def test_changed_token_is_refused() -> None:
    jwt = whole().split("~")[0]
    header, payload, signature = jwt.split(".")
    other = encoded({**decoded(payload), "validFrom": "2027-01-01T00:00:00Z"})
    with pytest.raises(SignatureInvalid):
        opened(f"{header}.{other}.{signature}~")


@pytest.mark.parametrize(
    ("text", "code", "sentence", "values"),
    [
        ("e30.e30.AA", "malformed_envelope", "not an SD-JWT, or too large", {}),
        (f"e30.e30.AA~{'x' * (1 << 20)}~", "malformed_envelope", "not an SD-JWT, or too large", {}),
        (token(CREDENTIAL) + "~e30.e30.AA", "key_binding_refused", "bound to a holder's key", {}),
        (token(CREDENTIAL, typ="vc+jwt") + "~", "unknown_type", "typ is not vc+sd-jwt", {"said": "vc+jwt"}),
        (
            token({**CREDENTIAL, "issuer": "did:web:other.example"}) + "~",
            "signer_differs",
            "signed by another than the issuer",
            {"signer": "did:web:issuer.example"},
        ),
    ],
)
def test_token_is_refused(text: str, code: str, sentence: str, values: dict[str, Any]) -> None:
    with refused(EnvelopeInvalid, sentence, reason=code, **values):
        opened(text)
