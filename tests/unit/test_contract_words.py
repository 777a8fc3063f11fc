"""The contract's words by their hashes, and what a damaged or missing artefact is called."""

import hashlib
import json
from pathlib import Path

import pytest

from ledger.contract import Artefact, ArtefactDamaged, ArtefactMissing, load_artefact, next_head
from support.refusals import refused

CONTRACTS = Path(__file__).parents[2] / "contracts"


def test_an_artefact_is_read_member_by_member(tmp_path: Path) -> None:
    abi = [{"type": "function", "name": "f", "inputs": [{"type": "bytes32"}, {"type": "uint64"}]}]
    place = tmp_path / "AnchorRegistry.json"
    place.write_text(
        json.dumps(
            {
                "abi": abi,
                "bytecode": "0x6001",
                "runtimeBytecode": "0x616263",
                # SHA-256 of "abc" (FIPS 180-4).
                "runtimeSha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "solcVersion": "0.8",
                "solcInputSha256": "ef" * 32,
            }
        )
    )
    assert load_artefact((tmp_path / "none.json", place)) == Artefact(
        abi=tuple(abi),
        bytecode=b"\x60\x01",
        runtime=b"abc",
        runtime_sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        solc_version="0.8",
        solc_input_sha256="ef" * 32,
    )


def test_functions_errors_and_events_have_their_hashes() -> None:
    # Keccak-256 of the signatures in AnchorRegistry.sol, by pycryptodome.
    artefact = load_artefact()
    assert {name: word.hex() for name, word in artefact.selectors().items()} == {
        "anchor": "3d384a4b",
        "anchored": "800520ce",
        "openStream": "304f4058",
        "revocation": "fe330ab1",
        "revoke": "bce043ac",
        "setAdmin": "ee4024db",
        "setWriter": "90507012",
        "streamOf": "9bc926b8",
        "verify": "32834a0f",
        "writerUntil": "619e490b",
    }
    assert {word.hex(): name for word, name in artefact.errors().items()} == {
        "6712c4c8": "AnchorRegistryEmptyBatch",
        "84d1e91d": "AnchorRegistryNoAdmin",
        "eff97a52": "AnchorRegistryNotAdmin",
        "98d7465d": "AnchorRegistryNotWriter",
        "736e3f0b": "AnchorRegistrySizeDiffers",
        "9f75a27c": "AnchorRegistryStreamExists",
        "b2d731ae": "AnchorRegistryWrongSeq",
    }
    assert {name: word.hex() for name, word in artefact.topics().items()} == {
        "AdminSet": "190f7d3a9214136ee6aafb129bafe295171ba64a59413c5a57902710b9fde5a2",
        "Anchored": "e10201e1af708efd3119cc1cd501de2eadd25d0d62eb2de0bd0a4d7256999cda",
        "Revoked": "1329d618733b72690be88b588a457190d6e3ae2d4e3fbf4e41877341a154f5ef",
        "StreamOpened": "c5316f0bcb5db48600498e9c689174e776619f9e6854cb8fcf603a8a6de9bc39",
        "WriterSet": "ced39b79fe88b87c609c04d3dcaee8094abf94cf9c600ace62091c368bbe8ea0",
    }


def test_an_artefact_that_lies_nowhere_is_missed_in_every_place(tmp_path: Path) -> None:
    places = (tmp_path / "one" / "AnchorRegistry.json", tmp_path / "two" / "AnchorRegistry.json")
    with refused(ArtefactMissing, f"no AnchorRegistry.json in {tmp_path}/one or {tmp_path}/two"):
        load_artefact(places)


@pytest.mark.parametrize("code", ["0x6000", "0x"])
def test_code_of_another_hash_is_told_by_both(tmp_path: Path, code: str) -> None:
    document = json.loads((CONTRACTS / "AnchorRegistry.json").read_bytes())
    place = tmp_path / "AnchorRegistry.json"
    place.write_text(json.dumps(document | {"runtimeBytecode": code}))
    found, said = hashlib.sha256(bytes.fromhex(code[2:])).hexdigest(), document["runtimeSha256"]
    with refused(ArtefactDamaged, f"the runtime code hashes to {found}, the artefact says {said}"):
        load_artefact((place,))


def test_the_head_tells_size_from_number() -> None:
    # SHA-256 over 32 bytes 01, 32 bytes 02, the words 258 and 3 (printf … | sha256sum).
    words = b"\x01" * 32 + b"\x02" * 32 + bytes(30) + b"\x01\x02" + bytes(31) + b"\x03"
    assert next_head(b"\x01" * 32, root=b"\x02" * 32, size=258, seq=3) == hashlib.sha256(words).digest()
