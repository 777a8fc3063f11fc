"""Units of a product: exact ratios, whole units with a remainder, what cannot be a ratio, the smallest order."""

from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest

from portal.inventory.units.model import (
    BadRatio,
    BelowMinimum,
    NotARatio,
    NotExact,
    ProductUnit,
    Split,
    UnitByStandard,
    UnitDraft,
    UnitOverlaps,
    Units,
    UnitUnknown,
    UnknownUnit,
    ValidityReversed,
    check_minimum,
    check_unit,
    exact_text,
    others_of,
    to_code,
    to_ratio,
    units_on,
)
from portal.kernel.units import Level

DAY = date(2026, 11, 23)
PRODUCT = UUID(int=1)
CASE_12KG = ProductUnit(code="XCS", per_base=Fraction(12), level=Level.CASE)
PORTION_35G = ProductUnit(code="PTN", per_base=Fraction(35, 1000))
CREAM = Units(sku="CREAM", base="KGM", decimals=3, known=(PORTION_35G, CASE_12KG))
TEA = Units(
    sku="TEA",
    base="C62",
    decimals=0,
    known=(
        ProductUnit(code="XBX", per_base=Fraction(6), level=Level.INNER),
        ProductUnit(code="XCS", per_base=Fraction(24), level=Level.CASE),
        ProductUnit(code="XPX", per_base=Fraction(960), level=Level.PALLET),
    ),
)


def draft(code: str = "XCS", per_base: Fraction | int = 12, **facts: object) -> UnitDraft:
    values: dict[str, object] = {"valid_from": DAY} | facts
    return UnitDraft(product_id=PRODUCT, code=code, per_base=Fraction(per_base), **values)  # type: ignore[arg-type]


def test_a_case_of_12_kg_is_342_portions_of_35_g_and_30_g() -> None:
    assert CREAM.convert(Fraction(1), from_="XCS", to="PTN") == Fraction(2400, 7)
    assert CREAM.split(12_000, "PTN") == Split(342, Fraction(30), "GRM")


def test_342_857_portions_are_never_booked() -> None:
    with pytest.raises(NotExact) as refused:
        CREAM.quanta(Fraction(342857, 1000), "PTN")
    assert refused.value.values == {
        "sku": "CREAM",
        "asked": "342.857",
        "unit": "PTN",
        "below": "11.999",
        "above": "12",
        "base": "KGM",
    }


def test_portions_are_booked_in_whole_grams() -> None:
    assert CREAM.quanta(Fraction(342), "PTN") == 11_970


@pytest.mark.parametrize(
    ("quanta", "unit", "expected"),
    [
        (1_445, "XCS", Split(60, Fraction(5), "C62")),
        (-1_445, "XCS", Split(-60, Fraction(-5), "C62")),
        (0, "XCS", Split(0, Fraction(0), "C62")),
        (2_400, "DZN", Split(200, Fraction(0), "C62")),
    ],
)
def test_pieces_are_split_in_whole_units_and_what_is_left(quanta: int, unit: str, expected: Split) -> None:
    assert TEA.split(quanta, unit) == expected


def test_a_remainder_of_a_base_unit_and_more_stays_in_the_base_unit() -> None:
    assert CREAM.split(17_500, "XCS") == Split(1, Fraction(11, 2), "KGM")


def test_a_remainder_that_no_unit_tells_whole_stays_an_exact_fraction() -> None:
    thirds = Units(sku="X", base="KGM", decimals=0, known=(ProductUnit(code="XBG", per_base=Fraction(2, 3)),))
    assert thirds.split(1, "XBG") == Split(1, Fraction(1, 3), "KGM")


def test_a_remainder_of_an_own_base_unit_stays_in_it() -> None:
    own = Units(sku="X", base="REEL", decimals=1, known=(ProductUnit(code="XCS", per_base=Fraction(3, 10)),))
    assert own.split(4, "XCS") == Split(1, Fraction(1, 10), "REEL")


def test_a_unit_is_known_by_definition_through_a_unit_of_the_product() -> None:
    walnut = Units(sku="NUT", base="C62", decimals=0, known=(ProductUnit(code="KGM", per_base=Fraction(80)),))
    assert walnut.per_base("GRM") == Fraction(80, 1000)
    assert walnut.convert(Fraction(4), from_="C62", to="GRM") == 50


def test_an_unknown_unit_is_refused_and_the_known_ones_are_told() -> None:
    with pytest.raises(UnknownUnit) as refused:
        TEA.per_base("LTR")
    assert refused.value.values == {"sku": "TEA", "unit": "LTR", "known": "C62, XBX, XCS, XPX"}


def test_a_quantity_beyond_what_is_stored_is_refused() -> None:
    with pytest.raises(NotExact):
        TEA.quanta(Fraction(2**62), "XPX")


@pytest.mark.parametrize(
    ("level", "code"), [(Level.EACH, "C62"), (Level.INNER, "XBX"), (Level.CASE, "XCS"), (Level.PALLET, "XPX")]
)
def test_the_reader_gets_the_package_of_the_level(level: Level, code: str) -> None:
    assert TEA.at_level(level).code == code


def test_a_product_without_pallets_is_read_in_cases() -> None:
    assert CREAM.at_level(Level.PALLET).code == "XCS"
    assert CREAM.at_level(Level.INNER).code == "KGM"


def test_the_ratio_of_a_day_is_the_one_valid_that_day() -> None:
    old = ProductUnit(code="XCS", per_base=Fraction(12), level=Level.CASE, valid_until=date(2026, 11, 30))
    new = ProductUnit(code="XCS", per_base=Fraction(10), level=Level.CASE, valid_from=date(2026, 12, 1))
    for day, size in ((date(2026, 11, 30), 12), (date(2026, 12, 1), 10)):
        units = units_on(day, sku="X", base="C62", decimals=0, pack_quanta=8, rows=[old, new])
        assert units.per_base("XCS") == size


def test_the_product_s_own_case_size_is_the_case_where_no_row_says_otherwise() -> None:
    later = ProductUnit(code="XCS", per_base=Fraction(10), level=Level.CASE, valid_from=date(2027, 1, 1))
    units = units_on(DAY, sku="X", base="KGM", decimals=1, pack_quanta=125, rows=[later])
    assert units.known == (ProductUnit(code="XCS", per_base=Fraction(25, 2), level=Level.CASE),)
    assert units_on(DAY, sku="X", base="C62", decimals=0, pack_quanta=1, rows=[]).known == ()


@pytest.mark.parametrize("ratio", [0, -12, Fraction(1, 10**16), 10**16])
def test_a_ratio_that_is_not_above_zero_or_cannot_be_kept_is_refused(ratio: Fraction | int) -> None:
    with pytest.raises(BadRatio):
        check_unit(draft(per_base=ratio), sku="TEA", base="C62", others=[])


@pytest.mark.parametrize(
    ("code", "base", "told"), [("GRM", "KGM", "0.001"), ("KGM", "KGM", "1"), ("DZN", "C62", "12")]
)
def test_what_is_so_by_definition_cannot_be_entered(code: str, base: str, told: str) -> None:
    with pytest.raises(UnitByStandard) as refused:
        check_unit(draft(code, 7), sku="TEA", base=base, others=[])
    assert refused.value.values == {"unit": code, "ratio": told, "base": base}


def test_grams_cannot_contradict_the_product_s_own_kilograms() -> None:
    kilograms = ProductUnit(code="KGM", per_base=Fraction(4), valid_from=DAY)
    with pytest.raises(UnitByStandard) as refused:
        check_unit(draft("GRM", 4), sku="TEA", base="C62", others=[kilograms])
    assert refused.value.values == {"unit": "GRM", "ratio": "0.001", "base": "KGM"}


def test_a_ratio_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidityReversed):
        check_unit(draft(valid_until=date(2026, 11, 22)), sku="TEA", base="C62", others=[])


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        (ProductUnit(code="XCS", per_base=Fraction(10), valid_from=date(2026, 1, 1)), True),
        (ProductUnit(code="XCS", per_base=Fraction(10), valid_until=DAY), True),
        (ProductUnit(code="XCS", per_base=Fraction(10), valid_until=date(2026, 11, 22)), False),
        (ProductUnit(code="XCS", per_base=Fraction(10), valid_from=date(2026, 12, 31)), True),
        (ProductUnit(code="XCS", per_base=Fraction(10), valid_from=date(2027, 1, 1)), False),
        (ProductUnit(code="XCT", per_base=Fraction(10), level=Level.CASE), True),
        (ProductUnit(code="XCT", per_base=Fraction(10), level=Level.PALLET), False),
        (ProductUnit(code="XCT", per_base=Fraction(10)), False),
    ],
)
def test_two_ratios_of_a_unit_or_two_units_of_a_level_do_not_hold_on_one_day(
    other: ProductUnit, *, refused: bool
) -> None:
    mine = draft(level=Level.CASE, valid_until=date(2026, 12, 31))
    if not refused:
        check_unit(mine, sku="TEA", base="C62", others=[other])
        return
    with pytest.raises(UnitOverlaps) as told:
        check_unit(mine, sku="TEA", base="C62", others=[other])
    assert told.value.values["day_before"] == "2026-11-22"
    assert told.value.values["other"] == other.code


def test_a_unit_without_a_level_does_not_meet_another_without_one() -> None:
    check_unit(draft("PTN"), sku="TEA", base="C62", others=[ProductUnit(code="SET", per_base=Fraction(2))])


def test_a_draft_takes_the_place_of_what_stands_for_its_unit_and_day() -> None:
    standing = [draft(per_base=10).unit, draft("XPX", 400).unit]
    drafts = [
        draft(),
        draft("PTN", 2),
        UnitDraft(product_id=UUID(int=2), code="SET", per_base=Fraction(3), valid_from=DAY),
    ]
    assert others_of(drafts[0], standing=standing, drafts=drafts) == (draft("XPX", 400).unit, draft("PTN", 2).unit)


def test_a_name_of_one_s_own_stands_before_the_usual_one() -> None:
    assert draft("XCS", label_zh="整件").unit.name("zh") == "整件"
    assert draft("XCS", label_zh="整件").unit.name("en") == "cs"
    assert draft("REEL", label_en="reel").unit.name("zh") == "reel"
    assert draft("REEL", label_zh="卷盘").unit.name("en") == "卷盘"
    assert draft("REEL").unit.name("zh") == "REEL"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(12), "12"),
        (Fraction(35, 1000), "0.035"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(2400, 7), "2400/7"),
        (Fraction(0), "0"),
        (Fraction(1, 1024), "0.0009765625"),
    ],
)
def test_a_number_is_written_exactly(number: Fraction, text: str) -> None:
    assert exact_text(number) == text
    assert to_ratio(text) == number


@pytest.mark.parametrize("text", ["", "twelve", "1/0", "1/2/3", "NaN", "1e99", "Infinity", "0." + "1" * 70])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(NotARatio):
        to_ratio(text)


def test_a_ratio_may_be_written_with_separators_and_spaces() -> None:
    assert to_ratio(" 1,200 / 7 ") == Fraction(1200, 7)


@pytest.mark.parametrize(
    ("text", "code"),
    [("箱", "XCS"), ("Pallet", "XPX"), (" kg ", "KGM"), ("xbx", "XBX"), ("reel9", "REEL9"), ("份", "PTN")],
)
def test_a_unit_is_known_by_word_or_code(text: str, code: str) -> None:
    assert to_code(text) == code


@pytest.mark.parametrize("text", ["", "礼篮子", "a unit", "TOOLONGCODE"])
def test_a_word_that_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitUnknown):
        to_code(text)


def test_erpnext_58804_an_order_of_the_minimum_is_not_below_it_because_it_was_told_in_pounds() -> None:
    """frappe/erpnext#58804: a need of 50,000 g became 110.231 lb, came back as 49,999.93 g, and was refused."""
    flour = Units(sku="FDARED", base="GRM", decimals=0)
    told = flour.split(50_000, "LBR")
    assert told == Split(110, Fraction(1048393, 10_000), "GRM")
    check_minimum(flour, 50_000, minimum=Fraction(50_000), unit="GRM")
    check_minimum(flour, 50_000, minimum=Fraction(110), unit="LBR")


def test_the_smallest_order_is_compared_in_the_unit_it_was_written_in() -> None:
    flour = Units(sku="FDARED", base="GRM", decimals=0)
    with pytest.raises(BelowMinimum) as refused:
        check_minimum(flour, 49_999, minimum=Fraction(50), unit="KGM")
    assert refused.value.values == {"sku": "FDARED", "ordered": "49.999", "minimum": "50", "unit": "KGM"}


def test_erpnext_40218_a_plate_of_400_square_feet_and_100_pounds_keeps_both() -> None:
    """frappe/erpnext#40218: 1/400 was kept as 0.003, so 400 square feet were 1.2 plates."""
    plate = Units(
        sku="PLATE",
        base="C62",
        decimals=4,
        known=(
            ProductUnit(code="FTK", per_base=Fraction(1, 400)),
            ProductUnit(code="LBR", per_base=Fraction(1, 100)),
        ),
    )
    assert plate.quanta(Fraction(400), "FTK") == plate.quanta(Fraction(1), "C62") == 10_000
    assert plate.quanta(Fraction(1), "FTK") == 25
    assert plate.convert(Fraction(10), from_="FTK", to="LBR") == Fraction(5, 2)
    assert plate.split(10_000, "LBR") == Split(100, Fraction(0), "C62")


@pytest.mark.parametrize("kilograms", [105, 110])
def test_erpnext_42608_five_pieces_weighed_are_five_pieces(kilograms: int) -> None:
    """frappe/erpnext#42608: 105 kg at 5/105 kept as 0.0476 were 4.9 pieces; 110 kg at 0.045 were over-ordered."""
    bars = Units(
        sku="RM1", base="C62", decimals=0, known=(ProductUnit(code="KGM", per_base=Fraction(5, kilograms)),)
    )
    assert bars.quanta(Fraction(kilograms), "KGM") == 5


def test_erpnext_57049_a_fraction_of_a_piece_is_refused_not_rounded() -> None:
    """frappe/erpnext#57049: kilograms received at 45 pieces a kilogram were booked as 562.5 pieces."""
    bags = Units(sku="CIPHUR", base="C62", decimals=0, known=(ProductUnit(code="KGM", per_base=Fraction(45)),))
    with pytest.raises(NotExact, match=r"12.5 KGM of CIPHUR is not exact: 562 or 563 C62 is\."):
        bags.quanta(Fraction(25, 2), "KGM")


def test_erpnext_52650_nine_pieces_out_of_a_box_of_nine_leave_nothing() -> None:
    """frappe/erpnext#52650: a box less nine times 0.1111111111111 of it left 0.001 boxes."""
    boxed = Units(sku="BOX", base="C62", decimals=0, known=(ProductUnit(code="XBX", per_base=Fraction(9)),))
    assert boxed.quanta(Fraction(1), "XBX") - 9 * boxed.quanta(Fraction(1), "C62") == 0
