"""Figures as coarse as the agreement has them, in SQL and in values.

The SQL makes figures coarse before anything is sorted, filtered, counted or cut into pages; the values say beside
each number whether it is a bound. Both follow ``portal.kernel.grain``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from portal.inventory.model import Demand, PromiseStep, Supply
from portal.kernel.grain import Grain, GrainKind


@dataclass(frozen=True, slots=True)
class Dated:
    """What is dated about a product: receipts, promises, and what can be promised of them and the stock.

    ``places`` has the true steps of each node, for whoever has to choose one; it is never shown.
    """

    supplies: tuple[Supply, ...]
    demands: tuple[Demand, ...]
    steps: tuple[PromiseStep, ...]
    places: Mapping[UUID, tuple[PromiseStep, ...]]


def coarse(figure: str) -> str:
    """Return SQL for a figure of the product ``i`` as it may be told; parameters are those of ``scope_values``.

    Args:
        figure: SQL of the true figure, from code, never from input.
    """
    unit = "power(CAST(10 AS numeric), i.decimals)"
    return f"""(CASE WHEN CAST(:floored AS boolean)
            THEN (SELECT COALESCE(MAX(step), 0) FROM unnest(CAST(:steps AS bigint[])) AS step
                  WHERE step * {unit} <= {figure}) * {unit}
            ELSE LEAST({figure}, CAST(:cap AS bigint) * {unit}) END)"""  # noqa: S608 - pieces from code


def is_bound(told: str) -> str:
    """Return SQL for whether a figure of the product ``i`` is only a bound.

    Args:
        told: SQL of the figure as ``coarse`` tells it.
    """
    return f"""(CAST(:floored AS boolean)
            OR COALESCE({told} >= CAST(:cap AS bigint) * power(CAST(10 AS numeric), i.decimals), FALSE))"""


def coarse_rows(rows: str) -> str:
    """Return SQL that cuts the parts of a figure as ``Grain.shown_rows`` does, with ``told`` and ``is_bound``.

    Args:
        rows: SELECT of at least ``product_id``, ``decimals`` and ``quantity``; not for floored figures.
    """
    return f"""
        SELECT r.*, LEAST(r.quantity, r.share) AS told, COALESCE(r.quantity >= r.share, FALSE) AS is_bound
        FROM (SELECT v.*, CASE WHEN SUM(v.quantity) OVER of_product >= v.cap
                               THEN div(v.cap, count(*) OVER of_product) END AS share
              FROM (SELECT u.*, CAST(:cap AS bigint) * power(CAST(10 AS numeric), u.decimals) AS cap
                    FROM ({rows}) u) v
              WINDOW of_product AS (PARTITION BY v.product_id)) r
    """  # noqa: S608 - pieces from code


def coarse_dated(dated: Dated, *, grain: Grain, decimals: int) -> Dated:
    """Return what is dated about a product as it may be told: the steps that still rise, the receipts cut.

    Where figures are floored no receipt is named: its day and document would say what the figure does not.
    """
    if grain.kind is GrainKind.EXACT:
        return dated
    cut = coarse_supplies(dated.supplies, grain=grain, decimals=decimals)
    # Two equal receipts are cut alike, so it does not matter which of them is found.
    shown = dict(zip(dated.supplies, cut, strict=False))
    steps: list[PromiseStep] = []
    for step in dated.steps:
        quantity = grain.shown(step.quantity, decimals=decimals)
        if not steps or quantity > steps[-1].quantity:
            covered = tuple(shown[supply] for supply in step.covered_by if supply in shown)
            steps.append(PromiseStep(step.on, quantity, covered))
    return Dated(cut, dated.demands, tuple(steps), {})


def coarse_supplies(supplies: Iterable[Supply], *, grain: Grain, decimals: int) -> tuple[Supply, ...]:
    """Return receipts whose quantities add up to no more than may be told; none where figures are floored."""
    listed = tuple(supplies)
    if grain.floored:
        return ()
    shown = {
        way: iter(grain.shown_rows([one.quantity for one in listed if one.shipped is way], decimals=decimals))
        for way in (True, False)
    }
    return tuple(replace(one, quantity=next(shown[one.shipped])) for one in listed)
