"""The code printed on goods: a QR code of the passport's Digital Link and fingerprint."""

import segno

RIM = 4
"""Modules that stay white around a code (ISO/IEC 18004)."""


def printed_code(link: str) -> segno.QRCode:
    """Return the code of a link, at error correction M: readable with 15 % of it damaged."""
    return segno.make(link, error="m", micro=False, boost_error=False)
