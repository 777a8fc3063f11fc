"""Issue, seal, anchor, verify on the real embedded node; and everything that may go wrong between the steps."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import procrastinate
import pytest
from procrastinate.testing import InMemoryConnector
from sqlalchemy import text

from ledger import issue as ledger_issue
from ledger.chain import Chain
from ledger.errors import ChainUnavailable, ForeignChain
from ledger.issue import AnchorState
from ledger.trust import TrustList
from ledger.verification.report import Report, Verdict
from ledger.verify import verify_bundle
from portal.flows import anchoring as flow
from portal.passports import anchoring, reads
from portal.passports.anchoring import AttemptStore
from portal.passports.service import seal_batch
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.anchoring import Hand, running
from support.passporting import REPORT, Scene, anchored, made_scene

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def scene(fresh_database_url: str, tmp_path: Path, clock: HandClock, now: datetime) -> Iterator[Scene]:
    database = Database(fresh_database_url, pool_size=3)
    yield made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    database.close()


def judged(scene: Scene, url: str, data: bytes | None = None, **more: Any) -> Report:
    trust = TrustList.from_json(scene.trust())
    return verify_bundle(data or scene.bundle(), as_of=scene.now, trust=trust, rpc_url=url, **more)


def first_failure(report: Report) -> tuple[str, str]:
    return next((check.id, check.code) for check in report.checks if check.state.value == "failed")


def unsure(report: Report) -> list[tuple[str, str]]:
    return [(check.id, check.code) for check in report.checks if check.state.value == "not_checked"]


def anchors_on(url: str, scene: Scene) -> int:
    with scene.services.database.reading() as connection:
        pin = reads.chain_pin(connection, org_id=scene.company.org_id)
    assert pin is not None
    return Chain(url).stream_state(pin.contract, pin.stream).count


def test_an_issued_passport_is_anchored_and_verifies_with_its_documents(scene: Scene, tmp_path: Path) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, url):
        report = judged(here, url, files=[("report.pdf", REPORT)])
        assert [check.code for check in report.checks][2:] == ["ok"] * 7
        assert report.verdict is Verdict.VALID
        passport = here.passport()
        assert passport.state == "anchored"
        assert passport.anchored_at is not None
        with here.services.database.reading() as connection:
            queue = reads.anchor_queue(connection, org_id=here.company.org_id)
        assert (queue.waiting, queue.anchored, queue.last_block) == (0, 5, passport.block_number)
        assert queue.last_anchored_at == passport.anchored_at
        assert here.anchor() == 0
        assert anchors_on(url, here) == 1


def _credential(bundle: dict[str, Any]) -> None:
    bundle["credential"]["credentialSubject"]["product"]["characteristics"]["bestBefore"] = "2027-08-05"


def _proof(bundle: dict[str, Any]) -> None:
    [proof, _] = bundle["credential"]["proof"]
    value = proof["proofValue"]
    proof["proofValue"] = value[:-1] + ("1" if value[-1] != "1" else "2")


def _path(bundle: dict[str, Any]) -> None:
    root = bundle["inclusion"]["root"]
    bundle["inclusion"]["root"] = ("0" if root[0] != "0" else "1") + root[1:]


def _block(bundle: dict[str, Any]) -> None:
    bundle["anchor"]["blockNumber"] -= 1


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (_credential, ("signature", "signature_mismatch")),
        (_proof, ("signature", "signature_mismatch")),
        (_path, ("inclusion", "path_mismatch")),
        (_block, ("anchor", "anchor_differs")),
    ],
)
def test_one_changed_byte_names_the_check_that_fails(
    scene: Scene, tmp_path: Path, change: Callable[[dict[str, Any]], None], failure: tuple[str, str]
) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, url):
        bundle = json.loads(here.bundle())
        change(bundle)
        report = judged(here, url, json.dumps(bundle).encode())
    assert first_failure(report) == failure
    assert report.verdict is Verdict.INVALID


def test_a_document_with_one_changed_byte_is_none_of_the_passports(scene: Scene, tmp_path: Path) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, url):
        report = judged(here, url, files=[("report.pdf", REPORT[:-1] + b"x")])
    assert first_failure(report) == ("documents", "unknown_document")


def test_a_stopped_chain_leaves_the_passport_partly_verified_never_invalid(scene: Scene, tmp_path: Path) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, url):
        pass
    report = judged(here, url)
    assert unsure(report) == [("status", "status_unproven"), ("anchor", "rpc_unreachable")]
    assert report.verdict is Verdict.PARTIAL


def test_passports_are_issued_while_the_chain_is_down_and_anchored_when_it_is_back(
    scene: Scene, tmp_path: Path
) -> None:
    dark = scene.on_chain(NOWHERE)
    dark.papers()
    issued = dark.issue()
    with pytest.raises(ChainUnavailable):
        dark.anchor()
    assert dark.passport().state == "sealed"
    with running(tmp_path / "chain.sqlite", hand=Hand(int(scene.now.timestamp()))) as url:
        back = scene.on_chain(url)
        assert back.anchor() == 1
        assert judged(back, url).verdict is Verdict.VALID
    assert back.passport().digest == issued.digest


def test_another_chain_under_the_same_address_is_never_written_to(scene: Scene, tmp_path: Path) -> None:
    with anchored(scene, tmp_path / "chain.sqlite") as (here, _):
        here.trace("inspecting", hours_ago=1, place="x")
    here.issue()
    with (
        running(tmp_path / "other.sqlite", hand=Hand(int(scene.now.timestamp()) + 60)) as other,
        pytest.raises(ForeignChain),
    ):
        here.on_chain(other).anchor()
    assert here.passport().state == "sealed"


def test_a_chain_with_another_number_than_configured_is_refused_at_the_first_start(
    scene: Scene, tmp_path: Path
) -> None:
    scene.papers()
    scene.issue()
    with (
        running(tmp_path / "chain.sqlite", chain_id=5, hand=Hand(int(scene.now.timestamp()))) as url,
        pytest.raises(ForeignChain) as refusal,
    ):
        scene.on_chain(url).anchor()
    assert refusal.value.values == {"found": 5, "pinned": 31_337}


class Pulled(Exception):  # noqa: N818 - the plug, pulled
    """The machine stops here."""


STEPS = ("attempts", "save_attempt", "save_state", "save_receipt")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_at_any_step_anchors_once_when_it_comes_back(
    scene: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    after: bool,  # noqa: FBT001 - a table's column
) -> None:
    honest = getattr(AttemptStore, step)

    def dying(self: AttemptStore, *arguments: Any) -> Any:
        if after:
            honest(self, *arguments)
        raise Pulled

    scene.papers()
    scene.issue()
    with running(tmp_path / "chain.sqlite", hand=Hand(int(scene.now.timestamp()))) as url:
        here = scene.on_chain(url)
        with monkeypatch.context() as patch:
            patch.setattr(AttemptStore, step, dying)
            with pytest.raises(Pulled):
                here.anchor()
        here.anchor()
        assert here.passport().state == "anchored"
        assert anchors_on(url, here) == 1
        assert judged(here, url).verdict is Verdict.VALID


@pytest.mark.parametrize("step", ["deploy", "open_stream", "set_writer"])
def test_a_first_start_that_dies_finds_its_contract_again(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    honest = getattr(Chain, step)

    def dying(self: Chain, *arguments: Any, **named: Any) -> Any:
        honest(self, *arguments, **named)
        raise Pulled

    scene.papers()
    scene.issue()
    with running(tmp_path / "chain.sqlite", hand=Hand(int(scene.now.timestamp()))) as url:
        here = scene.on_chain(url)
        with monkeypatch.context() as patch:
            patch.setattr(Chain, step, dying)
            with pytest.raises(Pulled):
                here.anchor()
        assert here.anchor() == 1
        assert anchors_on(url, here) == 1


def test_of_two_workers_one_writes(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.papers()
    scene.issue()
    inside, go_on = threading.Event(), threading.Event()
    honest = ledger_issue.advance

    def slow(*arguments: Any, **named: Any) -> Any:
        inside.set()
        assert go_on.wait(30)
        return honest(*arguments, **named)

    monkeypatch.setattr(anchoring, "advance", slow)
    with running(tmp_path / "chain.sqlite", hand=Hand(int(scene.now.timestamp()))) as url:
        here = scene.on_chain(url)
        finished: list[int] = []
        first = threading.Thread(target=lambda: finished.append(here.anchor()))
        first.start()
        assert inside.wait(60)
        assert here.anchor() == 0
        go_on.set()
        first.join()
        assert finished == [1]
        assert anchors_on(url, here) == 1


def test_a_batch_waits_for_its_confirmations_and_keeps_where_it_stands(scene: Scene, tmp_path: Path) -> None:
    scene.papers()
    scene.issue()
    with running(tmp_path / "chain.sqlite", hand=Hand(int(scene.now.timestamp()))) as url:
        settings = replace(scene.services.settings, chain_rpc_url=url, chain_confirmations=1)
        here = replace(scene, services=replace(scene.services, settings=settings))
        assert here.anchor() == 0
        assert here.passport().state == "sealed"
        with here.services.database.reading() as connection:
            placed = connection.execute(text("SELECT state, placement->>'blockNumber' FROM anchor_batch")).one()
        assert placed[0] == "mined"
        writer = anchoring.writer_account(here.services.settings.home)
        Chain(url).deploy(writer)  # one block more
        assert here.anchor() == 1
        assert str(here.passport().block_number) == placed[1]


def test_an_empty_portal_has_nothing_to_anchor(scene: Scene, empty_scene: Scene) -> None:
    assert empty_scene.anchor() == 0
    assert scene.passport is not None


@pytest.fixture
def empty_scene(scene: Scene, database: Database) -> Scene:
    return replace(scene, services=replace(scene.services, database=database))


def test_the_workers_jobs_seal_and_keep_on_sweeping_through_an_outage(scene: Scene, tmp_path: Path) -> None:
    scene.papers()
    scene.issue()
    dark = procrastinate.App(connector=InMemoryConnector())
    flow.register(dark, scene.on_chain(NOWHERE).services)
    dark.tasks["passports.sweep"].func(0)
    assert scene.passport().state == "sealed"
    with running(tmp_path / "chain.sqlite", hand=Hand(int(scene.now.timestamp()))) as url:
        app = procrastinate.App(connector=InMemoryConnector())
        flow.register(app, scene.on_chain(url).services)
        app.tasks["passports.seal"].func(str(scene.company.org_id))
        app.tasks["passports.sweep"].func(0)
    assert scene.passport().state == "anchored"


def test_a_batch_that_a_reorganisation_took_back_has_no_place(scene: Scene) -> None:
    scene.papers()
    scene.issue()
    with scene.services.database.transaction() as connection:
        batch_id = seal_batch(connection, org_id=scene.company.org_id, now=scene.now)
    store = AttemptStore(scene.services.database, scene.company.org_id, scene.company.org_id, scene.now)
    store.save_state(str(batch_id), AnchorState.SENT, None)
    with scene.services.database.reading() as connection:
        row = connection.execute(text("SELECT state, placement FROM anchor_batch")).one()
    assert tuple(row) == ("sent", None)
