"""The JSON-LD contexts this installation knows: files in the package, pinned by SHA-256.

What a context says decides what was signed (vc-data-integrity section 2.4), so none is ever fetched: an
address that is not in ``ledger/contexts/manifest.json`` is refused. A manifest address that is only a path is
our own context, which every portal publishes under its own origin.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from ledger.canonical import sha256
from ledger.errors import ContextChanged, UnknownContext

PASSPORT_PATH: Final = "/contexts/passport/v1"
"""Where every portal publishes ``ledger/contexts/passport-v1.jsonld``, under its own origin."""
_FOLDER = files("ledger") / "contexts"


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of the manifest.

    Args:
        address: The context's, or only a path where every portal publishes it.
        sha256: Digest of the file, hexadecimal.
        published: Digests of the same context as its publisher spells it, hexadecimal (SHA-256, SHA-384): the
            Recommendation's, and those of the candidate that the W3C's suite still tells.
    """

    address: str
    file: str
    sha256: str
    published: tuple[str, ...] = ()


@cache
def pins() -> dict[str, Pin]:
    """Return the manifest by address."""
    entries = json.loads((_FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return {
        entry["address"]: Pin(entry["address"], entry["file"], entry["sha256"], tuple(entry.get("published", ())))
        for entry in entries
    }


def context_bytes(address: str) -> bytes:
    """Return the file of a context.

    Args:
        address: The context's URL; ``https://any.host/contexts/passport/v1`` is our own.

    Raises:
        UnknownContext: It is not pinned.
        ContextChanged: The installed file is not the one that was pinned.
    """
    pin = pins().get(address) or pins().get(_own_path(address))
    if pin is None:
        raise UnknownContext(f"the context {address} is not one of the pinned ones", context=address)
    return _checked(pin)


@cache
def _checked(pin: Pin) -> bytes:
    data = (_FOLDER / pin.file).read_bytes()
    if sha256(data).hex() != pin.sha256:
        raise ContextChanged(f"{pin.file} is not the file that was pinned", context=pin.address)
    return data


def known_digests(address: str) -> frozenset[bytes]:
    """Return the digests a credential may rightly say of a context: ours of the file, and its publisher's."""
    pin = pins().get(address)
    return frozenset(map(bytes.fromhex, (pin.sha256, *pin.published))) if pin else frozenset()


def _own_path(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    plain = parts.scheme in ("http", "https") and parts.netloc and not parts.query and not parts.fragment
    return parts.path if plain else ""


def load_context(address: str, _options: Any = None) -> dict[str, Any]:
    """Return a context as pyld's document loaders do; the network is never asked.

    Raises:
        UnknownContext: See :func:`context_bytes`.
        ContextChanged: See :func:`context_bytes`.
    """
    document = json.loads(context_bytes(address))
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": document,
    }
