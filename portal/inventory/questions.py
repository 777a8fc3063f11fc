"""Threshold questions: "at least q by day d?", answered yes or no, so many a day, never finer than the bucket.

A question is rounded up to the bucket before it is looked at; the answer to the same question on the same day is
the one given first and costs nothing. What is asked and answered is kept; the budget is the agreement's.

Who asks for stock to be held asks the same way, of what they hold already and the new quantity together: so
neither a refusal nor holding bit by bit tells more than a question does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, text

from portal.inventory.model import BadQuantity, PromiseStep, promised_on
from portal.inventory.reads.exact import exact_steps
from portal.inventory.store import question_table
from portal.kernel.disclosure import Disclosure
from portal.kernel.errors import Refused, TooMany
from portal.kernel.grain import AtLeast, Grain
from portal.kernel.ids import new_id

BUCKET = 10
"""Whole base units a question is rounded up to where the agreement names no size of its own."""

FURTHEST_DAYS = 366
"""How far ahead a question may look, in days."""


class QuestionsUsedUp(TooMany):
    """The agreement's questions of the day are used up; ``renews_at`` says when there are new ones."""

    code = "questions_used_up"


class BadDay(Refused):
    """The day asked about has passed or lies more than a year ahead."""

    code = "bad_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an agreement allows of threshold questions.

    Attributes:
        agreement: Its number.
        daily: Questions a day.
    """

    agreement: str
    daily: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A yes or no.

    Attributes:
        quantity: Quanta the question was rounded up to.
        by: The day.
        yes: Whether at least that much can be promised by then.
        left: Questions left today.
    """

    quantity: int
    by: date
    yes: bool
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What the told figures leave open about a quantity to hold.

    Attributes:
        on: The day.
        quantity: Quanta that would be held by then in all.
        settled: The figure told is exact and below it, so there is nothing to ask.
    """

    on: date
    quantity: int
    settled: bool


def doubts(
    steps: Iterable[PromiseStep],
    *,
    holds: Mapping[date, int],
    quantity: int,
    on: date,
    grain: Grain,
    decimals: int,
) -> tuple[Doubt, ...]:
    """Return where the figures told do not already say that a quantity can be held; empty where they do.

    Args:
        steps: What can be promised by date, the asker's own holds not taken off.
        holds: What the asker holds already, by the day it leaves.
        quantity: Quanta more.
        on: Day they leave.
        grain: How figures are told.
        decimals: Decimals of the product's base unit.
    """
    known = tuple(steps)
    found = []
    for day in sorted({on, *(held_on for held_on in holds if held_on > on)}):
        wanted = quantity + sum(held for held_on, held in holds.items() if held_on <= day)
        told = grain.shown(promised_on(known, day), decimals=decimals)
        if wanted > told:
            found.append(Doubt(on=day, quantity=wanted, settled=not isinstance(told, AtLeast)))
    return tuple(found)


def rounded_up(quantity: int, *, disclosure: Disclosure, decimals: int) -> int:
    """Return the quantity a question is answered for: the next whole bucket.

    The bucket is the first step of a coarse agreement, or ``BUCKET`` base units.

    Raises:
        BadQuantity: Less than one quantum is asked for.
    """
    if quantity < 1:
        raise BadQuantity(f"The quantity asked for must be 1 or more, not {quantity}.", what="question")
    bucket = bucket_of(disclosure) * int(10**decimals)
    return -(-quantity // bucket) * bucket


def bucket_of(disclosure: Disclosure) -> int:
    """Return the bucket of a viewer's questions, in whole base units."""
    return next(iter(disclosure.grain.steps), BUCKET)


def ask(  # noqa: PLR0913 - who asks what, by when, under what
    connection: Connection,
    *,
    org_id: UUID,
    disclosure: Disclosure,
    allowance: Allowance,
    sku: str,
    quantity: int,
    by: date,
    as_of: datetime,
    afresh: bool = False,
) -> Answer:
    """Answer whether at least so much can be promised by a day, and keep the question.

    Args:
        connection: Open transaction; two questions of one agreement wait for each other.
        org_id: The company.
        disclosure: Whoever asks.
        allowance: The agreement and its questions a day.
        sku: The product.
        quantity: Quanta, 1 or more; rounded up to the bucket.
        by: The day, today or later.
        as_of: Instant in the company's zone; its date counts the questions.
        afresh: Look again where the day's answer is a yes. One that has become a no is a no for the rest of the
            day, and counts as one more question, even where none is left.

    Raises:
        UnknownProduct: There is no such product in the asker's scope.
        BadQuantity: The quantity is below 1.
        BadDay: The day has passed, or lies more than a year ahead.
        QuestionsUsedUp: The day's questions are used up, and this one was not asked before.
    """
    today = as_of.date()
    if not today <= by <= today + timedelta(days=FURTHEST_DAYS):
        raise BadDay(f"{by} has passed or is too far ahead.", on=by.isoformat())
    product, steps = exact_steps(connection, org_id=org_id, disclosure=disclosure, sku=sku, as_of=as_of)
    asked = rounded_up(quantity, disclosure=disclosure, decimals=product.decimals)
    take_turns(connection, org_id=org_id, allowance=allowance)
    table = question_table
    today_asked = (table.c.org_id == org_id, table.c.agreement == allowance.agreement, table.c.day == today)
    known: Row[Any, Any] | None = connection.execute(
        select(table.c.id, table.c.answer).where(
            *today_asked,
            table.c.product_id == product.id,
            table.c.quantity == asked,
            table.c.by_day == by,
        )
    ).first()
    left = questions_left(connection, org_id=org_id, allowance=allowance, today=today)
    if known is None and not left:
        raise _used_up(allowance, as_of)
    yes = promised_on(steps, by) >= asked
    if known is not None:
        if not (afresh and known.answer and not yes):
            return Answer(quantity=asked, by=by, yes=known.answer, left=left)
        connection.execute(
            table.update()
            .where(table.c.org_id == org_id, table.c.id == known.id)
            .values(answer=False, answers=table.c.answers + 1)
        )
        return Answer(quantity=asked, by=by, yes=False, left=max(0, left - 1))
    connection.execute(
        table.insert().values(
            org_id=org_id,
            id=new_id(as_of),
            agreement=allowance.agreement,
            day=today,
            product_id=product.id,
            quantity=asked,
            by_day=by,
            answer=yes,
            asked_at=as_of,
        )
    )
    return Answer(quantity=asked, by=by, yes=yes, left=left - 1)


def take_turns(connection: Connection, *, org_id: UUID, allowance: Allowance) -> None:
    """Wait until nobody else asks or holds under the agreement; until the transaction's end nobody else does."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('question:' || :org || ':' || :number, 0))"),
        {"org": str(org_id), "number": allowance.agreement},
    )


def questions_left(connection: Connection, *, org_id: UUID, allowance: Allowance, today: date) -> int:
    """Return how many questions an agreement has left on a local day."""
    table = question_table
    used: int = connection.scalars(
        select(func.coalesce(func.sum(table.c.answers), 0))
        .select_from(table)
        .where(table.c.org_id == org_id, table.c.agreement == allowance.agreement, table.c.day == today)
    ).one()
    return max(0, allowance.daily - used)


def _used_up(allowance: Allowance, as_of: datetime) -> QuestionsUsedUp:
    renews = datetime.combine(as_of.date() + timedelta(days=1), time(), tzinfo=as_of.tzinfo)
    return QuestionsUsedUp(
        f"The {allowance.daily} questions of today under {allowance.agreement} are used up until {renews}.",
        daily=allowance.daily,
        agreement=allowance.agreement,
        renews_at=renews.isoformat(timespec="minutes"),
        retry_after_s=int((renews - as_of).total_seconds()),
    )
