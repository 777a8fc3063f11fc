"""The browser's verifier says what the Python one says, on the shared folder and on damaged bundles.

Needs Node (20 or newer) as a stand-in for a browser; skipped, and said so, where there is none.
"""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_bundle_vectors import judged

from ledger.verify import CHECKS

HERE = Path(__file__).parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on this machine")


def node_says(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(HERE / "run_mjs.mjs")],
        input=json.dumps(cases).encode(),
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    assert all(answer.pop("order") == list(CHECKS) for answer in answers)
    return answers


def test_every_bundle_is_judged_as_written_down() -> None:
    files = sorted((HERE / "bundles").glob("*.json"))
    vectors = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    found = node_says([vector["given"] for vector in vectors])
    assert {v["name"]: f for v, f in zip(vectors, found, strict=True)} == {v["name"]: v["expect"] for v in vectors}


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
