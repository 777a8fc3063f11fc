"""What can be recorded of a making, as far as it shows without the books."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from portal.kernel.errors import PortalError
from portal.passports.making import MAX_INPUTS, MakingDraft, WentIn, check_line_of_descent, check_making
from portal.passports.model import TraceInput

NOW = datetime(2026, 11, 23, 10, 24, tzinfo=UTC)
BLEND = UUID(int=1)


def draft(*lots: str, at: datetime = NOW) -> MakingDraft:
    return MakingDraft(
        product_id=BLEND,
        lot_code="B-1",
        quantity=20,
        location_id=UUID(int=2),
        document="MO-7",
        at=at,
        inputs=tuple(WentIn(sku="LEAF", lot_code=lot, quantity=5) for lot in lots),
    )


def leaf(lot: str) -> TraceInput:
    return TraceInput(gtin="06912345678902", lot_code=lot, name="Leaf", quantity="5", unit="KGM")


def test_a_making_of_two_lots_done_this_instant_is_fine() -> None:
    check_making(draft("L-1", "L-2"), now=NOW)


def test_as_many_inputs_as_are_told_are_fine() -> None:
    check_making(draft(*(f"L-{n}" for n in range(MAX_INPUTS))), now=NOW)


@pytest.mark.parametrize(
    ("refused", "code", "values"),
    [
        (draft(), "nothing_went_in", {}),
        (draft(*(f"L-{n}" for n in range(41))), "too_many_inputs", {"most": 40}),
        (draft("L-1", "L-2", "L-1"), "input_twice", {"sku": "LEAF", "lot": "L-1"}),
        (draft("L-1", at=NOW + timedelta(seconds=1)), "not_yet_made", {"at": "2026-11-23T10:24:01+00:00"}),
    ],
)
def test_a_making_that_cannot_be_is_refused(refused: MakingDraft, code: str, values: dict[str, object]) -> None:
    with pytest.raises(PortalError) as told:
        check_making(refused, now=NOW)
    assert (told.value.code, told.value.values) == (code, values)


def test_the_same_deed_has_one_name() -> None:
    assert draft("L-1").source_key == "making/00000000-0000-0000-0000-000000000001/B-1/MO-7"


def test_a_lot_of_another_product_with_the_same_code_may_go_in() -> None:
    check_line_of_descent(
        product="06901234567892", lot_code="L-1", inputs=[leaf("L-1")], ancestors=[("06912345678902", "L-0")]
    )


@pytest.mark.parametrize(
    ("lot", "ancestors"), [("L-1", []), ("L-0", [("06912345678902", "L-0")])], ids=["an input", "an ancestor"]
)
def test_a_lot_is_never_made_of_itself(lot: str, ancestors: list[tuple[str, str]]) -> None:
    with pytest.raises(PortalError) as told:
        check_line_of_descent(product="06912345678902", lot_code=lot, inputs=[leaf("L-1")], ancestors=ancestors)
    assert (told.value.code, told.value.values) == ("made_of_itself", {"lot": lot})
