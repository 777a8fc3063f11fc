"""kill -9 between the steps of rotating and revoking a key: one key signs, and the deed can be repeated.

A process of its own runs ``tally keys …`` and kills itself where the case says; whatever lies in memory is lost.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.passports import keyring
from portal.passports.issuer import issuer_did, open_safe
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.passporting import Scene, made_scene

pytestmark = pytest.mark.crash

_RUN = """
import os, signal, sys
from pathlib import Path
import click
from ledger import keysafe
from ledger.keysafe import KeySafe
from portal import cli
from portal.passports import keyring
from sqlalchemy import Connection

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(owner, name):
    step = getattr(owner, name)
    def stepped(*args, **kw):
        step(*args, **kw)
        die()
    setattr(owner, name, stepped)

place = sys.argv.pop(1)
if place == "the key is made": setattr(KeySafe, "put", die)
elif place == "its draft is written": setattr(Path, "replace", die)
elif place == "its file lies there": after(KeySafe, "put")
elif place == "the old key has an end": setattr(keyring, "_note", die)
elif place == "the new key is noted": after(keyring, "_note")
elif place == "the log tells it": after(keyring, "_tell")
elif place == "it is committed": setattr(click, "echo", die)
cli.commands()
"""

STEPS = (
    "the key is made",
    "its draft is written",
    "its file lies there",
    "the old key has an end",
    "the new key is noted",
    "the log tells it",
)
"""Steps of a deed, up to its commit, in their order; it dies when this much is done, of the first before it is."""


@pytest.fixture
def scene(fresh_database_url: str, tmp_path: Path, clock: HandClock) -> Iterator[Scene]:
    database = Database(fresh_database_url, pool_size=2)
    made = made_scene(database, home=tmp_path / "home", clock=clock, now=clock.now())
    made.papers()
    made.issue()
    yield made
    database.close()


def tally(scene: Scene, *words: str, die: str = "") -> subprocess.CompletedProcess[str]:
    settings = scene.services.settings
    return subprocess.run(
        [sys.executable, "-c", _RUN, die, "keys", *words],
        env={
            **os.environ,
            "TALLY_HOME": str(settings.home),
            "TALLY_DATABASE_URL": scene.services.database.url,
            "TALLY_BASE_URL": "https://portal.example",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def states(scene: Scene) -> list[tuple[str, str]]:
    """Every key, newest first, and how it stands; the one that signs can be opened."""
    services, org_id = scene.services, scene.company.org_id
    safe, did = open_safe(services.settings), issuer_did("https://portal.example")
    with services.database.transaction() as connection:
        lines = keyring.lines(connection, org_id=org_id, safe=safe, did=did)
        signing = keyring.signing_key(connection, org_id=org_id, safe=safe, did=did)
    words = {(True, False): "ends", (True, True): "revoked", (False, True): "revoked"}
    found = [
        (
            line.multikey,
            words.get((line.expires_at is not None, line.revoked_at is not None), "signs" if line.signs else "?"),
        )
        for line in lines
    ]
    assert [multikey for multikey, state in found if state == "signs"] == [signing.public.multikey]
    return found


def in_the_safe(scene: Scene) -> list[str]:
    """Names of everything in the folder of keys."""
    return sorted(path.name for path in (scene.services.settings.home / "keys" / "issuer").iterdir())


def told(scene: Scene) -> list[str]:
    with scene.services.database.reading() as connection:
        return list(
            connection.execute(text("SELECT what FROM audit_entry WHERE what LIKE 'key.%' ORDER BY seq")).scalars()
        )


def test_a_rotation_killed_before_its_commit_never_was_and_can_be_repeated(scene: Scene) -> None:
    [(old, _)] = states(scene)
    for step in STEPS:
        assert tally(scene, "rotate", die=step).returncode == -signal.SIGKILL, step
        assert (states(scene), told(scene)) == ([(old, "signs")], []), step
    (left,) = {name for name in in_the_safe(scene) if name.startswith("z")} - {f"{old}.json"}
    done = tally(scene, "rotate")
    assert done.returncode == 0, done.stderr
    new = done.stdout.split()[0]
    assert states(scene) == [(new, "signs"), (old, "ends")]
    assert told(scene) == ["key.rotated"]
    assert (left, in_the_safe(scene)) == (f"{new}.json", sorted([f"{new}.json", f"{old}.json"]))


def test_a_revocation_killed_before_its_commit_never_was_and_can_be_repeated(scene: Scene) -> None:
    [(old, _)] = states(scene)
    for step in STEPS:
        assert tally(scene, "revoke", old, "--reason", "stolen", die=step).returncode == -signal.SIGKILL, step
        assert (states(scene), told(scene)) == ([(old, "signs")], []), step
    done = tally(scene, "revoke", old, "--reason", "stolen")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, f"{old} is revoked 密钥已吊销"), done.stderr
    (new, signs), (last, revoked) = states(scene)
    assert (signs, last, revoked) == ("signs", old, "revoked")
    assert told(scene) == ["key.revoked"]
    assert in_the_safe(scene) == sorted([f"{new}.json", f"{old}.json"])


def test_a_rotation_killed_after_its_commit_stands_and_the_list_says_so(scene: Scene) -> None:
    [(old, _)] = states(scene)
    assert tally(scene, "rotate", die="it is committed").returncode == -signal.SIGKILL
    (new, signs), (last, ends) = states(scene)
    assert (signs, last, ends) == ("signs", old, "ends")
    assert in_the_safe(scene) == sorted([f"{new}.json", f"{old}.json"])


def test_a_revocation_killed_after_its_commit_says_again_what_it_cost(scene: Scene) -> None:
    [(old, _)] = states(scene)
    assert tally(scene, "revoke", old, "--reason", "stolen", die="it is committed").returncode == -signal.SIGKILL
    again = tally(scene, "revoke", old, "--reason", "stolen")
    assert again.returncode == 1
    assert again.stdout.splitlines()[0] == f"{old} was revoked before 密钥此前已吊销"
    assert "credentials were not anchored yet: issue them anew." in again.stdout
    assert told(scene) == ["key.revoked"]
