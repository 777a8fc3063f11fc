import os
import re
from pathlib import Path

import pytest

from ledger.chain import BadAccountFile, load_or_create_account
from ledger.errors import KeyExposed
from support.refusals import refused


def test_an_account_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "writer.key"

    made = load_or_create_account(path)

    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text()) == 65
    assert load_or_create_account(path).address == made.address
    assert load_or_create_account(tmp_path / "other.key").address != made.address


def test_a_known_key_has_its_known_address(tmp_path: Path) -> None:
    # The first account of every development chain, private key and address published by its makers.
    path = tmp_path / "writer.key"
    path.write_text("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n")
    path.chmod(0o600)

    account = load_or_create_account(path)

    assert account.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "writer.key"
    load_or_create_account(path)
    path.chmod(0o640)

    with refused(KeyExposed, "writer.key can be read by others (mode 640)", file="writer.key"):
        load_or_create_account(path)


@pytest.mark.parametrize("mode", [0o610, 0o601, 0o604, 0o777])
def test_no_right_of_anybody_else_is_allowed(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "writer.key"
    load_or_create_account(path)
    path.chmod(mode)

    with refused(KeyExposed, f"writer.key can be read by others (mode {mode:o})", file="writer.key"):
        load_or_create_account(path)


def test_its_owner_may_read_or_write_or_run_it(tmp_path: Path) -> None:
    path = tmp_path / "writer.key"
    made = load_or_create_account(path)
    path.chmod(0o700)

    assert load_or_create_account(path).address == made.address


def test_of_two_who_make_a_key_at_once_the_first_ones_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "writer.key"
    beside: list[tuple[str, int]] = []
    fsync = os.fsync

    def another_is_faster(descriptor: int) -> None:
        beside.extend((one.name, one.stat().st_mode & 0o777) for one in tmp_path.iterdir())
        path.write_text("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n")
        path.chmod(0o600)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", another_is_faster)

    account = load_or_create_account(path)

    assert account.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    # What was made for nothing lay beside, under a name nobody else draws, and is gone.
    [(name, mode)] = beside
    assert re.fullmatch(r"writer\.key\.[0-9a-f]{16}\.part", name)
    assert mode == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "no key\n", "00" * 32, "ab" * 31, "ab" * 33, "０" * 64])
def test_a_file_without_a_key_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "writer.key"
    path.write_text(text)
    path.chmod(0o600)

    with refused(BadAccountFile, "writer.key holds no private key", file="writer.key"):
        load_or_create_account(path)
    assert path.read_text() == text
