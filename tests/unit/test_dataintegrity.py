"""Contexts are pinned, linked data loses nothing silently, and keys on other curves are read strictly."""

from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld

from ledger.canonical import from_multibase, to_multibase
from ledger.dataintegrity import contexts, linkeddata
from ledger.dataintegrity.contexts import Pin, context_bytes, load_context, pins
from ledger.dataintegrity.linkeddata import canonical_quads
from ledger.errors import (
    BadMultibase,
    ContextChanged,
    GraphTooCostly,
    NotLinkedData,
    SignatureInvalid,
    UndefinedTerms,
    UnknownContext,
)
from ledger.keys import read_multikey
from support.kinds import samples
from support.refusals import refused

VC = "https://www.w3.org/ns/credentials/v2"
OWN = "https://portal.example/contexts/passport/v1"


def test_every_pinned_file_is_there_and_unchanged() -> None:
    folder = Path(contexts.__file__).parent.parent / "contexts"
    assert {pin.file for pin in pins().values()} == {path.name for path in folder.glob("*.jsonld")}
    assert all(load_context(pin.address)["documentUrl"] == pin.address for pin in pins().values())


def test_our_context_is_the_same_under_every_portal() -> None:
    assert context_bytes(OWN) == context_bytes("http://127.0.0.1:8000/contexts/passport/v1")


@pytest.mark.parametrize(
    "address",
    [
        "https://www.w3.org/ns/credentials/v3",
        "https://portal.example/contexts/passport/v1?x",
        "https://portal.example/contexts/passport/v1#x",
        "ftp://portal.example/contexts/passport/v1",
        "https:///contexts/passport/v2",
        "https://[bad/contexts/passport/v1",
    ],
)
def test_context_that_is_not_pinned_is_refused(address: str) -> None:
    with refused(UnknownContext, f"the context {address} is not one of the pinned ones", context=address):
        context_bytes(address)


def test_altered_context_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    pin = Pin("urn:x", "undefined-terms-v2.jsonld", "00" * 32)
    monkeypatch.setattr(contexts, "pins", lambda: {"urn:x": pin})
    with refused(ContextChanged, "undefined-terms-v2.jsonld is not the file that was pinned", context="urn:x"):
        context_bytes("urn:x")


@pytest.mark.parametrize("name", samples())
def test_every_word_of_every_kind_has_a_meaning_of_its_own(name: str) -> None:
    assert b"undefined-term#" not in canonical_quads(samples()[name])


def test_undefined_terms_types_and_relative_addresses_are_named() -> None:
    document = {"@context": [VC], "id": "here", "type": ["VerifiableCredential", "Diploma"], "grade": "1", "@x": 1}
    terms = ["@", "Diploma", "grade", "here"]
    with refused(UndefinedTerms, "no context defines @, Diploma, grade, here", terms=terms):
        canonical_quads(document)


def test_unknown_context_is_refused_through_the_library() -> None:
    with pytest.raises(UnknownContext):
        canonical_quads({"@context": [VC, "https://example.com/other"], "id": "urn:x"})


@pytest.mark.parametrize(
    "document",
    [
        {"@context": {"t": "urn:t"}, "@id": "urn:x", "t": "bell \u0007"},
        {"@context": {"t": "urn:t"}, "@id": "urn:x> <urn:y", "t": "v"},
        {"@context": {"t": "urn:t"}, "@id": "urn:x", "t": {"@value": "v", "@language": "e n"}},
        {"@context": {"t": "urn:t"}, "@id": "urn:x", "t": {"@value": {"a": 1}}},
        {"@context": {"t": "urn:t", "@version": 9}, "@id": "urn:x"},
    ],
    ids=["control character", "address that forges a line", "language", "value", "version"],
)
def test_what_lines_cannot_carry_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(NotLinkedData):
        canonical_quads(document)


def test_what_the_library_says_is_told_in_two_hundred_letters() -> None:
    with pytest.raises(NotLinkedData, match=r"^not JSON-LD: \('Unsupported JSON-LD version: 9',\)") as refusal:
        canonical_quads({"@context": {"t": "urn:t" + "x" * 200, "@version": 9}, "@id": "urn:x"})
    assert len(refusal.value.message) == len("not JSON-LD: ") + 200


def test_library_that_stumbles_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any) -> None:
        raise TypeError("unhashable")

    monkeypatch.setattr(jsonld, "expand", stumble)
    with pytest.raises(NotLinkedData, match="unhashable"):
        canonical_quads({"@context": [VC]})


def test_named_graphs_are_written_with_their_name() -> None:
    document = {
        "@context": {"t": "urn:t"},
        "@id": "urn:g",
        "@graph": [{"@id": "urn:x", "t": {"@value": "你好", "@language": "zh"}}],
    }
    assert canonical_quads(document).decode() == '<urn:x> <urn:t> "你好"@zh <urn:g> .\n'


def test_graph_of_many_equals_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkeddata, "MAX_STEPS", 20)
    nodes = [{"@id": f"_:n{i}", "urn:p": [{"@id": f"_:n{j}"} for j in range(5) if j != i]} for i in range(5)]
    with refused(GraphTooCostly, "more than 20 comparisons of unnamed things", limit=20):
        canonical_quads({"@context": {}, "@graph": nodes})


P256_KEY = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
P384_KEY = "z82LkuBieyGShVBhvtE2zoiD6Kma4tJGFtkAhxR5pfkp5QPw4LutoYWhvQCnGjdVn14kujQ"


@pytest.mark.parametrize(("multikey", "size"), [(P256_KEY, 33), (P384_KEY, 49)])
def test_keys_of_the_ecdsa_standard_are_read(multikey: str, size: int) -> None:
    key = read_multikey(multikey)
    assert (key.multikey, key.did, len(key.raw)) == (multikey, f"did:key:{multikey}", size)


@pytest.mark.parametrize("multikey", ["z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc", "zDn1", P256_KEY[:-1]])
def test_key_of_another_kind_is_refused(multikey: str) -> None:
    with refused(BadMultibase, "not a P-256 or P-384 multikey"):
        read_multikey(multikey)


@pytest.mark.parametrize(("text", "name"), [(P256_KEY, "P-256"), (P384_KEY, "P-384")])
def test_a_compressed_point_that_is_not_on_the_curve_is_refused(text: str, name: str) -> None:
    data = from_multibase(text)
    with refused(BadMultibase, f"not a point of {name}"):
        read_multikey(to_multibase(data[:2] + b"\x05" + data[3:]))
    with refused(BadMultibase, "not a P-256 or P-384 multikey"):
        read_multikey(to_multibase(b"\x82" + data[1:]))


@pytest.mark.parametrize(("text", "size"), [(P256_KEY, 64), (P384_KEY, 96)])
def test_signatures_of_the_wrong_length_or_of_nobody_are_refused(text: str, size: int) -> None:
    key = read_multikey(text)
    for length in (0, size - 1, size + 1):
        with refused(SignatureInvalid, f"not a signature of {size} bytes", reason="signature_mismatch"):
            key.check(bytes(length), b"")
    with refused(SignatureInvalid, "not signed by this key", reason="signature_mismatch"):
        key.check(bytes(size), b"")


def test_a_credential_may_name_the_digest_of_a_known_context_and_of_no_other() -> None:
    assert bytes.fromhex(pins()[VC].sha256) in contexts.known_digests(VC)
    assert contexts.known_digests("https://elsewhere.example/v1") == frozenset()
