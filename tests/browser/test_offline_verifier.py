"""The offline verifier from a disk, in a real browser without a network: bundle, pack, good, bad; zh and en."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from ledger.pack import Role
from portal.web import offline_verifier
from support.packs import Packed, packed
from support.running_browser import DESKTOP, INSIDE, PHONE


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return packed(tmp_path_factory.mktemp("pack") / "chain.sqlite")


@pytest.fixture
def files(here: Packed, tmp_path: Path) -> Path:
    (tmp_path / "verifier.html").write_bytes(offline_verifier.page())
    (tmp_path / "pack.zip").write_bytes(here.pack.to_zip())
    (tmp_path / "passport.json").write_bytes(here.pack.of_role(Role.BUNDLE)[0].data)
    (tmp_path / "trust.json").write_bytes(here.trust.to_json())
    return tmp_path


@pytest.fixture
def pages(browser: Browser, files: Path) -> Iterator[Any]:
    complaints: list[str] = []
    contexts = []

    def opened(language: str = "en", width: int = DESKTOP, address: str = "verifier.html") -> Page:
        context = browser.new_context(
            locale={"zh": "zh-CN", "en": "en-GB"}[language], viewport={"width": width, "height": 900}, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None)
        page.goto((files / address.partition("#")[0]).as_uri() + address[len("verifier.html") :])
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def verdict(page: Page, expected: str) -> None:
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", expected)


def lines(page: Page) -> list[str]:
    rows = page.locator("#reports details").first.locator(".steps li")
    return [row.locator(".state").inner_text().strip().split("\n")[0] for row in rows.all()]


def give(page: Page, files: Path, *names: str, block: bytes = b"") -> None:
    if block:
        page.locator("#block").fill("0x" + block.hex())
        page.locator("#block").blur()
    for name in names:
        page.locator("#trust" if name == "trust.json" else "#passport").set_input_files(files / name)


@pytest.mark.parametrize(("language", "width"), [("zh", PHONE), ("en", DESKTOP)])
def test_a_pack_from_the_disk_is_verified_without_any_network(
    pages: Any, files: Path, here: Packed, language: str, width: int
) -> None:
    page = pages(language, width)
    verdict(page, "none")
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "good")
    told = lines(page)
    assert len(told) in (8, 9)
    assert {text.split()[0] for text in told} <= {"通过", "passed", "未比对", "not"}
    headline = page.locator(".verdict h2").inner_text()
    assert ("核验通过" in headline) is (language == "zh")
    assert "Verified" in headline
    assert "Longjing tea" in page.locator("#reports summary").inner_text()
    assert page.evaluate(INSIDE) in (0, -1)
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []


@pytest.mark.parametrize(("language", "word"), [("zh", "通过 passed"), ("en", "passed")])
def test_both_proofs_of_a_set_are_checked_without_any_network(
    pages: Any, files: Path, here: Packed, language: str, word: str
) -> None:
    page = pages(language)
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "good")
    signature = page.locator("#reports details").first.locator(".steps li").nth(2)
    told = [row.inner_text().replace("\n", " ") for row in signature.locator(".mono > div").all()]
    assert told == [f"eddsa-jcs-2022 {word}", f"eddsa-rdfc-2022 {word}"]


def test_a_context_changed_in_the_page_leaves_its_proof_unchecked_and_says_why(
    pages: Any, files: Path, here: Packed
) -> None:
    html = (files / "verifier.html").read_text()
    (files / "verifier.html").write_text(html.replace("https://schema.org/name", "https://schema.org/nom"))
    assert html.count("https://schema.org/name") > 0
    page = pages()
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "good")
    told = page.locator("#reports details").first.locator(".steps li").nth(2).locator(".mono > div").nth(1)
    reason = "The fixed copy of its terms is not the one that was pinned"
    assert told.inner_text() == f"eddsa-rdfc-2022 not checked · {reason}"


def test_a_pack_without_a_blocks_hash_names_the_block_to_ask_for(pages: Any, files: Path) -> None:
    page = pages()
    give(page, files, "trust.json", "pack.zip")
    verdict(page, "part")
    anchor = page.locator("#reports details").first.locator(".steps li").nth(-2).inner_text()
    assert "The pack proves it at block 5; ask elsewhere for its hash and type it above" in anchor


def test_a_damaged_pack_is_refused_whole(pages: Any, files: Path, here: Packed) -> None:
    data = bytearray((files / "pack.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (files / "pack.zip").write_bytes(bytes(data))
    page = pages()
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "bad")
    assert page.locator("#why").inner_text() == "The audit pack cannot be believed; nothing in it was used."
    assert page.locator("#reports details").count() == 0


def test_a_changed_passport_in_a_whole_pack_is_bad_and_says_where(pages: Any, files: Path, here: Packed) -> None:
    bundle = here.bundle
    changed = dict(bundle.credential) | {"name": "<img src=x>"}
    (files / "pack.zip").write_bytes(here.with_bundle(replace(bundle, credential=changed)).to_zip())
    page = pages()
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "bad")
    assert "Signature does not fit the content" in page.locator("#reports").inner_text()
    assert page.locator("#reports img").count() == 0


def test_a_bundle_alone_is_checked_as_far_as_it_goes_without_a_chain(pages: Any, files: Path) -> None:
    page = pages()
    give(page, files, "trust.json", "passport.json")
    verdict(page, "part")
    assert "No way to the chain is known" in page.locator("#reports").inner_text()


def test_a_day_before_it_was_issued_is_judged_as_of_that_day(pages: Any, files: Path, here: Packed) -> None:
    page = pages()
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "good")
    page.locator("#day").fill("2026-02-28")
    page.locator("#day").blur()
    verdict(page, "bad")
    assert "It is genuine, but it begins only" in page.locator("#why").inner_text()


def test_what_is_no_trust_list_believes_nobody(pages: Any, files: Path, here: Packed) -> None:
    (files / "trust.json").write_text('{"trust":"other"}')
    page = pages()
    give(page, files, "trust.json", "pack.zip", block=here.block)
    verdict(page, "part")
    assert page.locator("#trust-name").inner_text() == "This is no trust list"


def test_the_language_is_switched_on_the_page_itself(pages: Any) -> None:
    page = pages("en")
    assert page.locator("h1").inner_text() == "Offline verifier"
    page.locator('[data-lang="zh-CN"]').click()
    assert page.locator("h1").inner_text().split("\n") == ["离线核验工具", "Offline verifier"]


def test_without_an_endpoint_the_page_may_connect_to_nothing(browser: Browser, files: Path) -> None:
    refused: list[str] = []
    page = browser.new_page()
    page.on("console", lambda line: refused.append(line.text))
    page.goto((files / "verifier.html").as_uri())
    ask = "url => fetch(url).then(() => 'sent', () => 'not sent')"
    assert page.evaluate(ask, "http://127.0.0.1:9/") == "not sent"
    assert any("violates" in line and "connect-src 'none'" in line for line in refused), refused
    page.close()


def test_a_named_endpoint_is_the_only_one_allowed(browser: Browser, files: Path) -> None:
    asked: list[str] = []
    page = browser.new_page()
    page.route("http://127.0.0.1:9/**", lambda route: asked.append(route.request.post_data or "") or route.abort())
    page.goto((files / "verifier.html").as_uri())
    page.locator("#rpc").fill("http://127.0.0.1:9/")
    page.locator("#rpc").blur()
    page.wait_for_function("location.hash.startsWith('#rpc=')")
    page.wait_for_load_state()
    give(page, files, "trust.json", "passport.json")
    verdict(page, "part")
    assert [json.loads(body)["method"] for body in asked if body] == ["eth_chainId"]
    page.close()
