"""Scalars and errors of the wire."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from graphql import FloatValueNode, GraphQLError, StringValueNode, Undefined
from sqlalchemy.exc import OperationalError

from portal.api.errors import BadPage, masked, told
from portal.api.types import Decimal
from portal.kernel.errors import PortalError
from portal.platform.clock import HandClock

CLOCK = HandClock(datetime(2026, 11, 23, 2, 24, tzinfo=UTC))


def in_code(error: PortalError) -> str:
    return f"<{error.code}>"


def test_an_exact_number_is_text_on_both_sides_of_the_wire() -> None:
    assert Decimal.serialize("12.500") == "12.500"
    assert Decimal.parse_value("12.5") == "12.5"
    assert Decimal.parse_literal(StringValueNode(value="12.5")) == "12.5"


@pytest.mark.parametrize("value", [12.5, 12, None, True])
def test_a_float_is_never_taken_for_an_exact_number(value: object) -> None:
    assert Decimal.parse_value(value) is Undefined
    assert Decimal.parse_literal(FloatValueNode(value="12.5")) is Undefined


def test_a_refusal_is_told_by_code_sentence_and_values() -> None:
    assert told(BadPage("no", what="first"), in_code) == {
        "message": "<bad_page>",
        "extensions": {"code": "BAD_PAGE", "values": {"what": "first"}},
    }
    assert told(BadPage("no"), in_code) == {"message": "<bad_page>", "extensions": {"code": "BAD_PAGE"}}


def test_a_database_lost_in_the_middle_is_told_as_such() -> None:
    error = GraphQLError("x", original_error=OperationalError("SELECT secret", {}, Exception("gone")))
    assert masked([error], sentence=in_code, clock=CLOCK) == [
        {"message": "<database_silent>", "extensions": {"code": "DATABASE_SILENT"}}
    ]


def test_what_breaks_keeps_its_words_to_the_log() -> None:
    error = GraphQLError("list index out of range", original_error=IndexError("list index out of range"))
    with Flask("x").app_context():
        [entry] = masked([error], sentence=in_code, clock=CLOCK)
    assert entry["message"] == "<internal>"
    assert set(entry["extensions"]["values"]) == {"quote"}
