"""Who signs: the host company at its ``did:web``, and where the keys of this installation lie.

Private keys are sealed in ``keys/issuer/`` of the home folder (``ledger.keysafe``). What opens them lies
elsewhere: a passphrase, a file named by ``TALLY_KEY_FILE``, or ``key-encryption.key`` beside the folder of keys,
made when it is first needed.
Which key signs is the key history's to say (``portal.passports.keyring``).
"""

import fcntl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ledger.keys import SigningKey, did_web
from ledger.keysafe import KeySafe, check_private
from ledger.kinds.envelope import Party
from portal.kernel.errors import Malformed
from portal.platform.config import Settings
from portal.platform.secrets import open_home, random_file

MIN_SECRET_BYTES = 12


class KeySecretTooShort(Malformed):
    """The passphrase or the key file is too short to keep anybody out."""

    code = "key_secret_too_short"


@dataclass(frozen=True, slots=True)
class Issuer:
    """All that signing needs.

    Attributes:
        key: The signing key, bound to the DID.
        name: Name of the host company as the passport shows it.
        origin: Scheme and host of the portal, without a trailing slash.
        zone: Time zone of the company's dates.
    """

    key: SigningKey
    name: str
    origin: str
    zone: ZoneInfo

    @property
    def party(self) -> Party:
        """The issuer as a credential names it."""
        return Party(id=self.key.did, name=self.name)


def issuer_did(origin: str) -> str:
    """Return the ``did:web`` of a portal's origin."""
    return did_web(urlsplit(origin).netloc)


def open_safe(settings: Settings) -> KeySafe:
    """Return the safe of this installation; a key of before there was a safe is moved in.

    Args:
        settings: Home folder, key file, passphrase.

    Raises:
        KeySecretTooShort: See there.
        ledger.errors.KeyExposed: Others may read a key file.
        ledger.errors.KeyLocked: The key of before was moved in under another secret.
    """
    folder = open_home(settings.home) / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    safe = KeySafe(folder / "issuer", _secret(settings))
    if (folder / "issuer.pem").exists():
        with (folder / "issuer.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _move_in(folder / "issuer.pem", safe)
    return safe


def _secret(settings: Settings) -> bytes:
    if settings.key_passphrase:
        secret = settings.key_passphrase.encode()
    else:
        path = Path(settings.key_file) if settings.key_file else settings.home / "key-encryption.key"
        if not settings.key_file:
            random_file(path)
        check_private(path)
        secret = path.read_bytes()
    if len(secret) < MIN_SECRET_BYTES:
        raise KeySecretTooShort(
            f"What opens the keys has {len(secret)} bytes; at least {MIN_SECRET_BYTES} are needed.",
            least=MIN_SECRET_BYTES,
        )
    return secret


def _move_in(pem: Path, safe: KeySafe) -> None:
    """Seal the key that lay open until now; its file goes only when the sealed one has been opened."""
    if pem.exists():
        key = SigningKey.load(pem, "did:web:moved")
        safe.put(key)
        safe.take(key.public.multikey, did=key.did)
        pem.unlink()
