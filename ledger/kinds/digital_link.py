"""GS1 Digital Link URIs: what a credential's subject is called, and what a printed code opens.

Sources: GS1 Digital Link URI Syntax 1.2 section 4 (path of key and qualifier), GS1 General Specifications
(GTIN, batch or lot).
"""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from ledger.errors import BadFacts, BadGTIN, BadLot

_GTIN: Final = re.compile(r"[0-9]{14}")
_LOT: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")


def check_gtin(gtin: str) -> None:
    """Check a GTIN-14 (GS1 General Specifications 7.9: weights 3 and 1, modulo 10).

    Raises:
        BadGTIN: Not 14 digits, or another check digit.
    """
    if not _GTIN.fullmatch(gtin):
        raise BadGTIN(f"{gtin!r} has not 14 digits", gtin=gtin)
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(gtin))
    if total % 10:
        raise BadGTIN(f"the check digit of {gtin} is wrong", gtin=gtin)


def digital_link(base_url: str, gtin: str, lot: str) -> str:
    """Return the GS1 Digital Link URI of a lot: ``{base}/01/{gtin}/10/{lot}``, the lot percent-encoded.

    Raises:
        BadGTIN: See :func:`check_gtin`.
        BadLot: Empty, longer than 20 characters, or outside GS1 character set 82.
        BadFacts: ``base_url`` is not the scheme and host of a web address.
    """
    check_gtin(gtin)
    if not _LOT.fullmatch(lot):
        raise BadLot(f"{lot!r} is no GS1 lot number", lot=lot)
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or base_url != f"{parts.scheme}://{parts.netloc}":
        raise BadFacts(f"{base_url!r} is not a scheme and a host", base_url=base_url)
    return f"{base_url}/01/{gtin}/10/{quote(lot, safe='')}"
