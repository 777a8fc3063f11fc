"""What the portal publishes so that others can read its credentials as linked data."""

from typing import Final

from ledger.dataintegrity.contexts import PASSPORT_PATH, context_bytes

PATH: Final = PASSPORT_PATH
"""Where the context stands: a credential names it under the portal's origin."""


def passport_context() -> bytes:
    """Return the JSON-LD context of our credentials: the pinned file, byte for byte.

    Raises:
        ledger.errors.ContextChanged: The installed file is not the pinned one.
    """
    return context_bytes(f"https://portal.invalid{PATH}")
