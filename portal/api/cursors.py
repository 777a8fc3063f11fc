"""Cursors: places in an ordered list, opaque to the reader."""

import base64
import binascii

from portal.api.errors import BadPage
from portal.api.limits import MAX_FIRST

_MARK = "row:"
_FURTHEST = 1_000_000


def to_cursor(position: int) -> str:
    """Return the cursor of the row at ``position``, counted from 0."""
    return base64.urlsafe_b64encode(f"{_MARK}{position}".encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> int:
    """Return the position a cursor stands for.

    Raises:
        BadPage: It is none of ours.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        position = int(text.removeprefix(_MARK))
    except (binascii.Error, ValueError) as error:
        raise BadPage("The cursor is none of ours.", what="after") from error
    if to_cursor(position) != cursor or not 0 <= position <= _FURTHEST:
        raise BadPage("The cursor is none of ours.", what="after")
    return position


def check_first(first: int) -> None:
    """Refuse a page length out of range.

    Raises:
        BadPage: It is not 1 to 100.
    """
    if not 1 <= first <= MAX_FIRST:
        raise BadPage(f"first must be 1 to {MAX_FIRST}, not {first}.", what="first")


def cursor_in_sql(position: str) -> str:
    """Return SQL for the cursor of a row, as ``to_cursor`` makes it.

    Args:
        position: SQL of the position, from code.
    """
    mark = f"convert_to('{_MARK}' || {position}, 'UTF8')"
    return f"rtrim(translate(encode({mark}, 'base64'), '+/', '-_'), '=')"
