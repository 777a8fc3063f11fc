"""The browser's verifier says what the Python one says, on the shared folder and on damaged bundles.

Needs Node (20 or newer) as a stand-in for a browser; skipped, and said so, where there is none.
"""

import json
import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from test_bundle_vectors import judged

from ledger.verify import CHECKS

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on this machine")


def node_runs(cases: list[Any], *options: str) -> list[Any]:
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(HERE / "run_mjs.mjs"), *options],
        input=json.dumps(cases).encode(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[Any] = json.loads(done.stdout)
    return answers


def node_says(cases: list[dict[str, Any]], *options: str) -> list[dict[str, Any]]:
    answers = node_runs(cases, *options)
    assert all(answer.pop("order") == list(CHECKS) for answer in answers)
    return answers


def test_every_bundle_is_judged_as_written_down() -> None:
    files = sorted((HERE / "bundles").glob("*.json"))
    vectors = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    found = node_says([vector["given"] for vector in vectors])
    assert {v["name"]: f for v, f in zip(vectors, found, strict=True)} == {v["name"]: v["expect"] for v in vectors}


@pytest.mark.parametrize(
    ("options", "state", "code"),
    [((), "ok", "ok"), (("plain",), "not_checked", "suite_needs_linked_data")],
)
def test_every_proof_of_a_set_is_told_with_and_without_the_reader(
    options: tuple[str, ...], state: str, code: str
) -> None:
    vector = json.loads((HERE / "bundles" / "valid_proof_set.json").read_text(encoding="utf-8"))
    [found] = node_runs([vector["given"] | {"tellProofs": True}], *options)
    assert found["verdict"] == "valid"
    assert found["proofs"] == [
        {"suite": "eddsa-jcs-2022", "state": "ok", "code": "ok"},
        {"suite": "eddsa-rdfc-2022", "state": state, "code": code},
    ]


def test_browser_and_python_pin_the_same_contexts() -> None:
    pins = json.loads((HERE.parents[1] / "ledger" / "contexts" / "manifest.json").read_text(encoding="utf-8"))
    text = (HERE.parents[1] / "portal" / "static" / "linkeddata.mjs").read_text(encoding="utf-8")
    for pin in pins:
        assert f"  '{pin['address']}': ['{pin['file']}', '{pin['sha256']}'],\n" in text
    assert text.count("jsonld', '") == len(pins)


def test_damaged_bundles_are_judged_alike_in_both_languages() -> None:
    vector = json.loads((HERE / "bundles" / "valid.json").read_text(encoding="utf-8"))
    chance = random.Random(20260301)  # noqa: S311 - not a secret
    text = vector["given"]["bundle"]
    cases = []
    for _ in range(250):
        place = chance.randrange(len(text))
        letter = chance.choice(['"', "\\", "0", "1", "f", "z", " ", ",", "}", "é", "\u0000", ""])
        cases.append(vector["given"] | {"bundle": text[:place] + letter + text[place + 1 :]})
    assert node_says(cases) == [judged(case) for case in cases]


def test_page_without_webcrypto_says_what_it_could_not_check() -> None:
    vector = json.loads((HERE / "bundles" / "valid_all_asked.json").read_text(encoding="utf-8"))
    gap, ok = {"state": "not_checked", "code": "no_webcrypto"}, {"state": "ok", "code": "ok"}
    assert node_says([vector["given"]], "insecure") == [
        {
            "verdict": "partial",
            "checks": {
                "structure": ok,
                "fingerprint": gap,
                "signature": gap,
                "issuer": ok,
                "validity": ok,
                "status": {"state": "not_asked", "code": "not_asked"},
                "inclusion": gap,
                "anchor": gap,
                "documents": gap,
            },
        }
    ]


def test_documents_have_one_canonical_form_in_both_languages() -> None:
    chance = random.Random(8785)  # noqa: S311 - not a secret
    documents = [random_document(chance, 4) for _ in range(400)]
    found = node_runs([{"document": json.dumps(document)} for document in documents])
    assert [text.encode() for text in found] == [rfc8785.dumps(document) for document in documents]


def random_document(chance: random.Random, depth: int) -> Any:
    letters = 'aZ09"\\/\n\x1f\x7f\u2028é茶\ue000\ufb33😀'
    text = "".join(chance.choices(letters, k=chance.randrange(5)))
    number = struct.unpack(">d", chance.randbytes(8))[0]
    small = number if abs(number) < 1 else chance.uniform(-1e6, 1e6)
    if depth == 0 or chance.random() < 0.3:
        return chance.choice([text, small, chance.randrange(-(2**53) + 1, 2**53), True, None])
    items = [random_document(chance, depth - 1) for _ in range(chance.randrange(5))]
    keys = ["".join(chance.choices(letters, k=3)) for _ in items]
    return dict(zip(keys, items, strict=True)) if chance.random() < 0.7 else items
