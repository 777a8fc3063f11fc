"""Which lots may leave on a day, and what is named that keeps the others."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from portal.passports.fitness.model import (
    BadRequirement,
    Fault,
    HeldPaper,
    LotFacts,
    Reason,
    Recall,
    RecallReasonNeeded,
    Requirement,
    Said,
    check_recall_reason,
    check_requirement,
    faults_of,
)
from portal.passports.model import DocumentKind, Paper

TEA, SONGYUE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
TODAY = date(2026, 11, 23)
LICENCE = Requirement(
    id=UUID(int=9),
    category=None,
    product_id=None,
    supplier_id=None,
    kind=DocumentKind.CERTIFICATE,
    name_zh="食品生产许可证",
    name_en="Food production licence",
    number_prefix="SC",
)
REPORT = replace(
    LICENCE, kind=DocumentKind.INSPECTION_REPORT, name_zh="本批检验报告", name_en="Report", number_prefix=""
)


def paper(
    number: str, *, until: date | None, starts: date = date(2026, 1, 1), kind: DocumentKind = LICENCE.kind
) -> Paper:
    return Paper(
        id=UUID(int=7),
        kind=kind,
        number=number,
        issued_by="Market authority",
        valid_from=starts,
        valid_until=until,
        file_name="licence.pdf",
        media_type="application/pdf",
        sha256=bytes(32),
        size_bytes=1,
    )


def lot(*papers: HeldPaper, **more: object) -> LotFacts:
    facts = LotFacts(product_id=TEA, lot_code="L7", category="Tea", supplier_id=SONGYUE, papers=papers)
    return replace(facts, **more)  # type: ignore[arg-type]


def told(facts: LotFacts, *wanted: Requirement, on: date = TODAY) -> list[dict[str, str]]:
    return [reason.to_value() for reason in faults_of(facts, wanted, on=on)]


def named(fault: str, **more: str) -> dict[str, str]:
    return {"fault": fault, "zh": "食品生产许可证", "en": "Food production licence", **more}


def test_a_licence_counts_on_its_last_day_and_keeps_the_lot_on_the_next() -> None:
    facts = lot(HeldPaper(paper=paper("SC-1", until=date(2026, 11, 23))))
    assert told(facts, LICENCE) == []
    assert told(facts, LICENCE, on=date(2026, 11, 24)) == [named("expired", number="SC-1", since="2026-11-23")]


def test_a_licence_does_not_count_before_its_first_day() -> None:
    facts = lot(HeldPaper(paper=paper("SC-1", starts=date(2026, 12, 1), until=None)))
    assert told(facts, LICENCE) == [named("not_yet", number="SC-1", since="2026-12-01")]


def test_a_lot_without_the_paper_is_kept_and_one_of_another_kind_or_number_does_not_help() -> None:
    assert told(lot(), LICENCE) == [named("missing")]
    trade = HeldPaper(paper=paper("JY-1", until=None))
    report = HeldPaper(paper=paper("SC-9", until=None, kind=DocumentKind.INSPECTION_REPORT))
    assert told(lot(trade, report), LICENCE) == [named("missing")]
    assert told(lot(HeldPaper(paper=paper("sc-1", until=None))), LICENCE) == []


def test_a_newer_licence_stands_in_for_one_that_ended() -> None:
    old, new = paper("SC-1", until=date(2026, 10, 1)), paper("SC-2", until=date(2027, 10, 1))
    assert told(lot(HeldPaper(paper=old), HeldPaper(paper=new)), LICENCE) == []


def test_of_several_licences_that_do_not_hold_the_last_to_end_is_named() -> None:
    old, newer = paper("SC-1", until=date(2026, 3, 1)), paper("SC-2", until=date(2026, 10, 1))
    facts = lot(HeldPaper(paper=newer), HeldPaper(paper=old))
    assert told(facts, LICENCE) == [named("expired", number="SC-2", since="2026-10-01")]


@pytest.mark.parametrize("fault", ["revoked", "suspended"])
def test_a_licence_that_was_revoked_or_suspended_keeps_the_lot_with_the_reason_given(fault: str) -> None:
    said = Said(**{fault: True}, why="Inspection failed", since=date(2026, 11, 20))  # type: ignore[arg-type]
    facts = lot(HeldPaper(paper=paper("SC-1", until=None), said=said))
    assert told(facts, LICENCE) == [named(fault, number="SC-1", since="2026-11-20", why="Inspection failed")]


def test_a_revoked_passport_keeps_its_lot_without_any_requirement() -> None:
    facts = lot(passport=Said(revoked=True, suspended=True, why="Wrong label"))
    assert told(facts) == [{"fault": "revoked", "why": "Wrong label"}]
    assert told(lot(passport=Said(suspended=True, why="Asked"))) == [{"fault": "suspended", "why": "Asked"}]


def test_a_recalled_lot_is_kept_for_the_recall_and_not_for_its_revoked_passport_besides() -> None:
    facts = lot(recall=Recall(reason="Salmonella", on=TODAY), passport=Said(revoked=True, why="Salmonella"))
    assert told(facts) == [{"fault": "recalled", "since": "2026-11-23", "why": "Salmonella"}]


@pytest.mark.parametrize(
    ("field", "own", "other"),
    [("category", "Tea", "Honey"), ("product_id", TEA, OTHER), ("supplier_id", SONGYUE, OTHER)],
)
def test_a_requirement_asks_only_the_lots_it_names(field: str, own: object, other: object) -> None:
    assert told(lot(), replace(LICENCE, **{field: own})) == [named("missing")]  # type: ignore[arg-type]
    assert told(lot(), replace(LICENCE, **{field: other})) == []  # type: ignore[arg-type]


def test_every_missing_paper_is_named_once() -> None:
    again = replace(LICENCE, id=UUID(int=10), category="Tea")
    assert told(lot(), LICENCE, REPORT, again) == [
        named("missing"),
        {"fault": "missing", "zh": "本批检验报告", "en": "Report"},
    ]


def test_a_reason_is_stored_without_what_is_empty() -> None:
    assert Reason(fault=Fault.MISSING, zh="证").to_value() == {"fault": "missing", "zh": "证"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name_zh": " "}, "name_zh"),
        ({"name_en": "x" * 81}, "name_en"),
        ({"number_prefix": "9" * 81}, "number_prefix"),
    ],
)
def test_a_requirement_needs_names_in_both_languages_of_a_readable_length(
    change: dict[str, str], field: str
) -> None:
    check_requirement(LICENCE)
    with pytest.raises(BadRequirement) as refusal:
        check_requirement(replace(LICENCE, **change))  # type: ignore[arg-type]
    assert refusal.value.values["field"] == field


def test_a_recall_needs_a_reason_of_a_readable_length() -> None:
    assert check_recall_reason(" Salmonella ") == "Salmonella"
    for reason in ("  ", "x" * 501):
        with pytest.raises(RecallReasonNeeded):
            check_recall_reason(reason)
