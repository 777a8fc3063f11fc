"""Threshold questions: yes or no, rounded up to the bucket, so many a day, the same question free."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from portal.inventory import questions, reads
from portal.inventory.model import BadQuantity, UnknownProduct
from portal.inventory.questions import Allowance, Answer, BadDay, QuestionsUsedUp
from portal.kernel.disclosure import Disclosure, Tier
from portal.kernel.grain import EXACT, Grain, GrainKind
from support.stock import NOW, ORG, TODAY, Stock, in_days, stock_company

YES_NO = Grain(GrainKind.YES_NO, (100,))
HERE = NOW.astimezone(ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def stock(conn: Connection) -> Stock:
    stock = stock_company(conn)
    tea = stock.product()
    stock.book(tea, 250)
    stock.expect(tea, 400, days=5)
    return stock


def ask(
    stock: Stock, quantity: int, by: date = TODAY, *, daily: int = 20, at: datetime = HERE, **asked: Any
) -> Answer:
    return questions.ask(
        stock.connection,
        org_id=ORG,
        disclosure=Disclosure(tier=Tier.ORDINARY, partner_id=UUID(int=7), grain=asked.pop("grain", YES_NO)),
        allowance=Allowance(agreement="AG-1", daily=daily),
        sku=asked.pop("sku", "TEA"),
        quantity=quantity,
        by=by,
        as_of=at,
        **asked,
    )


def test_yes_from_the_day_it_can_be_promised(stock: Stock) -> None:
    assert ask(stock, 200) == Answer(quantity=200, by=TODAY, yes=True, left=19)
    assert ask(stock, 300) == Answer(quantity=300, by=TODAY, yes=False, left=18)
    assert ask(stock, 600, in_days(5)) == Answer(quantity=600, by=in_days(5), yes=True, left=17)


def test_a_question_is_answered_for_the_next_whole_bucket(stock: Stock) -> None:
    assert ask(stock, 201) == Answer(quantity=300, by=TODAY, yes=False, left=19)
    assert ask(stock, 249, grain=EXACT) == Answer(quantity=250, by=TODAY, yes=True, left=18)


def test_no_bisection_below_the_bucket(stock: Stock) -> None:
    answers = [ask(stock, quantity) for quantity in (201, 225, 250, 251, 299, 300)]
    assert {(answer.quantity, answer.yes, answer.left) for answer in answers} == {(300, False, 19)}


def test_the_same_question_is_free_and_answered_the_same_all_day(stock: Stock) -> None:
    first = ask(stock, 200, daily=1)
    tea = UUID(str(stock.connection.exec_driver_sql("SELECT id FROM product").scalar_one()))
    stock.promise(tea, 200, days=0)
    assert ask(stock, 150, daily=1) == first
    assert ask(stock, 200, in_days(1), daily=5, at=HERE + timedelta(days=1)) == Answer(
        quantity=200, by=in_days(1), yes=False, left=4
    )


def test_used_up_questions_say_when_they_renew(stock: Stock) -> None:
    ask(stock, 200, daily=1)
    with pytest.raises(QuestionsUsedUp) as refused:
        ask(stock, 300, daily=1)
    assert refused.value.values == {
        "daily": 1,
        "agreement": "AG-1",
        "renews_at": "2026-11-24T00:00+08:00",
        "retry_after_s": 48_960,
    }
    assert (
        questions.questions_left(
            stock.connection, org_id=ORG, allowance=Allowance(agreement="AG-1", daily=1), today=TODAY
        )
        == 0
    )


@pytest.mark.parametrize("by", [in_days(-1), in_days(367)])
def test_a_day_that_cannot_be_asked_about_is_refused(stock: Stock, by: date) -> None:
    with pytest.raises(BadDay):
        ask(stock, 200, by)


def test_nothing_and_unknown_items_are_refused_without_a_cost(stock: Stock) -> None:
    with pytest.raises(BadQuantity):
        ask(stock, 0)
    with pytest.raises(UnknownProduct):
        ask(stock, 100, sku="NONE")
    assert ask(stock, 200).left == 19


def test_a_yes_looked_at_afresh_stays_free_until_it_is_a_no(stock: Stock) -> None:
    assert ask(stock, 200) == Answer(quantity=200, by=TODAY, yes=True, left=19)
    assert ask(stock, 200, afresh=True) == Answer(quantity=200, by=TODAY, yes=True, left=19)
    stock.promise(reads.products(stock.connection, org_id=ORG)["TEA"].id, 60, days=0)
    assert ask(stock, 200) == Answer(quantity=200, by=TODAY, yes=True, left=19)
    assert ask(stock, 200, afresh=True) == Answer(quantity=200, by=TODAY, yes=False, left=18)
    assert ask(stock, 200, afresh=True) == Answer(quantity=200, by=TODAY, yes=False, left=18)


def test_a_no_is_a_no_for_the_day_even_looked_at_afresh(stock: Stock) -> None:
    ask(stock, 300)
    stock.book(reads.products(stock.connection, org_id=ORG)["TEA"].id, 90, lot="L2")
    assert ask(stock, 300, afresh=True) == Answer(quantity=300, by=TODAY, yes=False, left=19)
