"""An audit pack from the portal: who may have which, and what an auditor makes of it without us."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from ledger.pack import Pack, Role
from ledger.rpc import HTTPRPC
from ledger.trust import TrustList
from ledger.verification.report import Verdict
from ledger.verify_pack import PackReport, verify_pack
from portal import wiring
from portal.flows.passporting import files_of
from portal.passports import packs
from portal.passports.packs import NothingToPack, PackSources, PackTooLarge, build_pack
from portal.passports.reads import PassportNotFound
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import CERTIFICATE, REPORT, Scene, anchored, made_scene
from support.people import browser

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    return made_scene(database, home=tmp_path / "home", clock=clock, now=now)


@pytest.fixture
def here(scene: Scene, tmp_path: Path) -> Iterator[Scene]:
    with anchored(scene, tmp_path / "chain.sqlite") as (found, _):
        yield found


def app_of(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


def judged(data: bytes, here: Scene, *blocks: bytes) -> PackReport:
    trust = TrustList.from_json(here.trust())
    return verify_pack(data, as_of=here.now + timedelta(minutes=1), trust=trust, known_blocks=blocks)


def newest_block(here: Scene) -> bytes:
    block = HTTPRPC(here.services.settings.chain_rpc_url).call("eth_getBlockByNumber", ["latest", False])
    return bytes.fromhex(block["hash"][2:])


def built(here: Scene, *, rpc_url: str | None = None, papers: bool = True) -> bytes:
    settings = here.services.settings
    sources = PackSources(
        org_id=here.company.org_id,
        rpc_url=settings.chain_rpc_url if rpc_url is None else rpc_url,
        papers=files_of(settings.home) if papers else None,
    )
    with here.services.database.reading() as connection:
        return build_pack(connection, sources, credential_ids=[here.passport().id], now=here.now)


def test_a_stranger_gets_a_pack_that_verifies_without_us_and_without_papers(here: Scene) -> None:
    answer = app_of(here).test_client().get(f"/credentials/{here.passport().id}/pack.zip")
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="passport-')
    pack = Pack.from_zip(answer.data)
    assert pack.of_role(Role.EVIDENCE) == ()
    assert "The papers themselves are not in this pack" in pack.of_role(Role.README)[0].data.decode()
    assert "第 4 号区块" in pack.of_role(Role.README)[1].data.decode()
    assert judged(answer.data, here, newest_block(here)).verdict is Verdict.VALID


@pytest.mark.parametrize("kind", ["operator", "auditor"])
def test_staff_and_auditors_get_the_papers_too(here: Scene, kind: str) -> None:
    client = browser(app_of(here), here.company, kind)
    answer = client.get(f"/passports/{here.passport().digest.hex()}/pack.zip")
    pack = Pack.from_zip(answer.data)
    assert {(one.title, one.data) for one in pack.of_role(Role.EVIDENCE)} == {
        ("licence.pdf", CERTIFICATE),
        ("report.pdf", REPORT),
    }
    report = judged(answer.data, here, newest_block(here))
    assert report.verdict is Verdict.VALID
    matched = {
        one.credential["type"][0]: one.to_json()["checks"][-1]["params"].get("matched", 0)
        for _, one in report.bundles
        if one.credential
    }
    assert matched["DigitalProductPassport"] == 2
    assert matched["DigitalConformityCredential"] == 1


def test_the_same_state_of_things_gives_the_same_bytes(here: Scene) -> None:
    once = built(here)
    sources = PackSources(
        org_id=here.company.org_id,
        rpc_url=here.services.settings.chain_rpc_url,
        papers=files_of(here.services.settings.home),
    )
    with here.services.database.reading() as connection:
        twice = build_pack(connection, sources, credential_ids=[here.passport().id] * 2, now=here.now)
    assert once == twice


def test_the_vocabularies_lie_beside_the_passports(here: Scene) -> None:
    contexts = Pack.from_zip(built(here)).of_role(Role.CONTEXT)
    assert "https://www.w3.org/ns/credentials/v2" in {one.title for one in contexts}


def test_a_vocabulary_nobody_pinned_is_left_out() -> None:
    bundle = {"credential": {"@context": ["https://elsewhere.example/terms", {"own": "terms"}]}}
    assert packs._contexts([bundle]) == []


@pytest.mark.parametrize("url", ["", NOWHERE])
def test_without_the_chain_a_pack_says_that_its_anchor_is_open(here: Scene, url: str) -> None:
    data = built(here, rpc_url=url)
    pack = Pack.from_zip(data)
    assert pack.of_role(Role.STATE) == ()
    assert "本包没有链上状态证明" in pack.of_role(Role.README)[1].data.decode()
    assert judged(data, here).verdict is Verdict.PARTIAL


def test_a_passport_that_waits_for_the_chain_is_packed_as_it_is(scene: Scene) -> None:
    scene.papers()
    scene.issue()
    data = built(scene, rpc_url=NOWHERE)
    bundle = json.loads(Pack.from_zip(data).of_role(Role.BUNDLE)[0].data)
    assert (bundle["inclusion"], bundle["anchor"]) == (None, None)


def test_a_paper_that_is_no_longer_here_is_left_out(here: Scene) -> None:
    home = here.services.settings.home
    for file in (home / "files").iterdir():
        file.unlink()
    assert Pack.from_zip(built(here)).of_role(Role.EVIDENCE) == ()


def test_a_pack_of_nothing_or_of_what_is_not_there_is_refused(here: Scene) -> None:
    sources = PackSources(org_id=here.company.org_id, rpc_url="")
    with here.services.database.reading() as connection:
        with pytest.raises(NothingToPack):
            build_pack(connection, sources, credential_ids=[], now=here.now)
        with pytest.raises(PassportNotFound):
            build_pack(connection, sources, credential_ids=[here.company.org_id], now=here.now)


def test_papers_that_come_to_too_much_are_refused(here: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.archive.MAX_FILE_BYTES", 100)
    with pytest.raises(PackTooLarge):
        built(here)


def test_an_odd_ending_of_a_paper_becomes_a_plain_one() -> None:
    assert [packs._ending(name) for name in ("a.PDF", "b", "c.päd", "d.toolongending", "e.jpg")] == [
        ".pdf", ".bin", ".bin", ".bin", ".jpg",
    ]  # fmt: skip


def test_a_state_is_proven_below_the_blocks_that_may_still_change(here: Scene) -> None:
    settings = here.services.settings
    sources = PackSources(org_id=here.company.org_id, rpc_url=settings.chain_rpc_url, confirmations=99)
    with here.services.database.reading() as connection:
        data = build_pack(connection, sources, credential_ids=[here.passport().id], now=here.now)
    assert Pack.from_zip(data).of_role(Role.STATE) == ()
