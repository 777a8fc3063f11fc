"""The operator's pages of partners and agreements, and what a change does to the partner's very next request."""

from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from portal.kernel.disclosure import Basis, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.api import ask, bearer, codes, data
from support.desk import Desk, main_of
from support.goods import stock_up
from support.people import found_company, web_app

KEY = "/ops/partners/C2"
FIGURES = """{ product(sku: "TEA-A") {
    onHand { value atLeast } availableToPromise { promises { quantity { value atLeast } } }
} }"""


@pytest.fixture
def desk(conn: Connection, database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Desk:
    company = found_company(conn, now=now)
    stock_up(conn, company, now=now)
    return Desk(web_app(database, home=tmp_path, clock=clock), company, conn, clock)


def alpha(desk: Desk) -> frozenset[UUID]:
    return frozenset(desk.connection.scalars(text("SELECT id FROM product WHERE sku = 'TEA-A'")))


def form(desk: Desk, **changed: object) -> dict[str, object]:
    values: dict[str, object] = {
        "tier": "key",
        "basis": "unallocated_and_own",
        "grain": "exact",
        "steps": "",
        "daily_questions": "20",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "products": "",
        "purpose": "resale",
        "note": "",
        "nodes": [str(desk.company.nodes["NGB"]), str(desk.company.nodes["CTU"])],
    }
    return values | changed


def test_the_list_shows_who_has_which_agreement(desk: Desk) -> None:
    page = desk.get("operator", "/ops/partners")
    assert "7 partners" in page
    assert page.index("Lumen") < page.index("AG-ordinary") < page.index("AG-key") < page.index("AG-strategic")
    assert "none in force" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?q=kestrel", {"Kestrel"}),
        ("?q=AG-strat", {"Meridian"}),
        ("?show=supplier", {"Songyue Tea"}),
        ("?show=none", {"Lapsed"}),
        ("?show=customer&q=C", {"Lumen", "Kestrel", "Meridian", "Nova", "Lapsed"}),
        ("?show=nonsense", {"Lumen", "Kestrel", "Meridian", "Nova", "Lapsed", "Songyue Tea", "Hengxin Audit"}),
    ],
)
def test_the_list_is_searched_and_filtered(desk: Desk, query: str, shown: set[str]) -> None:
    page = desk.get("operator", "/ops/partners" + query)
    names = {"Lumen", "Kestrel", "Meridian", "Nova", "Lapsed", "Songyue Tea", "Hengxin Audit"}
    assert {name for name in names if f"<b>{name}</b>" in page} == shown


def test_a_search_without_a_hit_says_so(desk: Desk) -> None:
    assert "No partner fits this search and filter." in desk.get("operator", "/ops/partners?q=nobody")


def test_an_empty_portal_leads_to_the_import(desk: Desk) -> None:
    desk.connection.execute(
        text(
            "DELETE FROM agreement_node; DELETE FROM agreement; UPDATE person SET partner_id = NULL;"
            " DELETE FROM sales_order_line; DELETE FROM sales_order; DELETE FROM allocation; DELETE FROM partner"
        )
    )
    assert "No partners yet" in desk.get("operator", "/ops/partners")


def test_a_partner_shows_terms_history_and_people(desk: Desk) -> None:
    page = desk.get("operator", KEY)
    for told in ("Kestrel", "AG-key", "Chengdu, Ningbo", "Name of key", "key@example.com", "1 may sign in"):
        assert told in page
    lapsed = desk.get("operator", "/ops/partners/C5")
    assert "No agreement is in force today." in lapsed
    assert "over" in lapsed
    assert "New agreement" not in desk.get("operator", "/ops/partners/S1")
    assert "There is nothing here" in desk.get("operator", "/ops/partners/NONE", 404)


def test_a_change_is_checked_in_words_before_it_stands(desk: Desk) -> None:
    changed = form(desk, nodes=[str(desk.company.nodes["CTU"])], grain="cap", steps="50")
    checked = " ".join(desk.post("operator", f"{KEY}/agreements/AG-key", 200, **changed).text.split())
    assert "From their next request on they no longer see warehouse Ningbo." in checked
    assert "exact below 50" in checked
    assert "Ningbo" in desk.get("key", "/inventory/TEA-A")
    desk.post("operator", f"{KEY}/agreements/AG-key", **changed, confirm="1")
    page = desk.get("key", "/inventory/TEA-A")
    assert "Ningbo" not in page
    assert "40" in page
    (entry,) = desk.entries("agreement")[-1:]
    assert entry[:4] == ("agreement", "agreement.changed", "Name of operator", "AG-key")
    assert entry[4]["after"]["steps"] == [50]
    assert len(entry[4]["before"]["nodes"]) == 2


def test_going_back_from_the_check_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.post("operator", f"{KEY}/agreements/AG-key", 200, **form(desk, purpose="trial"), again="1").text
    assert 'value="trial"' in page


def test_an_agreement_is_shown_as_it_stands_to_be_changed(desk: Desk) -> None:
    desk.agree("key", grain=Grain(GrainKind.BUCKETS, (100, 500)), note="call first", products=frozenset())
    page = desk.get("operator", f"{KEY}/agreements/AG-key")
    for told in ('value="100, 500"', 'value="call first"', 'value="key" checked', 'value="buckets" checked'):
        assert told in page
    assert "There is nothing here" in desk.get("operator", f"{KEY}/agreements/AG-ordinary", 404)


def test_a_new_agreement_is_made_for_a_partner_without_one(desk: Desk) -> None:
    assert 'name="number"' in desk.get("operator", "/ops/partners/C5/agreements/new")
    new = form(
        desk,
        number="AG-NEW",
        valid_from="2026-11-23",
        tier="ordinary",
        grain="buckets",
        steps="0, 100",
        products="TEA-A",
        nodes=[],
    )
    desk.get("lapsed", "/inventory", 403)
    checked = desk.post("operator", "/ops/partners/C5/agreements/new", 200, **new).text
    assert "From their next request on they see stock as a partner of the tier" in checked
    desk.get("lapsed", "/inventory", 403)
    desk.post("operator", "/ops/partners/C5/agreements/new", **new, confirm="1")
    page = desk.get("lapsed", "/inventory")
    assert "TEA-A" in page
    assert "TEA-B" not in page
    assert "≥ 100" in page
    assert desk.get("operator", "/ops/partners/C5/agreements/AG-NEW").count("TEA-A") == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"number": ""}, "Fill this in."),
        ({"number": "a b"}, "Letters, digits, dots and dashes, 40 at most."),
        ({"number": "new"}, "Letters, digits, dots and dashes, 40 at most."),
        ({"number": "AG-key"}, "Another agreement already has this number."),
        ({"tier": "gold"}, "Choose one of the list."),
        ({"valid_until": "2025-01-01"}, "before it begins"),
        ({"valid_until": "soon"}, "Write the day as 2026-11-27."),
        ({"nodes": []}, "must name the warehouses it opens"),
        ({"products": "TEA-A, NONE"}, "No item has the number NONE."),
        ({"grain": "cap", "steps": "many"}, "Whole numbers, for example 100, 500."),
        ({"grain": "cap", "steps": "100, 500"}, "A cap and a yes or no need one size"),
        ({"grain": "yes_no", "steps": "0"}, "A cap and a yes or no need one size"),
        ({"grain": "buckets", "steps": "500, 100"}, "steps rise from 1"),
        ({"daily_questions": "1001"}, "Between 0 and 1000."),
        ({"purpose": ""}, "Fill this in."),
        ({"valid_from": "2026-06-01"}, "Agreements AG-9 and AG-key would hold on the same day."),
    ],
)
def test_what_cannot_be_agreed_is_refused_in_words_and_nothing_changes(
    desk: Desk, wrong: dict[str, object], sentence: str
) -> None:
    before = desk.entries()
    new = form(desk, **{"number": "AG-9", "valid_from": "2027-01-01", "valid_until": "2027-12-31"} | wrong)
    page = " ".join(desk.post("operator", f"{KEY}/agreements/new", 422, **new).text.split())
    assert sentence in page
    assert desk.entries() == before


def test_ending_an_agreement_shows_at_the_next_request(desk: Desk) -> None:
    token = bearer(desk.app, desk.company, "key")
    assert "From their next request on they see nothing" in desk.get("operator", f"{KEY}/agreements/AG-key/end")
    desk.get("key", "/inventory")
    desk.post("operator", f"{KEY}/agreements/AG-key/end")
    desk.get("key", "/inventory", 403)
    answer = desk.app.test_client().post(
        "/graphql", json={"query": FIGURES}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, codes(answer)) == (403, ["NO_AGREEMENT"])
    desk.post("operator", f"{KEY}/agreements/AG-key/end", 409)
    page = desk.post("operator", f"{KEY}/agreements/AG-key", 422, **form(desk)).text
    assert "Agreement AG-key has ended. Make a new one." in page
    assert "ended early" in desk.get("operator", KEY)


def test_a_downgrade_reaches_sessions_and_tokens_that_were_there_before(desk: Desk) -> None:
    token = bearer(desk.app, desk.company, "strategic")
    query = '{ product(sku: "TEA-A") { warehouses { code } board { openOrders { number } } } }'

    def asked() -> int:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/graphql-response+json"}
        return desk.app.test_client().post("/graphql", json={"query": query}, headers=headers).status_code

    desk.get("strategic", "/board")
    assert asked() == 200
    desk.agree("strategic", tier=Tier.ORDINARY)
    desk.get("strategic", "/board", 403)
    assert asked() == 400
    assert "Ningbo" not in desk.get("strategic", "/inventory/TEA-A")


def test_an_agreement_runs_out_at_midnight_where_the_host_is(desk: Desk) -> None:
    desk.agree("key", valid_until=date(2026, 11, 23))
    token_query = "{ viewer { tier } }"
    # 23:59:59 in Shanghai, then one and two seconds later.
    desk.clock.advance(timedelta(hours=13, minutes=35, seconds=59))
    desk.get("key", "/inventory")
    assert data(ask(desk.app, desk.company, "key", token_query)) == {"viewer": {"tier": "key"}}
    token = bearer(desk.app, desk.company, "key")
    desk.clock.advance(timedelta(seconds=2))
    desk.get("key", "/inventory", 403)
    answer = desk.app.test_client().post(
        "/graphql", json={"query": token_query}, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, codes(answer)) == (403, ["NO_AGREEMENT"])


def test_programs_are_told_bounds_as_bounds(desk: Desk) -> None:
    desk.agree("ordinary", grain=Grain(GrainKind.CAP, (150,)))
    assert data(ask(desk.app, desk.company, "ordinary", FIGURES)) == {
        "product": {
            # Ningbo 100 less 30 for another customer, which the receipt of 1 December does not cover; 40; 7.
            "onHand": {"value": "117", "atLeast": False},
            "availableToPromise": {
                "promises": [
                    {"quantity": {"value": "117", "atLeast": False}},
                    {"quantity": {"value": "150", "atLeast": True}},
                ]
            },
        }
    }


def test_pages_and_files_write_bounds_as_bounds(desk: Desk) -> None:
    desk.agree("ordinary", grain=Grain(GrainKind.YES_NO, (100,)))
    page = desk.get("ordinary", "/inventory/TEA-A")
    assert "<b>available</b>" in page
    assert "<b>not available</b>" in page
    for hidden in ("117", "R-1", "due 1 Dec"):
        assert hidden not in main_of(page)
    file = desk.get("ordinary", "/inventory.csv")
    assert "TEA-A,09520123456788,White peony,pcs,1,available,not available,not available" in file


def test_own_only_shows_only_what_is_kept_for_them(desk: Desk) -> None:
    desk.agree("strategic", basis=Basis.OWN_ONLY)
    page = desk.get("strategic", "/inventory/TEA-A")
    assert "<b>30</b>" in page
    assert "117" not in page
    desk.get("strategic", "/board", 403)


def test_a_person_is_let_in_and_put_out_again(desk: Desk) -> None:
    assert "First password" in desk.get("operator", f"{KEY}/people/new")
    person = {"name": "Wei", "email": "wei@example.com", "role": "customer", "password": "long-enough-1"}
    desk.post("operator", f"{KEY}/people/new", **person)
    person_id = desk.connection.execute(text("SELECT id FROM person WHERE name = 'Wei'")).scalar_one()
    assert "2 may sign in" in desk.get("operator", KEY)
    desk.post("operator", f"{KEY}/people/{person_id}/deactivate")
    page = desk.get("operator", KEY)
    assert "1 may sign in" in page
    assert "may not sign in" in page
    desk.post("operator", f"{KEY}/people/{person_id}/deactivate", 404)
    assert [entry[1] for entry in desk.entries("person")] == ["person.added", "person.deactivated"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"password": "short"}, "8 to 256 characters"),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"email": "key@example.com"}, "Somebody already signs in as key@example.com."),
        ({"role": "supplier"}, "Choose one of the list."),
        ({"name": ""}, "Fill this in."),
    ],
)
def test_who_cannot_be_let_in_is_refused_in_words(desk: Desk, wrong: dict[str, str], sentence: str) -> None:
    person = {"name": "Wei", "email": "wei@example.com", "role": "customer", "password": "long-enough-1"} | wrong
    page = desk.post("operator", f"{KEY}/people/new", 422, **person).text
    assert sentence in page
    assert "long-enough-1" not in page


def test_ending_somebodys_sessions_ends_them_at_the_next_request(desk: Desk) -> None:
    desk.get("key", "/inventory")
    desk.post("operator", f"{KEY}/people/{desk.company.people['key']}/end-sessions")
    assert desk.window("key").get("/inventory").status_code == 302
    assert desk.entries("person")[-1][1] == "person.sessions_ended"


def test_people_of_another_partner_are_not_reached(desk: Desk) -> None:
    desk.post("operator", f"{KEY}/people/{desk.company.people['strategic']}/end-sessions", 404)
    desk.get("strategic", "/inventory")


@pytest.mark.parametrize(
    ("kind", "code", "told", "absent"),
    [
        ("ordinary", "C1", ["117 pcs", "147 pcs", "threshold questions", "warehouses and lots"], ["demand board"]),
        ("strategic", "C3", ["the demand board", "stock by warehouse and lot"], ["They see nothing"]),
        ("key", "C2", ["their pages beside those of Lumen, Meridian, Nova"], ["They see nothing"]),
    ],
)
def test_what_could_be_inferred_is_said_with_real_figures(
    desk: Desk, kind: str, code: str, told: list[str], absent: list[str]
) -> None:
    desk.agree(kind, products=alpha(desk))
    page = main_of(desk.get("operator", f"/ops/partners/{code}/inference"))
    assert [one for one in told if one not in page] == []
    assert [one for one in absent if one in page] == []


def test_what_a_cap_hides_and_what_own_only_leaves_is_said(desk: Desk) -> None:
    desk.agree("ordinary", grain=Grain(GrainKind.CAP, (100,)), products=alpha(desk))
    page = desk.get("operator", "/ops/partners/C1/inference")
    assert "The cap or the steps hide the figure of 1 of them." in page
    assert "one of the two is only a bound" in page
    desk.agree("ordinary", basis=Basis.OWN_ONLY)
    assert "Only their own orders: nothing about anybody else." in desk.get(
        "operator", "/ops/partners/C1/inference"
    )


def test_without_an_agreement_or_without_others_less_can_be_inferred(desk: Desk) -> None:
    assert "They see nothing" in desk.get("operator", "/ops/partners/C5/inference")
    for kind in ("key", "other_key", "strategic"):
        desk.agree(kind, valid_until=date(2026, 2, 1))
    assert "their pages beside those of" not in desk.get("operator", "/ops/partners/C1/inference")
