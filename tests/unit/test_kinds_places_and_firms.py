"""Records of places and identities, and the links by which goods and places are called."""

import pytest

from ledger.errors import BadFacts, BadGTIN, BadLot
from ledger.kinds.digital_link import canonical_link, item_link, location_link, serial_link
from ledger.kinds.facility import compose as compose_facility
from ledger.kinds.identity import check_uscc
from ledger.kinds.identity import compose as compose_identity
from support.kinds import GTIN, ORIGIN, USCC, facility_facts, heading, identity_facts

GS1 = "https://id.gs1.org"


def test_a_place_with_a_gln_is_called_by_it_and_by_its_own_address_too() -> None:
    credential = compose_facility(facility_facts())
    assert credential["type"] == ["DigitalFacilityRecord", "VerifiableCredential"]
    assert credential["credentialSubject"] == {
        "type": ["FacilityRecord"],
        "id": f"{heading(5).id}#record",
        "facility": {
            "type": ["Facility"],
            "id": "https://id.gs1.org/414/9520123456788",
            "name": "上海总仓 / Shanghai main",
            "registeredId": "9520123456788",
            "idScheme": {
                "type": ["IdentifierScheme"],
                "id": "https://id.gs1.org/414/",
                "name": "Global Location Number (GLN)",
            },
            "countryOfOperation": "CN",
            "operatedByParty": {"id": "did:web:portal.example%3A8443", "name": "青禾食品 / Qinghe Foods"},
            "facilityAlsoKnownAs": [{"id": f"{ORIGIN}/facilities/SH-1", "name": "SH-1"}],
        },
    }


def test_a_place_without_a_gln_is_called_by_its_address_here() -> None:
    place = compose_facility(facility_facts(gln=None, country=None))["credentialSubject"]["facility"]
    assert (place["id"], place["registeredId"]) == (f"{ORIGIN}/facilities/SH-1", "SH-1")
    assert place.keys() == {"type", "id", "name", "registeredId", "operatedByParty"}


def test_an_identity_anchor_binds_a_did_to_a_registered_firm() -> None:
    credential = compose_identity(identity_facts())
    assert credential["type"] == ["DigitalIdentityAnchor", "VerifiableCredential"]
    assert credential["credentialSubject"] == {
        "type": ["RegisteredIdentity"],
        "id": "did:web:portal.example%3A8443",
        "name": "青禾食品 / Qinghe Foods",
        "registeredId": "914403001922038216",
        "idScheme": {
            "type": ["IdentifierScheme"],
            "id": "https://www.cods.org.cn/",
            "name": "统一社会信用代码 Unified Social Credit Code (GB 32100)",
        },
        "registerType": "Business",
    }


# Codes that registrars gave to firms anybody can look up.
@pytest.mark.parametrize("uscc", [USCC, "91330100799655058B", "9144030071526726XG"])
def test_codes_of_real_firms_are_right(uscc: str) -> None:
    check_uscc(uscc)


@pytest.mark.parametrize("uscc", ["", "914403001922038217", "9144030071526726xg", "9144 0300 1922 0382 16"])
def test_a_wrong_credit_code_is_refused(uscc: str) -> None:
    with pytest.raises(BadFacts, match="Unified Social Credit Code"):
        compose_identity(identity_facts(uscc=uscc))


def test_a_piece_a_product_and_a_place_have_links_of_their_own() -> None:
    assert serial_link(ORIGIN, GTIN, "A/1") == f"{ORIGIN}/01/{GTIN}/21/A%2F1"
    assert item_link(ORIGIN, GTIN) == f"{ORIGIN}/01/{GTIN}"
    assert location_link("9520123456788") == "https://id.gs1.org/414/9520123456788"


def test_wrong_numbers_make_no_link() -> None:
    with pytest.raises(BadGTIN):
        item_link(ORIGIN, "06901234567890")
    with pytest.raises(BadLot):
        serial_link(ORIGIN, GTIN, "批")
    for gln in ("9520123456789", "952012345678", "952012345678X"):
        with pytest.raises(BadFacts, match="not a Global Location Number"):
            location_link(gln)


@pytest.mark.parametrize(
    ("uri", "canonical"),
    [
        (f"{ORIGIN}/01/{GTIN}/10/L%2F7", f"{GS1}/01/{GTIN}/10/L%2F7"),
        (f"http://dl.example/some/path/01/{GTIN}/10/L7?17=270804", f"{GS1}/01/{GTIN}/10/L7"),
        (f"{ORIGIN}/01/{GTIN}/10/L7/21/S1", f"{GS1}/01/{GTIN}/21/S1"),
        (f"{ORIGIN}/01/{GTIN}", f"{GS1}/01/{GTIN}"),
        ("https://dl.example/414/9520123456788", f"{GS1}/414/9520123456788"),
        ("https://dl.example/417/9520123456788", f"{GS1}/417/9520123456788"),
        (f"{ORIGIN}/facilities/SH-1", f"{ORIGIN}/facilities/SH-1"),
        (f"{ORIGIN}/01/{GTIN}/10/L7#ASN-1", f"{ORIGIN}/01/{GTIN}/10/L7#ASN-1"),
        ("urn:epc:id:sgln:690123456.001.0", "urn:epc:id:sgln:690123456.001.0"),
    ],
)
def test_event_hashes_spell_links_one_way(uri: str, canonical: str) -> None:
    assert canonical_link(uri) == canonical
