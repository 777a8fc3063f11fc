"""Secrets are made once, whole, and for their owner only."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.platform.secrets import home_secret, open_home


def test_the_home_folder_is_closed_to_everybody_else(tmp_path: Path) -> None:
    home = open_home(tmp_path / "deep" / "home")
    assert home.stat().st_mode & 0o777 == 0o700
    assert open_home(home) == home


def test_a_secret_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    first = home_secret(tmp_path / "home", "session.key")
    assert len(first) == 32
    assert home_secret(tmp_path / "home", "session.key") == first
    assert home_secret(tmp_path / "home", "other.key") != first
    path = tmp_path / "home" / "keys" / "session.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in path.parent.iterdir()) == ["other.key", "session.key"]


def test_two_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda _: home_secret(tmp_path, "session.key"), range(64)))
    assert len(found) == 1


def test_the_slower_of_two_takes_what_the_faster_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(_draft: Path, path: Path) -> None:
        path.write_bytes(b"f" * 32)
        raise FileExistsError

    monkeypatch.setattr(os, "link", link)
    assert home_secret(tmp_path, "session.key") == b"f" * 32
    assert [one.name for one in (tmp_path / "keys").iterdir()] == ["session.key"]
