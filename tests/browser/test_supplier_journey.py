"""A supplier's clerk answers on a phone; the buyer and the operator see it without being told."""

import secrets

import pytest
from playwright.sync_api import Page, expect

from support import running_story as people_do
from support.running import Ready
from support.running_browser import PHONE, Visits
from support.running_story import People, today

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("story")]


@pytest.fixture
def people(portal: Ready, run_folder: object) -> People:
    return People.of(portal, run_folder)  # type: ignore[arg-type]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_clerk_accepts_and_ships_and_both_sides_see_it(visits: Visits, people: People, *, scripts: bool) -> None:
    asked = people_do.proposal(people)
    on_the_way = people_do.figure(people.key, asked.sku, "In transit")
    lot = f"P{secrets.token_hex(4).upper()}"
    page = visits.signed_in("supplier", width=PHONE, scripts=scripts)
    page.goto("/vmi?lang=zh")
    page.locator(f'a[href="/vmi/{asked.number}"]').first.click()
    page.locator(".answers button[value=accept]").click()
    page.locator(".answers button.first").click()
    expect(page.locator("main")).to_contain_text("已接受")

    page.locator(".answers button.first").click()
    fill(page, number=f"ASN-{lot}", lot=lot, expires_on=f"{today().year + 1}-06-30")
    page.locator("form.form button.first").click()
    expect(page.locator("main")).to_contain_text(lot)
    page.locator('button[value="confirm"]').click()
    expect(page.locator("main")).to_contain_text(f"ASN-{lot}")

    people_do.comes_to(people.key, asked.sku, "In transit", on_the_way + asked.pieces)
    operator = visits.signed_in("operator", scripts=scripts)
    operator.goto("/ops?kind=receive&lang=zh")
    expect(operator.locator("main")).to_contain_text(lot)


def fill(page: Page, **fields: str) -> None:
    """Fill in fields by name."""
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)


def test_a_faulty_despatch_advice_keeps_what_was_typed(visits: Visits, people: People) -> None:
    visits.expected.add(422)
    asked = people_do.proposal(people)
    people_do.accept(people.supplier, asked.number)
    page = visits.signed_in("supplier", width=PHONE)
    page.goto(f"/vmi/{asked.number}/ship?lang=zh")
    fill(page, number="ASN-KEPT", lot="")
    page.locator("form.form button.first").click()
    expect(page.locator(".problems")).to_be_visible()
    expect(page.locator("[name=number]")).to_have_value("ASN-KEPT")
    expect(page.locator("[name=lot]")).to_have_attribute("aria-invalid", "true")
