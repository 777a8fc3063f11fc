"""A passport that links what has a credential of its own, and the passport of one piece."""

import pytest

from ledger.errors import BadFacts
from ledger.kinds.envelope import Party
from ledger.kinds.passport import compose
from support.kinds import GTIN, ORIGIN, heading, passport_facts

HEX = {number: f"{number:02x}" * 32 for number in (1, 2, 3)}


def test_evidence_with_a_credential_of_its_own_is_linked_by_digest() -> None:
    credential = compose(passport_facts())
    certificate, report = credential["credentialSubject"]["conformityClaim"]
    assert certificate["conformityEvidence"] == {
        "type": ["SecureLink", "Link"],
        "linkURL": heading(1).id,
        "linkType": "https://test.uncefact.org/vocabulary/linkTypes/dcc",
        "hashDigest": HEX[1],
        "hashMethod": "SHA-256",
        "encryptionMethod": "none",
    }
    assert certificate["certificate"]["file"] == report["inspection"]["file"] == f"{ORIGIN}/documents/ab"
    assert report["conformityEvidence"]["hashDigest"] == HEX[2]
    [trace] = credential["credentialSubject"]["traceabilityInformation"]
    assert [one["hashDigest"] for one in trace["traceabilityEvent"]] == [HEX[3]]
    assert trace["traceabilityEvent"][0]["linkType"] == "https://test.uncefact.org/vocabulary/linkTypes/dte"


def test_everything_linked_is_a_related_resource_once() -> None:
    resources = compose(passport_facts())["relatedResource"]
    assert [(one["id"], one["mediaType"]) for one in resources] == [
        (f"{ORIGIN}/documents/ab", "application/pdf"),
        *((heading(number).id, "application/vc") for number in (1, 2, 3, 5, 6)),
    ]
    # 12 20 and thirty-two bytes 01, base58btc, by another implementation.
    assert resources[1]["digestMultibase"] == "zQmNQa1FSTXNHmrjjfgUW3Px3Vkke4oKiFWdigWkYSux2Pi"


def test_a_passport_of_one_piece_is_called_by_its_number() -> None:
    subject = compose(passport_facts(serial="S/1", lot=""))["credentialSubject"]
    product = subject["product"]
    assert subject["granularityLevel"] == "item"
    assert product["id"] == f"{ORIGIN}/01/{GTIN}/21/S%2F1"
    assert (product["registeredId"], product["serialNumber"]) == (f"{GTIN}.21.S/1", "S/1")
    assert "batchNumber" not in product


def test_a_piece_of_a_known_lot_names_both() -> None:
    product = compose(passport_facts(serial="S1"))["credentialSubject"]["product"]
    assert (product["batchNumber"], product["serialNumber"]) == ("L7", "S1")
    assert product["registeredId"] == f"{GTIN}.21.S1"


def test_only_a_did_web_has_a_place_for_our_context() -> None:
    with pytest.raises(BadFacts, match="no did:web"):
        compose(passport_facts(issuer=Party("did:key:z6Mk", "x")))
