"""What a checklist item is met by, what is missing, and in which order an audit goes on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from portal.audits import checklist as files
from portal.audits.model import (
    Evidence,
    Facts,
    IllegalStep,
    ItemsOpen,
    Judgement,
    LotFact,
    PaperFact,
    PeriodReversed,
    State,
    Step,
    UnknownChecklist,
    UnknownItem,
    Verdict,
    WordsNeeded,
    after,
    check_all_judged,
    check_period,
    check_words,
    elapsed,
    proposed,
)
from portal.audits.reads import judged

TEA = UUID(int=1)
FOOD = files.checklist("food-gb31621", 1)
LOT = LotFact(
    product_id=TEA,
    sku="TEA",
    lot_code="L7",
    shipment="ASN-1",
    received_on=date(2026, 11, 1),
    made_on=date(2026, 10, 1),
    expires_on=date(2027, 10, 1),
    usable=10,
    passport="ab",
)
LICENCE = PaperFact(
    kind="certificate", number="SC-1", valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31), sha256="c1"
)
REPORT = PaperFact(
    kind="inspection_report",
    number="JY-7",
    valid_from=date(2026, 10, 20),
    valid_until=None,
    sha256="d2",
    lot_code="L7",
    product_id=TEA,
)
FACTS = Facts(on=date(2026, 11, 23), supplier="S1", contacts=1, papers=(LICENCE, REPORT), lots=(LOT,))


def said(item: str, facts: Facts = FACTS, **changes: object) -> Judgement:
    return proposed(FOOD, replace(facts, **changes))[item]  # type: ignore[arg-type]


def with_lot(**changes: object) -> Facts:
    return replace(FACTS, lots=(replace(LOT, **changes),))  # type: ignore[arg-type]


def test_a_supplier_with_everything_has_gaps_nowhere_and_leaves_to_the_auditor_what_records_cannot_show() -> None:
    verdicts = {item: one.verdict.value for item, one in proposed(FOOD, FACTS).items()}
    assert [item for item, verdict in verdicts.items() if verdict != "fulfilled"] == [
        "transport",
        "storage-conditions",
        "recall-told",
        "recall-record",
    ]
    assert (verdicts["transport"], verdicts["recall-told"]) == ("open", "not_applicable")


def test_evidence_names_the_paper_and_where_it_lies() -> None:
    assert said("licence").evidence == (Evidence("document", "SC-1", "c1"),)
    assert said("report-of-lot").evidence == (Evidence("document", "JY-7", "d2"),)
    assert said("traceable").evidence == (Evidence("passport", "TEA L7", "ab"),)
    assert said("acceptance-record").evidence == (Evidence("shipment", "ASN-1"),)


@pytest.mark.parametrize(
    ("item", "facts", "gaps"),
    [
        ("licence", replace(FACTS, on=date(2027, 1, 1)), ("SC-1",)),
        ("licence", replace(FACTS, papers=(REPORT,)), ()),
        ("conformity", replace(FACTS, papers=()), ("TEA L7",)),
        ("supplier-file", replace(FACTS, contacts=0), ("S1",)),
        ("report-of-lot", replace(FACTS, papers=(LICENCE,)), ("TEA L7",)),
        ("report-of-lot", replace(FACTS, papers=(replace(REPORT, lot_code="L8"),)), ("TEA L7",)),
        ("acceptance-record", with_lot(made_on=None), ("TEA L7",)),
        ("kept-apart", with_lot(faults=("expired",)), ("TEA L7",)),
        ("expired-stock", with_lot(expires_on=date(2026, 11, 22)), ("TEA L7",)),
        ("sales-record", with_lot(sold=5, sold_unnamed=2), ("TEA L7",)),
        ("traceable", with_lot(passport=""), ("TEA L7",)),
    ],
)
def test_what_is_missing_is_a_gap_and_is_named(item: str, facts: Facts, gaps: tuple[str, ...]) -> None:
    assert (said(item, facts).verdict, said(item, facts).gaps) == (Verdict.GAP, gaps)


def test_papers_and_stock_count_on_their_last_day() -> None:
    assert said("licence", on=date(2026, 12, 31)).verdict is Verdict.FULFILLED
    assert said("expired-stock", with_lot(expires_on=date(2026, 11, 23))).verdict is Verdict.FULFILLED


def test_what_is_unfit_is_no_gap_while_none_of_it_is_usable() -> None:
    assert said("kept-apart", with_lot(faults=("expired",), usable=0)).verdict is Verdict.FULFILLED


def test_a_trace_stands_in_for_a_passport() -> None:
    assert said("traceable", with_lot(passport="", traced=2)).evidence == (Evidence("trace", "TEA L7"),)


def test_without_lots_there_is_nothing_to_judge_and_the_reason_is_told() -> None:
    judgement = said("report-of-lot", lots=())
    assert (judgement.verdict, judgement.why) == (Verdict.NOT_APPLICABLE, "nothing_arrived")


def test_a_recall_is_met_by_who_was_told() -> None:
    judgement = said("recall-told", recalls=(("TEA L7", 3),))
    assert judgement.evidence == (Evidence("recall", "TEA L7 (3)"),)


def test_the_auditors_word_counts_and_keeps_the_evidence() -> None:
    own = {"licence": Judgement(verdict=Verdict.GAP, note="Wrong address", by="Chen")}
    found = judged(proposed(FOOD, FACTS), own)["licence"]
    assert (found.verdict, found.note, found.by) == (Verdict.GAP, "Wrong address", "Chen")
    assert found.evidence == (Evidence("document", "SC-1", "c1"),)


def test_an_audit_goes_from_request_to_sign_off_in_one_order_only() -> None:
    assert after(State.REQUESTED, Step.OPEN) is State.OPENED
    assert after(State.OPENED, Step.COMPLETE) is State.COMPLETED
    assert after(State.COMPLETED, Step.SIGN) is State.SIGNED
    for state, step in ((State.SIGNED, Step.OPEN), (State.REQUESTED, Step.SIGN), (State.OPENED, Step.SIGN)):
        with pytest.raises(IllegalStep):
            after(state, step)


def test_it_is_complete_when_every_item_is_judged() -> None:
    check_all_judged({"a": Judgement(verdict=Verdict.GAP)})
    with pytest.raises(ItemsOpen) as refusal:
        check_all_judged({"a": Judgement(verdict=Verdict.GAP), "b": Judgement(verdict=Verdict.OPEN)})
    assert refusal.value.values == {"items": ["b"], "count": 1}


def test_words_are_needed_where_they_are_and_have_a_readable_length() -> None:
    assert (check_words(" seen "), check_words("", needed=False)) == ("seen", "")
    for words in ("", "x" * 501):
        with pytest.raises(WordsNeeded):
            check_words(words)


def test_a_period_may_be_one_day_and_not_less() -> None:
    day = date(2026, 11, 23)
    check_period(day, day)
    with pytest.raises(PeriodReversed):
        check_period(day, date(2026, 11, 22))


def test_time_is_measured_to_the_second() -> None:
    start = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert elapsed(start, start + timedelta(hours=2, seconds=3.4)) == timedelta(hours=2, seconds=3)


def test_every_checklist_is_readable_in_both_languages_and_cites_a_chapter_of_its_source() -> None:
    assert [(one.name, one.version) for one in files.checklists()] == [("food-gb31621", 2), ("food-gb31621", 1)]
    known = {"2.1", "3", "4", "5.1–5.12", "6.1–6.10", "7", "8", "11"}
    for one in files.checklists():
        for item in one.items:
            assert all(item.text)
            assert all(item.stage)
            assert item.cites in known | {"5", "6"}
        # It is a code of practice with records to keep; it knows no code for goods.
        assert "追溯码" not in str(one)
        assert "GB 31621 code" not in str(one)
    newest = files.checklists()[0]
    assert {item.cites for item in newest.items} == known
    assert len(newest.items) == 18


def test_a_new_audit_is_offered_the_newest_version_and_an_old_one_keeps_its_own() -> None:
    assert [(one.name, one.version) for one in files.offered()] == [("food-gb31621", 2)]
    assert files.checklist("food-gb31621", 1).items == FOOD.items
    assert {item.id for item in FOOD.items} < {item.id for item in files.offered()[0].items}


def test_a_checklist_that_is_not_there_or_names_what_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownChecklist):
        files.checklist("food-gb31621", 9)
    with pytest.raises(UnknownItem):
        FOOD.item("none")
    both = {"zh": "一", "en": "one"}
    line = {"id": "a", "cites": "1", "stage": both, "text": both, "rule": "records"}
    whole = {"name": "x", "version": 1, "title": both, "source": both, "items": [line]}
    assert files.read(whole).items[0].text == ("一", "one")
    for items in ([{**line, "rule": "none"}], [line, line]):
        with pytest.raises(UnknownChecklist):
            files.read({**whole, "items": items})
