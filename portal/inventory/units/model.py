"""Rules of units: exact conversion, whole units with a remainder, what a ratio must be, the smallest order.

A ratio says how many base units one unit holds; it is a fraction and never a rounded number, so converting there
and back is the identity (``domain.md`` 4b-5). Only whole quanta of the product are ever booked; whoever asks for
less than a quantum is refused and told the two nearest quantities that exist.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor
from uuid import UUID

from portal.kernel.errors import Conflict, Malformed, NotFound, Refused
from portal.kernel.quantity import MAX_QUANTA
from portal.kernel.units import CASE, FINER, STANDARD, Level, code_of, factor_between

MAX_TERM = 10**15
"""Largest numerator or denominator of a ratio: fits ``bigint`` with room, and no pallet holds more."""

ALWAYS = date(2000, 1, 1)
"""First day of a ratio that always held, as far as the books go."""

LABEL_LENGTH = 12
"""Most characters of an own name: it stands beside figures."""

_DIGITS = 60
_OWN_CODE = re.compile(r"[A-Za-z0-9]{2,8}")


class UnknownUnit(NotFound):
    """The product is not counted in that unit on that day."""

    code = "unknown_unit"


class UnitUnknown(Malformed):
    """The text names no unit we know, and is no code of one's own."""

    code = "unit_unknown"


class BadRatio(Refused):
    """A ratio is zero, negative, or beyond what can be kept exactly."""

    code = "bad_ratio"


class NotARatio(Malformed):
    """The text is neither a decimal number nor a fraction."""

    code = "not_a_ratio"


class UnitByStandard(Refused):
    """The ratio of the unit is fixed by definition, so a product can have no other."""

    code = "unit_by_standard"


class UnitOverlaps(Conflict):
    """On some day the product would have two ratios for one unit, or two units of one level."""

    code = "unit_overlaps"


class ValidityReversed(Refused):
    """A ratio would end before it begins."""

    code = "unit_validity_reversed"


class NotExact(Refused):
    """A quantity is no whole number of the product's quanta."""

    code = "quantity_not_exact"


class BelowMinimum(Refused):
    """A quantity is below the smallest order."""

    code = "below_minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductUnit:
    """A unit of a product on the days it is valid.

    Attributes:
        code: UN/ECE code, or an own one.
        per_base: Base units in one unit, above zero.
        level: Level of a package; ``None`` for a unit that is none.
        valid_from: First day; ``None`` where it always was so.
        valid_until: Last day, inclusive; ``None`` while no end is known.
        label_zh: Own Chinese name; empty for the usual one.
        label_en: Own English name; empty for the usual one.
    """

    code: str
    per_base: Fraction
    level: Level | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    label_zh: str = ""
    label_en: str = ""

    def holds_on(self, day: date) -> bool:
        """Tell whether the ratio is valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def name(self, language: str) -> str:
        """Return its short name in ``zh`` or ``en``; the code itself where it has none."""
        standard = STANDARD.get(self.code)
        zh = self.label_zh or (standard.zh if standard else self.label_en or self.code)
        en = self.label_en or (standard.en if standard else self.label_zh or self.code)
        return en if language == "en" else zh


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDraft:
    """A unit of a product as someone writes it down.

    Attributes:
        product_id: The product.
        code: UN/ECE code, or an own one.
        per_base: Base units in one unit.
        valid_from: First day.
        valid_until: Last day, inclusive; ``None`` while no end is known.
        level: Level of a package; ``None`` for a unit that is none.
        label_zh: Own Chinese name; empty for the usual one.
        label_en: Own English name; empty for the usual one.
    """

    product_id: UUID
    code: str
    per_base: Fraction
    valid_from: date
    valid_until: date | None = None
    level: Level | None = None
    label_zh: str = ""
    label_en: str = ""

    @property
    def unit(self) -> ProductUnit:
        """The unit it would make."""
        return ProductUnit(
            code=self.code,
            per_base=self.per_base,
            level=self.level,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            label_zh=self.label_zh,
            label_en=self.label_en,
        )


@dataclass(frozen=True, slots=True)
class Split:
    """A quantity in whole units and what is left over; nothing is rounded.

    Attributes:
        whole: Whole units, same sign as the quantity.
        rest: What is left, in ``rest_unit``, same sign as the quantity; less than one unit.
        rest_unit: The unit of ``rest``: the base unit, or a finer one where that is a whole number.
    """

    whole: int
    rest: Fraction
    rest_unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The units of one product on one day.

    Attributes:
        sku: The product, for refusals.
        base: Code of the base unit.
        decimals: Decimals of the base unit; the quantum is ``10**-decimals`` of it.
        known: The units with a ratio of their own, the smallest first.
    """

    sku: str
    base: str
    decimals: int
    known: tuple[ProductUnit, ...] = ()

    def per_base(self, code: str) -> Fraction:
        """Return how many base units one unit holds.

        The product's own ratios come first, then definitions (1 kg is 1,000 g), also through a unit of its own.

        Raises:
            UnknownUnit: Neither the product nor a definition knows the unit.
        """
        for unit in self.known:
            if unit.code == code:
                return unit.per_base
        for step, size in ((self.base, Fraction(1)), *((unit.code, unit.per_base) for unit in self.known)):
            factor = factor_between(code, step)
            if factor is not None:
                return factor * size
        known = ", ".join((self.base, *(unit.code for unit in self.known)))
        raise UnknownUnit(
            f"{self.sku} is not counted in {code}, only in {known}.", sku=self.sku, unit=code, known=known
        )

    def convert(self, number: Fraction, *, from_: str, to: str) -> Fraction:
        """Return a number of one unit as the exact number of another.

        Raises:
            UnknownUnit: One of the units is not known.
        """
        return number * self.per_base(from_) / self.per_base(to)

    def quanta(self, number: Fraction, code: str) -> int:
        """Return a number of units as whole quanta, as stock is booked.

        Raises:
            UnknownUnit: The unit is not known.
            NotExact: It is no whole number of quanta; the nearest two, in the base unit, are told.
        """
        exact: Fraction = self.convert(number, from_=code, to=self.base) * 10**self.decimals
        if exact.denominator == 1 and abs(exact.numerator) <= MAX_QUANTA:
            return exact.numerator
        below = Fraction(floor(exact), 10**self.decimals)
        above = below + Fraction(1, 10**self.decimals)
        asked, low, high = exact_text(number), exact_text(below), exact_text(above)
        raise NotExact(
            f"{asked} {code} of {self.sku} is not exact: {low} or {high} {self.base} is.",
            sku=self.sku,
            asked=asked,
            unit=code,
            below=low,
            above=high,
            base=self.base,
        )

    def split(self, quanta: int, code: str) -> Split:
        """Return quanta as whole units and a remainder in the base unit, or in a finer one below one base unit.

        ``12 kg`` in portions of ``35 g`` is ``342`` portions and ``30 g``.

        Raises:
            UnknownUnit: The unit is not known.
        """
        size = self.per_base(code) * 10**self.decimals
        sign = -1 if quanta < 0 else 1
        whole, left = divmod(abs(quanta) * size.denominator, size.numerator)
        rest, unit = self._told(Fraction(left, size.denominator * 10**self.decimals))
        return Split(sign * whole, sign * rest, unit)

    def at_level(self, level: Level) -> ProductUnit:
        """Return the largest package that is not above ``level``; the base unit where there is none."""
        fitting = [unit for unit in self.known if unit.level is not None and unit.level.rank <= level.rank]
        plain = ProductUnit(code=self.base, per_base=Fraction(1), level=Level.EACH)
        return max(fitting, key=lambda unit: unit.level.rank if unit.level else 0, default=plain)

    def _told(self, rest: Fraction) -> tuple[Fraction, str]:
        standard = STANDARD.get(self.base)
        if standard is None or rest >= 1 or rest.denominator == 1:
            return rest, self.base
        for finer in FINER.get(standard.measures, ()):
            factor = factor_between(self.base, finer) or Fraction(1)
            if (rest * factor).denominator == 1:
                return rest * factor, finer
        return rest, self.base


def units_on(
    day: date, *, sku: str, base: str, decimals: int, pack_quanta: int, rows: Iterable[ProductUnit]
) -> Units:
    """Return the units of a product on a day.

    Args:
        day: Local date.
        sku: The product.
        base: Code of its base unit.
        decimals: Decimals of the base unit.
        pack_quanta: Quanta in a case where no row says otherwise; 1 when not packed.
        rows: Its ratios of all days.
    """
    from_rows = [unit for unit in rows if unit.holds_on(day)]
    if pack_quanta > 1 and not any(unit.level is Level.CASE or unit.code == CASE for unit in from_rows):
        from_rows.append(own_case(pack_quanta, decimals=decimals))
    return Units(sku=sku, base=base, decimals=decimals, known=tuple(sorted(from_rows, key=lambda u: u.per_base)))


def own_case(pack_quanta: int, *, decimals: int) -> ProductUnit:
    """Return the case that a product's own case size means."""
    return ProductUnit(code=CASE, per_base=Fraction(pack_quanta, 10**decimals), level=Level.CASE)


def check_unit(draft: UnitDraft, *, sku: str, base: str, others: Iterable[ProductUnit]) -> None:
    """Refuse a unit that cannot be, or that contradicts another one of the same product.

    Args:
        draft: The unit.
        sku: The product.
        base: Code of its base unit.
        others: All its other ratios, of all days.

    Raises:
        BadRatio: The ratio is zero, negative or too large to be kept.
        UnitByStandard: The ratio is a matter of definition.
        ValidityReversed: It would end before it begins.
        UnitOverlaps: Another ratio of the unit, or another unit of its level, holds on one of its days.
    """
    ratio = draft.per_base
    if ratio <= 0 or max(ratio.numerator, ratio.denominator) > MAX_TERM:
        raise BadRatio(
            f"1 {draft.code} of {sku} cannot hold {exact_text(ratio)} {base}.",
            sku=sku,
            unit=draft.code,
            ratio=exact_text(ratio),
            base=base,
        )
    _check_definition(draft, ProductUnit(code=base, per_base=Fraction(1)), same=True)
    if draft.valid_until is not None and draft.valid_until < draft.valid_from:
        raise ValidityReversed(
            f"{draft.code} of {sku} would end on {draft.valid_until}, before {draft.valid_from}.",
            unit=draft.code,
            sku=sku,
            valid_from=draft.valid_from.isoformat(),
            valid_until=draft.valid_until.isoformat(),
        )
    for other in others:
        _check_definition(draft, other)
        alike = other.code == draft.code or (draft.level is not None and other.level is draft.level)
        if alike and _meet(draft, other):
            ratio_text = exact_text(other.per_base)
            raise UnitOverlaps(
                f"1 {other.code} of {sku} holds {ratio_text} {base} from {other.valid_from} already.",
                unit=draft.code,
                other=other.code,
                sku=sku,
                ratio=ratio_text,
                base=base,
                valid_from=str(other.valid_from),
                day_before=str(draft.valid_from - timedelta(days=1)),
            )


def others_of(
    draft: UnitDraft, *, standing: Iterable[ProductUnit], drafts: Iterable[UnitDraft]
) -> tuple[ProductUnit, ...]:
    """Return the other ratios of a draft's product once all drafts are saved.

    Args:
        draft: One of ``drafts``.
        standing: What the product's ratios are now.
        drafts: All that is saved at once, of any product; one takes the place of the standing ratio of its unit
            and first day.
    """
    all_: dict[tuple[str, date | None], ProductUnit] = {(unit.code, unit.valid_from): unit for unit in standing}
    all_ |= {(one.code, one.valid_from): one.unit for one in drafts if one.product_id == draft.product_id}
    del all_[draft.code, draft.valid_from]
    return tuple(all_.values())


def _check_definition(draft: UnitDraft, other: ProductUnit, *, same: bool = False) -> None:
    fixed = factor_between(draft.code, other.code)
    if fixed is None or (draft.code == other.code and not same) or not _meet(draft, other):
        return
    raise UnitByStandard(
        f"1 {draft.code} is {exact_text(fixed)} {other.code} for every product.",
        unit=draft.code,
        ratio=exact_text(fixed),
        base=other.code,
    )


def _meet(draft: UnitDraft, other: ProductUnit) -> bool:
    starts_in_time = draft.valid_until is None or other.valid_from is None or other.valid_from <= draft.valid_until
    return starts_in_time and (other.valid_until is None or draft.valid_from <= other.valid_until)


def check_minimum(units: Units, quanta: int, *, minimum: Fraction, unit: str) -> None:
    """Refuse a quantity below the smallest order, compared exactly in the unit the minimum was written in.

    Args:
        units: Of the product, on the day of the order.
        quanta: What is ordered.
        minimum: Smallest order.
        unit: The unit of ``minimum``.

    Raises:
        UnknownUnit: The unit is not known.
        BelowMinimum: Less is ordered; both figures are told exactly, in that unit.
    """
    ordered = units.convert(Fraction(quanta, 10**units.decimals), from_=units.base, to=unit)
    if ordered < minimum:
        less, least = exact_text(ordered), exact_text(minimum)
        raise BelowMinimum(
            f"{less} {unit} of {units.sku} is below the smallest order of {least} {unit}.",
            sku=units.sku,
            ordered=less,
            minimum=least,
            unit=unit,
        )


def exact_text(number: Fraction) -> str:
    """Write a fraction exactly: as a decimal number where that ends, else as ``2400/7``."""
    if number.denominator == 1:
        return str(number.numerator)
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    digits = f"{abs(number.numerator) * 10**places // number.denominator:0{places + 1}d}"
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def to_code(text: str) -> str:
    """Read a unit by word or code: ``箱``, ``case``, ``XCS``; a company's own code has 2 to 8 letters and digits.

    Raises:
        UnitUnknown: It is neither.
    """
    known = code_of(text)
    if known is None and not _OWN_CODE.fullmatch(text.strip()):
        raise UnitUnknown(f"{text[:40]!r} is no unit we know.", text=text[:40])
    return known or text.strip().upper()


def to_ratio(text: str) -> Fraction:
    """Read a ratio as people write it: ``12``, ``0.035``, ``7/200``; exactly.

    Raises:
        NotARatio: It is no finite decimal number or fraction of such, or far too long.
    """
    top, slash, bottom = text.strip().replace(",", "").partition("/")
    try:
        numbers = [Decimal(part.strip()) for part in ((top, bottom) if slash else (top,))]
    except InvalidOperation as error:
        raise NotARatio(f"{text[:40]!r} is no ratio.", text=text[:40]) from error
    if not all(_is_short(number) for number in numbers):
        raise NotARatio(f"{text[:40]!r} is no ratio.", text=text[:40])
    if slash and numbers[1] == 0:
        raise NotARatio(f"{text[:40]!r} divides by zero.", text=text[:40])
    return Fraction(numbers[0]) / (Fraction(numbers[1]) if slash else 1)


def _is_short(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    return abs(number.adjusted()) <= _DIGITS and len(number.as_tuple().digits) <= _DIGITS
