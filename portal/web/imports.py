"""The operator's imports: hand in, map the columns, look at the dry run, confirm; and every import before.

Plain forms and plain addresses throughout: each step can be left and come back to. Large files are for the worker;
their page reloads itself.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.flows.imports import reports, retail
from portal.flows.imports import sessions as flow
from portal.flows.imports.check import silent
from portal.flows.imports.faults import SENTENCES, Fault
from portal.flows.imports.kinds import NAMES, Kind, kind_of
from portal.flows.imports.orders import OrderPlan
from portal.kernel.disclosure import Role
from portal.kernel.errors import Malformed, NotFound, Refused
from portal.kernel.statuses import status_of
from portal.web import errors
from portal.web.auth import current_viewer, needs
from portal.web.context import as_of, reading, services, transaction

blueprint = Blueprint("imports", __name__, url_prefix="/ops/import")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHOWN = 100

KIND_HINTS: dict[str, Any] = {
    "products": _l("Number, names, GTIN, unit, case, shelf life"),
    "units": _l("What a case, a pallet, a portion holds, and since when"),
    "partners": _l("Customers, suppliers and auditors"),
    "locations": _l("Own, third-party and forward warehouses, with their zones and bins"),
    "stock": _l("What was counted, by warehouse and lot"),
    "orders": _l("One row per order line; demand by day follows from them"),
}

_OWN_FIELDS: dict[str, Any] = {
    "pack_quanta": _l("Pieces in a case"),
    "lines": _l("Number of lines"),
    "content": _l("Lines"),
}
"""Names of compared values that are no columns."""

_SENTENCES = {
    "import_not_a_table": _l("This file is no table. Hand in CSV text or an Excel workbook (.xlsx)."),
    "import_broken_workbook": _l(
        "This workbook cannot be opened: damaged, locked, or an old .xls. Save it as .xlsx."
    ),
    "import_empty_file": _l("This file is empty: there is no row below the header."),
    "import_too_large": _l("This table is too large for one import. Split it into several files."),
    "import_columns_missing": _l("No column was chosen for: %(names)s"),
    "import_unknown_kind": _l("There is no such kind of import."),
    "import_unknown_column": _l("The choice of columns does not fit the file: each field once, each column once."),
    "import_has_faults": _l("The file has %(faults)s faults, so nothing was imported."),
    "import_not_checked": _l("This import cannot be changed or applied any more as it stands now."),
    "import_missing": _l("There is no such import."),
    "file_missing": _l("The file of this import is not kept any more. Hand it in again."),
}


class NoFile(Malformed):
    """The form came without a file."""

    code = "import_no_file"


@blueprint.get("")
@needs(Role.OPERATOR)
def index() -> ResponseReturnValue:
    """List the imports before, newest first."""
    with reading() as connection:
        found = flow.sessions(connection, org_id=current_viewer().org.id)
    return render_template("imports/index.html", sessions=found, kinds=_kinds())


@blueprint.get("/new")
@needs(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Ask for the kind and the file."""
    return _new_page(request.args.get("kind", ""), {})


@blueprint.post("")
@needs(Role.OPERATOR)
def upload() -> ResponseReturnValue:
    """Keep the file and go on to its columns; a file that is no table leaves the form as it was."""
    kind = request.form.get("kind", "")
    file = request.files.get("file")
    try:
        if kind not in NAMES:
            return _new_page(kind, {"kind": gettext("Choose what is in the file.")}, status=422)
        if file is None or not file.filename:
            raise NoFile("No file was chosen.")
        with transaction() as connection:
            session_id = flow.upload(
                connection,
                actor=current_viewer().actor,
                settings=services().settings,
                stream=cast("BinaryIO", file.stream),
                file_name=file.filename,
                kind=kind,
                now=as_of(),
            )
    except (Malformed, Refused) as refusal:
        return _new_page(kind, {"file": errors.sentence_of(refusal)}, status=status_of(refusal))
    return redirect(f"/ops/import/{session_id}", code=303)


@blueprint.get("/<uuid:session_id>")
@needs(Role.OPERATOR)
def show(session_id: UUID) -> ResponseReturnValue:
    """Show an import where it stands: its columns, its progress, its dry run or its outcome."""
    session = _session(session_id)
    if session.state == "uploaded":
        return _mapping_page(session, _chosen(session), "")
    page = "imports/running.html" if session.running else "imports/result.html"
    answer = make_response(render_template(page, session=session, **_words(session)))
    if session.running:
        answer.headers["Refresh"] = "2"
    return answer


@blueprint.get("/<uuid:session_id>/mapping")
@needs(Role.OPERATOR)
def mapping(session_id: UUID) -> ResponseReturnValue:
    """Show the columns again, to choose otherwise."""
    session = _session(session_id)
    return _mapping_page(session, _chosen(session), "")


@blueprint.post("/<uuid:session_id>/mapping")
@needs(Role.OPERATOR)
def save_mapping(session_id: UUID) -> ResponseReturnValue:
    """Keep the choice of columns and do the dry run; a large file's is left to the worker."""
    session = _session(session_id)
    chosen = {index: request.form.get(f"map-{index}", "") for index in range(len(session.headers))}
    wanted: dict[str, int] = {}
    for column, name in chosen.items():
        if name and name in wanted:
            label = _labels(session.kind).get(name, name)
            return _mapping_page(
                session, chosen, gettext("“%(field)s” was chosen for two columns.", field=label), status=422
            )
        if name:
            wanted[name] = column
    try:
        with transaction() as connection:
            flow.save_mapping(
                connection,
                actor=current_viewer().actor,
                settings=services().settings,
                session_id=session_id,
                mapping=wanted,
                profile=session.profile,
            )
    except Malformed as refusal:
        return _mapping_page(session, chosen, errors.sentence_of(refusal), status=status_of(refusal))
    if not session.large:
        flow.check_session(_workshop(session_id))
    return redirect(f"/ops/import/{session_id}", code=303)


@blueprint.post("/<uuid:session_id>/apply")
@needs(Role.OPERATOR)
def apply(session_id: UUID) -> ResponseReturnValue:
    """Import what the dry run showed, in one transaction; a large file is left to the worker."""
    session = _session(session_id)
    with transaction() as connection:
        flow.start_apply(connection, actor=current_viewer().actor, session_id=session_id)
    if not session.large:
        flow.apply_session(_workshop(session_id), now=as_of())
    return redirect(f"/ops/import/{session_id}", code=303)


@blueprint.get("/<uuid:session_id>/faults.<form>")
@needs(Role.OPERATOR)
def faults_file(session_id: UUID, form: str) -> ResponseReturnValue:
    """Return the file's own rows with a column that says what is wrong."""
    session = _session(session_id)
    with reading() as connection:
        plan = _workshop(session_id).plan(connection, session, silent, all_faults=True)
    rows = reports.rows_with_faults(plan.sheet, plan.faults, sentence=fault_sentence)
    return _file(rows, form, f"{session.kind}-faults")


@blueprint.get("/<uuid:session_id>/refused.<form>")
@needs(Role.OPERATOR)
def refused_file(session_id: UUID, form: str) -> ResponseReturnValue:
    """Return every line that was left out, with its row and the reason."""
    session = _session(session_id)
    with reading() as connection:
        plan = _workshop(session_id).plan(connection, session, silent)
    refusals = plan.drafts.refusals if isinstance(plan.drafts, OrderPlan) else {}
    rows = reports.refused_rows(plan.sheet, refusals, sentence=lambda code: gettext(retail.REASONS[code]))
    return _file(rows, form, f"{session.kind}-refused")


@blueprint.get("/template/<kind>.<form>")
@needs(Role.OPERATOR)
def template(kind: str, form: str) -> ResponseReturnValue:
    """Return an empty table to fill in: headings in both languages and example rows."""
    return _file(reports.template_rows(_kind(kind)), form, f"{kind}-template")


def fault_sentence(fault: Fault) -> str:
    """Say in the reader's language what is wrong with a cell."""
    return str(gettext(SENTENCES[fault.code]) % fault.values)


def _session(session_id: UUID) -> flow.ImportSession:
    with reading() as connection:
        return flow.session_of(connection, org_id=current_viewer().org.id, session_id=session_id)


def _workshop(session_id: UUID) -> flow.Workshop:
    here = services()
    return flow.Workshop(
        database=here.database, settings=here.settings, org_id=current_viewer().org.id, session_id=session_id
    )


def _kind(name: str) -> Kind:
    return kind_of(name, zone=services().settings.time_zone)


def _kinds() -> list[tuple[str, str, Any]]:
    return [(name, gettext(_kind(name).label), KIND_HINTS[name]) for name in NAMES]


def _labels(kind: str) -> dict[str, str]:
    labels = {field.name: gettext(field.label) for field in _kind(kind).fields}
    return {**{name: str(text) for name, text in _OWN_FIELDS.items()}, **labels}


def _new_page(kind: str, problems: dict[str, str], *, status: int = 200) -> Response:
    answer = make_response(
        render_template(
            "imports/new.html",
            kinds=_kinds(),
            kind=kind if kind in NAMES else "products",
            errors=problems,
            most=services().settings.max_upload_mb,
        )
    )
    answer.status_code = status
    return answer


def _chosen(session: flow.ImportSession) -> dict[int, str]:
    return {index: name for name, index in session.mapping.items()}


def _mapping_page(
    session: flow.ImportSession, chosen: dict[int, str], problem: str, *, status: int = 200
) -> Response:
    kind = _kind(session.kind)
    fields = [(field.name, gettext(field.label) + (" *" if field.required else "")) for field in kind.fields]
    samples = [next((row[i] for row in session.sample if i < len(row) and row[i]), "") for i in _indexes(session)]
    answer = make_response(
        render_template(
            "imports/mapping.html",
            session=session,
            fields=fields,
            columns=[(header, samples[i], chosen.get(i, "")) for i, header in enumerate(session.headers)],
            errors={"mapping": problem} if problem else {},
            **_words(session),
        )
    )
    answer.status_code = status
    return answer


def _indexes(session: flow.ImportSession) -> range:
    return range(len(session.headers))


def _words(session: flow.ImportSession) -> dict[str, Any]:
    """Return what the pages of one import say in words."""
    labels = _labels(session.kind)
    result = session.result
    return {
        "kind_label": gettext(_kind(session.kind).label),
        "labels": labels,
        "faults": [
            {
                "row": fault["row"],
                "column": f"{fault['letter']} {fault['column']}".strip() or gettext("whole row"),
                "value": fault["value"],
                "reason": gettext(SENTENCES[fault["code"]]) % fault["values"],
            }
            for fault in result.get("faults", [])[:_SHOWN]
        ],
        "refused": [
            (gettext(sentence), result["refused"][code])
            for code, sentence in retail.REASONS.items()
            if result.get("refused", {}).get(code)
        ],
        "problem": _problem(result.get("error")),
    }


def _problem(error: dict[str, Any] | None) -> str:
    if error is None:
        return ""
    sentence = errors.SENTENCES.get(error["code"])
    return str(sentence) % error["values"] if sentence is not None else str(error["message"])


def _file(rows: Iterable[list[str]], form: str, name: str) -> Response:
    if form == "csv":
        answer = Response(_utf8(reports.write_csv(rows)), mimetype="text/csv")
    elif form == "xlsx":
        target = io.BytesIO()
        reports.write_xlsx(rows, target, title=name)
        answer = Response(target.getvalue(), mimetype=XLSX)
    else:
        raise NoSuchForm(f"There is no {form} of it.", form=form)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _utf8(parts: Iterator[str]) -> Iterator[bytes]:
    return (part.encode() for part in parts)


class NoSuchForm(NotFound):
    """The file is offered as CSV and XLSX only."""

    code = "import_no_such_form"


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    errors.SENTENCES.update(_SENTENCES)
    errors.SENTENCES["import_no_file"] = _l("Choose a file.")
    errors.SENTENCES["import_no_such_form"] = _l("This is offered as CSV and XLSX only.")
    app.register_blueprint(blueprint)
