"""What the kinds of credential refuse, in whole sentences with their values, and hashes of rarer events."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.errors import BadFacts, BadGTIN, BadLot
from ledger.kinds.conformity import compose as compose_conformity
from ledger.kinds.digital_link import check_gtin, digital_link, item_link, location_link
from ledger.kinds.envelope import Heading, Party, contexts, enveloped
from ledger.kinds.epcis import epcis_event, pre_hash
from ledger.kinds.identity import check_uscc
from ledger.kinds.traceability import Goods, event_value, json_number
from support.kinds import GTIN, LINK, ORIGIN, PAPER, certificate_facts, packed, shipped
from support.refusals import refused


@pytest.mark.parametrize("gtin", ["", "0690123456789", "069012345678921", "0690123456789X", f"{GTIN}\n"])
def test_a_trade_item_number_has_fourteen_digits(gtin: str) -> None:
    with refused(BadGTIN, f"{gtin!r} has not 14 digits", gtin=gtin):
        check_gtin(gtin)


@pytest.mark.parametrize("place", range(14))
def test_every_digit_of_a_trade_item_number_is_checked(place: int) -> None:
    wrong = GTIN[:place] + str((int(GTIN[place]) + 1) % 10) + GTIN[place + 1 :]
    with refused(BadGTIN, f"the check digit of {wrong} is wrong", gtin=wrong):
        check_gtin(wrong)


@pytest.mark.parametrize("lot", ["", "x" * 21, "批", "a b"])
def test_a_lot_that_no_code_carries_is_named(lot: str) -> None:
    with refused(BadLot, f"{lot!r} is no GS1 lot or serial number", lot=lot):
        digital_link(ORIGIN, GTIN, lot)


def test_a_lot_may_have_twenty_characters_of_any_kind_a_code_carries() -> None:
    assert digital_link(ORIGIN, GTIN, "!\"%&'()*+,-./09:;<=>") == (
        f"{ORIGIN}/01/{GTIN}/10/%21%22%25%26%27%28%29%2A%2B%2C-.%2F09%3A%3B%3C%3D%3E"
    )


@pytest.mark.parametrize(
    "base", ["", "portal.example", "https://a/", "https://a?x", "ftp://a", "https://a#", "//a"]
)
def test_a_link_begins_with_a_scheme_and_a_host(base: str) -> None:
    with refused(BadFacts, f"{base!r} is not a scheme and a host", base_url=base):
        item_link(base, GTIN)
    assert item_link("http://a", GTIN) == f"http://a/01/{GTIN}"


@pytest.mark.parametrize("gln", ["9520123456789", "952012345678", "95201234567888"])
def test_a_place_has_a_whole_number(gln: str) -> None:
    with refused(BadFacts, f"{gln!r} is not a Global Location Number", gln=gln):
        location_link(gln)


@pytest.mark.parametrize("uscc", ["", "914403001922038217"])
def test_a_wrong_credit_code_is_named(uscc: str) -> None:
    with refused(BadFacts, f"{uscc!r} is not a Unified Social Credit Code", uscc=uscc):
        check_uscc(uscc)


def test_a_credit_code_is_taken_as_it_is_written_only() -> None:
    spaced = "9144 0300 1922 0382 16"
    sentence = f"{spaced!r} is not a Unified Social Credit Code as it is written"
    with refused(BadFacts, sentence, uscc=spaced):
        check_uscc(spaced)


def test_an_issuer_without_a_place_on_the_web_has_no_context_of_ours() -> None:
    with refused(BadFacts, "did:key:z6Mk is no did:web", did="did:key:z6Mk"):
        contexts("did:key:z6Mk")


def test_validity_may_end_when_it_starts_and_not_before() -> None:
    start = datetime(2026, 3, 1, 8, tzinfo=UTC)
    heading = Heading("urn:x", Party("did:web:a", "A"), start, start)
    assert (
        enveloped(heading, type_name="DigitalProductPassport", subject={})["validUntil"] == "2026-03-01T08:00:00Z"
    )
    with refused(BadFacts, "validity ends before it starts", id="urn:x"):
        enveloped(
            replace(heading, valid_until=datetime(2026, 3, 1, 7, 59, 59, tzinfo=UTC)),
            type_name="DigitalProductPassport",
            subject={},
        )


def test_a_file_is_bound_by_one_whole_digest() -> None:
    url = PAPER.url
    with refused(BadFacts, f"the digest of {url} has not 32 bytes", url=url):
        compose_conformity(certificate_facts(file=replace(PAPER, sha256=bytes(33))))
    heading = Heading("urn:x", Party("did:web:a", "A"), datetime(2026, 3, 1, tzinfo=UTC))
    with refused(BadFacts, f"two different files or credentials at {url}", url=url):
        both = (PAPER, replace(PAPER, sha256=bytes(32)))
        enveloped(heading, type_name="DigitalProductPassport", subject={}, resources=both)


def test_what_is_not_known_is_left_out_at_every_depth() -> None:
    heading = Heading("urn:x", Party("did:web:a%3A8443", "A"), datetime(2026, 3, 1, tzinfo=UTC))
    subject = [{"a": None, "b": [{"c": None, "d": 0}], "e": {"f": None}, "g": "", "h": False}]
    assert enveloped(heading, type_name="DigitalFacilityRecord", subject=subject) == {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://a:8443/contexts/passport/v1",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "id": "urn:x",
        "type": ["DigitalFacilityRecord", "VerifiableCredential"],
        "issuer": {"type": ["CredentialIssuer"], "id": "did:web:a%3A8443", "name": "A"},
        "validFrom": "2026-03-01T00:00:00Z",
        "credentialSubject": [{"b": [{"d": 0}], "e": {}, "g": "", "h": False}],
    }


def test_a_step_nobody_tells_is_named() -> None:
    with refused(BadFacts, "'dancing' is no step that is told here", step="dancing"):
        event_value(replace(shipped(), step="dancing"))


@pytest.mark.parametrize("text", ["9007199254740992", "-9007199254740992", "0.12345678901234567890"])
def test_a_quantity_is_an_exact_number_or_none(text: str) -> None:
    with refused(BadFacts, f"{text} is no exact JSON number", quantity=text):
        json_number(text)


@pytest.mark.parametrize(("text", "number"), [("-9007199254740991", -(2**53) + 1), ("0", 0), ("-0.5", -0.5)])
def test_a_quantity_below_nothing_is_a_number_too(text: str, number: float) -> None:
    found = json_number(text)
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("commissioning", ("add", "Disp-active", "BTT-prodorder", "Making")),
        ("inspecting", ("observe", "Disp-in_progress", "BTT-testres", "Inspecting")),
        ("shipping", ("observe", "Disp-in_transit", "BTT-desadv", "Shipping")),
        ("receiving", ("observe", "Disp-in_progress", "BTT-recadv", "Receiving")),
    ],
)
def test_each_step_has_its_words(step: str, told: tuple[str, str, str, str]) -> None:
    event = event_value(replace(shipped(), step=step))
    cbv = "https://ref.gs1.org/cbv/"
    action, disposition, transaction, process = told
    assert (event["action"], event["processType"]) == (action, process)
    assert (event["bizStep"], event["disposition"]) == (f"{cbv}BizStep-{step}", f"{cbv}{disposition}")
    assert event["bizTransactionList"] == [{"type": f"{cbv}{transaction}", "bizTransaction": f"{LINK}#ASN-1"}]


def test_pieces_and_quantities_stand_in_lists_of_their_own_on_either_side() -> None:
    mixed = (Goods("urn:piece", "A"), Goods("urn:lot", "B", "1.5", "KGM"))
    event = event_value(replace(packed(), inputs=mixed, goods=mixed[:1]))
    piece = {"type": ["Item"], "id": "urn:piece", "name": "A"}
    assert {name: value for name, value in event.items() if name.endswith("List")} == {
        "inputEPCList": [piece],
        "inputQuantityList": [{"productId": "urn:lot", "productName": "B", "quantity": 1.5, "uom": "KGM"}],
        "outputEPCList": [piece],
    }
    alone = event_value(replace(shipped(), goods=mixed, document_link=None))
    assert [name for name in alone if name.endswith("List")] == ["epcList", "quantityList"]


@pytest.mark.parametrize(
    ("change", "sentence", "values"),
    [
        (
            {"sensorElementList": [], "errorDeclaration": {}},
            "no hash of an event with errorDeclaration",
            {"member": "errorDeclaration"},
        ),
        (
            {"eventTime": "2026-02-28T02:24:00"},
            "2026-02-28T02:24:00 has no time zone",
            {"time": "2026-02-28T02:24:00"},
        ),
    ],
)
def test_what_cannot_be_hashed_is_named(change: dict[str, Any], sentence: str, values: dict[str, Any]) -> None:
    with refused(BadFacts, sentence, **values):
        pre_hash(epcis_event(event_value(shipped())) | change)


def test_transactions_are_hashed_in_order_each_under_its_kind() -> None:
    event = {
        "type": "ObjectEvent",
        "bizTransactionList": [
            {"type": "po", "bizTransaction": "urn:2"},
            {"type": "https://firm.example/kinds/own", "bizTransaction": "urn:3"},
            {"type": "inv", "bizTransaction": "urn:1"},
        ],
    }
    assert pre_hash(event) == (
        "eventType=ObjectEventbizTransactionList"
        "type=https://firm.example/kinds/ownbizTransaction=urn:3"
        "type=https://ref.gs1.org/cbv/BTT-invbizTransaction=urn:1"
        "type=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:2"
    )


def test_a_time_is_hashed_alike_wherever_it_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"type": "ObjectEvent", "eventTime": "2026-02-28T10:24:00+08:00"}
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        told = pre_hash(event)
    time.tzset()
    assert told == "eventType=ObjectEventeventTime=2026-02-28T02:24:00.000Z"
