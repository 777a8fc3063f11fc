"""Signing keys at rest: what opens them, what does not, and that another implementation sealed the same way."""

import json
from pathlib import Path

import pytest

from ledger.errors import KeyExposed, KeyLocked, Malformed, NotFound
from ledger.keys import SigningKey
from ledger.keysafe import KeySafe

DID = "did:web:portal.example"
SECRET = b"correct horse battery"
SEALED_BY_NODE = {
    "format": "tallystick-key/1",
    "multikey": "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd",
    "kdf": {"name": "scrypt", "salt": "AQEBAQEBAQEBAQEBAQEBAQ==", "n": 32768, "r": 8, "p": 1},
    "dataKey": {
        "nonce": "AgICAgICAgICAgIC",
        "sealed": "Ct+N16dJoR3s2oa1ig9+MgvZ8+oHnviG1DkPz2wn+uZ/KbrlMtLxE1lEqhfZ+IPR",
    },
    "privateKey": {
        "nonce": "AwMDAwMDAwMDAwMD",
        "sealed": "wmuPZjl9vOp3MHB+C2odgGl2OTS59Hj7q1bM2zIctE4F1j8O66k+VeKF5VGpJ84k",
    },
}
"""The key of the seed 00 01 … 1f, by scrypt and AES-256-GCM of Node's own crypto."""
MULTIKEY = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"


def laid(folder: Path, sealed: object, *, mode: int = 0o600) -> KeySafe:
    path = folder / f"{MULTIKEY}.json"
    path.write_text(json.dumps(sealed), encoding="utf-8")
    path.chmod(mode)
    return KeySafe(folder, SECRET)


def test_a_key_sealed_by_another_implementation_opens(tmp_path: Path) -> None:
    opened = laid(tmp_path, SEALED_BY_NODE).take(MULTIKEY, did=DID)
    assert opened.private.private_bytes_raw() == bytes(range(32))
    assert opened.did == DID


def test_a_key_comes_out_as_it_went_in_and_its_file_holds_nothing_of_it(tmp_path: Path) -> None:
    safe, key = KeySafe(tmp_path / "safe", SECRET), SigningKey.from_seed(bytes(range(32)), DID)
    assert safe.known() == ()
    safe.put(key)
    [path] = (tmp_path / "safe").iterdir()
    first = path.read_bytes()
    safe.put(key)
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert bytes(range(32)).hex() not in first.decode()
    assert safe.known() == (MULTIKEY,)
    assert safe.take(MULTIKEY, did=DID).sign(b"x") == key.sign(b"x")
    assert "correct" not in repr(safe)


def test_another_secret_does_not_open_it(tmp_path: Path) -> None:
    laid(tmp_path, SEALED_BY_NODE)
    with pytest.raises(KeyLocked):
        KeySafe(tmp_path, b"correct horse batterY").take(MULTIKEY, did=DID)


def test_a_file_does_not_stand_for_another_key(tmp_path: Path) -> None:
    safe = laid(tmp_path, SEALED_BY_NODE)
    other = SigningKey.from_seed(bytes(32), DID).public.multikey
    (tmp_path / f"{MULTIKEY}.json").rename(tmp_path / f"{other}.json")
    with pytest.raises(KeyLocked):
        safe.take(other, did=DID)
    with pytest.raises(NotFound):
        safe.take(MULTIKEY, did=DID)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "tallystick-key/2"},
        {"kdf": {**SEALED_BY_NODE["kdf"], "n": 2}},  # type: ignore[dict-item]
        {"kdf": {**SEALED_BY_NODE["kdf"], "salt": "?"}},  # type: ignore[dict-item]
        {"dataKey": {"nonce": "AgIC"}},
        {"privateKey": None},
    ],
)
def test_other_formats_are_not_tried(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        laid(tmp_path, SEALED_BY_NODE | change).take(MULTIKEY, did=DID)


def test_a_file_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyExposed):
        laid(tmp_path, SEALED_BY_NODE, mode=0o640).take(MULTIKEY, did=DID)
