"""What a passport is of: a whole lot, or one piece of it; and the address its printed code carries.

Source: GS1 Digital Link URI Syntax 1.2 section 4: a GTIN, then batch or lot (10), then serial number (21), either
of which may be left out. A serial number is unique within its GTIN, so a piece's address needs no lot.
"""

from dataclasses import dataclass

from ledger.errors import BadLot
from ledger.kinds.digital_link import digital_link, serial_link
from portal.kernel.errors import Malformed


class LotNotPrintable(Malformed):
    """The lot's code cannot stand in a GS1 code: 1 to 20 letters, digits and signs of its set."""

    code = "lot_not_printable"


class SerialNotPrintable(Malformed):
    """The serial number cannot stand in a GS1 code: 1 to 20 letters, digits and signs of its set."""

    code = "serial_not_printable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A lot, or one piece.

    Attributes:
        gtin: 14 digits.
        lot_code: The lot; of a piece the lot it is of, empty where only its address is known.
        serial: The serial number of the one piece; empty for a whole lot.
    """

    gtin: str
    lot_code: str = ""
    serial: str = ""

    @property
    def about(self) -> str:
        """What its passports are about; of two about the same thing the newer one counts."""
        return f"piece/{self.gtin}/{self.serial}" if self.serial else f"lot/{self.gtin}/{self.lot_code}"


def passport_link(origin: str, bearer: Bearer) -> str:
    """Return the address of a passport's page, as its code carries it (GS1 Digital Link).

    Args:
        origin: Scheme and host of the portal.
        bearer: The lot or the piece.

    Raises:
        LotNotPrintable: The lot's code cannot stand in a GS1 code.
        SerialNotPrintable: The serial number cannot.
    """
    try:
        if bearer.serial:
            return serial_link(origin, bearer.gtin, bearer.serial)
        return digital_link(origin, bearer.gtin, bearer.lot_code)
    except BadLot as error:
        if bearer.serial:
            raise SerialNotPrintable(
                f"Serial number {bearer.serial!r} cannot stand in a GS1 code.", serial=bearer.serial
            ) from error
        raise LotNotPrintable(
            f"Lot {bearer.lot_code!r} cannot stand in a GS1 code.", lot=bearer.lot_code
        ) from error
