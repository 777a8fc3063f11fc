"""Signing keys at rest: what opens them, what does not, and that another implementation sealed the same way."""

import json
import os
import re
from base64 import b64decode
from pathlib import Path

import pytest

from ledger.errors import KeyExposed, KeyLocked, Malformed, NotFound
from ledger.keys import SigningKey
from ledger.keysafe import KeySafe
from support.refusals import refused

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


def test_a_key_is_sealed_with_salt_and_nonces_of_their_sizes_in_a_text_for_people(tmp_path: Path) -> None:
    KeySafe(tmp_path, SECRET).put(SigningKey.from_seed(bytes(range(32)), DID))
    text = (tmp_path / f"{MULTIKEY}.json").read_text(encoding="utf-8")
    assert text.startswith(f'{{\n "format": "tallystick-key/1",\n "multikey": "{MULTIKEY}",\n "kdf": {{\n  "name"')
    assert text.endswith("\n }\n}\n")
    sealed = json.loads(text)
    assert len(b64decode(sealed["kdf"].pop("salt"))) == 16
    assert sealed["kdf"] == {"name": "scrypt", "n": 32768, "r": 8, "p": 1}
    for box in (sealed["dataKey"], sealed["privateKey"]):
        assert {name: len(b64decode(value)) for name, value in box.items()} == {"nonce": 12, "sealed": 48}


def test_the_folder_is_made_for_its_owner_alone_and_takes_more_keys(tmp_path: Path) -> None:
    safe = KeySafe(tmp_path / "deep" / "safe", SECRET)
    keys = [SigningKey.from_seed(bytes([number] * 32), DID) for number in range(2)]
    for key in keys:
        safe.put(key)
    assert safe.folder.stat().st_mode & 0o777 == 0o700
    assert set(safe.known()) == {key.public.multikey for key in keys}


def test_a_key_that_was_half_written_is_not_in_the_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError("no space left")

    safe, key = KeySafe(tmp_path, SECRET), SigningKey.from_seed(bytes(range(32)), DID)
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space left"):
            safe.put(key)
    assert safe.known() == ()
    [draft] = tmp_path.iterdir()
    assert re.fullmatch(r"\.[0-9a-f]{16}", draft.name)
    assert draft.stat().st_mode & 0o777 == 0o600
    safe.put(key)
    assert safe.known() == (MULTIKEY,)


def test_why_a_key_does_not_come_out_is_told(tmp_path: Path) -> None:
    path = tmp_path / f"{MULTIKEY}.json"
    with refused(NotFound, f"the key {MULTIKEY} is not in {tmp_path}", key=MULTIKEY):
        KeySafe(tmp_path, SECRET).take(MULTIKEY, did=DID)
    safe = laid(tmp_path, SEALED_BY_NODE)
    with refused(KeyLocked, f"the secret does not open the key {MULTIKEY}", key=MULTIKEY):
        KeySafe(tmp_path, b"another").take(MULTIKEY, did=DID)
    path.chmod(0o4640)  # set-uid is no concern of ours
    with refused(KeyExposed, f"{path} may be read by others (mode 640); make it 600"):
        safe.take(MULTIKEY, did=DID)
    laid(tmp_path, SEALED_BY_NODE | {"format": "tallystick-key/2"})
    with pytest.raises(Malformed) as refusal:
        safe.take(MULTIKEY, did=DID)
    assert (refusal.value.message, str(refusal.value.__cause__)) == (
        f"{path} holds no sealed key",
        "another format",
    )


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
        {"dataKey": {**SEALED_BY_NODE["dataKey"], "nonce": "AgICAgICAgICAgIC!"}},  # type: ignore[dict-item]
        {"privateKey": None},
    ],
)
def test_other_formats_are_not_tried(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        laid(tmp_path, SEALED_BY_NODE | change).take(MULTIKEY, did=DID)


def test_a_file_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyExposed):
        laid(tmp_path, SEALED_BY_NODE, mode=0o640).take(MULTIKEY, did=DID)


def test_what_a_crash_left_half_written_is_thrown_away_and_keys_are_not(tmp_path: Path) -> None:
    safe = laid(tmp_path, SEALED_BY_NODE)
    (tmp_path / ".5f1c0a9e22d4b870").write_bytes(b'{"format"')
    safe.sweep()
    assert [path.name for path in tmp_path.iterdir()] == [f"{MULTIKEY}.json"]
    KeySafe(tmp_path / "none", SECRET).sweep()
    assert not (tmp_path / "none").exists()
