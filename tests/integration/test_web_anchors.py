"""What partners see of the list of batches, that a rewritten list is noticed, and what the operator is told."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from ledger.errors import ChainUnavailable, ForeignChain
from ledger.history import Head, heads
from ledger.listing import Listing
from portal import cli, wiring
from portal.kernel.ids import new_id
from portal.passports import writer
from portal.passports.store import batch_table, chain_table, copy_table
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import Scene, made_scene
from support.people import browser
from support.sealing import root_of

ENGLISH = {"Accept-Language": "en"}
TWO = heads([(root_of(0), 1), (root_of(1), 2)])[-1]
THREE = heads([(root_of(0), 1), (root_of(1), 2), (root_of(2), 3)])[-1]


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    anchor(made, 0, 1)
    return made


@pytest.fixture
def app(scene: Scene) -> Flask:
    app = wiring.build_web(scene.services)
    app.testing = True
    return app


def receipt(seq: int) -> dict[str, object]:
    some = "0x" + "ab" * 32
    return {
        "chainId": 31_337,
        "genesis": some,
        "contract": "0x" + "ab" * 20,
        "stream": some,
        "seq": seq,
        "transaction": some,
        "blockNumber": 4 + seq,
        "blockHash": some,
        "blockTime": "2026-11-23T02:24:00Z",
    }


def anchor(scene: Scene, *numbers: int, state: str = "final") -> None:
    with scene.services.database.transaction() as connection:
        for number in numbers:
            connection.execute(
                batch_table.insert().values(
                    org_id=scene.company.org_id,
                    id=new_id(scene.now),
                    seq=number,
                    root=root_of(number),
                    size=number + 1,
                    state=state,
                    sealed_at=scene.now,
                    receipt=receipt(number),
                )
            )


def pin(scene: Scene, role: str = "main", kind: str = "embedded", *, retired: bool = False) -> UUID:
    made = new_id(scene.now)
    with scene.services.database.transaction() as connection:
        connection.execute(
            chain_table.insert().values(
                org_id=scene.company.org_id,
                id=made,
                chain_id=31_337,
                genesis="ab" * 32,
                contract="0xC0ffee254729296a45a3885639AC7E10F9d54979",
                code_sha256="cd" * 32,
                kind=kind,
                stream="ef" * 32,
                pinned_at=scene.now,
                role=role,
                retired_at=scene.now if retired else None,
            )
        )
    return made


def change(scene: Scene, statement: str) -> None:
    with scene.services.database.transaction() as connection:
        connection.execute(text(statement))


def read(client: FlaskClient, path: str = "/anchors") -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path, headers=ENGLISH).get_data(as_text=True)))


def kept(scene: Scene) -> list[tuple[int, bytes, bool]]:
    with scene.services.database.reading() as connection:
        rows = connection.execute(text("SELECT batches, head, broken_at IS NULL FROM head_seen"))
        return [(row[0], bytes(row[1]), row[2]) for row in rows]


def test_a_partner_sees_the_head_and_next_time_that_it_begins_with_what_they_saw(app: Flask, scene: Scene) -> None:
    supplier = browser(app, scene.company, "supplier")
    first = read(supplier)
    assert TWO.hex() in first
    assert "It begins with what you saw last." not in first
    anchor(scene, 2)
    again = read(supplier)
    assert "It begins with what you saw last. You saw 2 batches on 23 Nov, 10:24" in again
    assert THREE.hex() in again
    assert kept(scene) == [(3, THREE, True)]


def test_a_command_on_the_page_is_set_as_one_without_back_quotes(app: Flask, scene: Scene) -> None:
    page = browser(app, scene.company, "supplier").get("/anchors", headers=ENGLISH).get_data(as_text=True)
    assert '<code class="mono">tally ledger compare</code> tells later' in page
    assert "`" not in page


@pytest.mark.parametrize(
    "rewriting",
    [
        "UPDATE anchor_batch SET root = decode(repeat('ab', 32), 'hex') WHERE seq = 0",
        "UPDATE anchor_batch SET size = 9 WHERE seq = 1",
        "DELETE FROM anchor_batch WHERE seq = 1",
    ],
)
def test_a_silently_rewritten_list_is_told_to_the_partner_and_to_the_operator(
    app: Flask, scene: Scene, rewriting: str
) -> None:
    supplier, operator = browser(app, scene.company, "supplier"), browser(app, scene.company, "operator")
    read(supplier)
    assert "another list of batches" not in read(operator, "/ops")
    change(scene, rewriting)
    for _ in range(2):  # the alarm does not go away by looking again
        told = read(supplier)
        assert "The list was rewritten. What you saw on 23 Nov, 10:24 is not the beginning" in told
        assert TWO.hex() in told
    assert kept(scene) == [(2, TWO, False)]
    assert "1 partner saw another list of batches" in read(operator, "/ops")


def test_a_batch_that_is_taken_back_by_the_chain_and_comes_again_is_no_rewriting(app: Flask, scene: Scene) -> None:
    supplier = browser(app, scene.company, "supplier")
    read(supplier)
    change(scene, "UPDATE anchor_batch SET state = 'sealed' WHERE seq = 1")
    assert "It begins with what you saw last." in read(supplier)
    assert kept(scene) == [(2, TWO, True)]


def test_staff_auditors_and_previews_look_without_leaving_a_trace(app: Flask, scene: Scene) -> None:
    assert TWO.hex() in read(browser(app, scene.company, "operator"))
    assert kept(scene) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("embedded", "It is no independent witness."),
        ("consortium", "whoever trusts that most of the firms keeping it do not agree to rewrite it"),
        ("public", "neither we nor any single party can rewrite it"),
    ],
)
def test_the_page_says_what_each_kind_of_chain_proves(app: Flask, scene: Scene, kind: str, words: str) -> None:
    pin(scene, kind=kind)
    assert words in read(browser(app, scene.company, "auditor"))


def test_a_writer_that_waits_or_stopped_is_named_wherever_people_look(app: Flask, scene: Scene) -> None:
    pin(scene)
    pin(scene, "extra", "consortium")
    operator, org_id, now = browser(app, scene.company, "operator"), scene.company.org_id, scene.now
    with scene.services.database.transaction() as connection:
        for role, trouble in (("main", ForeignChain("another")), ("extra", ChainUnavailable("silent"))):
            writer.note_standing(connection, org_id=org_id, role=role, trouble=trouble, now=now)
            later = now + timedelta(hours=1)
            writer.note_standing(connection, org_id=org_id, role=role, trouble=trouble, now=later)
        assert [one.since for one in writer.stopped(connection, org_id=org_id)] == [now]
    why = "Another chain answers than the one batches were anchored on"
    assert f"Anchoring has stopped. {why}" in read(operator)
    assert "It waits for the chain. The chain does not answer just now" in read(operator)
    assert f"Anchoring has stopped. {why} (foreign_chain)" in read(operator, "/passports")
    inbox = read(operator, "/ops")
    assert "Anchoring has stopped" in inbox
    assert why in inbox
    with scene.services.database.transaction() as connection:
        writer.note_standing(connection, org_id=org_id, role="main", trouble=None, now=now)
        writer.note_standing(connection, org_id=org_id, role="extra", trouble=ForeignChain("another"), now=now)
    assert "the extra chain" in read(operator, "/ops")
    assert "(foreign_chain, the extra chain)" in read(operator, "/passports")


def test_the_list_is_a_file_with_what_every_chain_said(app: Flask, scene: Scene) -> None:
    anchor(scene, 2, state="mined")
    left, extra = pin(scene, retired=True), pin(scene, "extra", "public")
    pin(scene)
    with scene.services.database.transaction() as connection:
        batch = connection.execute(text("SELECT id FROM anchor_batch WHERE seq = 1")).scalar_one()
        for place, number in ((left, 7), (extra, 8)):
            connection.execute(
                copy_table.insert().values(
                    org_id=scene.company.org_id,
                    id=new_id(scene.now),
                    batch_id=batch,
                    pin_id=place,
                    state="final",
                    receipt=receipt(number),
                )
            )
    data = app.test_client().get("/anchors.json").get_data()
    assert Listing.from_json(data).head == Head(2, TWO)
    told = {
        (one["role"], one["inUse"]): [kept["seq"] for kept in one["receipts"]]
        for one in json.loads(data)["chains"]
    }
    assert told == {("main", False): [7], ("extra", True): [8], ("main", True): [0, 1, 2]}


def test_a_kept_list_is_compared_without_portal_and_chain(app: Flask, scene: Scene, tmp_path: Path) -> None:
    kept, newer = tmp_path / "kept.json", tmp_path / "newer.json"
    kept.write_bytes(app.test_client().get("/anchors.json").get_data())
    anchor(scene, 2)
    newer.write_bytes(app.test_client().get("/anchors.json").get_data())
    done = CliRunner().invoke(cli.commands, ["ledger", "compare", str(kept), str(newer)])
    assert done.output == f"The 2 batches kept are the first of 3. 未被改写\nhead {THREE.hex()}\n"
    refused = CliRunner().invoke(cli.commands, ["ledger", "compare", str(newer), str(kept)])
    assert getattr(refused.exception, "code", "") == "stream_shorter"
