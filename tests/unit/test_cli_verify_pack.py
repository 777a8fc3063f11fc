"""``tally verify`` of an audit pack: no server, no chain, a block's hash from the auditor."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import cli
from support.packs import Packed, packed


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return packed(tmp_path_factory.mktemp("pack") / "chain.sqlite")


@pytest.fixture
def files(here: Packed, tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "pack.zip").write_bytes(here.pack.to_zip())
    (tmp_path / "trust.json").write_bytes(here.trust.to_json())
    return str(tmp_path / "pack.zip"), str(tmp_path / "trust.json")


def verify(*words: str) -> Result:
    return CliRunner().invoke(cli.commands, ["verify", *words, "--at", "2026-06-01T00:00:00+0000"])


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_a_pack_is_valid_at_the_block_the_auditor_knows(here: Packed, files: tuple[str, str], prefix: str) -> None:
    pack, trust = files
    done = verify(pack, "--trust", trust, "--block-hash", prefix + here.block.hex(), "--json")
    report = json.loads(done.output)
    assert (done.exit_code, report["verdict"], len(report["bundles"])) == (0, "valid", 1)


def test_a_pack_in_words_names_every_passport_and_check(here: Packed, files: tuple[str, str]) -> None:
    pack, trust = files
    lines = verify(pack, "--trust", trust, "--block-hash", here.block.hex()).output.splitlines()
    assert lines[0].startswith('  ✓ pack         ok {"bundles": 1')
    assert lines[1].startswith("bundles/")
    assert lines[-1] == "valid 核验通过"


def test_a_pack_without_a_blocks_hash_is_checked_in_part(files: tuple[str, str]) -> None:
    pack, trust = files
    done = verify(pack, "--trust", trust)
    assert done.exit_code == 3
    assert "? anchor       not checked: no_block_hash" in done.output


def test_a_pack_may_be_held_against_an_endpoint(files: tuple[str, str]) -> None:
    pack, trust = files
    done = verify(pack, "--trust", trust, "--rpc", "http://127.0.0.1:9")
    assert (done.exit_code, "rpc_unreachable" in done.output) == (3, True)


def test_a_damaged_pack_is_invalid(files: tuple[str, str]) -> None:
    pack, trust = files
    data = Path(pack).read_bytes()
    Path(pack).write_bytes(data[:-1])
    done = verify(pack, "--trust", trust)
    assert done.exit_code == 1
    assert done.output == '  ✗ pack         failed: pack_not_zip {"reason": "pack_not_zip"}\nINVALID 核验不通过\n'


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--block-hash", "0x12"], "0x12 is not a block's hash"),
        (["--hash", "x"], "an audit pack brings its own --file and --hash"),
    ],
)
def test_a_pack_asked_about_wrongly_is_a_usage_error(
    files: tuple[str, str], words: list[str], sentence: str
) -> None:
    done = verify(files[0], *words)
    assert (done.exit_code, sentence in done.output) == (2, True)
