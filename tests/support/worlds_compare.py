"""Asking two worlds the same questions and comparing the answers byte for byte.

What is normalised stands in ``seen`` and nowhere else: the token of a form and the session's cookie, which are
fresh random bytes at every request; the id of a product in scope, which is random but the same thing in both
worlds; the id of a request on an error page; and the time stamped into a workbook.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from portal import wiring
from portal.partners.viewer import viewer_of_person
from portal.platform.bus import Bus
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import METADATA, Database
from portal.platform.services import Services
from support.worlds import NOW, Core
from support.worlds_build import World, build
from support.worlds_questions import Question
from support.worlds_supplier import SupplierCore, build_supplier

_CSRF = re.compile(rb'name="csrf_token" value="[^"]+"')
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ROOM = " ".join(f"{kind}=900000000/1" for kind in ("ordinary", "key", "strategic", "supplier"))
"""Nobody is throttled: time stands still here, and a refusal would hide what could differ."""

_QUOTE = re.compile(rb'(<span class="mono">)[0-9a-f-]{36}(</span>)')


@dataclass(frozen=True)
class Seen:
    """What came back, as far as it could depend on data, and the statements it took: time by and large."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    asked: tuple[str, ...]


class Watcher:
    """The portal over a database that holds one world at a time, with the world's viewer signed in.

    Attributes:
        database: Where the world is.
        app: The portal over it.
        world: Whose viewer asks.
    """

    world: World

    def __init__(self, database: Database, *, home: Path) -> None:
        self.database = database
        services = Services(
            settings=Settings(home=home, default_language="en", trusted_only="", api_buckets=_ROOM),
            database=database,
            clock=HandClock(NOW),
            bus=Bus(),
        )
        self.app: Flask = wiring.build_web(services)
        self.app.testing = True
        self._asked: list[str] = []
        event.listen(database.engine, "before_cursor_execute", self._hear)

    def _hear(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self._asked.append(statement)

    def look_at(self, core: Core | SupplierCore, side: str) -> None:
        """Put one side of a pair of worlds in the place of what the database held."""
        with self.database.transaction() as connection:
            # Moves and the audit log refuse it to everybody but who may silence triggers.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)} CASCADE"))
            connection.execute(text("SET LOCAL session_replication_role = origin"))
            if isinstance(core, Core):
                self.world = build(connection, core, side)
            else:
                self.world = build_supplier(connection, core, side)
        with self.database.reading() as connection:
            viewer = viewer_of_person(connection, org_id=self.world.org_id, person_id=self.world.viewer, as_of=NOW)
        self._token = self.app.extensions["tally_tokens"].issue(viewer, now=NOW).text

    def take_over(self, other: "Watcher") -> None:
        """Look at the same world as another over the same database and home, as the same person."""
        self.world, self._token = other.world, other._token

    def ask(self, question: Question) -> Seen:
        """Ask one question."""
        self._asked.clear()
        if question.body is not None:
            headers = {"Authorization": f"Bearer {self._token}"}
            answer = self.app.test_client().post(question.path, json=question.body, headers=headers)
        else:
            client = self.app.test_client()
            with client.session_transaction() as session:
                session["_user_id"] = f"{self.world.viewer}.1"
                session["_fresh"] = True
            answer = client.get(question.path, headers={"HX-Request": "true"} if question.fragment else {})
        return self.seen(answer)

    def seen(self, answer: TestResponse) -> Seen:
        """Return an answer without what is random by design."""
        headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
        body = answer.get_data()
        if answer.mimetype.endswith("sheet"):
            headers.pop("Content-Length")
            body = unzipped(body)
        body = _CSRF.sub(b"", body)
        for sku, product_id in self.world.products.items():
            body = body.replace(str(product_id).encode(), f"id of {sku}".encode())
        if answer.status_code >= 400:
            body = _QUOTE.sub(rb"\1\2", body)
        return Seen(answer.status_code, tuple(sorted(headers.items())), body, tuple(self._asked))


def unzipped(workbook: bytes) -> bytes:
    """Return the parts of a workbook one after another, but for the one that holds when it was made."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        names = sorted(name for name in parts.namelist() if name != "docProps/core.xml")
        return b"\n".join(name.encode() + b"\n" + parts.read(name) for name in names)


def first_difference(left: Watcher, right: Watcher, asked: Iterable[Question]) -> str:
    """Ask both worlds everything; return what first told them apart, or an empty text."""
    for question in asked:
        one, other = left.ask(question), right.ask(question)
        if one != other:
            return told(question, one, other)
        assert not _UUID.search(one.body), f"an id in the answer to {question}"
        assert one.status < 500, f"{one.status} for {question}: {one.body[:300]!r}"
    return ""


def told(question: Question, one: Seen, other: Seen) -> str:
    """Write down a difference: the question, the statuses, and the first place where the bodies part."""
    asked = question.path if question.body is None else json.dumps(question.body, ensure_ascii=False)
    at = next(
        (place for place, (a, b) in enumerate(zip(one.body, other.body, strict=False)) if a != b),
        min(len(one.body), len(other.body)),
    )
    return "\n".join(
        [
            asked,
            f"status {one.status} / {other.status}",
            f"headers {set(one.headers) ^ set(other.headers)}",
            f"statements {len(one.asked)} / {len(other.asked)}: {[*set(one.asked) ^ set(other.asked)]}",
            f"here  …{one.body[max(0, at - 150) : at + 150].decode('utf-8', 'replace')}…",
            f"there …{other.body[max(0, at - 150) : at + 150].decode('utf-8', 'replace')}…",
        ]
    )
