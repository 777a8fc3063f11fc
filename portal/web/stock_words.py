"""Stock as a page writes it: figures in the reader's unit, the next increases, why less can be promised.

Whole cases are counted in whole cases; the exact quantity in the base unit stands beneath, so nothing is rounded
unseen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from flask_babel import gettext

from portal.inventory.model import Demand, PromiseStep, Supply
from portal.inventory.reads import AvailabilityRow, Location, NodeStock, Product, ProductDetail
from portal.inventory.units.model import ProductUnit, Units, exact_text
from portal.inventory.units.reads import plain_units
from portal.kernel.grain import AtLeast
from portal.kernel.units import CASE, Level
from portal.web import charts, filters
from portal.web.i18n import language
from portal.web.units import case_name, number, own_name, unit_name

CASES, PIECES = Level.CASE, Level.EACH
"""The two levels most goods are read in."""

_AFTER_LAST = timedelta(days=14)
_SHORTEST = timedelta(days=28)
_LISTED = 3


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))


def either(zh: str, en: str) -> str:
    """Return the name in the reader's language, or the other one where it is empty."""
    return (en or zh) if language() == "en" else (zh or en)


def product_name(product: Product) -> str:
    """Return a product's name in the reader's language."""
    return either(product.name_zh, product.name_en)


def in_brackets(amount: str, base: str) -> str:
    """Write a quantity with the same in the base unit in brackets; once, where both are the same."""
    return amount if amount == base else _("%(amount)s (%(base)s)", amount=amount, base=base)


def place_name(place: Location) -> str:
    """Return a node's name in the reader's language."""
    return either(place.name_zh, place.name_en)


@dataclass(frozen=True, slots=True)
class Measure:
    """How the figures of one product are counted on a page.

    Attributes:
        product: The product.
        units: Its units on the day.
        chosen: The unit of the figures: a package, or the base unit.
    """

    product: Product
    units: Units
    chosen: ProductUnit

    @property
    def in_base(self) -> bool:
        """Whether the figures are in the base unit."""
        return self.chosen.code == self.product.base_unit

    @property
    def unit(self) -> str:
        """The unit beside a figure: ``cs``, ``plt`` or the base unit."""
        return unit_name(self.product.base_unit) if self.in_base else own_name(self.chosen)

    @property
    def decimals(self) -> int:
        """Decimals of the figures."""
        return self.product.decimals if self.in_base else 0

    def figure(self, quanta: int) -> int:
        """Return quanta as the page counts them: whole packages, or quanta again; a bound stays one."""
        if self.in_base:
            return quanta
        if isinstance(quanta, AtLeast):
            return quanta.in_units(self._size)
        return self.units.split(quanta, self.chosen.code).whole

    def text(self, quanta: int) -> str:
        """Write a quantity with its unit, exactly: ``20 cs``, ``2 cs + 5 pcs``, ``1 plt + 2 cs``, ``48 pcs``."""
        if isinstance(quanta, AtLeast):
            bound = filters.quantity(self.figure(quanta), self.decimals)
            return bound if quanta.is_answer else f"{bound} {self.unit}"
        return " + ".join(f"{number(value)} {unit}" for value, unit in self.parts(quanta))

    def plain(self, quanta: int) -> str:
        """Write the same for a file: without grouping, and quickly, since a file has many rows."""
        if isinstance(quanta, AtLeast):
            return self.text(quanta)
        return " + ".join(f"{exact_text(value)} {unit}" for value, unit in self.parts(quanta))

    def parts(self, quanta: int) -> list[tuple[Fraction, str]]:
        """Return a quantity as whole packages, what is left in smaller ones, and the rest, each with its unit."""
        base = unit_name(self.product.base_unit)
        if self.in_base:
            return [(Fraction(quanta, 10**self.product.decimals), base)]
        split = self.units.split(quanta, self.chosen.code)
        smaller = self._smaller() if split.rest else None
        if not split.whole and split.rest:
            return smaller.parts(quanta) if smaller else [(Fraction(quanta, 10**self.product.decimals), base)]
        parts = [(Fraction(split.whole), self.unit)]
        if smaller is not None:
            left = quanta - split.whole * self._size
            if left.denominator == 1:
                return parts + smaller.parts(left.numerator)
        return [*parts, (split.rest, unit_name(split.rest_unit))] if split.rest else parts

    def base(self, quanta: int) -> str:
        """Write a quantity in the base unit: ``1,488 pcs``."""
        return f"{filters.quantity(quanta, self.product.decimals)} {unit_name(self.product.base_unit)}"

    def beneath(self, quanta: int) -> str:
        """Write the line below a figure: the other unit, exactly; empty for a product that has no other."""
        if isinstance(quanta, AtLeast) and (quanta.is_answer or not quanta):
            return ""
        if not self.in_base:
            return self.base(quanta)
        case = measure(self.product, Level.CASE, self.units)
        return "" if case.in_base else case.text(quanta)

    def with_base(self, quanta: int) -> str:
        """Write a quantity in the reader's unit with the base unit in brackets: ``2 cs + 5 pcs (53 pcs)``."""
        text = self.text(quanta)
        if self.in_base or (isinstance(quanta, AtLeast) and (quanta.is_answer or not quanta)):
            return text
        return in_brackets(text, self.base(quanta))

    @property
    def _size(self) -> Fraction:
        size: Fraction = self.chosen.per_base * 10**self.product.decimals
        return size

    def holds(self) -> str:
        """Write what the unit of the figures holds, ``1 plt = 960 pcs``; what a case does, for base units."""
        how = measure(self.product, Level.CASE, self.units) if self.in_base else self
        if how.in_base:
            return ""
        pack, unit = number(how.chosen.per_base), unit_name(self.product.base_unit)
        if how.chosen.code == CASE and how.unit == case_name():
            return _("case of %(pack)s %(unit)s", pack=pack, unit=unit)
        return _("1 %(unit)s = %(amount)s", unit=how.unit, amount=f"{pack} {unit}")

    def _smaller(self) -> "Measure | None":
        """Return the same in cases, for what is left of pallets; ``None`` where there is nothing between."""
        if self.chosen.level is not Level.PALLET:
            return None
        case = measure(self.product, Level.CASE, self.units)
        return None if case.in_base else case


def measure(product: Product, level: Level, units: Units | None = None) -> Measure:
    """Return how a product is counted for who reads in ``level``.

    Args:
        product: The product.
        level: The reader's level; the largest package not above it is taken.
        units: Its units; without them what its case size alone gives.
    """
    known = units or plain_units(product, on=filters.today())
    return Measure(product, known, known.at_level(level))


def sub_line(how: Measure) -> str:
    """Write the second line of a product: ``TEA-WP-100 · case of 24 pcs``."""
    return " · ".join(part for part in (how.product.sku, how.holds()) if part)


def rising(steps: Sequence[PromiseStep], how: Measure) -> list[tuple[PromiseStep, int]]:
    """Return the steps that rise in the unit shown, with their figures; today's is always the first."""
    shown: list[tuple[PromiseStep, int]] = []
    for step in steps:
        figure = how.figure(step.quantity)
        if not shown or figure > shown[-1][1]:
            shown.append((step, figure))
    return shown


def documents(supplies: Iterable[Supply]) -> str:
    """Name the receipts of a step: ``PO-4471, PO-4472``."""
    return ", ".join(dict.fromkeys(supply.document for supply in supplies if supply.document))


def transit_line(row: AvailabilityRow, how: Measure) -> str:
    """Write the line below the figure in transit: when it is due, or what is only confirmed."""
    if isinstance(row.in_transit, AtLeast) and row.next_due is None:
        return ""
    if row.next_due is not None and row.late:
        return _("was due %(day)s", day=filters.day(row.next_due))
    if row.in_transit and row.next_due is not None:
        return _("due %(day)s", day=filters.day(row.next_due))
    if row.confirmed:
        return _("%(amount)s confirmed", amount=how.text(row.confirmed))
    return _("none shipped")


def promise_line(row: AvailabilityRow, how: Measure) -> str:
    """Write the line below the promise."""
    if row.promise or isinstance(row.promise, AtLeast):
        return how.beneath(row.promise)
    return _("on hold") if row.held and row.held == row.on_hand else _("out now")


def next_lines(row: AvailabilityRow, how: Measure) -> tuple[str, str]:
    """Write what can be promised next and from when, and the line beneath it.

    Returns:
        ``("58 from 3 Dec", "then 88 from 17 Dec")``; the first is empty where nothing is planned.
    """
    later = rising(row.steps, how)[1:]
    if not later:
        return _no_step(row, how)
    step, figure = later[0]
    first = _("%(n)s from %(day)s", n=filters.quantity(figure, how.decimals), day=filters.day(step.on))
    if len(later) > 1:
        after, more = later[1]
        return first, _(
            "then %(n)s from %(day)s", n=filters.quantity(more, how.decimals), day=filters.day(after.on)
        )
    names = documents(step.covered_by)
    if not names:
        return first, ""
    if all(supply.shipped for supply in step.covered_by):
        return first, _("%(document)s, on the way", document=names)
    return first, _("%(document)s, confirmed", document=names)


def _no_step(row: AvailabilityRow, how: Measure) -> tuple[str, str]:
    if isinstance(row.promise, AtLeast):
        return _("No higher figure"), _("More is not told under your agreement")
    if row.promise > row.usable:
        due = how.text(min(row.promise - row.usable, row.in_transit + row.confirmed))
        return _("No receipt after today"), _("%(amount)s of it still has to arrive", amount=due)
    if row.in_transit + row.confirmed:
        return _("No more to promise"), _("What is coming is kept for orders")
    return "", _all_for_now(row, how)


def _all_for_now(row: AvailabilityRow, how: Measure) -> str:
    if not row.promise:
        return ""
    return _("%(n)s is all for now", n=filters.quantity(how.figure(row.promise), how.decimals))


def base_steps(detail: ProductDetail, how: Measure) -> list[str]:
    """Return the rising steps in the base unit; nothing where they are counted in it already, or not told."""
    steps = [step.quantity for step, _ in rising(detail.row.steps, how)]
    if how.in_base or any(isinstance(one, AtLeast) and one.is_answer for one in steps):
        return []
    return [filters.quantity(one, how.product.decimals) for one in steps]


def drawing(detail: ProductDetail, how: Measure, *, staff: bool) -> charts.PromiseDrawing:
    """Draw what can be promised by date, with receipts and own orders below the axis.

    For the host's staff the dotted line and the arrows would be everybody's orders; they get the receipts only.
    """
    row = detail.row
    steps = [charts.Step(step.on, figure, documents(step.covered_by)) for step, figure in rising(row.steps, how)]
    today = row.steps[0].on
    own = () if staff else detail.own
    days = [today, *(supply.due_on for supply in detail.supplies), *(demand.needed_on for demand in own)]
    flows = [charts.Flow(max(s.due_on, today), how.figure(s.quantity)) for s in detail.supplies]
    flows += [charts.Flow(demand.needed_on, -how.figure(demand.quantity)) for demand in own]
    return charts.promise(
        steps,
        end=max(max(days) + _AFTER_LAST, today + _SHORTEST),
        stock=[] if isinstance(row.usable, AtLeast) else _unsold(row, detail.supplies, own, how),
        flows=[flow for flow in flows if flow.change],
    )


def _unsold(
    row: AvailabilityRow, supplies: Iterable[Supply], own: Iterable[Demand], how: Measure
) -> list[charts.Point]:
    """Return the stock if nothing more is sold: what is seen on hand, receipts in, own orders out."""
    today = row.steps[0].on
    changes: dict[date, int] = {today: row.usable}
    for supply in supplies:
        on = max(supply.due_on, today)
        changes[on] = changes.get(on, 0) + supply.quantity
    for demand in own:
        changes[demand.needed_on] = changes.get(demand.needed_on, 0) - demand.quantity
    level = 0
    points = []
    for on in sorted(changes):
        level += changes[on]
        points.append(charts.Point(on, how.figure(max(0, level))))
    return points


def why_less(detail: ProductDetail, how: Measure, *, staff: bool) -> tuple[str, list[str]]:
    """Say why less can be promised today than lies there; empty where it is not less.

    Returns:
        The question ("Why 42 and not 62 today:") and the sentences that answer it.
    """
    row = detail.row
    if row.on_hand <= row.promise or isinstance(row.on_hand, AtLeast):
        return "", []
    question = _(
        "Why %(promise)s and not %(hand)s today:",
        promise=filters.quantity(how.figure(row.promise), how.decimals),
        hand=filters.quantity(how.figure(row.on_hand), how.decimals),
    )
    sentences = []
    if row.held:
        sentences.append(_("%(amount)s is on hold or past its last day.", amount=how.text(row.held)))
    if row.left_out:
        sentences.append(
            _("%(amount)s lies where the last feed is too old to promise it.", amount=how.text(row.left_out))
        )
    sentences += [_kept(demand, how, staff=staff) for demand in detail.own[:_LISTED]]
    if len(detail.own) > _LISTED:
        rest = sum(demand.quantity for demand in detail.own[_LISTED:])
        sentences.append(_("%(amount)s more is kept for later orders.", amount=how.text(rest)))
    sentences += [_coming(supply, how) for supply in detail.supplies[:1]]
    return question, sentences


def _kept(demand: Demand, how: Measure, *, staff: bool) -> str:
    values = {
        "amount": how.text(demand.quantity),
        "order": demand.document,
        "day": filters.day(demand.needed_on),
    }
    if staff:
        return _("%(amount)s is kept for order %(order)s, leaving %(day)s.", **values)
    return _("%(amount)s is kept for your order %(order)s, leaving %(day)s.", **values)


def _coming(supply: Supply, how: Measure) -> str:
    values = {
        "amount": how.text(supply.quantity),
        "document": supply.document,
        "day": filters.day(supply.due_on),
    }
    if supply.shipped:
        return _("%(amount)s of %(document)s is on the way, due %(day)s.", **values)
    return _("%(amount)s of %(document)s is confirmed for %(day)s.", **values)


def feed_note(nodes: Sequence[NodeStock]) -> list[Location]:
    """Return the nodes that are not our own and whose last feed is late."""
    return [
        node.location
        for node in nodes
        if node.location.fed_at is not None
        and node.location.kind != "own"
        and filters.is_stale(node.location.fed_at)
    ]
