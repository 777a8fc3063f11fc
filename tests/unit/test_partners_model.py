"""Who is who, by rule: agreements, firms, e-mails, disclosure."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from portal.kernel.disclosure import Disclosure, Role, Tier
from portal.partners.model import (
    Agreement,
    AgreementBackwards,
    AgreementWithoutNodes,
    NotAnEmail,
    PartnerDraft,
    UnknownRole,
    WeakPassword,
    WrongFirm,
    check_agreement,
    check_firm,
    check_partner_roles,
    check_password_strength,
    disclosure_of,
    local_date,
    to_email,
)

FIRM = UUID(int=1)
NODE = UUID(int=2)
PRODUCT = UUID(int=3)


def agreement(**changes: object) -> Agreement:
    values: dict[str, object] = {
        "number": "AG-1",
        "tier": Tier.KEY,
        "purpose": "resale",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "nodes": frozenset({NODE}),
    }
    return Agreement(**{**values, **changes})  # type: ignore[arg-type]


def test_an_e_mail_is_kept_trimmed_and_in_lower_case() -> None:
    assert to_email("  Zhou.Min@Example.COM ") == "zhou.min@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zhou",
        "@example.com",
        "zhou@",
        "zhou min@example.com",
        "a@b@c",
        "a@b..c",
        "a\x00@b.c",
        "a@" + "b" * 260,
    ],
)
def test_what_cannot_be_an_e_mail_is_refused(text: str) -> None:
    with pytest.raises(NotAnEmail):
        to_email(text)


@pytest.mark.parametrize("length", [8, 256])
def test_a_password_of_8_to_256_characters_is_taken(length: int) -> None:
    check_password_strength("x" * length)


@pytest.mark.parametrize("length", [0, 7, 257])
def test_a_shorter_or_longer_password_is_refused(length: int) -> None:
    with pytest.raises(WeakPassword) as refusal:
        check_password_strength("x" * length)
    assert refusal.value.values == {"shortest": 8, "longest": 256}


@pytest.mark.parametrize(
    ("role", "firm"),
    [
        (Role.OPERATOR, None),
        (Role.CUSTOMER, ("customer",)),
        (Role.SUPPLIER, ("customer", "supplier")),
        (Role.AUDITOR, ("auditor",)),
        (Role.AUDITOR, None),
    ],
)
def test_a_role_that_fits_the_firm_is_taken(role: Role, firm: tuple[str, ...] | None) -> None:
    check_firm(role, partner_roles=firm)


@pytest.mark.parametrize(
    ("role", "firm"),
    [
        (Role.OPERATOR, ("customer",)),
        (Role.CUSTOMER, None),
        (Role.CUSTOMER, ("supplier",)),
        (Role.SUPPLIER, None),
        (Role.AUDITOR, ("customer",)),
    ],
)
def test_a_role_that_does_not_fit_the_firm_is_refused(role: Role, firm: tuple[str, ...] | None) -> None:
    with pytest.raises(WrongFirm):
        check_firm(role, partner_roles=firm)


@pytest.mark.parametrize("roles", [(), ("customer", "wizard")])
def test_a_partner_without_a_known_role_is_refused(roles: tuple[str, ...]) -> None:
    with pytest.raises(UnknownRole):
        check_partner_roles(PartnerDraft(code="C1", name_zh="甲", name_en="A", roles=roles))


def test_a_carrier_is_a_partner_too() -> None:
    check_partner_roles(PartnerDraft(code="T1", name_zh="甲", name_en="A", roles=("carrier",)))


def test_an_agreement_of_one_day_holds() -> None:
    check_agreement(agreement(valid_from=date(2026, 5, 1), valid_until=date(2026, 5, 1)))


def test_an_agreement_that_ends_before_it_begins_is_refused_with_both_days() -> None:
    with pytest.raises(AgreementBackwards) as refusal:
        check_agreement(agreement(valid_until=date(2025, 12, 31)))
    assert refusal.value.values == {"number": "AG-1", "valid_from": "2026-01-01", "valid_until": "2025-12-31"}


@pytest.mark.parametrize("tier", [Tier.KEY, Tier.STRATEGIC])
def test_a_tier_that_shows_warehouses_must_name_them(tier: Tier) -> None:
    with pytest.raises(AgreementWithoutNodes):
        check_agreement(agreement(tier=tier, nodes=frozenset()))


def test_an_ordinary_agreement_need_not_name_warehouses() -> None:
    check_agreement(agreement(tier=Tier.ORDINARY, nodes=frozenset()))


def test_the_date_of_an_instant_is_the_one_where_the_host_is() -> None:
    moment = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    assert local_date(moment, time_zone="Asia/Shanghai") == date(2026, 11, 23)
    assert local_date(moment, time_zone="America/New_York") == date(2026, 11, 22)


def test_an_operator_sees_everything() -> None:
    assert disclosure_of(Role.OPERATOR, partner_id=None, agreement=None) == Disclosure(tier=None, everything=True)


def test_a_customer_sees_what_the_agreement_names() -> None:
    found = disclosure_of(Role.CUSTOMER, partner_id=FIRM, agreement=agreement(products=frozenset({PRODUCT})))
    assert found == Disclosure(
        tier=Tier.KEY, partner_id=FIRM, products=frozenset({PRODUCT}), nodes=frozenset({NODE})
    )


def test_an_ordinary_customer_without_named_warehouses_gets_totals_over_all() -> None:
    found = disclosure_of(
        Role.CUSTOMER, partner_id=FIRM, agreement=agreement(tier=Tier.ORDINARY, nodes=frozenset())
    )
    assert (found.nodes, found.by_node) == (None, False)


@pytest.mark.parametrize(
    ("role", "terms"),
    [(Role.CUSTOMER, None), (Role.SUPPLIER, agreement()), (Role.AUDITOR, agreement())],
)
def test_nobody_else_sees_any_stock(role: Role, terms: Agreement | None) -> None:
    found = disclosure_of(role, partner_id=FIRM, agreement=terms)
    assert found == Disclosure(tier=None, partner_id=FIRM, products=frozenset(), nodes=frozenset())
