"""Messages travel as JSON types and come back as they were."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar
from uuid import UUID

import pytest

from portal.kernel.actor import Actor
from portal.kernel.errors import Conflict, Forbidden, Malformed, NotFound, PortalError, Refused, Unavailable
from portal.kernel.messages import Message

ORG = UUID("01900000-0000-7000-8000-000000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPicked(Message):
    """A fact of every type."""

    name: ClassVar[str] = "test.leaf.picked"

    number: str
    count: int
    whole: bool
    on: date
    at: datetime
    until: date | None
    picker: UUID | None


PICKED = LeafPicked(
    org_id=ORG,
    number="L-1",
    count=3,
    whole=True,
    on=date(2026, 4, 5),
    at=datetime(2026, 4, 5, 6, 7, tzinfo=UTC),
    until=None,
    picker=ORG,
)
BODY = {
    "org_id": "01900000-0000-7000-8000-000000000001",
    "number": "L-1",
    "count": 3,
    "whole": True,
    "on": "2026-04-05",
    "at": "2026-04-05T06:07:00+00:00",
    "until": None,
    "picker": "01900000-0000-7000-8000-000000000001",
}


def test_a_message_is_written_as_json_types() -> None:
    assert PICKED.to_json() == BODY


def test_a_message_comes_back_as_it_was() -> None:
    assert LeafPicked.from_json(BODY) == PICKED


def test_a_day_that_may_be_missing_comes_back_as_a_day() -> None:
    assert LeafPicked.from_json({**BODY, "until": "2026-04-06"}).until == date(2026, 4, 6)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (PortalError, "portal_error"),
        (NotFound, "not_found"),
        (Refused, "refused"),
        (Forbidden, "forbidden"),
        (Conflict, "conflict"),
        (Malformed, "malformed"),
        (Unavailable, "unavailable"),
    ],
)
def test_each_kind_of_refusal_has_its_code_and_keeps_its_values(kind: type[PortalError], code: str) -> None:
    refusal = kind("40 were asked, 30 are there.", asked=40, there=30)
    assert (refusal.code, refusal.message, refusal.values) == (
        code,
        "40 were asked, 30 are there.",
        {"asked": 40, "there": 30},
    )
    assert str(refusal) == "40 were asked, 30 are there."


def test_a_program_acts_without_person_role_or_firm() -> None:
    actor = Actor(org_id=ORG, label="worker")
    assert (actor.person_id, actor.role, actor.partner_id) == (None, None, None)
