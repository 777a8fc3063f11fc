"""Rules of the dimensions of stock: which place, which status, whose goods; and what to take from where.

Pure functions of values, as in ``model.py``; what can be promised is decided there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.kernel.errors import Conflict

OWN = UUID(int=0)
"""The owner of our own stock; any other owner is the partner whose consignment stock it is."""

AVAILABLE = "available"
STATUSES = (AVAILABLE, "quarantine", "blocked")
"""Statuses of a balance. That a lot has expired is not one of them: it follows from the lot's last day."""

LEVELS = ("node", "zone", "bin")
"""A node holds zones and bins, a zone holds bins."""

STALE_POLICIES = ("count", "leave_out")
"""What happens to the stock of a node whose feed is older than its limit."""


class SerialElsewhere(Conflict):
    """A serial number is not at the place, or not in the status, that a move would take it from."""

    code = "serial_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Stock of one lot, in one status, at one place.

    Attributes:
        product_id: The product.
        lot_id: Its lot.
        place_id: The node, zone or bin it lies in.
        above: What the place belongs to: its node and, for a bin in a zone, the zone.
        status: One of ``STATUSES``.
        quantity: Quanta, more than 0; in a correction, less than 0 for what is taken off.
    """

    product_id: UUID
    lot_id: UUID
    place_id: UUID
    above: frozenset[UUID]
    status: str
    quantity: int

    def lies_in(self, place_id: UUID) -> bool:
        """Tell whether the stock lies in that place, or in a place that belongs to it."""
        return place_id == self.place_id or place_id in self.above


@dataclass(frozen=True, slots=True)
class Change:
    """What a count changes at one place: quanta added, or taken off when negative."""

    place_id: UUID
    status: str
    quantity: int


def count_corrections(spots: Sequence[Spot], counted: int, *, place_id: UUID, status: str) -> tuple[Change, ...]:
    """Return the changes that bring the spots of one lot in a place to what was counted there.

    Args:
        spots: What lies in the place, in the order in which too much is taken off.
        counted: Quanta that were counted, 0 or more.
        place_id: Where what is too little is added.
        status: In which status it is added.
    """
    more = counted - sum(spot.quantity for spot in spots)
    if more > 0:
        return (Change(place_id, status, more),)
    changes = []
    for spot in spots:
        part = min(-more, spot.quantity)
        if part:
            changes.append(Change(spot.place_id, spot.status, -part))
        more += part
    return tuple(changes)
