"""Companies, partners, people, agreements: written once, found again, refused where they cannot be."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, func, select, update

from portal.inventory.model import ProductDraft
from portal.inventory.service import save_products
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role, Tier
from portal.kernel.ids import new_id
from portal.partners import reads, service
from portal.partners.audience import Audience, NoSchema, audience_of
from portal.partners.model import (
    AgreementOverlaps,
    EmailTaken,
    NoAgreement,
    NoSuchPartner,
    NoSuchPerson,
    PartnerDraft,
    UnknownRole,
    WrongFirm,
)
from portal.partners.service import TooManyTries, WrongPassword
from portal.partners.store import partner_table, person_table, sign_in_try_table
from portal.partners.viewer import viewer_of_person
from support.people import PASSWORD, Company, found_company


@pytest.fixture
def company(conn: Connection, now: datetime) -> Company:
    return found_company(conn, now=now)


def test_before_there_is_a_company_there_is_none(conn: Connection) -> None:
    assert service.the_company(conn) is None


def test_the_company_is_made_once_and_renamed_after(conn: Connection, now: datetime) -> None:
    first = service.save_company(conn, name_zh="甲", name_en="A", is_demo=True, now=now)
    again = service.save_company(conn, name_zh="乙", name_en="B", is_demo=False, now=now)
    assert first == again
    found = service.the_company(conn)
    assert found is not None
    assert (found.id, found.name_zh, found.name_en, found.is_demo) == (first, "乙", "B", False)


def test_partners_are_added_and_brought_up_to_date_by_code(
    conn: Connection, company: Company, now: datetime
) -> None:
    draft = PartnerDraft(
        code="C1", name_zh="新名", name_en="New name", roles=("supplier", "customer"), country="CN"
    )
    other = PartnerDraft(code="Z9", name_zh="末", name_en="Last", roles=("carrier",))
    saved = service.save_partners(conn, actor=company.actor, drafts=[other, other, draft], now=now)
    assert set(saved) == {"C1", "Z9"}
    assert saved["C1"] == company.partners["ordinary"]
    row = conn.execute(select(partner_table).where(partner_table.c.code == "C1")).one()
    assert (row.name_en, row.roles, row.country) == ("New name", ["customer", "supplier"], "CN")
    names = reads.partner_names(conn, org_id=company.org_id, role="supplier")
    assert [one.code for one in names] == ["C1", "S1"]
    assert len(reads.partner_names(conn, org_id=company.org_id)) == 8


def test_many_partners_are_saved_at_once(conn: Connection, company: Company, now: datetime) -> None:
    drafts = [
        PartnerDraft(code=f"M{n:05}", name_zh="众", name_en="Many", roles=("customer",)) for n in range(7000)
    ]
    assert len(service.save_partners(conn, actor=company.actor, drafts=drafts, now=now)) == 7000
    assert service.save_partners(conn, actor=company.actor, drafts=[], now=now) == {}


def test_one_partner_without_a_role_stops_all(conn: Connection, company: Company, now: datetime) -> None:
    good = PartnerDraft(code="N1", name_zh="新", name_en="New", roles=("customer",))
    with pytest.raises(UnknownRole):
        service.save_partners(conn, actor=company.actor, drafts=[good, replace(good, roles=())], now=now)
    assert conn.scalar(select(func.count()).select_from(partner_table)) == 7


def add(conn: Connection, company: Company, now: datetime, **changes: object) -> UUID:
    values: dict[str, object] = {
        "email": "New.Person@Example.com",
        "name": "New Person",
        "role": Role.SUPPLIER,
        "partner_id": company.partners["supplier"],
        "password": "a good password",
        "language": "zh",
    }
    return service.add_person(conn, actor=company.actor, now=now, **{**values, **changes})  # type: ignore[arg-type]


def test_a_new_person_can_sign_in(conn: Connection, company: Company, now: datetime) -> None:
    person_id = add(conn, company, now)
    person = service.sign_in(
        conn, org_id=company.org_id, email="new.person@example.com ", password="a good password", address="::1"
    )
    assert (person.id, person.email, person.language) == (person_id, "new.person@example.com", "zh")
    assert "a good password" not in person.password_hash


def test_a_language_we_do_not_have_is_left_to_the_browser(
    conn: Connection, company: Company, now: datetime
) -> None:
    person_id = add(conn, company, now, language="fr")
    actor = Actor(org_id=company.org_id, label="x", person_id=person_id)
    assert reads.person(conn, org_id=company.org_id, person_id=person_id).language is None
    for told, kept in (("en", "en"), ("fr", None)):
        service.set_language(conn, actor=actor, language=told)
        assert reads.person(conn, org_id=company.org_id, person_id=person_id).language == kept


def test_an_e_mail_is_given_to_one_person_only(conn: Connection, company: Company, now: datetime) -> None:
    with pytest.raises(EmailTaken):
        add(conn, company, now, email="KEY@example.com")


def test_a_person_of_an_unknown_or_unfitting_firm_is_refused(
    conn: Connection, company: Company, now: datetime
) -> None:
    with pytest.raises(NoSuchPartner):
        add(conn, company, now, partner_id=new_id(now))
    with pytest.raises(WrongFirm):
        add(conn, company, now, partner_id=company.partners["key"])
    with pytest.raises(WrongFirm):
        add(conn, company, now, partner_id=None)
    assert conn.scalar(select(func.count()).select_from(person_table)) == 8


def test_a_person_of_the_host_needs_no_firm(conn: Connection, company: Company, now: datetime) -> None:
    person_id = add(conn, company, now, role=Role.OPERATOR, partner_id=None)
    assert reads.person(conn, org_id=company.org_id, person_id=person_id).role is Role.OPERATOR


def sign_in(conn: Connection, company: Company, **changes: str) -> reads.Person:
    values = {"email": "key@example.com", "password": PASSWORD, "address": "192.0.2.1"}
    return service.sign_in(conn, org_id=company.org_id, **{**values, **changes})


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"email": "nobody@example.com"}, {"email": "x"}])
def test_a_wrong_pair_is_refused_in_the_same_words(
    conn: Connection, company: Company, changes: dict[str, str]
) -> None:
    with pytest.raises(WrongPassword, match="do not belong together"):
        sign_in(conn, company, **changes)


def test_an_old_hash_is_made_anew_at_sign_in(conn: Connection, company: Company) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    conn.execute(update(person_table).where(person_table.c.email == "key@example.com").values(password_hash=weak))
    sign_in(conn, company)
    stored = conn.scalar(select(person_table.c.password_hash).where(person_table.c.email == "key@example.com"))
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    sign_in(conn, company)


def tries(conn: Connection, company: Company, now: datetime, count: int, **changes: str) -> None:
    values = {"email": "key@example.com", "address": "192.0.2.1"}
    for _ in range(count):
        service.count_try(conn, org_id=company.org_id, now=now, **{**values, **changes})


def test_eight_tries_are_free_and_the_ninth_waits(conn: Connection, company: Company, now: datetime) -> None:
    tries(conn, company, now, 8)
    with pytest.raises(TooManyTries) as refusal:
        tries(conn, company, now + timedelta(seconds=61), 1)
    assert refusal.value.values == {"retry_after_s": 839, "minutes": 14}
    tries(conn, company, now + timedelta(minutes=15), 8)


def test_another_address_has_tries_of_its_own(conn: Connection, company: Company, now: datetime) -> None:
    tries(conn, company, now, 8)
    tries(conn, company, now, 8, address="192.0.2.2")


def test_a_good_password_forgets_the_tries_of_its_pair(conn: Connection, company: Company, now: datetime) -> None:
    tries(conn, company, now, 8)
    sign_in(conn, company)
    tries(conn, company, now, 8)


def test_one_address_has_60_tries_whatever_the_e_mail(conn: Connection, company: Company, now: datetime) -> None:
    for n in range(60):
        tries(conn, company, now, 1, email=f"a{n}@example.com")
    with pytest.raises(TooManyTries):
        tries(conn, company, now, 1, email="fresh@example.com")


def test_one_e_mail_has_120_tries_whatever_the_address(conn: Connection, company: Company, now: datetime) -> None:
    for n in range(120):
        tries(conn, company, now, 1, address=f"192.0.2.{n}")
    with pytest.raises(TooManyTries):
        tries(conn, company, now, 1, address="198.51.100.1")
    assert conn.scalar(select(func.count()).select_from(sign_in_try_table)) == 120 + 120 + 1 + 2


def save(conn: Connection, company: Company, now: datetime, **changes: object) -> UUID:
    values: dict[str, object] = {
        "number": "AG-NEW",
        "partner_id": company.partners["lapsed"],
        "tier": Tier.KEY,
        "purpose": "resale",
        "valid_from": date(2026, 11, 23),
        "valid_until": date(2026, 12, 31),
        "products": None,
        "nodes": frozenset({company.nodes["HKG"]}),
    }
    return service.save_agreement(conn, actor=company.actor, now=now, **{**values, **changes})  # type: ignore[arg-type]


def test_an_agreement_is_kept_and_changed_by_its_number(conn: Connection, company: Company, now: datetime) -> None:
    draft = ProductDraft(sku="TEA", name_zh="茶", name_en="Tea")
    product = save_products(conn, actor=company.actor, drafts=[draft], now=now)["TEA"]
    first = save(conn, company, now, products=frozenset({product}))
    lapsed = company.partners["lapsed"]
    held = reads.agreement_in_force(conn, org_id=company.org_id, partner_id=lapsed, on=date(2026, 11, 23))
    assert held is not None
    assert (held.number, held.products, held.nodes) == (
        "AG-NEW",
        frozenset({product}),
        frozenset({company.nodes["HKG"]}),
    )
    assert save(conn, company, now, tier=Tier.ORDINARY, nodes=frozenset()) == first
    held = reads.agreement_in_force(conn, org_id=company.org_id, partner_id=lapsed, on=date(2026, 12, 31))
    assert held is not None
    assert (held.tier, held.products, held.nodes) == (Tier.ORDINARY, None, frozenset())
    listed = reads.agreements(conn, org_id=company.org_id, partner_id=lapsed)
    assert [one.number for one in listed] == ["AG-NEW", "AG-lapsed"]


def test_an_agreement_that_names_no_product_at_all_opens_none(
    conn: Connection, company: Company, now: datetime
) -> None:
    save(conn, company, now, products=frozenset())
    held = reads.agreement_in_force(
        conn, org_id=company.org_id, partner_id=company.partners["lapsed"], on=date(2026, 12, 1)
    )
    assert held is not None
    assert held.products == frozenset()


def test_two_agreements_of_one_partner_never_hold_on_the_same_day(
    conn: Connection, company: Company, now: datetime
) -> None:
    with pytest.raises(AgreementOverlaps) as refusal:
        save(conn, company, now, valid_from=date(2026, 11, 22))
    assert refusal.value.values == {"number": "AG-NEW", "other": "AG-lapsed"}
    with pytest.raises(NoSuchPartner):
        save(conn, company, now, partner_id=new_id(now))


class TestViewer:
    def viewer(self, conn: Connection, company: Company, kind: str, as_of: datetime, zone: str = "Asia/Shanghai"):  # noqa: ANN201
        return viewer_of_person(
            conn, org_id=company.org_id, person_id=company.people[kind], as_of=as_of, time_zone=zone
        )

    def test_an_agreement_holds_to_the_end_of_its_last_day_where_the_host_is(
        self, conn: Connection, company: Company
    ) -> None:
        # 22 November 2026 ends in Shanghai at 16:00 UTC.
        last = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
        assert self.viewer(conn, company, "lapsed", last).tier is Tier.STRATEGIC
        after = self.viewer(conn, company, "lapsed", last + timedelta(seconds=1))
        assert (after.tier, after.agreement, after.disclosure.products) == (None, None, frozenset())
        assert self.viewer(conn, company, "lapsed", last + timedelta(hours=8), "UTC").tier is Tier.STRATEGIC

    def test_an_agreement_begins_with_its_first_day(self, conn: Connection, company: Company) -> None:
        first = datetime(2025, 12, 31, 16, 0, 0, tzinfo=UTC)
        assert self.viewer(conn, company, "key", first - timedelta(seconds=1)).tier is None
        assert self.viewer(conn, company, "key", first).tier is Tier.KEY

    def test_a_viewer_is_put_together_from_person_firm_and_agreement(
        self, conn: Connection, company: Company, now: datetime
    ) -> None:
        viewer = self.viewer(conn, company, "key", now)
        assert viewer.actor == Actor(
            org_id=company.org_id,
            label="Name of key",
            person_id=company.people["key"],
            role=Role.CUSTOMER,
            partner_id=company.partners["key"],
        )
        assert viewer.partner is not None
        assert (viewer.partner.code, viewer.org.name_en, viewer.session_version) == ("C2", "Host", 1)
        assert viewer.disclosure.nodes == frozenset({company.nodes["NGB"], company.nodes["CTU"]})

    def test_nobody_else_has_an_agreement(self, conn: Connection, company: Company, now: datetime) -> None:
        for kind in ("operator", "supplier", "auditor"):
            assert self.viewer(conn, company, kind, now).agreement is None

    @pytest.mark.parametrize(
        ("kind", "audience"),
        [
            ("ordinary", Audience.ORDINARY),
            ("key", Audience.KEY),
            ("strategic", Audience.STRATEGIC),
            ("supplier", Audience.SUPPLIER),
            ("operator", Audience.OPERATOR),
        ],
    )
    def test_each_has_the_schema_of_their_tier_or_role(
        self, conn: Connection, company: Company, now: datetime, kind: str, audience: Audience
    ) -> None:
        assert audience_of(self.viewer(conn, company, kind, now)) is audience

    def test_who_has_no_schema_is_told_why(self, conn: Connection, company: Company, now: datetime) -> None:
        with pytest.raises(NoAgreement):
            audience_of(self.viewer(conn, company, "lapsed", now))
        with pytest.raises(NoSchema):
            audience_of(self.viewer(conn, company, "auditor", now))

    def test_a_person_of_another_company_or_of_none_is_nobody(
        self, conn: Connection, company: Company, now: datetime, org_id: UUID
    ) -> None:
        for org, person in ((org_id, company.people["key"]), (company.org_id, new_id(now))):
            with pytest.raises(NoSuchPerson):
                viewer_of_person(conn, org_id=org, person_id=person, as_of=now)

    def test_ending_sessions_raises_the_version(self, conn: Connection, company: Company, now: datetime) -> None:
        person_id = company.people["key"]
        assert service.end_sessions(conn, actor=company.actor, person_id=person_id, now=now) == 2
        assert self.viewer(conn, company, "key", now).session_version == 2
        assert self.viewer(conn, company, "other_key", now).session_version == 1
