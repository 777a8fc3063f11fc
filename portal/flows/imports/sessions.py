"""An import from upload to applied, kept between requests: handed in, mapped, checked, applied.

The file's bytes are stored once (``portal.platform.files``); every step reads them again, so what is applied is
what was checked, against the books of that moment. The worker works on files of many rows; how far it is stands in
the row, written outside the transaction of the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from portal.flows.imports import retail
from portal.flows.imports.check import Findings, Progress
from portal.flows.imports.faults import ImportMissing, NotCheckedYet
from portal.flows.imports.kinds import check_mapping, guess_mapping, kind_of
from portal.flows.imports.plan import Plan, dry_run
from portal.flows.imports.saving import apply, lock_imports
from portal.flows.imports.store import session_table
from portal.flows.imports.tables import Sheet, read_table
from portal.kernel.actor import Actor
from portal.kernel.errors import PortalError
from portal.kernel.ids import new_id
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.files import FileStore
from portal.platform.jobs import defer

CHECK_TASK = "imports.check"
APPLY_TASK = "imports.apply"
"""Names of the worker's tasks; their arguments are ``org_id`` and ``session_id`` as text."""

DIRECT_ROWS = 5_000
"""Up to so many rows are worked on within the request; more of them by the worker."""

_SAMPLE_ROWS = 5
_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSession:
    """One import.

    Attributes:
        id: Its id.
        kind: What the table is.
        profile: ``retail`` or empty.
        file_name: As it was called when handed in.
        sha256: Digest of its bytes.
        size_bytes: Length of the file.
        state: ``uploaded``, ``checking``, ``checked``, ``applying``, ``applied`` or ``failed``.
        mapping: Field name to column index.
        headers: The file's headings.
        sample: Its first rows.
        row_estimate: Rows, as far as is known before they are read.
        result: Figures, first faults and changes; after a failure the refusal under ``error``.
        phase: What the work in progress is at.
        done: How far it is.
        total: Of how much.
        actor: Who imports.
        created_at: When it was handed in.
        applied_at: When it was applied.
    """

    id: UUID
    kind: str
    profile: str
    file_name: str
    sha256: bytes
    size_bytes: int
    state: str
    mapping: dict[str, int]
    headers: list[str]
    sample: list[list[str]]
    row_estimate: int
    result: dict[str, Any]
    phase: str
    done: int
    total: int
    actor: str
    created_at: datetime
    applied_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether the worker is, or soon will be, at it."""
        return self.state in {"checking", "applying"}

    @property
    def large(self) -> bool:
        """Whether it is work for the worker."""
        return self.row_estimate > DIRECT_ROWS


def file_store(settings: Settings) -> FileStore:
    """Return where handed-in tables are kept."""
    return FileStore(settings.home / "files")


def upload(  # noqa: PLR0913 - what was handed in, by whom, as what
    connection: Connection,
    *,
    actor: Actor,
    settings: Settings,
    stream: BinaryIO,
    file_name: str,
    kind: str,
    now: datetime,
) -> UUID:
    """Keep a file and look at it; returns the import's id.

    Args:
        connection: Open transaction.
        actor: Who imports.
        settings: Where files are kept, how large they may be, which zone their times are in.
        stream: The bytes.
        file_name: Shown to people, never used as a path.
        kind: What the table is.
        now: Instant of the deed.

    Raises:
        UnknownKind: There is no such kind.
        FileTooLarge: More bytes than an upload may have.
        NotATable: Neither text nor a workbook; likewise ``BrokenWorkbook``, ``EmptyFile``, ``TableTooLarge``.
    """
    known = kind_of(kind, zone=settings.time_zone)
    store = file_store(settings)
    stored = store.add(stream, max_bytes=settings.max_upload_mb * 1024 * 1024)
    name = Path(file_name.replace("\\", "/")).name[-_NAME_LENGTH:] or "table"
    sheet = read_table(store.path(stored.sha256), name)
    session_id = new_id(now)
    connection.execute(
        session_table.insert().values(
            org_id=actor.org_id,
            id=session_id,
            kind=kind,
            profile=guess_profile(kind, sheet),
            file_name=name,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            state="uploaded",
            mapping=guess_mapping(known, sheet.headers),
            sheet={
                "headers": list(sheet.headers),
                "sample": sheet.sample(_SAMPLE_ROWS),
                "rows": sheet.row_estimate,
            },
            result={},
            phase="",
            done=0,
            total=sheet.row_estimate,
            actor=actor.label,
            created_at=now,
        )
    )
    return session_id


def guess_profile(kind: str, sheet: Sheet) -> str:
    """Return ``retail`` for order lines in that layout, else nothing."""
    return retail.PROFILE if kind == "orders" and retail.is_retail(sheet.headers) else ""


def session_of(connection: Connection, *, org_id: UUID, session_id: UUID) -> ImportSession:
    """Return one import.

    Raises:
        ImportMissing: None is kept under that id.
    """
    row = connection.execute(
        select(session_table).where(session_table.c.org_id == org_id, session_table.c.id == session_id)
    ).one_or_none()
    if row is None:
        raise ImportMissing(f"No import {session_id} is kept.", session=str(session_id))
    return _session(row)


def sessions(connection: Connection, *, org_id: UUID, limit: int = 50) -> list[ImportSession]:
    """Return the latest imports, newest first."""
    rows = connection.execute(
        select(session_table)
        .where(session_table.c.org_id == org_id)
        .order_by(session_table.c.created_at.desc(), session_table.c.id.desc())
        .limit(limit)
    )
    return [_session(row) for row in rows]


def _session(row: Row[Any]) -> ImportSession:
    return ImportSession(
        id=row.id,
        kind=row.kind,
        profile=row.profile,
        file_name=row.file_name,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        state=row.state,
        mapping=row.mapping,
        headers=row.sheet["headers"],
        sample=row.sheet["sample"],
        row_estimate=row.sheet["rows"],
        result=row.result,
        phase=row.phase,
        done=row.done,
        total=row.total,
        actor=row.actor,
        created_at=row.created_at,
        applied_at=row.applied_at,
    )


def open_sheet(session: ImportSession, *, settings: Settings) -> Sheet:
    """Open an import's file again."""
    return read_table(file_store(settings).path(session.sha256), session.file_name)


def save_mapping(
    connection: Connection,
    *,
    actor: Actor,
    settings: Settings,
    session_id: UUID,
    mapping: Mapping[str, int],
    profile: str = "",
) -> None:
    """Keep which column holds what, and begin the dry run; a large file's is queued for the worker.

    Raises:
        ImportMissing: No such import.
        NotCheckedYet: It is being worked on, or was applied.
        UnknownColumn: The mapping does not fit the file.
        ColumnsMissing: A required field has no column.
    """
    session = session_of(connection, org_id=actor.org_id, session_id=session_id)
    if session.running or session.state == "applied":
        raise NotCheckedYet(f"{session.file_name} is {session.state}.", state=session.state)
    check_mapping(kind_of(session.kind, zone=settings.time_zone), open_sheet(session, settings=settings), mapping)
    _write(
        connection,
        actor.org_id,
        session_id,
        mapping=dict(mapping),
        profile=profile,
        state="checking",
        result={},
        phase="read",
        done=0,
        total=session.row_estimate,
    )
    if session.large:
        defer(connection, CHECK_TASK, org_id=str(actor.org_id), session_id=str(session_id))


def start_apply(connection: Connection, *, actor: Actor, session_id: UUID) -> None:
    """Begin applying a checked import; a large file's is queued for the worker.

    Raises:
        ImportMissing: No such import.
        NotCheckedYet: It has not been checked, has faults, or someone was faster.
    """
    session = session_of(connection, org_id=actor.org_id, session_id=session_id)
    moved = connection.execute(
        update(session_table)
        .where(
            session_table.c.org_id == actor.org_id,
            session_table.c.id == session_id,
            session_table.c.state == "checked",
            session_table.c.result["fault_count"].as_integer() == 0,
        )
        .values(state="applying", phase="read", done=0, actor=actor.label)
    )
    if moved.rowcount == 0:
        raise NotCheckedYet(f"{session.file_name} cannot be applied now.", state=session.state)
    if session.large:
        defer(connection, APPLY_TASK, org_id=str(actor.org_id), session_id=str(session_id))


def _write(connection: Connection, org_id: UUID, session_id: UUID, **values: Any) -> None:
    connection.execute(
        update(session_table)
        .where(session_table.c.org_id == org_id, session_table.c.id == session_id)
        .values(**values)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What working on an import needs.

    Attributes:
        database: Connections; progress is written on one of its own.
        settings: Where the files lie and which zone their times are in.
        org_id: The company.
        session_id: The import.
    """

    database: Database
    settings: Settings
    org_id: UUID
    session_id: UUID

    def session(self) -> ImportSession:
        """Return the import as it stands."""
        with self.database.reading() as connection:
            return session_of(connection, org_id=self.org_id, session_id=self.session_id)

    def progress(self, phase: str, done: int, total: int) -> None:
        """Write how far the work is, in a transaction of its own."""
        with self.database.transaction() as connection:
            _write(connection, self.org_id, self.session_id, phase=phase, done=done, total=total)

    def plan(
        self, connection: Connection, session: ImportSession, progress: Progress, *, all_faults: bool = False
    ) -> Plan:
        """Read the file and compare it with what stands."""
        sheet = open_sheet(session, settings=self.settings)
        return dry_run(
            connection,
            org_id=self.org_id,
            kind=kind_of(session.kind, zone=self.settings.time_zone),
            sheet=sheet,
            mapping=session.mapping,
            profile=session.profile,
            findings=Findings(sheet, session.mapping, keep_all=all_faults),
            progress=progress,
        )

    def fail(self, error: PortalError) -> None:
        """Note why the import cannot go on."""
        with self.database.transaction() as connection:
            _write(
                connection,
                self.org_id,
                self.session_id,
                state="failed",
                result={"error": {"code": error.code, "message": error.message, "values": error.values}},
            )


def check_session(workshop: Workshop) -> None:
    """Do the dry run of an import whose mapping is saved; nothing but the import's own row is written.

    May be called twice: an import that is not waiting for its dry run is left alone.
    """
    session = workshop.session()
    if session.state != "checking":
        return
    try:
        with workshop.database.reading() as connection:
            plan = workshop.plan(connection, session, workshop.progress)
    except PortalError as error:
        workshop.fail(error)
        return
    with workshop.database.transaction() as connection:
        _write(connection, workshop.org_id, workshop.session_id, state="checked", result=plan.to_json())


def apply_session(workshop: Workshop, *, now: datetime) -> None:
    """Apply an import in one transaction, or nothing of it.

    The file is read and compared again, so what changed since the dry run is found. May be called twice: an import
    that is not waiting to be applied is left alone.

    Args:
        workshop: The import and what it needs.
        now: Instant of the deed, in the company's zone.
    """
    session = workshop.session()
    if session.state != "applying":
        return
    actor = Actor(org_id=workshop.org_id, label=session.actor)
    try:
        with workshop.database.transaction() as connection:
            lock_imports(connection)
            plan = workshop.plan(connection, session, workshop.progress)
            if plan.fault_count:
                _write(connection, workshop.org_id, workshop.session_id, state="checked", result=plan.to_json())
                return
            apply(connection, actor=actor, plan=plan, now=now, progress=workshop.progress)
            _write(
                connection,
                workshop.org_id,
                workshop.session_id,
                state="applied",
                applied_at=now,
                result=plan.to_json(),
            )
    except PortalError as error:
        workshop.fail(error)


def note_applied(  # noqa: PLR0913 - everything a finished import is
    connection: Connection,
    *,
    actor: Actor,
    plan: Plan,
    mapping: Mapping[str, int],
    profile: str,
    stored_sha256: bytes,
    size_bytes: int,
    now: datetime,
) -> UUID:
    """Keep an import that was applied at once, so that it stands in the list of imports; returns its id."""
    session_id = new_id(now)
    connection.execute(
        session_table.insert().values(
            org_id=actor.org_id,
            id=session_id,
            kind=plan.kind,
            profile=profile,
            file_name=plan.sheet.name,
            sha256=stored_sha256,
            size_bytes=size_bytes,
            state="applied",
            mapping=dict(mapping),
            sheet={"headers": list(plan.sheet.headers), "sample": [], "rows": plan.rows},
            result=plan.to_json(),
            phase="",
            done=plan.rows,
            total=plan.rows,
            actor=actor.label,
            created_at=now,
            applied_at=now,
        )
    )
    return session_id
