"""An operator imports products, books goods in, issues their passport; buyer and auditor see what came of it."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support import running_story as people_do
from support.running import Ready
from support.running_browser import Visits
from support.running_story import People

pytestmark = [pytest.mark.timeout(150), pytest.mark.usefixtures("story")]


@pytest.fixture
def people(portal: Ready, run_folder: Path) -> People:
    return People.of(portal, run_folder)


def hand_in(page: Page, file: Path) -> None:
    """Upload a file of products and have it checked."""
    page.goto("/ops/import/new?kind=products&lang=zh")
    page.set_input_files("input[type=file]", file)
    page.locator("form[action='/ops/import'] button.first").click()
    page.locator("form[action$='/mapping'] button.first").click()
    page.wait_for_url("**/ops/import/*-*")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_with_chinese_heads_is_refused_by_row_and_column_and_then_imported(
    visits: Visits, people: People, tmp_path: Path, *, scripts: bool
) -> None:
    sku = f"ZZ-{secrets.token_hex(3).upper()}"
    page = visits.signed_in("operator", scripts=scripts)
    bad = tmp_path / "商品.csv"
    bad.write_bytes(f"货号,商品条码,中文名称,英文名称,单位\n{sku},12345,新品,Novelty,件\n".encode("gb18030"))
    hand_in(page, bad)
    expect(page.locator("main")).to_contain_text("12345")
    expect(page.locator("main")).to_contain_text("校验位不对")
    assert page.locator("form[action$='/apply']").count() == 0
    assert sku not in people.operator.get("/inventory.csv").text

    good = tmp_path / "商品2.csv"
    good.write_text(f"货号,中文名称,英文名称,单位\n{sku},新品 {sku},Novelty,件\n", "utf-8-sig")
    hand_in(page, good)
    page.locator("form[action$='/apply'] button.first").click()
    expect(page.locator("main")).to_contain_text("导入完成")
    assert f"新品 {sku}" in people.operator.get("/inventory.csv?lang=zh").text


@pytest.mark.parametrize("scripts", [True, False])
def test_a_shipment_is_received_and_its_lot_gets_a_passport(
    visits: Visits, people: People, *, scripts: bool
) -> None:
    asked = people_do.proposal(people)
    lot = f"Q{secrets.token_hex(4).upper()}"
    people_do.accept(people.supplier, asked.number)
    people_do.ship(people.supplier, asked.number, asn=f"ASN-{lot}", lot=lot)
    on_hand = people_do.figure(people.ordinary, asked.sku, "On hand")
    page = visits.signed_in("operator", scripts=scripts)
    page.goto("/ops?kind=receive&lang=zh")
    page.locator("li, article, tr").filter(has_text=lot).locator('a[href^="/ops/receive/"]').first.click()
    page.locator("form.form button.first").click()
    page.locator('button[value="confirm"]').click()
    expect(page.locator("main")).to_contain_text(asked.number)
    people_do.comes_to(people.ordinary, asked.sku, "On hand", on_hand + asked.pieces)

    hands_in(visits, sku=asked.sku, lot=lot, scripts=scripts)
    page.goto("/passports?lang=zh")
    page.locator(f'a[href^="/passports/issue"][href$="lot={lot}"]').first.click()
    page.locator('form[action="/passports/issue"] button.first').click()
    page.wait_for_url("**issued=new")
    public = page.locator('a[href^="/01/"]').first.get_attribute("href") or ""
    bundle = f"/bundles/{page.url.split('/passports/')[1].partition('?')[0]}.json"
    people_do.wait_until(lambda: people_do.anchored(people.stranger, bundle), what="Anchor", timeout_s=30)
    stranger = visits.window()
    stranger.goto(public)
    expect(stranger.locator(".verdict")).to_have_attribute("data-verdict", "good")
    expect(stranger.locator("main")).to_contain_text(lot)


def hands_in(visits: Visits, *, sku: str, lot: str, scripts: bool) -> None:
    """Let the supplier upload a certificate and an inspection report of a lot, in the browser."""
    page = visits.signed_in("supplier", scripts=scripts, width=390)
    for kind, number in (("certificate", f"SC-{lot}"), ("inspection_report", f"JY-{lot}")):
        page.goto("/documents/new?lang=zh")
        page.select_option("[name=kind]", kind)
        page.set_input_files(
            "input[type=file]",
            {"name": f"{number}.pdf", "mimeType": "application/pdf", "buffer": people_do.pdf(number, [lot])},
        )
        page.fill("[name=number]", number)
        page.fill("[name=issued_by]", "市检测中心")
        page.fill("[name=valid_from]", people_do.today().isoformat())
        page.select_option("[name=sku]", sku)
        page.fill("[name=lot]", lot)
        page.locator('form[action="/documents/new"] button.first').click()
        page.wait_for_url("**/documents?done=*")
        expect(page.locator("main")).to_contain_text(number)
