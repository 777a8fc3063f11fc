"""The demo's passwords: made on the spot, shown at every start, kept in a file only its owner can read.

They exist in a demo home only; a real installation's people choose theirs.
"""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "demo-logins.json"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Login:
    """One person of the demo company and the way in.

    Attributes:
        role: ``customer``, ``supplier``, ``auditor`` or ``operator``.
        tier: ``ordinary``, ``key`` or ``strategic`` for a customer, else empty.
        email: What to sign in with.
        password: Four groups of four letters, 79 bits.
    """

    role: str
    tier: str
    email: str
    password: str


def has_logins(home: Path) -> bool:
    """Tell whether ``home`` is a demo's."""
    return (home / _FILE).exists()


def demo_logins(home: Path, people: Iterable[tuple[str, str, str]]) -> list[Login]:
    """Return the demo's logins, making them the first time.

    Args:
        home: The home folder.
        people: Role, tier and address of each person to make a login for.
    """
    file = home / _FILE
    if not file.exists():
        logins = [Login(role, tier, email, _password()) for role, tier, email in people]
        draft = home / f".{_FILE}"
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump([asdict(login) for login in logins], out, indent=1)
        draft.replace(file)
    return [Login(**entry) for entry in json.loads(file.read_text())]


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
