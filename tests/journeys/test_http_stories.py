"""One order from policy to shelf, its lot's passport from papers to verdict; each step as others see it."""

import json
import secrets
from pathlib import Path
from urllib.parse import quote

import pytest

from portal.platform.processes import free_port, wait_until
from support import running_story as people_do
from support.running import Ready, tally
from support.running_http import Visitor
from support.running_story import SOON_S, People

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


@pytest.fixture
def people(portal: Ready, run_folder: Path) -> People:
    return People.of(portal, run_folder)


def verdict(folder: Path, bundle: bytes, trust: bytes, rpc: str) -> tuple[int, str]:
    """Return the exit status of ``tally verify`` and the verdict it prints."""
    (folder / "bundle.json").write_bytes(bundle)
    (folder / "trust.json").write_bytes(trust)
    done = tally(
        "verify", str(folder / "bundle.json"), "--trust", str(folder / "trust.json"), "--rpc", rpc, "--json"
    )
    return done.returncode, json.loads(done.stdout)["verdict"]


@pytest.mark.usefixtures("story")
def test_an_order_walks_to_the_shelf_and_its_lot_to_a_verdict(  # noqa: PLR0915 - one story
    people: People, portal: Ready, tmp_path: Path
) -> None:
    asked = people_do.proposal(people)
    asn, lot = f"ASN-{secrets.token_hex(3)}", f"L{secrets.token_hex(4).upper()}"
    on_the_way = people_do.figure(people.ordinary, asked.sku, "In transit")
    on_hand = people_do.figure(people.ordinary, asked.sku, "On hand")
    promised = people_do.figure(people.ordinary, asked.sku, "Confirmed")

    answer = people_do.accept(people.supplier, asked.number)
    assert answer.status == 200
    assert "已接受" in answer.words
    people_do.comes_to(people.ordinary, asked.sku, "Confirmed", promised + asked.pieces)
    again = people.supplier.get(f"/vmi/{asked.number}/answer?with=accept")
    assert again.url == f"/vmi/{asked.number}"

    assert people_do.ship(people.supplier, asked.number, asn=asn, lot=lot).status == 200
    people_do.comes_to(people.ordinary, asked.sku, "In transit", on_the_way + asked.pieces)
    assert lot in people.operator.get("/ops?kind=receive").words

    assert people_do.receive(people.operator, asked.number).status == 200
    people_do.comes_to(people.ordinary, asked.sku, "On hand", on_hand + asked.pieces)
    people_do.comes_to(people.ordinary, asked.sku, "In transit", on_the_way)
    assert lot not in people.operator.get("/ops?kind=receive").words
    assert asn in people.supplier.get(f"/vmi/{asked.number}").words

    for kind, number in (("certificate", f"SC-{lot}"), ("inspection_report", f"JY-{lot}")):
        handed = people_do.hand_in(people.supplier, kind=kind, number=number, sku=asked.sku, lot=lot)
        assert handed.url.startswith("/documents?done=")
    issued = people_do.issue(people.operator, lot)
    assert issued.url.endswith("?issued=new")
    digest = issued.url.removeprefix("/passports/").removesuffix("?issued=new")
    bundle = f"/bundles/{digest}.json"
    wait_until(lambda: people_do.anchored(people.stranger, bundle), what="The anchor", timeout_s=SOON_S)

    body = people.stranger.get(bundle).body
    trust = people.stranger.get("/.well-known/tallystick-trust.json").body
    rpc = f"{portal.url}/chain"
    assert verdict(tmp_path, body, trust, rpc) == (0, "valid")
    changed = body.replace(lot.encode(), b"L" + lot[1:].encode()[::-1])
    assert changed != body
    assert verdict(tmp_path, changed, trust, rpc) == (1, "invalid")
    assert verdict(tmp_path, body, trust, f"http://127.0.0.1:{free_port()}") == (3, "partial")


@pytest.mark.usefixtures("story")
def test_an_answer_that_is_sent_twice_counts_once(people: People) -> None:
    asked = people_do.proposal(people)
    page = people.supplier.get(f"/vmi/{asked.number}/answer?with=accept")
    form = page.form(having="version")
    first = people.supplier.send(page, form)
    second = people.supplier.send(page, form)
    assert (first.status, second.status) == (200, 409)
    assert asked.number in second.words
    assert asked.number not in [one.number for one in people_do.waiting(people.supplier)]


@pytest.mark.usefixtures("story")
def test_a_supplier_that_cannot_says_why_and_the_operator_reads_it(people: People) -> None:
    asked = people_do.proposal(people)
    reason = f"烤炉检修 {secrets.token_hex(3)}"
    page = people.supplier.get(f"/vmi/{asked.number}/answer?with=reject&reason=other&note={quote(reason)}")
    assert people.supplier.send(page, page.form(having="version")).status == 200
    assert reason in people.operator.get(f"/ops/replenishment/{asked.number}").words


def test_an_unknown_passport_says_so_in_the_readers_language(portal: Ready) -> None:
    for language, words in (("zh-CN", "没有"), ("en-GB", "No ")):
        answer = Visitor(portal.url, language=language).get("/01/09520000010492/10/NOSUCHLOT")
        assert answer.status == 404
        assert words in answer.words
    assert Visitor(portal.url).get("/bundles/" + "0" * 64 + ".json").status == 404
