"""Every answer twice, as compiled and as ``execute()`` gives it: same world, same bytes, same audit entry."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text
from structlog.testing import capture_logs

from portal.api.compile.plans import Asked, Known, Plans
from portal.api.schema import schema_of
from portal.inventory.reads.sources import Shape
from portal.kernel.disclosure import Tier
from portal.partners.audience import Audience
from portal.platform.db import Database
from support.graphql_growing import Growing
from support.worlds import dice, draw_core
from support.worlds_compare import Watcher
from support.worlds_questions import Question


class Counted(Plans):
    """Counts what is compiled."""

    compiled = 0

    def asked(
        self, known: Known, *, operation: str | None, variables: Mapping[str, Any], shape: Shape
    ) -> Asked | None:
        """Return the plan, and count it."""
        found = super().asked(known, operation=operation, variables=variables, shape=shape)
        self.compiled += found is not None
        return found


class Never(Plans):
    """Compiles nothing."""

    def asked(
        self, known: Known, *, operation: str | None, variables: Mapping[str, Any], shape: Shape
    ) -> Asked | None:
        """Leave it to ``execute()``."""
        del known, operation, variables, shape
        return None


@dataclass(frozen=True)
class Difference:
    """Where the two parted."""

    body: dict[str, Any]
    compiled: str
    executed: str


class Twice:
    """The portal twice over one database: one compiles, the other executes.

    Attributes:
        compared: Answers compared so far.
        counted: Counts what was compiled of them.
    """

    def __init__(self, database: Database, *, home: Path) -> None:
        self.counted = Counted()
        self.compared = 0
        self._database = database
        self._compiling, self._executing = Watcher(database, home=home), Watcher(database, home=home)
        for watcher, plans in ((self._compiling, self.counted), (self._executing, Never())):
            door = watcher.app.extensions["tally_api"]
            admission = replace(door.admission, plans=plans)
            watcher.app.extensions["tally_api"] = replace(door, admission=admission)

    def differences(self, tier: Tier, *, seed: str, count: int) -> Iterator[Difference]:
        """Ask ``count`` grown documents in one world; yield what differs."""
        core = draw_core(seed, tier)
        self._compiling.look_at(core, "A")
        self._executing.take_over(self._compiling)
        rng = dice("grow", seed, tier)
        skus = [*self._compiling.world.products, "NEVER", 'a"b\\']
        for _ in range(count):
            body = Growing(rng, schema_of(Audience(str(tier))), skus).body()
            with capture_logs() as logs:
                one, other = self._told(self._compiling, body), self._told(self._executing, body)
            failed = [entry for entry in logs if entry["event"] == "graphql.plan_failed"]
            self.compared += 1
            if failed or one != other:
                yield Difference(body, f"{one}{failed}", other)

    def _told(self, watcher: Watcher, body: dict[str, Any]) -> str:
        """Return status, headers, body in canonical form, and what the audit log holds of it."""
        answer = watcher.ask(Question("/graphql", body))
        told = json.dumps(json.loads(answer.body), ensure_ascii=False)
        headers = [(name, value) for name, value in answer.headers if name != "Content-Length"]
        with self._database.transaction() as connection:
            entry = connection.execute(
                text("SELECT kind, what, agreement, details FROM audit_entry ORDER BY seq DESC LIMIT 1")
            ).first()
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            # The second to ask begins where the first began.
            for table in ("audit_entry", "threshold_question", "api_bucket"):
                connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names only
        return f"{answer.status} {headers} {told} {entry}"
