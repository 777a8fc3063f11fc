"""Identifiers: UUID version 7, made here so that any PostgreSQL from 16 on will do.

Source: RFC 9562 section 5.7 (48 bits of Unix milliseconds, then random bits) and section 6.2, method 2: within
one millisecond of one process the random part only grows, so identifiers order things as they were made.
"""

import os
from datetime import datetime
from threading import Lock
from uuid import UUID

_STEP_BYTES = 4
_TAIL_BITS = 74
_LOW_BITS = 62
_DRAWN = 4096
"""Random bytes asked of the system at once: each time, this thread gives way to every other that can run."""

_lock = Lock()
_last = (-1, 0)
_random = b""
_drawn_by = 0


def new_id(now: datetime) -> UUID:
    """Return a fresh UUIDv7 whose leading bits are ``now``.

    Args:
        now: Aware instant, from the caller's clock.
    """
    milliseconds = int(now.timestamp() * 1000)
    tail = _next_tail(milliseconds)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (tail >> _LOW_BITS) << 64
    value |= 0b10 << 62
    value |= tail & ((1 << _LOW_BITS) - 1)
    return UUID(int=value)


def _next_tail(milliseconds: int) -> int:
    """Return the 74 bits after the time: random, or the last ones and a random step within one millisecond."""
    global _last  # noqa: PLW0603 - the one piece of state the standard's method needs
    with _lock:
        if _last[0] == milliseconds:
            tail = _last[1] + 1 + _random_number(_STEP_BYTES)
        else:
            # The highest bit stays free, so that steps cannot run over the end.
            tail = _random_number(10) >> (80 - _TAIL_BITS + 1)
        _last = (milliseconds, tail)
        return tail


def _random_number(size: int) -> int:
    """Return a number of so many random bytes, each used once; the lock is held."""
    global _random, _drawn_by
    # A forked process has its parent's rest, and would make its parent's identifiers.
    if len(_random) < size or _drawn_by != os.getpid():
        _random, _drawn_by = os.urandom(_DRAWN), os.getpid()
    taken, _random = _random[:size], _random[size:]
    return int.from_bytes(taken)
