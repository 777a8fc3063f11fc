"""Which lot is taken from which bin, and what a scan must be."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from portal.inventory.picking import PickSpot, PickTask, check_goods, check_place, suggest_picks
from portal.inventory.places import LotExpired, SerialsDiffer, WrongLot, WrongPlace, WrongProduct
from portal.kernel.errors import PortalError
from portal.kernel.gs1 import Scan
from support.stock import TODAY, in_days

GTIN = "09520011004015"


def spot(lot: str, place: str, quantity: int, expires: date | None = None) -> PickSpot:
    return PickSpot(
        lot_id=UUID(int=1),
        lot=lot,
        made_on=None,
        expires_on=expires,
        place_id=UUID(int=2),
        place=place,
        quantity=quantity,
    )


TASK = PickTask(
    product_id=UUID(int=3), sku="TEA", gtin=GTIN, tracking="lot", spot=spot("L1", "A-01", 5, in_days(9))
)


def test_what_ends_first_is_taken_first_and_what_never_ends_last() -> None:
    spots = [
        spot("NEVER", "A-01", 4),
        spot("LATE", "A-02", 4, in_days(9)),
        spot("SOON", "B-02", 4, in_days(2)),
        spot("SOON", "B-01", 1, in_days(2)),
    ]
    picks = suggest_picks(spots, 10)
    assert [(pick.lot, pick.place, pick.quantity) for pick in picks] == [
        ("SOON", "B-01", 1),
        ("SOON", "B-02", 4),
        ("LATE", "A-02", 4),
        ("NEVER", "A-01", 1),
    ]
    assert sum(pick.quantity for pick in suggest_picks(spots, 99)) == 13
    assert suggest_picks(spots, 0) == ()


def test_the_place_is_its_own_code_and_nothing_else() -> None:
    check_place(TASK, Scan(plain="A-01"))
    for scan in (Scan(plain="A-02"), Scan(gtin=GTIN, lot="A-01"), Scan(gtin=GTIN)):
        with pytest.raises(WrongPlace):
            check_place(TASK, scan)


BY_SERIAL = replace(TASK, tracking="serial")
LOOSE = replace(TASK, tracking="none", spot=spot("", "A-01", 5))

ACCEPTED: list[tuple[PickTask, Scan, str]] = [
    (TASK, Scan(plain="L1"), ""),
    (TASK, Scan(gtin=GTIN, lot="L1", expires_on=in_days(9)), ""),
    (BY_SERIAL, Scan(plain="S1"), "S1"),
    (BY_SERIAL, Scan(gtin=GTIN, serial="S1"), "S1"),
    (BY_SERIAL, Scan(gtin=GTIN, lot="L1", serial="S1"), "S1"),
    (LOOSE, Scan(plain="TEA"), ""),
    (LOOSE, Scan(gtin=GTIN), ""),
]


@pytest.mark.parametrize(("task", "scan", "serial"), ACCEPTED)
def test_the_goods_themselves_are_accepted(task: PickTask, scan: Scan, serial: str) -> None:
    assert check_goods(task, scan, today=TODAY) == serial


REFUSED: list[tuple[PickTask, Scan, type[PortalError]]] = [
    (TASK, Scan(plain="L2"), WrongLot),
    (TASK, Scan(gtin=GTIN, lot="L2"), WrongLot),
    (TASK, Scan(gtin=GTIN), WrongLot),
    (TASK, Scan(gtin=GTIN, lot="L1", expires_on=in_days(8)), WrongLot),
    (TASK, Scan(gtin=GTIN, lot="L1", made_on=in_days(-8)), WrongLot),
    (TASK, Scan(lot="L1"), WrongProduct),
    (TASK, Scan(gtin="00000000000017", lot="L1"), WrongProduct),
    (replace(TASK, gtin=""), Scan(lot="L1"), WrongProduct),
    (TASK, Scan(gtin=GTIN, lot="L1", serial="S1"), SerialsDiffer),
    (BY_SERIAL, Scan(gtin=GTIN, lot="L1"), SerialsDiffer),
    (LOOSE, Scan(plain="L1"), WrongProduct),
    (replace(TASK, spot=spot("L1", "A-01", 5, TODAY - timedelta(days=1))), Scan(plain="L1"), LotExpired),
]


@pytest.mark.parametrize(("task", "scan", "refusal"), REFUSED)
def test_anything_else_is_refused(task: PickTask, scan: Scan, refusal: type[PortalError]) -> None:
    with pytest.raises(refusal):
        check_goods(task, scan, today=TODAY)
