"""Events as credentials: what they say, what they are called, and how EPCIS spells them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.errors import BadFacts, Malformed
from ledger.kinds.epcis import epcis_document, epcis_event, event_hash_id, pre_hash
from ledger.kinds.traceability import Goods, compose, event_value, json_number
from support.kinds import GTIN, LINK, ORIGIN, heading, packed, shipped

# Of both events by epcis-event-hash-generator 1.9.3, the reference implementation of CBV 2.0 section 8.9.
SHIPPED_ID = "ni:///sha-256;1f7ad570a7b7349e3a64a1fd1af4ed72eb0ba271567676f5ba501f4ffe64bbf4?ver=CBV2.0"
PACKED_ID = "ni:///sha-256;a8ffced66c04dda9c90631bce6a0a742d06eae7f062ddab30f6110f1bc0bb97c?ver=CBV2.0"


def test_a_shipment_says_what_left_where_and_by_which_paper() -> None:
    credential = compose(heading(3), shipped())
    assert credential["type"] == ["DigitalTraceabilityEvent", "VerifiableCredential"]
    assert credential["@context"][1] == "https://portal.example:8443/contexts/passport/v1"
    assert credential["credentialSubject"] == [
        {
            "type": ["ObjectEvent", "Event"],
            "id": SHIPPED_ID,
            "processType": "Shipping",
            "eventTime": "2026-02-28T02:24:00Z",
            "eventTimeZoneOffset": "+08:00",
            "action": "observe",
            "disposition": "https://ref.gs1.org/cbv/Disp-in_transit",
            "bizStep": "https://ref.gs1.org/cbv/BizStep-shipping",
            "bizLocation": "https://id.gs1.org/414/9520123456788",
            "placeName": "松月茶业",
            "document": "ASN-1",
            "bizTransactionList": [
                {"type": "https://ref.gs1.org/cbv/BTT-desadv", "bizTransaction": f"{LINK}#ASN-1"}
            ],
            "quantityList": [{"productId": LINK, "productName": "龙井", "quantity": 12.5, "uom": "KGM"}],
        }
    ]


def test_a_transformation_says_what_went_in_and_what_came_out() -> None:
    event = event_value(packed())
    assert event == {
        "type": ["TransformationEvent", "Event"],
        "id": PACKED_ID,
        "processType": "Transforming",
        "eventTime": "2026-02-26T01:00:00Z",
        "eventTimeZoneOffset": "+08:00",
        "action": "add",
        "disposition": "https://ref.gs1.org/cbv/Disp-active",
        "bizStep": "https://ref.gs1.org/cbv/BizStep-commissioning",
        "placeName": "松月茶业",
        "outputEPCList": [{"type": ["Item"], "id": f"{ORIGIN}/01/{GTIN}/21/S1", "name": "龙井"}],
        "outputQuantityList": [{"productId": LINK, "productName": "龙井", "quantity": 480}],
        "inputQuantityList": [
            {"productId": f"{ORIGIN}/01/{GTIN}/10/RAW", "productName": "毛茶", "quantity": 120, "uom": "KGM"}
        ],
    }


def test_epcis_spells_the_same_shipment_its_own_way() -> None:
    event = epcis_event(event_value(shipped()))
    assert event == {
        "type": "ObjectEvent",
        "eventID": SHIPPED_ID,
        "eventTime": "2026-02-28T02:24:00Z",
        "eventTimeZoneOffset": "+08:00",
        "quantityList": [{"epcClass": LINK, "quantity": 12.5, "uom": "KGM"}],
        "action": "OBSERVE",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "bizLocation": {"id": "https://id.gs1.org/414/9520123456788"},
        "bizTransactionList": [{"type": "desadv", "bizTransaction": f"{LINK}#ASN-1"}],
    }
    assert event_hash_id(event) == SHIPPED_ID
    assert epcis_document(event, created="2026-03-01T08:00:00Z") == {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T08:00:00Z",
        "epcisBody": {"eventList": [event]},
    }


def test_epcis_knows_no_action_of_a_transformation() -> None:
    event = epcis_event(event_value(packed()))
    assert "action" not in event
    assert event["outputEPCList"] == [f"{ORIGIN}/01/{GTIN}/21/S1"]
    assert event_hash_id(event) == PACKED_ID


def test_the_same_event_has_one_name_and_a_changed_one_another() -> None:
    again = replace(shipped(), time=datetime(2026, 2, 28, 2, 24, tzinfo=UTC))
    later = replace(shipped(), time=datetime(2026, 2, 28, 10, 25, tzinfo=shipped().time.tzinfo))
    assert event_value(shipped())["id"] == SHIPPED_ID
    # The offset is part of the name: where a clock stood is a fact as well.
    assert event_value(again)["id"] != SHIPPED_ID
    assert event_value(later)["id"] != SHIPPED_ID


def test_one_piece_has_no_quantity() -> None:
    piece = f"{ORIGIN}/01/{GTIN}/21/S1"
    event = event_value(replace(shipped(), goods=(Goods(piece, "龙井"),)))
    assert event["epcList"] == [{"type": ["Item"], "id": piece, "name": "龙井"}]
    assert "quantityList" not in event


@pytest.mark.parametrize("unit", ["C62", "EA", "H87", "NAR"])
def test_pieces_are_counted_without_a_unit(unit: str) -> None:
    event = event_value(replace(shipped(), goods=(Goods(LINK, "龙井", "3", unit),)))
    assert event["quantityList"] == [{"productId": LINK, "productName": "龙井", "quantity": 3}]


@pytest.mark.parametrize(
    ("text", "number"),
    [("480", 480), ("480.000", 480), ("12.5", 12.5), ("0.1", 0.1), ("9007199254740991", 2**53 - 1)],
)
def test_decimal_text_becomes_the_number_that_means_it(text: str, number: float) -> None:
    found = json_number(text)
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize("text", ["9007199254740992", "0.12345678901234567890", "-9007199254740993"])
def test_a_quantity_no_json_number_holds_is_refused(text: str) -> None:
    with pytest.raises(BadFacts, match="no exact JSON number"):
        json_number(text)


def test_an_unknown_step_is_refused() -> None:
    with pytest.raises(BadFacts, match="'dancing' is no step"):
        event_value(replace(shipped(), step="dancing"))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Malformed, match="no time zone"):
        event_value(replace(shipped(), time=datetime(2026, 2, 28)))  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensorElementList": []}, "no hash of an event with sensorElementList"),
        ({"eventTime": "2026-02-28T02:24:00"}, "no time zone"),
    ],
)
def test_what_cannot_be_hashed_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BadFacts, match=message):
        pre_hash(epcis_event(event_value(shipped())) | change)
