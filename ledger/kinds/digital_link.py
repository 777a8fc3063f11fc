"""GS1 Digital Link URIs: what a credential's subject is called, and what a printed code opens.

Sources: GS1 Digital Link URI Syntax 1.2 sections 4 (path of key and qualifier) and 4.11 (canonical form), GS1
General Specifications (GTIN, batch or lot, serial number, Global Location Number).
"""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from ledger.errors import BadFacts, BadGTIN, BadLot

GS1_ORIGIN: Final = "https://id.gs1.org"
_GTIN: Final = re.compile(r"[0-9]{14}")
_GLN: Final = re.compile(r"[0-9]{13}")
_SET_82: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
# The most fine-grained pair of keys an event hash knows, of those that we write.
_PATH: Final = re.compile(
    r"https?://[^/?#]+(?:/[^?#]*)?(?:(/01/[0-9]{14})(?:/10/[^/?#]+(?=/21/))?((?:/10/|/21/)[^/?#]+)?|(/41[47]/[0-9]{13}))"
    r"(?:\?[^#]*)?"
)


def check_gtin(gtin: str) -> None:
    """Check a GTIN-14 (GS1 General Specifications 7.9: weights 3 and 1, modulo 10).

    Raises:
        BadGTIN: Not 14 digits, or another check digit.
    """
    if not _GTIN.fullmatch(gtin):
        raise BadGTIN(f"{gtin!r} has not 14 digits", gtin=gtin)
    if _check_sum(gtin):
        raise BadGTIN(f"the check digit of {gtin} is wrong", gtin=gtin)


def _check_sum(digits: str) -> int:
    """Return 0 when the last digit is the check digit of those before it."""
    weighted = (int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return sum(weighted) % 10


def digital_link(base_url: str, gtin: str, lot: str) -> str:
    """Return the GS1 Digital Link URI of a lot: ``{base}/01/{gtin}/10/{lot}``, the lot percent-encoded.

    Raises:
        BadGTIN: See :func:`check_gtin`.
        BadLot: Empty, longer than 20 characters, or outside GS1 character set 82.
        BadFacts: ``base_url`` is not the scheme and host of a web address.
    """
    return f"{item_link(base_url, gtin)}/10/{_qualifier(lot)}"


def serial_link(base_url: str, gtin: str, serial: str) -> str:
    """Return the GS1 Digital Link URI of one piece: ``{base}/01/{gtin}/21/{serial}``, the serial percent-encoded.

    Raises:
        BadGTIN: See :func:`check_gtin`.
        BadLot: The serial is empty, longer than 20 characters, or outside GS1 character set 82.
        BadFacts: ``base_url`` is not the scheme and host of a web address.
    """
    return f"{item_link(base_url, gtin)}/21/{_qualifier(serial)}"


def item_link(base_url: str, gtin: str) -> str:
    """Return the GS1 Digital Link URI of a product, whatever its lot: ``{base}/01/{gtin}``.

    Raises:
        BadGTIN: See :func:`check_gtin`.
        BadFacts: ``base_url`` is not the scheme and host of a web address.
    """
    check_gtin(gtin)
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or base_url != f"{parts.scheme}://{parts.netloc}":
        raise BadFacts(f"{base_url!r} is not a scheme and a host", base_url=base_url)
    return f"{base_url}/01/{gtin}"


def _qualifier(value: str) -> str:
    if not _SET_82.fullmatch(value):
        raise BadLot(f"{value!r} is no GS1 lot or serial number", lot=value)
    return quote(value, safe="")


def location_link(gln: str) -> str:
    """Return the canonical GS1 Digital Link URI of a physical location: ``https://id.gs1.org/414/{gln}``.

    Raises:
        BadFacts: Not 13 digits, or another check digit (GS1 General Specifications 7.9).
    """
    if not _GLN.fullmatch(gln) or _check_sum(gln):
        raise BadFacts(f"{gln!r} is not a Global Location Number", gln=gln)
    return f"{GS1_ORIGIN}/414/{gln}"


def canonical_link(uri: str) -> str:
    """Return a Digital Link as event hashes spell it: GS1's own host, the finest key, no query (CBV 2.0, 8.9).

    Whatever is not a Digital Link of goods, lots, pieces, places or parties stays as it is.
    """
    found = _PATH.fullmatch(uri)
    if found is None:
        return uri
    item, qualifier, place = found.groups()
    return f"{GS1_ORIGIN}{place or item + (qualifier or '')}"
