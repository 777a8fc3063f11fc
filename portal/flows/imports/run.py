"""The whole way at once, for the command line: open, guess, check, apply, and say what happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from portal.flows.imports import reports, retail
from portal.flows.imports.check import Findings, Progress, silent
from portal.flows.imports.faults import Fault
from portal.flows.imports.kinds import guess_mapping, kind_of
from portal.flows.imports.orders import OrderPlan
from portal.flows.imports.plan import Plan, dry_run
from portal.flows.imports.saving import Saved, apply, lock_imports
from portal.flows.imports.sessions import file_store, guess_profile, note_applied
from portal.flows.imports.tables import Sheet, read_table
from portal.kernel.actor import Actor
from portal.kernel.errors import NotFound
from portal.partners import service as partners
from portal.platform.services import Services


class NoCompany(NotFound):
    """There is no company yet whose books an import could go into."""

    code = "no_company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an import did, or would do.

    Attributes:
        kind: What the table is.
        file: Name of the file.
        profile: ``retail`` or empty.
        mapping: Heading of the column each field was read from.
        rows: Rows read.
        new: Things added (orders are counted, not lines).
        changed: Things changed.
        unchanged: Things that were already so.
        products: Products made because orders named them.
        partners: Customers made because orders named them.
        refused: Lines left out as no sale, by reason.
        fault_count: Faults; with any, nothing was applied.
        faults: The first of them.
        applied: Whether it was written.
        report: File with every refused or faulty line; ``None`` when there is none.
    """

    kind: str
    file: str
    profile: str
    mapping: dict[str, str]
    rows: int
    new: int
    changed: int
    unchanged: int
    products: int = 0
    partners: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    fault_count: int = 0
    faults: tuple[Fault, ...] = ()
    applied: bool = False
    report: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON types."""
        return {
            "kind": self.kind,
            "file": self.file,
            "profile": self.profile,
            "mapping": self.mapping,
            "rows": self.rows,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "created": {"products": self.products, "partners": self.partners},
            "refused": self.refused,
            "refused_count": sum(self.refused.values()),
            "fault_count": self.fault_count,
            "faults": [fault.to_json() for fault in self.faults],
            "applied": self.applied,
            "report": None if self.report is None else str(self.report),
        }


def run_import(
    services: Services,
    *,
    kind: str,
    path: Path,
    mapping: Mapping[str, int] | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Import a file in one transaction, or say what importing it would do.

    Args:
        services: Settings, database and clock.
        kind: ``products``, ``partners``, ``locations``, ``stock`` or ``orders``.
        path: CSV (also gzipped) or XLSX.
        mapping: Field name to column index, from 0; guessed from the headings when not given.
        dry_run: Only say what would happen.
        progress: Told phase, done and total now and then.

    Returns:
        What happened. With faults nothing was written; the report names them all.

    Raises:
        UnknownKind: There is no such kind.
        NoCompany: The portal has no company yet.
        NotATable: The file is no table; likewise ``BrokenWorkbook``, ``EmptyFile``, ``TableTooLarge``.
        UnknownColumn: The mapping does not fit the file.
        ColumnsMissing: A required field has no column.
    """
    table = kind_of(kind, zone=services.settings.time_zone)
    sheet = read_table(path, path.name)
    wanted = dict(mapping) if mapping is not None else guess_mapping(table, sheet.headers)
    work = _Work(
        services=services,
        kind=kind,
        sheet=sheet,
        mapping=wanted,
        profile=guess_profile(kind, sheet),
        progress=progress or silent,
    )
    return work.look() if dry_run else work.write()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    services: Services
    kind: str
    sheet: Sheet
    mapping: dict[str, int]
    profile: str
    progress: Progress

    def look(self) -> Outcome:
        with self.services.database.reading() as connection:
            plan, _ = self._plan(connection)
        return self._outcome(plan, None)

    def write(self) -> Outcome:
        now = self.services.clock.now().astimezone(ZoneInfo(self.services.settings.time_zone))
        with self.services.database.transaction() as connection:
            lock_imports(connection)
            plan, actor = self._plan(connection)
            if plan.fault_count:
                return self._outcome(plan, None)
            saved = apply(connection, actor=actor, plan=plan, now=now, progress=self.progress)
            with self.sheet.path.open("rb") as file:
                stored = file_store(self.services.settings).add(file, max_bytes=1 << 40)
            note_applied(
                connection,
                actor=actor,
                plan=plan,
                mapping=self.mapping,
                profile=self.profile,
                stored_sha256=stored.sha256,
                size_bytes=stored.size_bytes,
                now=now,
            )
        return self._outcome(plan, saved)

    def _plan(self, connection: Connection) -> tuple[Plan, Actor]:
        company = partners.the_company(connection)
        if company is None:
            raise NoCompany("There is no company yet: start the portal once.")
        org_id: UUID = company.id
        plan = dry_run(
            connection,
            org_id=org_id,
            kind=kind_of(self.kind, zone=self.services.settings.time_zone),
            sheet=self.sheet,
            mapping=self.mapping,
            profile=self.profile,
            findings=Findings(self.sheet, self.mapping, keep_all=True),
            progress=self.progress,
        )
        return plan, Actor(org_id=org_id, label="command line")

    def _outcome(self, plan: Plan, saved: Saved | None) -> Outcome:
        created = plan.drafts if isinstance(plan.drafts, OrderPlan) else OrderPlan()
        return Outcome(
            kind=self.kind,
            file=self.sheet.name,
            profile=self.profile,
            mapping={name: self.sheet.headers[index] for name, index in self.mapping.items()},
            rows=plan.rows,
            new=plan.new,
            changed=plan.changed,
            unchanged=plan.unchanged,
            products=len(created.products),
            partners=len(created.partners),
            refused=plan.refused,
            fault_count=plan.fault_count,
            faults=tuple(plan.faults),
            applied=saved is not None,
            report=self._report(plan, created),
        )

    def _report(self, plan: Plan, created: OrderPlan) -> Path | None:
        if plan.fault_count:
            rows = reports.rows_with_faults(self.sheet, plan.faults, sentence=lambda fault: fault.sentence)
        elif created.refusals:
            rows = reports.refused_rows(self.sheet, created.refusals, sentence=retail.REASONS.__getitem__)
        else:
            return None
        folder = self.services.settings.home / "imports"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = folder / f"{self.sheet.path.name.split('.')[0]}.{'faults' if plan.fault_count else 'refused'}.csv"
        with target.open("w", encoding="utf-8", newline="") as file:
            reports.save_rows(rows, file)
        return target
