"""What the portal publishes so that others can read its credentials as linked data."""

from typing import Final

from ledger.dataintegrity.contexts import PASSPORT_PATH, context_bytes, pins

PATH: Final = PASSPORT_PATH
"""Where the context stands: a credential names it under the portal's origin."""


def passport_context() -> bytes:
    """Return the JSON-LD context of our credentials: the pinned file, byte for byte.

    Raises:
        ledger.errors.ContextChanged: The installed file is not the pinned one.
    """
    return context_bytes(f"https://portal.invalid{PATH}")


def pinned_file(name: str) -> bytes | None:
    """Return a pinned context by the name of its file, for the browser's reader; ``None`` when there is none."""
    address = next((pin.address for pin in pins().values() if pin.file == name), None)
    return None if address is None else passport_context() if address == PATH else context_bytes(address)


def pinned_files() -> dict[str, bytes]:
    """Return every pinned context by the name of its file, in order: what a reader without a network needs."""
    files = sorted(pin.file for pin in pins().values())
    return {file: data for file in files if (data := pinned_file(file)) is not None}
