"""How much work a graph may cost, what linked data cannot carry, and what exactly is signed."""

from typing import Any

import pytest
from pyld import jsonld

from ledger.canonical import sha256
from ledger.dataintegrity.contexts import context_bytes, known_digests, load_context
from ledger.dataintegrity.linkeddata import canonical_quads
from ledger.dataintegrity.suites import EDDSA_JCS, EDDSA_RDFC, SUITES
from ledger.errors import GraphTooCostly, NotLinkedData, SignatureInvalid, UndefinedTerms, UnknownContext
from ledger.keys import SigningKey, read_multikey
from support.refusals import refused

# Two things without a name that differ in nothing are compared with each other: each once (RDFC-1.0 section 4.8).
TWINS: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"],
    "type": ["VerifiableCredential"],
    "issuer": "did:example:a",
    "credentialSubject": [{"name": "A"}, {"name": "A"}],
}


def test_a_graph_may_take_as_many_comparisons_as_the_bound_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.dataintegrity.linkeddata.MAX_STEPS", 2)
    assert canonical_quads(TWINS).count(b'"A"') == 2
    monkeypatch.setattr("ledger.dataintegrity.linkeddata.MAX_STEPS", 1)
    with refused(GraphTooCostly, "more than 1 comparisons of unnamed things", limit=1):
        canonical_quads(TWINS)


T = {"t": "urn:t"}
LONG = "urn:x> <urn:y" + "z" * 80


@pytest.mark.parametrize(
    ("document", "sentence", "values"),
    [
        ({"@id": "urn:x", "t": "bell \u0007"}, "a text holds control characters", {}),
        ({"@id": "urn:x", "t": [{"@list": ["delete \u007f"]}]}, "a text holds control characters", {}),
        ({"@id": LONG, "t": "v"}, f"not an address: {LONG[:80]!r}", {"value": LONG[:80]}),
        ({"@id": "urn:x", "@type": "urn:k>", "t": "v"}, "not an address: 'urn:k>'", {"value": "urn:k>"}),
        ({"@id": "urn:x", "t": {"@value": "v", "@language": "e n"}}, "not a language tag", {}),
    ],
)
def test_what_lines_cannot_carry_is_named(document: dict[str, Any], sentence: str, values: dict[str, Any]) -> None:
    with refused(NotLinkedData, sentence, **values):
        canonical_quads({"@context": T, **document})


def test_tabs_languages_and_json_are_carried() -> None:
    texts = ["v", {"@value": "w\t", "@language": "zh-CN"}]
    assert canonical_quads({"@context": T, "@id": "_:b1", "t": texts}) == (
        b'_:c14n0 <urn:t> "v" .\n_:c14n0 <urn:t> "w\\t"@zh-cn .\n'
    )
    value = {"@value": {"a": 1}, "@type": "@json"}
    assert canonical_quads({"@context": T, "@id": "urn:x", "t": value}) == (
        b'<urn:x> <urn:t> "{\\"a\\":1}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .\n'
    )


def test_addresses_without_a_beginning_are_named_at_every_depth() -> None:
    document = {
        "@context": T,
        "@id": "urn:x",
        "t": {"@list": [{"@id": "rel", "@type": ["urn:k", "Kind"]}]},
        "x": 1,
    }
    with refused(UndefinedTerms, "no context defines Kind, rel, x", terms=["Kind", "rel", "x"]):
        canonical_quads(document)


def test_a_library_that_stumbles_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any) -> None:
        raise KeyError("id")

    monkeypatch.setattr(jsonld, "expand", stumble)
    with refused(NotLinkedData, "not JSON-LD: 'id'"):
        canonical_quads({"@context": T})


def test_a_loaders_refusal_is_found_under_the_librarys() -> None:
    other = "https://example.com/other"
    with refused(UnknownContext, f"the context {other} is not one of the pinned ones", context=other):
        canonical_quads({"@context": [other], "@id": "urn:x"})


def test_a_context_is_loaded_as_the_library_wants_it() -> None:
    address = "https://portal.example/contexts/passport/v1"
    loaded = load_context(address)
    assert {name: value for name, value in loaded.items() if name != "document"} == {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
    }
    assert loaded["document"].keys() == {"@context"}
    assert loaded == load_context(address, {"headers": {}})


@pytest.mark.parametrize(
    "front", ["https://", "//portal.example", "portal.example", "urn:x:", "wss://portal.example"]
)
def test_our_context_stands_on_a_web_server(front: str) -> None:
    address = f"{front}/contexts/passport/v1"
    with refused(UnknownContext, f"the context {address} is not one of the pinned ones", context=address):
        context_bytes(address)


def test_a_context_is_known_by_the_files_digest_and_its_publishers() -> None:
    # SHA-256 of the file, then what the manifest says of the same context as it is published.
    assert known_digests("https://www.w3.org/ns/credentials/v2") == {
        bytes.fromhex("8a9f494a89ecc51db093e90e84713e07e84d6d9204364a9b3c7868b21751236f"),
        # The Recommendation of May 2025, SHA-256 and SHA-384.
        bytes.fromhex("59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"),
        bytes.fromhex(
            "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa21e138fd38def18cb360133c221aa31d6896a6bf3e65b614"
        ),
        # The candidate of July 2024, which the W3C's suite names.
        bytes.fromhex("24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9"),
        bytes.fromhex(
            "35239c36999d2155312091af194a1edb61634d6ad789a5e5b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0"
        ),
    }
    assert known_digests("https://www.w3.org/2018/credentials/v1") == {
        bytes.fromhex("00d7dd6d3ad8b920e3e550dd3a3d9090bffcac84cdbf943da6924b3e0a5c8bb8")
    }


def test_a_suite_signs_with_its_own_kind_of_key_only() -> None:
    curve = read_multikey("zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP")
    edwards = SigningKey.from_seed(bytes(32)).public
    for name, wrong in (("eddsa-jcs-2022", curve), ("ecdsa-rdfc-2019", edwards)):
        with refused(SignatureInvalid, f"{name} does not sign with such a key", reason="unknown_key"):
            SUITES[name].check({}, {}, bytes(64), public=wrong)


def test_what_is_signed_is_the_hash_of_the_options_and_that_of_the_document() -> None:
    document, options = {"a": 1, "@context": {"t": "urn:t"}}, {"b": 2}
    # RFC 8785: members in order, no spaces.
    by_hand = sha256(b'{"b":2}') + sha256(b'{"@context":{"t":"urn:t"},"a":1}')
    assert EDDSA_JCS.signed_bytes(document, options) == by_hand
    meaning = {"@context": {"t": "urn:t"}, "@id": "urn:x", "t": "v"}
    # The options are read in the document's own contexts, whatever theirs are.
    quads = sha256(b'<urn:p> <urn:t> "w" .\n') + sha256(b'<urn:x> <urn:t> "v" .\n')
    said = {"@id": "urn:p", "t": "w", "@context": {"t": "urn:other"}}
    assert EDDSA_RDFC.signed_bytes(meaning, said) == quads
    assert EDDSA_JCS.signed_bytes({}, {}, digest=lambda data: data) == b"{}{}"
