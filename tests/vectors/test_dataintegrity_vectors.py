"""Published answers: W3C vc-di-eddsa and vc-di-ecdsa (test vectors), rdf-canon (test023, and test074's kind).

``dataintegrity.json`` holds the standards' own signed documents with the hashes they print. The vectors of the
employment card (``citizenship/v4rc1``) are not here: its context is in no package.
"""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyld.nquads import parse_nquads

from ledger.canonical import from_multibase
from ledger.conformance.did_key import key_of
from ledger.dataintegrity.documents import Expected, check_document
from ledger.dataintegrity.linkeddata import Canonical
from ledger.dataintegrity.suites import SUITES
from ledger.errors import GraphTooCostly, SignatureInvalid
from ledger.keys import SigningKey

VECTORS = json.loads((Path(__file__).parent / "dataintegrity.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
EXPECTED = Expected("assertionMethod", NOW)
PRIVATE = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"


def parts(signed: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    document = {name: value for name, value in signed.items() if name != "proof"}
    return document, {name: value for name, value in signed["proof"].items() if name != "proofValue"}


@pytest.mark.parametrize("vector", VECTORS["suites"], ids=lambda vector: vector["name"])
def test_suite_hashes_and_checks_as_the_standard_shows(vector: dict[str, Any]) -> None:
    signed = vector["signed"]
    document, config = parts(signed)
    suite = SUITES[config["cryptosuite"]]
    public = key_of(config["verificationMethod"])
    hashed = suite.signed_bytes(document, config, digest=public.digest)
    assert hashed.hex() == vector["proofHash"] + vector["documentHash"]
    assert from_multibase(signed["proof"]["proofValue"]).hex() == vector["signature"]
    assert check_document(signed, key_of, EXPECTED) == (config["verificationMethod"].partition("#")[0],)
    if config["cryptosuite"].startswith("eddsa"):
        key = SigningKey.from_seed(from_multibase(PRIVATE)[2:])
        assert key.sign(hashed).hex() == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["suites"], ids=lambda vector: vector["name"])
def test_suite_refuses_another_claim(vector: dict[str, Any]) -> None:
    changed = copy.deepcopy(vector["signed"])
    changed["credentialSubject"]["alumniOf"] = "Another school"
    with pytest.raises(SignatureInvalid) as refusal:
        check_document(changed, key_of, EXPECTED)
    assert refusal.value.reason == "signature_mismatch"


@pytest.mark.parametrize("vector", VECTORS["sets"], ids=lambda vector: vector["name"])
def test_sets_and_chains_of_the_standard_verify_whole_or_not_at_all(vector: dict[str, Any]) -> None:
    proofs = vector["signed"]["proof"]
    signers = [proof["verificationMethod"].partition("#")[0] for proof in proofs]
    assert list(check_document(vector["signed"], key_of, EXPECTED)) == signers
    changed = copy.deepcopy(vector["signed"])
    changed["proof"][0]["created"] = "2023-02-26T22:06:39Z"
    with pytest.raises(SignatureInvalid):
        check_document(changed, key_of, EXPECTED)


RDFC_INPUT = """\
_:e0 <http://example.org/vocab#next> _:e1 .
_:e1 <http://example.org/vocab#next> _:e2 .
_:e2 <http://example.org/vocab#next> _:e0 .
"""
RDFC_OUTPUT = """\
_:c14n0 <http://example.org/vocab#next> _:c14n1 .
_:c14n1 <http://example.org/vocab#next> _:c14n2 .
_:c14n2 <http://example.org/vocab#next> _:c14n0 .
"""


def test_blank_nodes_are_ordered_as_rdf_canon_shows() -> None:
    assert Canonical().main(parse_nquads(RDFC_INPUT), {"format": "application/n-quads"}) == RDFC_OUTPUT


def test_poison_graph_of_rdf_canon_is_given_up() -> None:
    nodes = range(10)
    clique = "".join(f"_:e{a} <http://example.org/p> _:e{b} .\n" for a in nodes for b in nodes if a != b)
    with pytest.raises(GraphTooCostly):
        Canonical().main(parse_nquads(clique), {"format": "application/n-quads"})
