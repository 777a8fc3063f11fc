"""A credential is revoked, suspended and taken up again: what is kept, told, written down and refused."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import exc, text

from portal.kernel.errors import PortalError
from portal.passports import credentials, reads, status
from portal.passports.model import PapersMissing
from portal.passports.status import Mark, Standing
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import GTIN, LOT, Scene, made_scene

HOUR = timedelta(hours=1)
NOBODYS = UUID(int=9)


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    made.papers()
    return made


def act(
    scene: Scene, deed: str, credential_id: UUID, *, hours: int = 1, reason: str = "mould", **more: UUID
) -> None:
    with scene.services.database.transaction() as connection:
        getattr(status, deed)(
            connection,
            actor=scene.operator,
            credential_id=credential_id,
            reason=reason,
            now=scene.now + hours * HOUR,
            **more,
        )


def stands(scene: Scene, credential_id: UUID, *, hours: float) -> Standing:
    with scene.services.database.reading() as connection:
        at = scene.now + hours * HOUR
        return status.standing(connection, org_id=scene.company.org_id, credential_id=credential_id, at=at)


def written(scene: Scene, query: str) -> list[tuple[object, ...]]:
    with scene.services.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_revoked_credential_counted_before_and_never_again(scene: Scene) -> None:
    old = scene.issue()
    scene.trace("receiving", hours_ago=1, place="x")
    new = scene.issue(later=timedelta(minutes=1))
    act(scene, "revoke", old.id, hours=2, reason=" mould ", superseded_by=new.id)
    assert stands(scene, old.id, hours=1.9) == Standing()
    gone = stands(scene, old.id, hours=2)
    assert gone == Standing(revoked=True, reason="mould", since=scene.now + 2 * HOUR, superseded_by=new.id)
    assert (gone.counts, stands(scene, new.id, hours=2).counts) == (False, True)


def test_what_was_done_is_told_and_written_into_the_audit_log(scene: Scene) -> None:
    issued: reads.Passport = scene.issue()
    act(scene, "suspend", issued.id, hours=1)
    act(scene, "resume", issued.id, hours=2, reason="cleared")
    act(scene, "revoke", issued.id, hours=3)
    mine = {"credential_id": str(issued.id), "org_id": str(scene.company.org_id)}
    told = written(
        scene, "SELECT name, body FROM outbox_message WHERE name LIKE 'passports.credential.%' ORDER BY id"
    )
    assert told == [
        ("passports.credential.suspended", mine | {"reason": "mould"}),
        ("passports.credential.resumed", mine | {"reason": "cleared"}),
        ("passports.credential.revoked", mine | {"reason": "mould", "superseded_by": None}),
    ]
    logged = written(scene, "SELECT what, actor, details FROM audit_entry WHERE kind = 'deed' ORDER BY seq")
    mine = {"credential": str(issued.id)}
    assert logged == [
        (f"credential.{deed}", "Name of operator", mine) for deed in ("suspended", "resumed", "revoked")
    ]
    with scene.services.database.reading() as connection:
        said = status.history(connection, org_id=scene.company.org_id, credential_id=issued.id)
    assert [(mark.purpose, mark.mark, mark.reason) for mark in said] == [
        ("suspension", True, "mould"),
        ("suspension", False, "cleared"),
        ("revocation", True, "mould"),
    ]
    assert stands(scene, issued.id, hours=1).suspended
    assert stands(scene, issued.id, hours=2) == Standing()


def test_what_makes_no_sense_is_refused_and_changes_nothing(scene: Scene) -> None:
    issued = scene.issue()
    cases: list[tuple[list[str], str, type[PortalError]]] = [
        ([], "resume", status.NotSuspended),
        (["suspend", "resume"], "resume", status.NotSuspended),
        (["suspend"], "suspend", status.AlreadySuspended),
        (["revoke"], "revoke", status.AlreadyRevoked),
        (["revoke"], "suspend", status.AlreadyRevoked),
        (["suspend", "revoke"], "resume", status.AlreadyRevoked),
    ]
    for done, deed, refusal in cases:
        with scene.services.database.reading():  # a savepoint: the next case begins anew
            for hours, earlier in enumerate(done, 1):
                act(scene, earlier, issued.id, hours=hours)
            with pytest.raises(refusal):
                act(scene, deed, issued.id, hours=9)
            marks = written(scene, "SELECT count(*) FROM credential_mark")
            told = written(scene, "SELECT count(*) FROM outbox_message WHERE name LIKE 'passports.credential.%'")
            assert marks == told == [(len(done),)]


def test_a_reason_is_needed_and_the_credential_must_be_there(scene: Scene) -> None:
    issued = scene.issue()
    for deed in ("revoke", "suspend"):
        for reason in (" ", "x" * 501):
            with pytest.raises(status.CredentialReasonNeeded):
                act(scene, deed, issued.id, reason=reason)
    act(scene, "suspend", issued.id)
    with pytest.raises(status.CredentialReasonNeeded):
        act(scene, "resume", issued.id, hours=2, reason="")
    with pytest.raises(status.CredentialNotFound):
        act(scene, "revoke", NOBODYS)


def test_only_another_living_credential_of_the_subject_can_stand_in_its_place(scene: Scene) -> None:
    old = scene.issue()
    scene.trace("receiving", hours_ago=1, place="x")
    new = scene.issue(later=timedelta(minutes=1))
    for other in (NOBODYS, old.id):
        with pytest.raises(status.NotAReplacement):
            act(scene, "revoke", old.id, superseded_by=other)
    with scene.services.database.transaction() as connection:
        connection.execute(text("UPDATE credential SET about = 'lot/x/L8' WHERE id = :id"), {"id": old.id})
    with pytest.raises(status.NotAReplacement):
        act(scene, "revoke", old.id, superseded_by=new.id)
    with scene.services.database.transaction() as connection:
        connection.execute(
            text("UPDATE credential SET about = :lot WHERE id = :id"), {"id": old.id, "lot": f"lot/{GTIN}/{LOT}"}
        )
    act(scene, "revoke", new.id)
    with pytest.raises(status.NotAReplacement):
        act(scene, "revoke", old.id, superseded_by=new.id)


def test_the_database_lets_nobody_change_or_delete_a_mark(scene: Scene) -> None:
    act(scene, "suspend", scene.issue().id)
    for statement in (
        "UPDATE credential_mark SET reason = 'x'",
        "DELETE FROM credential_mark",
        "TRUNCATE credential_mark",
    ):
        with pytest.raises(exc.DBAPIError) as refusal, scene.services.database.transaction() as connection:
            connection.execute(text(statement))
        assert isinstance(refusal.value.orig, psycopg.errors.RestrictViolation)


def test_of_revocation_and_suspension_the_revocation_speaks(now: datetime) -> None:
    suspended = Mark(purpose="suspension", mark=True, reason="b", superseded_by=None, at=now + HOUR, actor="x")
    revoked = Mark(purpose="revocation", mark=True, reason="a", superseded_by=None, at=now, actor="x")
    assert status.standing_of([suspended]) == Standing(suspended=True, reason="b", since=now + HOUR)
    assert status.standing_of([suspended, revoked]) == Standing(
        revoked=True, suspended=True, reason="a", since=now
    )


def only(scene: Scene, kind: str) -> UUID:
    """Return the only credential of a kind."""
    with scene.services.database.reading() as connection:
        (one,), count = credentials.credentials(connection, org_id=scene.company.org_id, kind=kind)
    assert count == 1
    return one.id


def test_after_a_revocation_the_same_can_be_signed_again_and_stands_for_itself(scene: Scene) -> None:
    first = scene.issue()
    act(scene, "suspend", first.id)
    assert scene.issue(later=2 * HOUR).id == first.id
    act(scene, "revoke", first.id, hours=3)
    second = scene.issue(later=4 * HOUR)
    assert second.id != first.id
    assert scene.issue(later=5 * HOUR).id == second.id


@pytest.mark.parametrize("deed", ["suspend", "revoke"])
def test_a_paper_whose_credential_does_not_count_carries_no_passport(scene: Scene, deed: str) -> None:
    scene.issue()
    act(scene, deed, only(scene, "certificate"))
    with pytest.raises(PapersMissing) as refusal:
        scene.issue(later=2 * HOUR)
    assert refusal.value.values == {"missing": ["certificate"]}


def test_a_place_whose_record_was_revoked_is_neither_linked_nor_signed_again(scene: Scene) -> None:
    org_id = scene.company.org_id
    with scene.services.database.transaction() as connection:
        connection.execute(
            text("""
                INSERT INTO trace_event (org_id, id, source_key, product_id, lot_code, step, place, document,
                                         quantity, at, location_id)
                VALUES (:org, gen_random_uuid(), 'r/1', :product, :lot, 'receiving', 'NGB', 'GR-1', 480, :at,
                        :node)
            """),
            {
                "org": org_id,
                "product": scene.product_id,
                "lot": LOT,
                "at": scene.now,
                "node": scene.company.nodes["NGB"],
            },
        )
    linked = scene.issue()
    place = only(scene, "facility")
    act(scene, "revoke", place)
    fresh = scene.issue(later=2 * HOUR)
    assert (str(place) in linked.body, str(place) in fresh.body) == (True, False)
    assert only(scene, "facility") == place
