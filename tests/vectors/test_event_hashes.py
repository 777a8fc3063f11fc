"""Names of EPCIS events (CBV 2.0 section 8.9), against the vectors of the reference implementation.

Events and hashes are those of ``tests/examples`` of RalphTro/epcis-event-hash-generator (MIT), with EPC URNs
written as the Digital Links of its pre-hash texts, and without members that this ledger never writes.
"""

from typing import Any

import pytest

from ledger.kinds.epcis import event_hash_id, pre_hash

GS1 = "https://id.gs1.org"
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "epcisDocWithSingleEvent": (
        {
            "type": "ObjectEvent",
            "action": "OBSERVE",
            "bizStep": "shipping",
            "disposition": "in_transit",
            "epcList": [f"{GS1}/01/10614141073464/21/2018", f"{GS1}/01/10614141073464/21/2017"],
            "eventTime": "2022-02-16T20:33:31.116000-06:00",
            "eventTimeZoneOffset": "-06:00",
            "readPoint": {"id": f"{GS1}/414/0614141073467/254/1234"},
            "bizTransactionList": [
                {"type": "po", "bizTransaction": "http://transaction.acme.com/po/12345678"},
            ],
        },
        "ffa491b16867e34a7791a8d5389d826afc24e63a121026b6a4004ace38631b4b",
    ),
    "epcisDocWithShippingAndTransportingEvent, second": (
        {
            "type": "ObjectEvent",
            "eventTime": "2022-02-16T16:50:00.000+01:00",
            "eventTimeZoneOffset": "+01:00",
            "epcList": [f"{GS1}/00/140123451122233341"],
            "action": "OBSERVE",
            "bizStep": "transporting",
            "readPoint": {"id": "geo:47.506694,11.104301"},
        },
        "1d2ec4174d8f0b5988a44795b31a636e8bc7f88ebc4bdc0d35c14f215a842e80",
    ),
    "epcisDocWithVariousEventTypes, third": (
        {
            "type": "ObjectEvent",
            "eventTime": "2019-10-21T15:45:00.000+01:00",
            "eventTimeZoneOffset": "+01:00",
            "epcList": [f"{GS1}/00/040123451111111110"],
            "action": "OBSERVE",
            "bizStep": "inspecting",
            "disposition": "in_progress",
            "readPoint": {"id": "https://my.example/414/4012345000245"},
        },
        "c50842eb714406394a77fb7b517fea621c78a61f65549874de7c9e019afe7b6f",
    ),
    "epcisDocWithVariousEventTypes, ninth": (
        {
            "type": "TransactionEvent",
            "eventTime": "2019-10-21T00:05:00-06:00",
            "eventTimeZoneOffset": "-06:00",
            "epcList": [f"{GS1}/01/10614141073402/21/1", f"{GS1}/01/10614141073402/21/2"],
            "action": "ADD",
            "bizStep": "shipping",
            "readPoint": {"id": f"{GS1}/414/4012345000009/254/5"},
            "bizLocation": {"id": f"{GS1}/414/4012345000009"},
            "bizTransactionList": [
                {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:4012345123456:RE100099"},
            ],
        },
        "cf6559dc931963f19ed9cd2fe33c02ef64c8cfd557e5a96b086a87db315b7122",
    ),
    "epcisDocWithVariousEventTypes, tenth": (
        {
            "type": "TransactionEvent",
            "eventTime": "2019-10-21T14:58:56.591+02:00",
            "eventTimeZoneOffset": "+02:00",
            "quantityList": [
                {
                    "epcClass": "http://firm.example/01/04012345999884/10/2014-02-10?linkType=all",
                    "quantity": 2030.0,
                    "uom": "KGM",
                },
            ],
            "action": "ADD",
            "bizStep": "holding",
            "readPoint": {"id": f"{GS1}/414/4012345000252"},
            "bizLocation": {"id": f"{GS1}/414/4012345000023"},
            "bizTransactionList": [
                {"type": "inv", "bizTransaction": "urn:epcglobal:cbv:bt:4012345123456:RE1099"},
            ],
        },
        "b741a543ea0b2a4c4bdb3441c7dc196b41710e5b2c9870b211fac8d6d4c93427",
    ),
    "epcisDocWithVariousEventTypes, last": (
        {
            "type": "TransformationEvent",
            "eventTime": "2019-10-21T14:58:56.591+02:00",
            "eventTimeZoneOffset": "+02:00",
            "inputEPCList": [f"{GS1}/01/04012345111224/21/25", f"{GS1}/01/04000001654321/21/99886655"],
            "outputEPCList": [],
            "outputQuantityList": [{"epcClass": f"{GS1}/01/04054739999025/10/P20131121", "quantity": 9520}],
            "transformationID": f"{GS1}/253/40123455555541234",
            "bizStep": "http://epcis.example.com/user/vocab/bizstep/exampling",
            "readPoint": {"id": f"{GS1}/414/4012345000016"},
        },
        "756558aa09b2d38c6bcb6e50eab2fcbebd9bde17362a7c4f4686a5d7f5fb013f",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_events_have_the_names_the_reference_gives_them(name: str) -> None:
    event, digest = CASES[name]
    assert event_hash_id(event) == f"ni:///sha-256;{digest}?ver=CBV2.0"
    named = event | {"eventID": "urn:uuid:1", "recordTime": "2026-01-01T00:00:00Z"}
    assert event_hash_id(named) == event_hash_id(event)


@pytest.mark.parametrize(
    ("told", "hashed"),
    [
        ("2023-01-18T11:04:03.1415Z", "2023-01-18T11:04:03.142Z"),  # the example of rule 9
        ("2023-01-18T11:04:03.1414Z", "2023-01-18T11:04:03.141Z"),
        ("2023-12-31T23:59:59.9995Z", "2024-01-01T00:00:00.000Z"),
        ("2023-01-18T11:04:03+08:00", "2023-01-18T03:04:03.000Z"),
    ],
)
def test_times_are_hashed_to_the_millisecond(told: str, hashed: str) -> None:
    assert pre_hash({"type": "ObjectEvent", "eventTime": told}) == f"eventType=ObjectEventeventTime={hashed}"


def test_lists_are_sorted_and_empty_ones_left_out() -> None:
    counted = [{"epcClass": "urn:b", "quantity": 1.5}, {"epcClass": "urn:a", "quantity": 2, "uom": "KGM"}]
    event = {"type": "ObjectEvent", "epcList": [], "quantityList": counted, "inputQuantityList": []}
    assert pre_hash(event) == (
        "eventType=ObjectEventquantityList"
        "quantityElementepcClass=urn:aquantity=2uom=KGMquantityElementepcClass=urn:bquantity=1.5"
    )
