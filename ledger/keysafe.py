"""Private keys at rest: each under a data key of its own, which a key-encryption key wraps (envelope encryption).

The key-encryption key comes from a secret kept elsewhere, by scrypt (RFC 7914); both layers are AES-256-GCM with
the public key as associated data, so that no file can stand for another. A file appears whole or not at all, and
is never written over.
"""

import json
import os
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.errors import KeyExposed, KeyLocked, Malformed, NotFound
from ledger.keys import SigningKey

FORMAT: Final = "tallystick-key/1"
SCRYPT: Final = {"n": 1 << 15, "r": 8, "p": 1}
"""32 MiB and some 50 ms for every guess."""
_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class KeySafe:
    """A folder of sealed keys.

    Args:
        folder: Made when the first key is put in.
        secret: What the key-encryption key is derived from: a passphrase, or the bytes of a key file.
    """

    folder: Path
    secret: bytes = field(repr=False)

    def known(self) -> tuple[str, ...]:
        """Return the multikeys of all keys in the safe, in a fixed order."""
        return tuple(sorted(path.stem for path in self.folder.glob("z*.json")))

    def put(self, key: SigningKey) -> None:
        """Seal a key into the safe; one that is in it already stays as it is.

        Raises:
            OSError: The file cannot be written.
        """
        path = self._path(key.public.multikey)
        if path.exists():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f".{secrets.token_hex(8)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(self._sealed(key), indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _flush(self.folder)

    def sweep(self) -> None:
        """Throw away what a crash left half written; for who makes sure that nobody puts a key in just now."""
        for draft in self.folder.glob(".*"):
            draft.unlink()

    def take(self, multikey: str, *, did: str) -> SigningKey:
        """Open a key.

        Args:
            multikey: Its public half.
            did: Whom it signs for.

        Raises:
            NotFound: It is not in the safe.
            KeyExposed: Others may read its file.
            KeyLocked: The secret is not the one it was sealed with, or the file was changed.
            Malformed: The file is none of this format.
        """
        path = self._path(multikey)
        if not path.exists():
            raise NotFound(f"the key {multikey} is not in {self.folder}", key=multikey)
        check_private(path)
        try:
            seed = self._opened(json.loads(path.read_bytes()), multikey)
        except (ValueError, KeyError, TypeError) as error:
            raise Malformed(f"{path} holds no sealed key") from error
        return SigningKey(Ed25519PrivateKey.from_private_bytes(seed), did)

    def _path(self, multikey: str) -> Path:
        return self.folder / f"{multikey}.json"

    def _sealed(self, key: SigningKey) -> dict[str, Any]:
        multikey, salt, data_key = key.public.multikey, secrets.token_bytes(_SALT_BYTES), AESGCM.generate_key(256)
        return {
            "format": FORMAT,
            "multikey": multikey,
            "kdf": {"name": "scrypt", "salt": b64encode(salt).decode(), **SCRYPT},
            "dataKey": _encrypted(_derived(self.secret, salt), data_key, multikey),
            "privateKey": _encrypted(data_key, key.private.private_bytes_raw(), multikey),
        }

    def _opened(self, sealed: dict[str, Any], multikey: str) -> bytes:
        salt = b64decode(sealed["kdf"]["salt"], validate=True)
        if sealed["format"] != FORMAT or sealed["kdf"] != {
            "name": "scrypt",
            "salt": sealed["kdf"]["salt"],
            **SCRYPT,
        }:
            raise ValueError("another format")
        try:
            data_key = _decrypted(_derived(self.secret, salt), sealed["dataKey"], multikey)
            return _decrypted(data_key, sealed["privateKey"], multikey)
        except InvalidTag as error:
            raise KeyLocked(f"the secret does not open the key {multikey}", key=multikey) from error


def check_private(path: Path) -> None:
    """Check that nobody but the owner may read a file.

    Raises:
        KeyExposed: Others may.
    """
    mode = path.stat().st_mode
    if mode & _OTHERS:
        raise KeyExposed(f"{path} may be read by others (mode {mode & 0o777:o}); make it 600")


@lru_cache(maxsize=8)
def _derived(secret: bytes, salt: bytes) -> bytes:
    """Return the key-encryption key; kept in memory, because every signature asks for it."""
    return Scrypt(salt=salt, length=_KEY_BYTES, **SCRYPT).derive(secret)


def _encrypted(key: bytes, data: bytes, multikey: str) -> dict[str, str]:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, data, _bound_to(multikey))
    return {"nonce": b64encode(nonce).decode(), "sealed": b64encode(sealed).decode()}


def _decrypted(key: bytes, box: dict[str, str], multikey: str) -> bytes:
    nonce, sealed = (b64decode(box[name], validate=True) for name in ("nonce", "sealed"))
    return AESGCM(key).decrypt(nonce, sealed, _bound_to(multikey))


def _bound_to(multikey: str) -> bytes:
    return f"{FORMAT} {multikey}".encode()


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
