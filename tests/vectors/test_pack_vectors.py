"""Both verifiers say of every audit pack in the shared folder what the folder says they must.

The browser's needs Node (20 or newer) as a stand-in; skipped, and said so, where there is none.
"""

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from test_mjs_vectors import NODE, node_runs

from ledger.keys import from_instant
from ledger.trust import TrustList
from ledger.verify_pack import verify_pack
from support.vector_files import made_by, written_in

HERE = Path(__file__).parent
FILES = sorted((HERE / "packs").glob("*.json"))
MAINNET = json.loads((HERE / "state" / "mainnet_21925176.json").read_text())


def told(report: dict[str, Any]) -> dict[str, Any]:
    """Verdict, the pack's own code, and of every passport what is not ok."""
    bundles = [
        {
            "verdict": bundle["verdict"],
            "checks": {
                check["id"]: f"{check['state']}:{check['code']}"
                for check in bundle["checks"]
                if check["state"] != "ok" and (check["id"], check["state"]) != ("status", "not_asked")
            },
        }
        for bundle in report["bundles"]
    ]
    return {"verdict": report["verdict"], "pack": report["pack"]["code"], "bundles": bundles}


def judged(given: dict[str, Any]) -> dict[str, Any]:
    report = verify_pack(
        base64.b64decode(given["pack"]),
        as_of=from_instant(given["asOf"]),
        trust=TrustList.from_json(json.dumps(given["trust"]).encode()) if given["trust"] else None,
        known_blocks=[bytes.fromhex(block[2:]) for block in given["blocks"]],
    )
    return told(report.to_json())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_pack_is_judged_as_written_down(file: Path) -> None:
    vector = json.loads(file.read_text(encoding="utf-8"))
    assert vector["name"] == file.stem
    assert judged(vector["given"]) == vector["expect"]


def test_folder_is_what_the_generator_makes() -> None:
    assert made_by(HERE / "make_packs.py") == written_in(HERE / "packs")


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_browser_judges_every_pack_as_written_down() -> None:
    vectors = [json.loads(file.read_text(encoding="utf-8")) for file in FILES]
    found = [told(report) for report in node_runs([vector["given"] for vector in vectors])]
    assert {v["name"]: f for v, f in zip(vectors, found, strict=True)} == {v["name"]: v["expect"] for v in vectors}


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_damaged_packs_are_refused_alike_in_both_languages() -> None:
    given = json.loads((HERE / "packs" / "valid.json").read_text(encoding="utf-8"))["given"]
    chance, data = random.Random(1186), base64.b64decode(given["pack"])  # noqa: S311 - not a secret
    cases = []
    for _ in range(150):
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        cases.append(given | {"pack": base64.b64encode(damaged).decode()})
    found = [told(report) for report in node_runs(cases)]
    assert found == [judged(case) for case in cases]
    assert {report["verdict"] for report in found} == {"invalid"}


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_browser_follows_mainnets_own_proof() -> None:
    contract, block = MAINNET["contract"], MAINNET["block"]
    (slot,) = contract["storageProof"]
    account = {"root": block["stateRoot"], "key": contract["address"], "proof": contract["accountProof"]}
    storage = {"root": contract["storageHash"], "key": slot["key"], "proof": slot["proof"]}
    cut = storage | {"proof": slot["proof"][:-1]}
    found = node_runs([{"trie": case} for case in (account, storage, cut)])
    assert found == [
        (
            "0xf84f018b2fb161afe600a5b2605040a0fcbb4b77e533e75ac831006ef975191deda38a7b8f50887a8ad263c38e6e4461"
            "a06c029a231254fadb724d63be769f75eedd66362df034a3e663252b49d062a666"
        ),
        "0xa02394e3bc4086a9625ae88307145a40ff4a4bf2c9a6755435bff86b22d6175d5f",
        "malformed_bundle",
    ]


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_browsers_keccak_gives_the_published_answers() -> None:
    texts = ["", "abc", "The quick brown fox jumps over the lazy dog"]
    assert node_runs([{"keccak": text} for text in texts]) == [
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
        "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
    ]
    from eth_utils.crypto import keccak  # noqa: PLC0415 - another implementation, for every length around a block

    lengths = ["x" * n for n in (1, 134, 135, 136, 137, 271, 272, 273, 1000)]
    assert node_runs([{"keccak": text} for text in lengths]) == [keccak(text.encode()).hex() for text in lengths]


WRONG = (
    "bf0f000000000000021111", "ff0f000000000000021111", "f80180", "f80100", "8100", "8101", "817f", "b800", "f800",
    "b801ff", "f803112233", "b81000112233445566778899aabbccddeeff", "f810000102030405060708090a0b0c0d0e0f", "8080",
    "83646f", "", "b9002100dc2b275d0f74e8a53e6f4ec61b27f24278820be3f82ea2110e582081b0565df0",
    ("fb00000040000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f"),
)  # fmt: skip


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_browsers_rlp_reads_the_published_examples_and_refuses_the_invalid_ones() -> None:
    good = {
        "83646f67": "646f67",
        "c88363617483646f67": ["636174", "646f67"],
        "80": "",
        "c0": [],
        "0f": "0f",
        "820400": "0400",
        "c7c0c1c0c3c0c1c0": [[], [[]], [[], [[]]]],
    }
    assert node_runs([{"rlp": text} for text in good]) == list(good.values())
    assert node_runs([{"rlp": text} for text in WRONG]) == ["malformed_bundle"] * len(WRONG)
