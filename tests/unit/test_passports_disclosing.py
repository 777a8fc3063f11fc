"""Who may see which part of a passport: levels, parts, and that one policy rules them all."""

import json
from typing import Any
from uuid import UUID

import pytest

from portal.kernel.disclosure import Basis, Disclosure, Role, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.passports.disclosing import (
    PARTS,
    DisclosurePolicy,
    Level,
    LotNotCovered,
    disclosable,
    hideable,
    level_of,
)
from support.interop_cases import WEB, passport

TEA, RICE = UUID(int=1), UUID(int=2)
SONGYUE, OTHER = UUID(int=3), UUID(int=4)
CAP = Grain(GrainKind.CAP, (100,))
DETAIL: dict[str, Any] = {
    "registration": {"uscc": "91330521MA2B4XKQ4T"},
    "handedIn": [{"number": "SC-1"}, {"number": "JY-7"}],
    "delivery": [{"despatchAdvice": "ASN-1"}],
}


def customer(tier: Tier | None, **changes: Any) -> Disclosure:
    return Disclosure(tier=tier, partner_id=OTHER, **changes)


@pytest.mark.parametrize(
    ("role", "disclosure", "level"),
    [
        (Role.CUSTOMER, customer(Tier.ORDINARY), Level.ORDINARY),
        (Role.CUSTOMER, customer(Tier.KEY), Level.KEY),
        (Role.CUSTOMER, customer(Tier.STRATEGIC), Level.STRATEGIC),
        (Role.CUSTOMER, customer(Tier.STRATEGIC, products=frozenset({TEA})), Level.STRATEGIC),
        # Deliveries are exact figures of stock: coarse figures, or only one's own, do not open them.
        (Role.CUSTOMER, customer(Tier.STRATEGIC, grain=CAP), Level.KEY),
        (Role.CUSTOMER, customer(Tier.STRATEGIC, basis=Basis.OWN_ONLY), Level.KEY),
        (Role.SUPPLIER, Disclosure(tier=None, partner_id=SONGYUE), Level.EVERYTHING),
        (Role.AUDITOR, Disclosure(tier=None), Level.EVERYTHING),
        (Role.OPERATOR, Disclosure(tier=None, everything=True), Level.EVERYTHING),
    ],
)
def test_level_follows_the_agreement(role: Role, disclosure: Disclosure, level: Level) -> None:
    assert level_of(role, disclosure, product_id=TEA, supplier_id=SONGYUE) is level


@pytest.mark.parametrize(
    ("role", "disclosure"),
    [
        (Role.CUSTOMER, customer(None)),
        (Role.CUSTOMER, customer(Tier.STRATEGIC, products=frozenset({RICE}))),
        (Role.SUPPLIER, Disclosure(tier=None, partner_id=OTHER)),
        (Role.SUPPLIER, Disclosure(tier=None, partner_id=None)),
    ],
)
def test_lot_of_others_is_refused(role: Role, disclosure: Disclosure) -> None:
    with pytest.raises(LotNotCovered):
        level_of(role, disclosure, product_id=TEA, supplier_id=SONGYUE)


def test_lot_without_supplier_belongs_to_no_supplier() -> None:
    with pytest.raises(LotNotCovered):
        level_of(Role.SUPPLIER, Disclosure(tier=None), product_id=TEA, supplier_id=None)


@pytest.mark.parametrize(
    ("level", "names"),
    [
        (Level.PUBLIC, ["producer", "papers", "places", "quantities", "documents"]),
        (Level.ORDINARY, ["producer", "papers", "places", "quantities", "documents", "registration"]),
        (Level.KEY, ["producer", "papers", "places", "quantities", "documents", "registration", "handed_in"]),
        (Level.STRATEGIC, [part.name for part in PARTS]),
        (Level.EVERYTHING, [part.name for part in PARTS]),
    ],
)
def test_each_level_opens_its_parts_and_those_below(level: Level, names: list[str]) -> None:
    assert [part.name for part in PARTS if DisclosurePolicy(level).opens(part)] == names


def test_part_left_out_is_not_shown() -> None:
    policy = DisclosurePolicy(Level.KEY, frozenset({"producer"}))
    assert not policy.shows(("credentialSubject", "product", "producedByParty"))
    assert policy.shows(("credentialSubject", "partnerDetail", "registration"))


def test_what_belongs_to_no_part_is_shown_to_everybody() -> None:
    assert DisclosurePolicy(Level.PUBLIC).shows(("credentialSubject", "product", "batchNumber"))


def test_every_place_of_a_passport_that_can_be_withheld() -> None:
    event = ("credentialSubject", "traceabilityInformation", 0, "event")
    detail = ("credentialSubject", "partnerDetail")
    assert hideable(disclosable(passport(WEB), DETAIL)) == (
        ("credentialSubject", "product", "producedByParty"),
        ("credentialSubject", "conformityClaim"),
        (*event, 0, "bizLocation"),
        (*event, 1, "bizLocation"),
        (*event, 0, "quantityList"),
        (*event, 1, "quantityList"),
        (*event, 0, "document"),
        (*event, 1, "document"),
        (*detail, "registration"),
        (*detail, "handedIn"),
        (*detail, "delivery"),
    )


def test_places_a_passport_lacks_are_passed_over() -> None:
    assert hideable({"credentialSubject": {"traceabilityInformation": "none", "product": {}}}) == ()
    assert hideable({"credentialSubject": [1]}) == ()


def test_disclosable_passport_names_the_anchored_one_and_no_file() -> None:
    anchored = {**passport(WEB), "proof": {"type": "DataIntegrityProof"}}
    made = disclosable(anchored)
    assert made["id"] == f"{anchored['id']}#disclosed"
    [related] = made["relatedResource"]
    assert (related["id"], related["mediaType"]) == (anchored["id"], "application/vc")
    assert made["credentialSubject"] == anchored["credentialSubject"]
    assert "proof" not in made
    assert "/documents/" not in json.dumps(made["relatedResource"])
