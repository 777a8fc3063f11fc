"""Issuer keys: made once, moved into the safe, rotated and revoked; what verifies before and after."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.errors import KeyExposed, KeyLocked
from ledger.keys import SigningKey
from ledger.keysafe import KeySafe
from ledger.trust import TrustList
from ledger.verify import verify_bundle
from portal.flows import leaves
from portal.passports import issuer, keyring, records
from portal.passports.issuer import KeySecretTooShort, issuer_did, open_safe
from portal.passports.keyring import KeyLine, Keyring
from portal.passports.records import RecordKind
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from support.anchoring import Hand, running
from support.passporting import Scene, made_scene

DID = "did:web:portal.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def scene(database: Database, tmp_path: Path, clock: HandClock, now: datetime) -> Scene:
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=now)
    made.papers()
    return made


def safe_of(scene: Scene) -> KeySafe:
    return open_safe(scene.services.settings)


def ring_of(scene: Scene) -> Keyring:
    return Keyring(actor=scene.operator, safe=safe_of(scene), did=DID)


def rotate(scene: Scene, *, hours: float, grace: timedelta = keyring.GRACE) -> str:
    with scene.services.database.transaction() as connection:
        now = scene.now + hours * HOUR
        return keyring.rotate(connection, ring=ring_of(scene), now=now, grace=grace)


def revoke(scene: Scene, multikey: str, *, hours: float) -> int:
    with scene.services.database.transaction() as connection:
        return keyring.revoke(
            connection,
            ring=ring_of(scene),
            multikey=multikey,
            reason="laptop stolen",
            now=scene.now + hours * HOUR,
        )


def lines(scene: Scene) -> tuple[KeyLine, ...]:
    with scene.services.database.reading() as connection:
        return keyring.lines(connection, org_id=scene.company.org_id, safe=safe_of(scene), did=DID)


def signer(scene: Scene) -> str:
    method: str = json.loads(scene.passport().body)["proof"][0]["verificationMethod"]
    return method.partition("#")[2]


def test_the_first_passport_makes_the_key_and_the_next_ones_use_it(scene: Scene) -> None:
    assert lines(scene) == ()
    scene.issue()
    first = signer(scene)
    scene.trace("receiving", hours_ago=1, place="x")
    scene.issue(later=HOUR)
    assert signer(scene) == first
    assert lines(scene) == (
        KeyLine(multikey=first, made_at=scene.now, expires_at=None, revoked_at=None, signs=True),
    )
    home = scene.services.settings.home
    assert (home / "key-encryption.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (home / "keys" / "issuer").iterdir()] == [f"{first}.json"]


def test_a_rotated_key_signs_the_next_and_keeps_what_it_signed(
    scene: Scene, tmp_path: Path, clock: HandClock
) -> None:
    chain_time = Hand(int(scene.now.timestamp()))
    with running(tmp_path / "chain.sqlite", hand=chain_time) as url:
        here = scene.on_chain(url)

        def issued(hours: int, step: str) -> bytes:
            moment = scene.now + hours * HOUR
            clock.advance(moment - clock.now())
            chain_time.now = int(moment.timestamp())
            here.trace(step, hours_ago=-hours, place="x")
            digest = here.issue(later=hours * HOUR).digest
            here.anchor()
            return digest

        def judged(digest: bytes) -> tuple[str, str]:
            trust = TrustList.from_json(here.trust())
            as_of = here.now + 30 * HOUR
            report = verify_bundle(here.bundle(digest), as_of=as_of, trust=trust, rpc_url=url)
            return report.verdict.value, report.checks[2].code

        old = issued(0, "shipping")
        second = rotate(here, hours=1)
        new = issued(2, "receiving")
        assert signer(here) == second
        # Whoever stole the key signs on; here the portal itself, which does not know yet.
        late = issued(4, "inspecting")
        assert [judged(one) for one in (old, new, late)] == [("valid", "ok")] * 3
        revoke(here, second, hours=3)
        assert [judged(one) for one in (old, new, late)] == [
            ("valid", "ok"),
            ("valid", "ok"),
            ("invalid", "key_retired"),
        ]


def test_a_rotation_is_told_with_its_planned_end_and_anchored(scene: Scene) -> None:
    scene.issue()
    first = signer(scene)
    second = rotate(scene, hours=1)
    third = rotate(scene, hours=2, grace=HOUR)
    assert [(line.multikey, line.expires_at, line.signs) for line in lines(scene)] == [
        (third, None, True),
        (second, scene.now + 3 * HOUR, False),
        (first, scene.now + 25 * HOUR, False),
    ]
    with scene.services.database.transaction() as connection:
        leaves.seal(connection, services=scene.services, now=scene.now)
        kind = RecordKind.DID_DOCUMENT
        [document] = records.every(connection, org_id=scene.company.org_id, kind=kind, name=DID)
        told = connection.execute(text("SELECT what FROM audit_entry WHERE what LIKE 'key.%'")).scalars().all()
    assert [method.get("expires") for method in document.body["verificationMethod"]] == [
        None,
        "2026-11-23T05:24:00Z",
        "2026-11-24T03:24:00Z",
    ]
    assert told == ["key.rotated", "key.rotated"]


def test_a_revoked_key_is_followed_by_another_and_what_waits_is_counted(scene: Scene) -> None:
    scene.issue()
    first = signer(scene)
    with scene.services.database.reading() as connection:
        waiting = connection.execute(text("SELECT count(*) FROM credential")).scalar_one()
    assert revoke(scene, first, hours=1) == waiting
    newest, old = lines(scene)
    assert (newest.signs, old.signs, old.revoked_at) == (True, False, scene.now + HOUR)
    assert revoke(scene, newest.multikey, hours=2) == 0
    with pytest.raises(keyring.KeyRevokedAlready):
        revoke(scene, first, hours=2)
    with pytest.raises(keyring.KeyUnknown):
        revoke(scene, "z6Mkx", hours=2)


def test_revoking_an_old_key_leaves_the_one_that_signs(scene: Scene) -> None:
    scene.issue()
    first = signer(scene)
    second = rotate(scene, hours=1)
    revoke(scene, first, hours=2)
    assert [(line.multikey, line.signs) for line in lines(scene)] == [(second, True), (first, False)]


def test_a_key_file_a_crash_left_behind_is_taken_by_the_next_rotation(scene: Scene) -> None:
    scene.issue()
    left = SigningKey.generate(DID)
    safe_of(scene).put(left)
    scene.trace("receiving", hours_ago=1, place="x")
    scene.issue(later=HOUR)
    assert signer(scene) != left.public.multikey
    assert rotate(scene, hours=1) == left.public.multikey


def test_the_open_key_of_an_earlier_release_is_moved_into_the_safe(scene: Scene) -> None:
    folder = scene.services.settings.home / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = SigningKey.generate(DID)
    before.save(folder / "issuer.pem")
    scene.issue()
    assert signer(scene) == before.public.multikey
    assert not (folder / "issuer.pem").exists()


def test_a_lost_key_is_replaced_at_the_next_passport(scene: Scene) -> None:
    scene.issue()
    first = signer(scene)
    [file] = (scene.services.settings.home / "keys" / "issuer").iterdir()
    file.unlink()
    scene.trace("receiving", hours_ago=1, place="x")
    scene.issue(later=HOUR)
    assert signer(scene) != first
    assert [line.signs for line in lines(scene)] == [True, False]


def test_a_portal_at_another_address_signs_with_the_same_key(scene: Scene) -> None:
    scene.issue()
    settings = replace(scene.services.settings, base_url="https://new.example")
    moved = replace(scene, services=replace(scene.services, settings=settings))
    moved.trace("receiving", hours_ago=1, place="x")
    first = signer(scene)
    moved.issue(later=HOUR)
    assert signer(moved) == first
    assert json.loads(moved.passport().body)["issuer"]["id"] == issuer_did("https://new.example")


def settings(home: Path, **values: str) -> Settings:
    return Settings(home=home, **values)  # type: ignore[arg-type]


def test_a_passphrase_or_a_file_elsewhere_opens_the_keys(tmp_path: Path) -> None:
    key, other = SigningKey.generate(DID), tmp_path / "kek"
    other.write_bytes(b"0123456789ab")
    other.chmod(0o600)
    spoken = settings(tmp_path / "a", key_passphrase="correct horse")
    open_safe(spoken).put(key)
    assert open_safe(spoken).take(key.public.multikey, did=DID).public == key.public
    assert not (tmp_path / "a" / "key-encryption.key").exists()
    with pytest.raises(KeyLocked):
        open_safe(settings(tmp_path / "a", key_file=str(other))).take(key.public.multikey, did=DID)
    other.chmod(0o644)
    with pytest.raises(KeyExposed):
        open_safe(settings(tmp_path / "a", key_file=str(other)))
    with pytest.raises(KeySecretTooShort):
        open_safe(settings(tmp_path / "a", key_passphrase="eleven char"))
    assert "correct" not in repr(spoken)


def test_a_key_that_another_process_moved_in_meanwhile_is_not_missed(tmp_path: Path) -> None:
    safe = KeySafe(tmp_path / "issuer", bytes(32))
    issuer._move_in(tmp_path / "issuer.pem", safe)
    assert safe.known() == ()
