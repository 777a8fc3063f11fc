"""What of a good's stock is none of the viewer's business: the lots that others' promises take.

A side of a pair of worlds draws them anew: how many there are, how much they hold, what they are called and when
they end, as long as they leave (first expired, first out) before everything the viewer is told of. Whatever more
lies there, others take.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from support.worlds import TODAY, Good, Lot

_FAR = TODAY + timedelta(days=400)


def taken_by_others(good: Good, node: int) -> int:
    """Return what others need of the stock at a node beyond the receipts that come in time for them."""
    flows = [(max(one.day, TODAY), one.quantity) for one in good.others if one.node == node]
    flows += [(max(one.due_on, TODAY), -one.open) for one in good.receipts if one.node == node]
    days = {day for day, _ in flows}
    return max([0, *(sum(quantity for on, quantity in flows if on <= day) for day in days)])


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    """Return lots in the order they leave."""
    return sorted(lots, key=lambda lot: (lot.expires_on or date.max, lot.code))


def redrawn(
    rng: Random, good: Good, node: int, *, more: int, name: Callable[[str], str]
) -> tuple[list[Lot], list[Lot]]:
    """Return the lots of a good at a node as one side has them: those anybody is told of, and those others take.

    Args:
        rng: Decides everything.
        good: The good.
        node: Place of the node in ``Core.nodes``.
        more: Quanta more than the core has, all of them taken by others.
        name: Makes a name that only this side has.
    """
    here = [lot for lot in good.lots if lot.node == node]
    usable = in_order(lot for lot in here if is_usable(lot))
    kept = [lot for lot in here if not is_usable(lot)]
    rest = taken_by_others(good, node)
    gone = min(rest, sum(lot.quantity for lot in usable)) + more
    while usable and usable[0].quantity <= rest:
        # Nothing is left of it: it may as well be another one.
        rest -= usable.pop(0).quantity
    if not usable:
        return kept, _pieces(rng, node, gone, None, name)
    first = usable[0]
    part = rng.choice((0, gone, rng.randint(0, gone)))
    kept += [replace(first, quantity=first.quantity - rest + part), *usable[1:]]
    return kept, _pieces(rng, node, gone - part, first, name)


def is_usable(lot: Lot) -> bool:
    """Tell whether a lot can be promised."""
    return lot.state == "available" and (lot.expires_on is None or lot.expires_on >= TODAY)


def _pieces(rng: Random, node: int, quantity: int, before: Lot | None, name: Callable[[str], str]) -> list[Lot]:
    """Cut a quantity into lots that leave before another one; a code that begins with a digit sorts first."""
    pieces: list[Lot] = []
    while quantity:
        part = rng.randint(1, quantity)
        quantity -= part
        last = (before.expires_on if before else None) or _FAR
        expires_on = TODAY + timedelta(days=rng.randint(0, (last - TODAY).days))
        pieces.append(Lot(name("0"), node, part, expires_on))
    return pieces
