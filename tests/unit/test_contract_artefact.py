import hashlib
import json
from pathlib import Path

import pytest

from ledger.contract import (
    ArtefactDamaged,
    ArtefactMissing,
    load_artefact,
    next_head,
    stream_id,
)

CONTRACTS = Path(__file__).parents[2] / "contracts"


def test_the_artefact_names_the_input_and_the_input_holds_the_source() -> None:
    source = (CONTRACTS / "src" / "AnchorRegistry.sol").read_text(encoding="utf-8")
    input_bytes = (CONTRACTS / "solc-input.json").read_bytes()
    artefact = json.loads((CONTRACTS / "AnchorRegistry.json").read_bytes())

    assert json.loads(input_bytes)["sources"] == {"src/AnchorRegistry.sol": {"content": source}}
    assert artefact["solcInputSha256"] == hashlib.sha256(input_bytes).hexdigest()


def test_the_settings_make_the_same_bytes_on_every_machine_and_on_old_chains() -> None:
    settings = json.loads((CONTRACTS / "solc-input.json").read_bytes())["settings"]

    assert settings["evmVersion"] == "paris"
    assert settings["optimizer"] == {"enabled": True, "runs": 200}
    assert settings["metadata"] == {"appendCBOR": False, "bytecodeHash": "none"}


def test_the_compiler_is_the_one_the_lock_pins() -> None:
    lock = json.loads((CONTRACTS / "package-lock.json").read_bytes())
    package = json.loads((CONTRACTS / "package.json").read_bytes())
    version = lock["packages"]["node_modules/solc"]["version"]

    assert package["devDependencies"]["solc"] == version
    assert load_artefact().solc_version.startswith(f"{version}+commit.")
    assert f"pragma solidity {version};" in (CONTRACTS / "src/AnchorRegistry.sol").read_text()


def test_the_lock_names_no_host_and_pins_every_package_by_hash() -> None:
    text = (CONTRACTS / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]

    assert "://" not in text
    assert all("integrity" in one for name, one in packages.items() if name)


def test_the_code_has_no_push0_and_its_creation_ends_in_its_runtime() -> None:
    artefact = load_artefact()

    assert artefact.bytecode.endswith(artefact.runtime)
    assert 0x5F not in _opcodes(artefact.runtime)


def _opcodes(code: bytes) -> set[int]:
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += 1 + max(0, code[at] - 0x5F if 0x60 <= code[at] <= 0x7F else 0)
    return found


def test_the_wheels_copy_is_preferred_to_the_source_trees(tmp_path: Path) -> None:
    document = json.loads((CONTRACTS / "AnchorRegistry.json").read_bytes())
    wheel = tmp_path / "AnchorRegistry.json"
    wheel.write_text(json.dumps({**document, "solcVersion": "of the wheel"}))

    found = load_artefact((wheel, CONTRACTS / "AnchorRegistry.json"))

    assert found.solc_version == "of the wheel"
    assert found.runtime == load_artefact().runtime


def test_a_missing_artefact_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMissing, match=str(tmp_path)):
        load_artefact((tmp_path / "AnchorRegistry.json",))


def test_an_artefact_whose_code_was_changed_is_refused(tmp_path: Path) -> None:
    document = json.loads((CONTRACTS / "AnchorRegistry.json").read_bytes())
    place = tmp_path / "AnchorRegistry.json"
    place.write_text(json.dumps({**document, "runtimeBytecode": "0x6000"}))

    with pytest.raises(ArtefactDamaged, match="the artefact says"):
        load_artefact((place,))


def test_words_of_the_contract_have_their_known_hashes() -> None:
    # Keccak-256 of the plain signature, computed with pycryptodome.
    assert load_artefact().selectors()["anchored"].hex() == "800520ce"
    assert load_artefact().errors()[bytes.fromhex("b2d731ae")] == "AnchorRegistryWrongSeq"


def test_a_stream_is_named_by_its_opener_and_salt() -> None:
    known = "f043c50fe795c69f30b8ff78b84032dc53a9d87ca283ae10a1dacfbb648e83ef"

    assert stream_id(b"\x11" * 20, bytes(32)).hex() == known


def test_the_head_is_the_hash_of_four_words() -> None:
    # SHA-256 of 32 zero bytes, 32 times 0x11, the word 2, the word 0.
    known = "63a102b6a03d6db84a061cb53cc3df9ac62ad09b6242f5182d3d1caf408824fb"

    assert next_head(bytes(32), root=b"\x11" * 32, size=2, seq=0).hex() == known
