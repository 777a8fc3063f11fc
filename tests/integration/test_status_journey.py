"""A passport is issued, revoked, suspended, taken up again; verifiers are told what held at each moment."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import exc, text

from ledger.canonical import canonical_bytes
from ledger.merkle import check_inclusion, credential_leaf
from ledger.trust import TrustList
from ledger.verify import verify_bundle
from portal.flows import leaves
from portal.passports import lists, reads, records, status
from portal.passports.records import RecordKind, RecordNotFound
from portal.platform import audit
from portal.platform.audit import Fact
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.anchoring import Hand, running
from support.passporting import Scene, made_scene

DID = "did:web:portal.example"


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    made.papers()
    return made


def seal(scene: Scene, *, days: float = 0) -> None:
    with scene.services.database.transaction() as connection:
        leaves.seal(connection, services=scene.services, now=scene.now + timedelta(days=days))


def mark(scene: Scene, deed: str, *, days: float, reason: str = "mould") -> None:
    with scene.services.database.transaction() as connection:
        getattr(status, deed)(
            connection,
            actor=scene.operator,
            credential_id=scene.passport().id,
            reason=reason,
            now=scene.now + timedelta(days=days),
        )


def versions(scene: Scene, kind: RecordKind, name: str) -> tuple[records.Record, ...]:
    with scene.services.database.reading() as connection:
        return records.every(connection, org_id=scene.company.org_id, kind=kind, name=name)


def test_every_passport_has_a_place_in_both_lists_and_the_lists_are_leaves(scene: Scene) -> None:
    credential = json.loads(scene.issue().body)
    revocation, suspension = credential["credentialStatus"]
    assert revocation["statusListCredential"] == "https://portal.example/status/revocation/1"
    assert suspension["statusListCredential"] == "https://portal.example/status/suspension/1"
    assert revocation["statusListIndex"] == suspension["statusListIndex"]
    seal(scene)
    for purpose in ("revocation", "suspension"):
        [made] = versions(scene, RecordKind.STATUS_LIST, f"/status/{purpose}/1")
        place = made.snapshot.inclusion
        assert place is not None
        leaf = credential_leaf(made.body)
        check_inclusion(leaf, place.leaf_index, size=place.tree_size, path=place.path, root=place.root)
        assert (made.version, made.body["validFrom"]) == (1, "2026-11-23T02:24:00Z")
        assert made.body["validUntil"] == "2026-11-30T02:24:00Z"
        assert made.text == canonical_bytes(dict(made.body)).decode()
    seal(scene, days=2.9)
    assert len(versions(scene, RecordKind.STATUS_LIST, "/status/revocation/1")) == 1
    seal(scene, days=3)
    assert len(versions(scene, RecordKind.STATUS_LIST, "/status/revocation/1")) == 2


def test_verifiers_are_told_what_held_on_the_day(scene: Scene, tmp_path: Path, clock: HandClock) -> None:
    chain_time = Hand(int(scene.now.timestamp()))
    with running(tmp_path / "chain.sqlite", hand=chain_time) as url:
        here = scene.on_chain(url)
        here.issue()
        here.anchor()

        def later(days: float) -> None:
            moment = scene.now + timedelta(days=days)
            clock.advance(moment - clock.now())
            chain_time.now = int(moment.timestamp())
            here.anchor()

        def judged(days: float) -> tuple[str, str, str]:
            moment = scene.now + timedelta(days=days)
            with here.services.database.reading() as connection:
                digest = here.passport().digest
                data = reads.bundle(connection, org_id=here.company.org_id, digest=digest, at=moment)
            report = verify_bundle(data, as_of=moment, trust=TrustList.from_json(here.trust()), rpc_url=url)
            [check] = [one for one in report.checks if one.id == "status"]
            return report.verdict.value, check.code, check.params.get("reason", "")

        assert judged(0.001) == ("valid", "ok", "")
        mark(here, "suspend", days=1, reason="smells")
        later(1)
        mark(here, "resume", days=2, reason="it was the box")
        later(2)
        mark(here, "revoke", days=3)
        later(3.01)
        assert judged(0.5) == ("valid", "ok", "")
        assert judged(1.5) == ("invalid", "suspended", "smells")
        assert judged(2.5) == ("valid", "ok", "")
        assert judged(4) == ("invalid", "revoked", "mould")


def test_notices_tell_every_mark_once(scene: Scene) -> None:
    issued = scene.issue()
    mark(scene, "suspend", days=0)
    seal(scene)
    mark(scene, "resume", days=0, reason="cleared")
    mark(scene, "revoke", days=0)
    seal(scene)
    seal(scene)
    told = versions(scene, RecordKind.STATUS_NOTICE, str(issued.id))
    said = [(one.version, one.body["credentialSubject"]) for one in told]
    about = {"id": f"https://portal.example/credentials/{issued.id}"}
    assert said == [
        (1, about | {"statusPurpose": "suspension", "set": True, "reason": "mould"}),
        (2, about | {"statusPurpose": "suspension", "set": False, "reason": "cleared"}),
        (3, about | {"statusPurpose": "revocation", "set": True, "reason": "mould"}),
    ]


def test_a_full_list_is_followed_by_the_next(scene: Scene) -> None:
    issued = scene.issue().id
    org_id = scene.company.org_id
    with scene.services.database.transaction() as connection:
        mine = text("SELECT position FROM status_entry WHERE id = :id")
        taken = connection.execute(mine, {"id": issued}).scalar_one()
        entries = lists.take_place(
            connection,
            org_id=org_id,
            credential_id=UUID(int=7),
            origin="https://portal.example",
            now=scene.now,
            draw=lambda: [taken],
        )
        drawn = connection.execute(mine, {"id": UUID(int=7)}).scalar_one()
        connection.execute(text("DELETE FROM status_entry WHERE list_number = 2"))
    assert [entry["statusListCredential"] for entry in entries] == [
        "https://portal.example/status/revocation/2",
        "https://portal.example/status/suspension/2",
    ]
    assert drawn == taken


def test_the_did_document_and_the_head_of_the_audit_log_are_leaves_when_they_changed(scene: Scene) -> None:
    seal(scene)
    assert versions(scene, RecordKind.DID_DOCUMENT, DID) == versions(scene, RecordKind.AUDIT_HEAD, "audit") == ()
    issued = scene.issue()
    mark(scene, "suspend", days=0)
    seal(scene)
    seal(scene)
    [document] = versions(scene, RecordKind.DID_DOCUMENT, DID)
    assert (
        document.body["verificationMethod"][0]["id"] == json.loads(issued.body)["proof"][0]["verificationMethod"]
    )
    [head] = versions(scene, RecordKind.AUDIT_HEAD, "audit")
    with scene.services.database.transaction() as connection:
        seq = audit.append(connection, actor=scene.operator, fact=Fact(kind="deed", what="x"), now=scene.now)
    assert head.body["seq"] == seq - 1
    seal(scene, days=0.9)
    assert len(versions(scene, RecordKind.AUDIT_HEAD, "audit")) == 1
    seal(scene, days=1)
    [_, newer] = versions(scene, RecordKind.AUDIT_HEAD, "audit")
    assert newer.body["seq"] == seq


def test_records_are_found_by_number_and_day_and_never_changed(scene: Scene) -> None:
    scene.issue()
    seal(scene)
    seal(scene, days=4)
    org_id, name = scene.company.org_id, "/status/revocation/1"

    def found(at: datetime) -> int | None:
        with scene.services.database.reading() as connection:
            kind = RecordKind.STATUS_LIST
            record = records.newest(connection, org_id=org_id, kind=kind, name=name, until=at)
        return None if record is None else record.version

    assert [found(datetime(2026, 11, day, 2, 25, tzinfo=UTC)) for day in (22, 23, 26, 27)] == [None, 1, 1, 2]
    with scene.services.database.reading() as connection, pytest.raises(RecordNotFound):
        records.numbered(connection, org_id=org_id, kind=RecordKind.STATUS_LIST, name=name, version=3)
    for statement in ("UPDATE anchored_record SET body = 'x'", "DELETE FROM anchored_record"):
        with pytest.raises(exc.DBAPIError), scene.services.database.transaction() as connection:
            connection.execute(text(statement))


def test_a_passport_from_before_there_were_lists_has_no_snapshots(scene: Scene) -> None:
    scene.issue()
    with scene.services.database.transaction() as connection:
        connection.execute(text("DELETE FROM status_entry"))
    assert "status" not in json.loads(scene.bundle())


def test_a_record_that_is_not_sealed_yet_has_no_place_in_a_batch(scene: Scene) -> None:
    org_id, kind = scene.company.org_id, RecordKind.AUDIT_HEAD
    with scene.services.database.transaction() as connection:
        records.add(connection, org_id=org_id, kind=kind, name="waiting", body={"a": "b"}, now=scene.now)
    (record,) = versions(scene, kind, "waiting")
    assert (record.body, record.snapshot.inclusion, record.snapshot.anchor) == ({"a": "b"}, None, None)
