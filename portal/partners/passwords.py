"""Passwords: argon2id, rehashed when the parameters grow, the same work for an e-mail nobody has.

Source: RFC 9106 section 4, second recommended option (64 MiB, three passes), argon2-cffi's default profile.
"""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """Return an argon2id string of a password, with a fresh salt."""
    return _HASHER.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Tell whether a password is the stored one.

    Args:
        password: As typed.
        stored: The argon2id string; ``None`` when there is no such person: then a hash of our own is checked, so
            that the answer takes as long, and is no.
    """
    try:
        _HASHER.verify(stored or _decoy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _decoy() -> str:
    return _HASHER.hash("nobody has this password")
