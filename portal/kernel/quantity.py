"""Quantities: whole numbers of a product's quantum, and exact conversions between units.

A product has a base unit (piece, kilogram) and a number of decimals; its *quantum* is ``10**-decimals``
base units. Stock, promises and orders are integers of that quantum, so nothing is ever rounded unseen.
Sources: ``domain.md`` 4b-5; UN/ECE Recommendation 20 for unit codes.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from portal.kernel.errors import Malformed, Refused

MAX_QUANTA = 2**62
"""Largest magnitude accepted, below PostgreSQL's ``bigint`` limit with room to add two."""

# Beyond this many digits before or after the point the exact arithmetic itself would be an attack.
_DIGITS = 40


class NotAQuantity(Malformed):
    """The text is not a finite decimal number."""

    code = "not_a_quantity"


class QuantityTooFine(Refused):
    """The number has more decimals than the product's quantum can hold."""

    code = "quantity_too_fine"


class QuantityTooLarge(Refused):
    """The number is beyond what can be stored exactly."""

    code = "quantity_too_large"


def to_quanta(text: str | int | Decimal, *, decimals: int) -> int:
    """Read a decimal number of base units as whole quanta.

    Args:
        text: Number as written ("12", "1,200.5"); thousands separators are allowed.
        decimals: Decimals of the product's base unit, 0 or more.

    Raises:
        NotAQuantity: Not a number, infinite or not-a-number.
        QuantityTooFine: More decimals than ``decimals``.
        QuantityTooLarge: Magnitude beyond ``MAX_QUANTA``.
    """
    try:
        number = Decimal(str(text).strip().replace(",", ""))
    except InvalidOperation as error:
        raise NotAQuantity(f"{text!r} is not a number.", text=str(text)) from error
    if not number.is_finite():
        raise NotAQuantity(f"{text!r} is not a finite number.", text=str(text))
    if abs(number.adjusted()) > _DIGITS or len(number.as_tuple().digits) > _DIGITS:
        raise QuantityTooLarge(f"{text} is beyond what is stored exactly.", text=str(text))
    quanta = Fraction(number) * Fraction(10) ** decimals
    if quanta.denominator != 1:
        raise QuantityTooFine(f"{text} has more than {decimals} decimals.", text=str(text), decimals=decimals)
    if abs(quanta.numerator) > MAX_QUANTA:
        raise QuantityTooLarge(f"{text} is beyond what is stored exactly.", text=str(text))
    return quanta.numerator


def to_text(quanta: int, *, decimals: int) -> str:
    """Write quanta as a decimal number of base units, without trailing zeros or grouping."""
    number = Decimal(quanta).scaleb(-decimals)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Packs:
    """A quantity counted in whole packs, with what is left over.

    Attributes:
        packs: Whole packs, same sign as the quantity.
        remainder: Quanta beyond the whole packs, same sign as the quantity.
    """

    packs: int
    remainder: int


def in_packs(quanta: int, *, pack_quanta: int) -> Packs:
    """Split quanta into whole packs and a remainder; nothing is lost or rounded.

    Args:
        quanta: Any whole number of quanta.
        pack_quanta: Quanta in one pack, 1 or more.
    """
    sign = -1 if quanta < 0 else 1
    packs, remainder = divmod(abs(quanta), pack_quanta)
    return Packs(packs=sign * packs, remainder=sign * remainder)
