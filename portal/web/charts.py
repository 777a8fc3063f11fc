"""Drawings made on the server: values in, geometry out; ``components/charts.html`` writes the SVG.

Steps, not curves; numbers are also in text and in the table beside each drawing. All quantities are whole
numbers of one unit the caller chose (cases, pieces, quanta), never floats; only pixels are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_CHAR_PX = 7
_DATE_LABEL_PX = 106
_NUMBER_PX = 30
_NOW_LABEL_PX = 72
_LABEL_ON_LEFT_PX = 150
_MOST_GRID_LINES = 3
_TICK_DAYS = (1, 2, 3, 7, 14, 28, 56, 91, 182, 364)


@dataclass(frozen=True, slots=True)
class Point:
    """A level that holds from a day on."""

    on: date
    value: int


@dataclass(frozen=True, slots=True)
class Step:
    """A promise that holds from a day on; ``source`` names the receipt that covers it."""

    on: date
    value: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """A receipt (positive) or an order leaving (negative) on a day."""

    on: date
    change: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A text on a drawing at ``x``, ``y``; what it says is the template's business.

    Attributes:
        x: Pixels from the left.
        y: Baseline, pixels from the top.
        value: The figure.
        on: The day it is about.
        source: Name of a receipt, or empty.
        anchor: ``start``, ``mid`` or ``end``.
        full: There is room for the date beside the figure.
    """

    x: float
    y: float
    value: int = 0
    on: date | None = None
    source: str = ""
    anchor: str = "start"
    full: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle things are drawn in, and what its edges mean."""

    left: float
    right: float
    top: float
    bottom: float
    start: date
    end: date
    most: int

    def x(self, on: date) -> float:
        """Return the pixel of a day, kept inside the frame."""
        days = max((self.end - self.start).days, 1)
        part = min(max((on - self.start).days / days, 0.0), 1.0)
        return round(self.left + part * (self.right - self.left), 1)

    def y(self, value: int) -> float:
        """Return the pixel of a level; below zero is kept inside the frame."""
        part = min(max(value / max(self.most, 1), 0.0), 1.0)
        return round(self.bottom - part * (self.bottom - self.top), 1)


@dataclass(frozen=True, slots=True)
class PromiseDrawing:
    """What can be promised by date, ready to write."""

    width: int
    height: int
    frame: Frame
    grid: tuple[Mark, ...]
    area: str
    line: str
    ghost: str
    labels: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    flows: tuple[Mark, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ProjectionDrawing:
    """Stock to come with and without a replenishment, between a lower and an upper limit."""

    width: int
    height: int
    frame: Frame
    band_top: float
    band_bottom: float
    before: str
    without: str
    replenished: str
    low: Mark | None
    high: Mark | None
    limits: tuple[int, int]
    ticks: tuple[Mark, ...]
    rows: tuple[tuple[date, int, int | None], ...]


@dataclass(frozen=True, slots=True)
class Week:
    """One column of the board; what is not known is ``None``.

    Attributes:
        label: Name of the column, ``W03``.
        on: First day of the week.
        demand: What really went out.
        expected: Our forecast, or open orders.
        low: Lower edge of the band.
        high: Upper edge of the band.
        theirs: The partner's forecast.
        agreed: The figure agreed upon.
    """

    label: str
    on: date
    demand: int | None = None
    expected: int | None = None
    low: int | None = None
    high: int | None = None
    theirs: int | None = None
    agreed: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A week with its pixels; heights are ``None`` where the figure is."""

    week: Week
    x: float
    mid: float
    demand_y: float | None
    expected_y: float | None
    band_y: float | None
    band_height: float
    theirs_y: float | None


@dataclass(frozen=True, slots=True)
class DemandDrawing:
    """Columns that stand exactly over the columns of the table below them."""

    width: int
    height: int
    bottom: float
    grid: tuple[Mark, ...]
    columns: tuple[Column, ...]
    here: int | None
    here_x: float


def scale(most: int, lines: int = _MOST_GRID_LINES) -> tuple[int, ...]:
    """Return round levels above zero, at most ``lines`` + 1 of them, the last at or above ``most``."""
    base = 1
    while True:
        for factor in (1, 2, 5):
            step = base * factor
            if step * (lines + 1) >= most:
                count = max(1, -(-most // step))
                return tuple(step * n for n in range(1, count + 1))
        base *= 10


def path(points: Sequence[Point], frame: Frame, *, until: date | None = None) -> str:
    """Write levels as steps: ``M… H… V… H…``; the last one runs on to ``until`` (the frame's end)."""
    if not points:
        return ""
    first, *rest = points
    parts = [f"M{frame.x(first.on)} {frame.y(first.value)}"]
    parts += [f"H{frame.x(point.on)}V{frame.y(point.value)}" for point in rest]
    parts.append(f"H{frame.x(until or frame.end)}")
    return "".join(parts)


def ticks(frame: Frame, *, y: float, most: int = 5) -> tuple[Mark, ...]:
    """Return evenly spaced days along the axis, the first one being the start."""
    days = (frame.end - frame.start).days
    step = next((n for n in _TICK_DAYS if days // n < most), _TICK_DAYS[-1])
    return tuple(
        Mark(
            frame.x(frame.start + timedelta(days=d)),
            y,
            on=frame.start + timedelta(days=d),
            anchor="start" if d == 0 else "end" if d == days else "mid",
        )
        for d in range(0, days + 1, step)
    )


def promise(
    steps: Sequence[Step],
    *,
    end: date,
    stock: Sequence[Point] = (),
    flows: Sequence[Flow] = (),
    width: int = 568,
) -> PromiseDrawing:
    """Draw what can be promised from each day on (cumulative ATP with look-ahead, never falling).

    Args:
        steps: At least one; the first is today, in order of days.
        end: Last day shown.
        stock: Stock if nothing more is sold, for the dotted line.
        flows: Receipts and orders, for the small arrows below the axis.
        width: Pixels; the text is readable at this size, narrower screens scroll.
    """
    most = max([s.value for s in steps] + [p.value for p in stock])
    levels = scale(most)
    frame = Frame(34, width - 8, 16, 196, steps[0].on, end, levels[-1])
    line = path([Point(s.on, s.value) for s in steps], frame)
    return PromiseDrawing(
        width=width,
        height=262 if flows else 222,
        frame=frame,
        grid=tuple(Mark(28, frame.y(v), value=v) for v in levels),
        area=f"{line}V{frame.bottom}H{frame.left}Z",
        line=line,
        ghost=path(stock, frame),
        labels=_step_labels(steps, frame),
        ticks=ticks(frame, y=214),
        flows=_spaced([Mark(frame.x(f.on), 252, value=f.change, on=f.on) for f in flows]),
        steps=tuple(steps),
    )


def _step_labels(steps: Sequence[Step], frame: Frame) -> tuple[Mark, ...]:
    """Place a figure over each step that is wide enough; the table has them all."""
    marks = []
    for n, step in enumerate(steps):
        x, y = frame.x(step.on), frame.y(step.value)
        stop = frame.x(steps[n + 1].on) if n + 1 < len(steps) else frame.right
        room = stop - x
        if n + 1 == len(steps) and room < _DATE_LABEL_PX:
            marks.append(Mark(stop, y - 6, step.value, step.on, "", "end"))
            continue
        if room < _NUMBER_PX:
            continue
        fits = room >= len(step.source) * _CHAR_PX + 8 and frame.bottom - y > 22  # noqa: PLR2004 - px
        marks.append(
            Mark(
                x + 7,
                y - 6,
                step.value,
                step.on,
                step.source if fits else "",
                full=room >= (_NOW_LABEL_PX if n == 0 else _DATE_LABEL_PX),
            )
        )
    return tuple(marks)


def _spaced(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Drop the marks that would be written over the one before them."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda m: m.x):
        if not kept or mark.x - kept[-1].x >= _NUMBER_PX:
            kept.append(mark)
    return tuple(kept)


def projection(
    *,
    before: Sequence[Point],
    without: Sequence[Point],
    replenished: Sequence[Point],
    limits: tuple[int, int],
    end: date,
) -> ProjectionDrawing:
    """Draw why a replenishment is asked for: stock to come, with it and without it.

    Args:
        before: Levels from today up to the day of arrival; at least one.
        without: Levels from the day of arrival on if nothing comes.
        replenished: The same if it comes.
        limits: Lower and upper limit of the policy.
        end: Last day shown.
    """
    lower, upper = limits
    most = max([upper, *(p.value for p in (*before, *without, *replenished))])
    frame = Frame(6, 352, 26.5, 172, before[0].on, end, most)
    arrival = without[0].on if without else end
    last = before[-1].value
    return ProjectionDrawing(
        width=358,
        height=206,
        frame=frame,
        band_top=frame.y(upper),
        band_bottom=frame.y(lower),
        before=path(before, frame, until=arrival),
        without=path([Point(arrival, last), *without], frame) if without else "",
        replenished=path([Point(arrival, last), *replenished], frame) if replenished else "",
        low=_dot(without, frame, below=True),
        high=_dot(replenished, frame, below=False),
        limits=limits,
        ticks=ticks(frame, y=192),
        rows=_rows(before, without, replenished),
    )


def _dot(points: Sequence[Point], frame: Frame, *, below: bool) -> Mark | None:
    if not points:
        return None
    x, y = frame.x(points[0].on), frame.y(points[0].value)
    on_the_left = x > _LABEL_ON_LEFT_PX
    shift = 18 if below else 5
    if not below and y < frame.top + 12:
        shift = 34
    if below and y + shift > frame.bottom - 5 and x + _LABEL_ON_LEFT_PX <= frame.right:
        # At the very bottom the falling line is on the left: write above the flat one on the right.
        return Mark(x + 9, y - 8, points[0].value, points[0].on)
    return Mark(
        x - 9 if on_the_left else x + 9,
        min(y + shift, frame.bottom - 5),
        points[0].value,
        points[0].on,
        anchor="end" if on_the_left else "start",
    )


def _rows(
    before: Sequence[Point], without: Sequence[Point], replenished: Sequence[Point]
) -> tuple[tuple[date, int, int | None], ...]:
    later = {p.on: p.value for p in replenished}
    return (
        *((p.on, p.value, None) for p in before),
        *((p.on, p.value, later.get(p.on)) for p in without),
    )


def demand(
    weeks: Sequence[Week], *, here: int | None = None, column_px: int = 64, height: int = 168
) -> DemandDrawing:
    """Draw one column a week: what went out as a bar, our figure as a line, its band, theirs as a ring.

    Args:
        weeks: At least one, in order.
        here: Index of the present week.
        column_px: Width of the table's columns below.
        height: Pixels.
    """
    figures = [v for w in weeks for v in (w.demand, w.expected, w.high, w.theirs) if v is not None]
    levels = scale(max([*figures, 1]))
    width = column_px * len(weeks)
    first = weeks[0].on
    frame = Frame(0, width, 24, height, first, first, levels[-1])
    return DemandDrawing(
        width=width + 66,
        height=height,
        bottom=frame.bottom,
        grid=tuple(Mark(width + 8, frame.y(v), value=v) for v in levels),
        columns=tuple(_column(w, n * column_px, column_px, frame) for n, w in enumerate(weeks)),
        here=here,
        here_x=(here or 0) * column_px,
    )


def _column(week: Week, x: float, wide: float, frame: Frame) -> Column:
    top = frame.y(week.high) if week.high is not None else None
    low = frame.y(week.low) if week.low is not None else frame.bottom
    return Column(
        week=week,
        x=x,
        mid=x + wide / 2,
        demand_y=None if week.demand is None else frame.y(week.demand),
        expected_y=None if week.expected is None else frame.y(week.expected),
        band_y=top,
        band_height=0 if top is None else round(low - top, 1),
        theirs_y=None if week.theirs is None else frame.y(week.theirs),
    )
