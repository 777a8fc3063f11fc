"""Who signs: the host company's key, kept in the home folder, and its ``did:web`` at the portal's address."""

import fcntl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ledger.keys import SigningKey, did_web
from ledger.kinds.envelope import Party
from portal.platform.secrets import open_home


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


def load_issuer(home: Path, *, name: str, origin: str, time_zone: str) -> Issuer:
    """Return the issuer, making its key (0600) the first time.

    Args:
        home: The installation's home folder.
        name: Name of the host company.
        origin: The portal's public origin.
        time_zone: IANA name.

    Raises:
        ledger.errors.KeyExposed: Others may read the key file.
    """
    did = issuer_did(origin)
    folder = open_home(home) / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "issuer.pem"
    with (folder / "issuer.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            SigningKey.generate(did).save(path)
    return Issuer(SigningKey.load(path, did), name, origin, ZoneInfo(time_zone))
