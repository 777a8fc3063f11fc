"""Secrets of one installation: made on first use, kept in the home folder, readable by its owner only."""

import os
import secrets
from pathlib import Path


def open_home(home: Path) -> Path:
    """Make the home folder if it is missing, closed to everybody else (0700); returns it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def home_secret(home: Path, name: str) -> bytes:
    """Return the 32 random bytes kept in ``home/keys/name``, making them the first time.

    Two processes that start at once get the same bytes: the file appears whole or not at all.
    """
    folder = open_home(home) / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    return random_file(folder / name)


def random_file(path: Path) -> bytes:
    """Return the 32 random bytes kept in a file (0600), making them the first time; in a folder that is there."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
