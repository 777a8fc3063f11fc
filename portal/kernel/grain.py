"""How fine a figure of stock may be told: exactly, up to a cap, in steps, or as a yes or no against one size.

Steps are whole base units, so one agreement fits products of any decimals. A coarse figure is a function of the
figure and the agreement only: every order, filter, count and file is made of coarse figures, never of true ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Self


class GrainKind(StrEnum):
    """How figures are told."""

    EXACT = "exact"
    CAP = "cap"
    BUCKETS = "buckets"
    YES_NO = "yes_no"


class AtLeast(int):
    """A quantity of which only bounds are told: at least this, and less than ``below`` where that is told.

    Arithmetic gives plain numbers again: whoever calculates with a bound says so anew.

    Attributes:
        below: First value it is less than; ``None`` when nothing is told above.
        is_answer: Told as available or not, without a number.
    """

    below: int | None
    is_answer: bool

    def __new__(cls, value: int, *, below: int | None = None, is_answer: bool = False) -> Self:
        """Make a bound of whole quanta."""
        bound = super().__new__(cls, value)
        bound.below = below
        bound.is_answer = is_answer
        return bound

    def in_units(self, size: Fraction) -> "AtLeast":
        """Return the same bounds counted in whole units of ``size`` quanta."""
        below = None if self.below is None else -(-self.below // size)
        return AtLeast(int(self) // size, below=below, is_answer=self.is_answer)


@dataclass(frozen=True, slots=True)
class Grain:
    """What an agreement makes of a figure.

    Attributes:
        kind: How figures are told.
        steps: Whole base units, rising, from 1: the cap, the steps, or the one size of a yes or no.
    """

    kind: GrainKind = GrainKind.EXACT
    steps: tuple[int, ...] = ()

    @property
    def floored(self) -> bool:
        """Whether every figure is the step below it, so that nothing finer (rows, days of receipts) may show."""
        return self.kind in (GrainKind.BUCKETS, GrainKind.YES_NO)

    @property
    def cap(self) -> int | None:
        """The cap in whole base units; ``None`` for any other kind."""
        return self.steps[0] if self.kind is GrainKind.CAP else None

    def shown(self, quanta: int, *, decimals: int) -> int:
        """Return a figure as it may be told.

        Args:
            quanta: The figure, 0 or more; one that was made coarse already comes out the same.
            decimals: Decimals of the product's base unit.

        Returns:
            The figure itself where it may be told, else an ``AtLeast``.
        """
        steps = [step * 10**decimals for step in self.steps]
        if self.kind is GrainKind.EXACT:
            return quanta
        if self.kind is GrainKind.CAP:
            return quanta if quanta < steps[0] else AtLeast(steps[0])
        floor = max((step for step in steps if step <= quanta), default=0)
        below = min((step for step in steps if step > quanta), default=None)
        return AtLeast(floor, below=below, is_answer=self.kind is GrainKind.YES_NO)

    def shown_rows(self, quantities: Sequence[int], *, decimals: int) -> tuple[int, ...]:
        """Return the parts of a figure so that their sum gives away no more than the figure does.

        Where the sum reaches the cap, every part is cut at an equal share of it.

        Args:
            quantities: The parts, in quanta; the caller shows none at all where ``floored``.
            decimals: Decimals of the product's base unit.
        """
        if self.cap is None or sum(quantities) < self.cap * 10**decimals:
            return tuple(quantities)
        share = self.cap * 10**decimals // len(quantities)
        return tuple(one if one < share else AtLeast(share) for one in quantities)


EXACT = Grain()
"""Figures as they are."""
