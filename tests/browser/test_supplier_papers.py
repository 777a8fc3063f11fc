"""A supplier's clerk hands in on a phone what a lot lacks, and finds its passport afterwards."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from support import running_story as people_do
from support.running import Ready
from support.running_browser import INSIDE, PHONE, Visits
from support.running_story import People, today

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("story")]

WORDS = {
    "zh": ("缺检验报告", "等公司签发", "已签发"),
    "en": ("inspection report missing", "waits for the company", "issued"),
}


@pytest.fixture
def people(portal: Ready, run_folder: Path) -> People:
    return People.of(portal, run_folder)


def line_of(page: Page, lot: str) -> Locator:
    """The lot's line in the list of lots; its papers stand further down."""
    return page.locator("#lots tr").filter(has_text=lot)


def sound(page: Page) -> None:
    assert page.evaluate(INSIDE) <= 0
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []


def hand_in(page: Page, *, number: str, valid_until: str) -> None:
    """Fill in the form as it was opened for a lot, and send it."""
    page.set_input_files(
        "input[type=file]",
        {"name": f"{number}.pdf", "mimeType": "application/pdf", "buffer": people_do.pdf(number, ["ok"])},
    )
    page.fill("[name=number]", number)
    page.fill("[name=issued_by]", "市检测中心")
    page.fill("[name=valid_from]", (today() - timedelta(days=30)).isoformat())
    page.fill("[name=valid_until]", valid_until)
    page.locator('form[action="/documents/new"] button.first').click()


@pytest.mark.parametrize("language", WORDS)
def test_a_clerk_hands_in_what_a_lot_lacks_and_sees_its_passport(
    visits: Visits, people: People, language: str
) -> None:
    visits.expected.add(422)
    missing, waits, issued = WORDS[language]
    asked, lot = people_do.proposal(people), f"D{secrets.token_hex(4).upper()}"
    people_do.accept(people.supplier, asked.number)
    people_do.ship(people.supplier, asked.number, asn=f"ASN-{lot}", lot=lot)

    page = visits.signed_in("supplier", width=PHONE, language=language)
    page.goto(f"/documents?lang={language}")
    expect(line_of(page, lot)).to_contain_text(missing)
    sound(page)
    line_of(page, lot).locator('a[href*="kind=inspection_report"]').click()
    page.goto(f"{page.url}&lang={language}")
    expect(page.locator("[name=kind]")).to_have_value("inspection_report")
    expect(page.locator("[name=lot]")).to_have_value(lot)
    sound(page)

    hand_in(page, number=f"JY-{lot}", valid_until=(today() - timedelta(days=1)).isoformat())
    expect(page.locator(".problems")).to_be_visible()
    expect(page.locator("[name=lot]")).to_have_value(lot)
    hand_in(page, number=f"JY-{lot}", valid_until="")
    page.wait_for_url("**/documents?done=*")
    page.goto(f"/documents?lang={language}")
    expect(line_of(page, lot)).not_to_contain_text(missing)
    expect(line_of(page, lot)).to_contain_text(waits)

    people_do.receive(people.operator, asked.number)
    people_do.issue(people.operator, lot)
    page.reload()
    expect(line_of(page, lot)).to_contain_text(issued)
    line_of(page, lot).locator('a[href^="/01/"]').click()
    expect(page.locator("main")).to_contain_text(lot)
    expect(page.locator("#c-fingerprint .state")).to_have_class("state good")
    expect(page.locator("#c-signature .state")).to_have_class("state good")
