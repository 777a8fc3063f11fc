"""A buyer of each tier sees what the agreement opens and no more; exports it; reads it in both languages."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from portal.demo.catalogue import ITEMS
from support.running_browser import DESKTOP, PHONE, Visits

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("tier", "warehouses", "board"),
    [("ordinary", False, False), ("key", True, False), ("strategic", True, True)],
)
def test_a_buyer_sees_what_the_tier_opens(visits: Visits, tier: str, *, warehouses: bool, board: bool) -> None:
    visits.expected.add(403)
    page = visits.window(width=DESKTOP)
    email, password = visits.portal.login("customer", tier)
    page.goto("/login")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.locator("form:has([name=password]) button.first").click()
    page.wait_for_url("**/inventory")
    expect(page.locator("h1")).to_have_text("可供量")
    page.goto("/inventory?open=CK-201&lang=zh")
    assert ("成都" in page.inner_text("main") or "上海总仓" in page.inner_text("main")) is warehouses
    assert (page.locator('.side a[href="/board"]').count() == 1) is board
    answer = page.goto("/board")
    assert answer is not None
    assert answer.status == (200 if board else 403)


def test_the_list_is_exported_as_csv_and_as_a_workbook(visits: Visits, tmp_path: Path) -> None:
    page = visits.signed_in("customer", "key")
    page.goto("/inventory?lang=zh")
    for kind, head in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK\x03\x04")):
        with page.expect_download() as saved:
            page.locator(f'a[href^="/inventory.{kind}"]').first.click()
        saved.value.save_as(tmp_path / kind)
        assert (tmp_path / kind).read_bytes().startswith(head)
    # Another story of the run may have imported goods meanwhile; the demo's own are all there.
    listed = {line.partition(",")[0] for line in (tmp_path / "csv").read_text("utf-8-sig").splitlines()[1:]}
    assert listed >= {item.sku for item in ITEMS}


def test_the_language_is_switched_on_the_page_and_stays(visits: Visits) -> None:
    page = visits.window(width=PHONE)
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator(".lang a[lang=en]").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/verify")
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scripts", [True, False])
def test_search_and_unfolding_work_with_and_without_scripts(visits: Visits, *, scripts: bool) -> None:
    page = visits.signed_in("customer", "key", scripts=scripts, width=PHONE)
    page.goto("/inventory?lang=zh")
    page.fill("input[name=q]", "龙井")
    page.press("input[name=q]", "Enter")
    page.wait_for_url("**q=*")
    expect(page.locator("main")).to_contain_text("明前龙井")
    expect(page.locator("main")).not_to_contain_text("桂花糕")
    page.goto("/inventory?open=CK-201&lang=zh")
    expect(page.locator("main")).to_contain_text("在途")
