"""An operator holds half a lot, frees it, scraps some and takes that back; the buyer sees each of it at once."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support import running_story as people_do
from support.running import Ready
from support.running_browser import PHONE, Visits
from support.running_story import People

pytestmark = [pytest.mark.timeout(150), pytest.mark.usefixtures("story")]

PROMISED = "To promise"


@pytest.fixture
def people(portal: Ready, run_folder: Path) -> People:
    return People.of(portal, run_folder)


def deed(page: Page, name: str, pieces: int, reason: str) -> None:
    """Fill in the form of a deed from the page of what lies there, check it and confirm."""
    page.locator(f'main a[href*="/{name}?"]').click()
    page.fill("[name=quantity]", str(pieces))
    page.select_option("[name=unit]", "C62")
    page.fill("[name=reason]", reason)
    page.locator("form.form button.first").click()
    expect(page.locator("h1 + p")).to_contain_text("Nothing is booked yet.")
    expect(page.locator(".answered")).to_contain_text(reason)
    page.locator('button[value="confirm"]').click()
    page.wait_for_url("**/places")


def opened(page: Page, sku: str, *has: str) -> None:
    """Open what lies of a product at the main node with these words in its row."""
    page.goto(f"/ops/stock/{sku}/places?lang=en")
    rows = page.locator("table.ledger tbody tr").filter(has_text="SH-1")
    for words in has:
        rows = rows.filter(has_text=words)
    rows.first.locator("td.act a").click()


@pytest.mark.parametrize(("sku", "scripts"), [("LD-504", True), ("LD-505", False)])
def test_half_a_lot_is_held_and_the_buyer_sees_it_until_it_is_free_again(
    visits: Visits, people: People, sku: str, *, scripts: bool
) -> None:
    reason = f"Wet cartons {secrets.token_hex(3)}"
    before = people_do.figure(people.ordinary, sku, PROMISED)
    page = visits.signed_in("operator", language="en", width=PHONE, scripts=scripts)
    opened(page, sku, "usable")
    deed(page, "hold", 12, reason)
    assert people_do.figure(people.ordinary, sku, PROMISED) == before - 12
    opened(page, sku, "in quarantine")
    deed(page, "release", 12, reason)
    assert people_do.figure(people.ordinary, sku, PROMISED) == before
    opened(page, sku, "usable")
    deed(page, "scrap", 6, reason)
    assert people_do.figure(people.ordinary, sku, PROMISED) == before - 6

    page.goto(f"/ops/stock/{sku}/moves?lang=en")
    page.locator("table.ledger tbody tr").filter(has_text="Scrapped").filter(has_text=reason).first.locator(
        "td.act a"
    ).click()
    page.fill("[name=reason]", "Wrong pallet")
    page.locator("form.form button").first.click()
    page.locator('button[value="confirm"]').click()
    expect(page.locator("main")).to_contain_text("This move was taken back.")
    assert people_do.figure(people.ordinary, sku, PROMISED) == before
