"""Rules of picking: which lot to take from which bin, and whether what was scanned is that.

Pure functions of values. First expired first out; what has no last day leaves after what has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from portal.inventory.places import (
    SerialsDiffer,
    WrongLot,
    WrongPlace,
    WrongProduct,
    check_usable,
)
from portal.kernel.gs1 import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class PickSpot:
    """Usable stock of one lot in one place; what to take of it, once suggested.

    Attributes:
        lot_id: The lot.
        lot: Its code; empty for a product that is not tracked.
        made_on: Day it was made, if known.
        expires_on: Last day of use, if known.
        place_id: The node, zone or bin.
        place: Its code.
        quantity: Quanta that lie there, or that are to be taken.
    """

    lot_id: UUID
    lot: str
    made_on: date | None
    expires_on: date | None
    place_id: UUID
    place: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PickTask:
    """The next thing to take: what the person at the rack sees, and what the scan must be.

    Attributes:
        product_id: The product.
        sku: Its number.
        gtin: Its GTIN in 14 digits, or empty.
        tracking: ``none``, ``lot`` or ``serial``.
        spot: Which lot, from which place, how much.
    """

    product_id: UUID
    sku: str
    gtin: str
    tracking: str
    spot: PickSpot


def suggest_picks(spots: Sequence[PickSpot], wanted: int) -> tuple[PickSpot, ...]:
    """Return what to take from where for a quantity, first expired first; less when less is there.

    Args:
        spots: Usable stock, in any order.
        wanted: Quanta, 0 or more.
    """
    order = sorted(
        spots, key=lambda spot: (spot.expires_on is None, spot.expires_on or date.min, spot.lot, spot.place)
    )
    picks = []
    for spot in order:
        part = min(wanted, spot.quantity)
        if part:
            picks.append(
                PickSpot(
                    lot_id=spot.lot_id,
                    lot=spot.lot,
                    made_on=spot.made_on,
                    expires_on=spot.expires_on,
                    place_id=spot.place_id,
                    place=spot.place,
                    quantity=part,
                )
            )
        wanted -= part
    return tuple(picks)


def check_place(task: PickTask, scan: Scan) -> None:
    """Refuse a scan that is not the code of the place to take from.

    Raises:
        WrongPlace: It is something else; both codes are told.
    """
    if scan.plain != task.spot.place:
        shown = scan.plain or scan.lot or scan.gtin
        raise WrongPlace(f"Take from {task.spot.place}, not {shown}.", expected=task.spot.place, scanned=shown)


def check_goods(task: PickTask, scan: Scan, *, today: date) -> str:
    """Refuse a scan that is not the goods to take; returns the serial number it says, or an empty text.

    A plain code is the lot of a product tracked by lot, the serial number of one tracked by serial number, and the
    item number of one that is not tracked.

    Args:
        task: What is to be taken.
        scan: What was scanned.
        today: Local date.

    Raises:
        WrongProduct: It is another product.
        WrongLot: It is another lot, or says other days than the lot has.
        SerialsDiffer: The product is tracked by serial number and the scan has none, or the other way round.
        LotExpired: The lot is past its last day.
    """
    spot = task.spot
    if scan.plain:
        _check_plain(task, scan.plain)
        serial = scan.plain if task.tracking == "serial" else ""
    else:
        _check_printed(task, scan)
        serial = scan.serial
    check_usable(lot=spot.lot, status="available", expires_on=spot.expires_on, today=today)
    return serial


def _check_plain(task: PickTask, code: str) -> None:
    if task.tracking == "lot" and code != task.spot.lot:
        raise WrongLot(f"Take lot {task.spot.lot}, not {code}.", expected=task.spot.lot, scanned=code)
    if task.tracking == "none" and code != task.sku:
        raise WrongProduct(f"Take {task.sku}, not {code}.", expected=task.sku, scanned=code)


def _check_printed(task: PickTask, scan: Scan) -> None:
    spot = task.spot
    if scan.gtin != task.gtin or not scan.gtin:
        raise WrongProduct(f"Take {task.sku}, not {scan.gtin}.", expected=task.sku, scanned=scan.gtin)
    if scan.lot != spot.lot and not (task.tracking == "serial" and not scan.lot):
        raise WrongLot(f"Take lot {spot.lot}, not {scan.lot}.", expected=spot.lot, scanned=scan.lot)
    for said, known in ((scan.made_on, spot.made_on), (scan.expires_on, spot.expires_on)):
        if said is not None and said != known:
            raise WrongLot(
                f"Lot {spot.lot} says {said}, not {known}.", expected=spot.lot, scanned=said.isoformat()
            )
    if bool(scan.serial) != (task.tracking == "serial"):
        raise SerialsDiffer(
            f"A serial number and {task.sku} do not fit.", sku=task.sku, needed=int(not scan.serial), given=0
        )
