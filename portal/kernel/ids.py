"""Identifiers: UUID version 7, made here so that any PostgreSQL from 16 on will do.

Source: RFC 9562 section 5.7 (48 bits of Unix milliseconds, then random bits).
"""

import secrets
from datetime import datetime
from uuid import UUID


def new_id(now: datetime) -> UUID:
    """Return a fresh UUIDv7 whose leading bits are ``now``.

    Args:
        now: Aware instant, from the caller's clock.
    """
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return UUID(int=value)
