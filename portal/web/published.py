"""What verifiers need to judge a moment, for everybody: status lists, notices, DID documents, every version.

Past versions are what makes "was it valid on the day it was received?" answerable; each comes with its place in a
batch and the batch's anchor.
"""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from portal.passports import records
from portal.passports.issuer import issuer_did
from portal.passports.lists import path_of
from portal.passports.records import Record, RecordKind, RecordNotFound
from portal.web import errors
from portal.web.context import reading, services
from portal.web.moments import moment
from portal.web.public import org_id

_OPEN = {"Access-Control-Allow-Origin": "*"}
_FOR_EVER = {**_OPEN, "Cache-Control": "public, max-age=31536000, immutable"}

blueprint = Blueprint("published", __name__)


@blueprint.get("/status/<any(revocation, suspension):purpose>/<int:number>")
def newest_list(purpose: str, number: int) -> ResponseReturnValue:
    """Give a list's newest version; with ``?at=`` the one that counted then, with its proof."""
    at = moment(request.args.get("at", ""))
    name = path_of(purpose, number)
    with reading() as connection:
        found = records.newest(connection, org_id=org_id(), kind=RecordKind.STATUS_LIST, name=name, until=at)
    if found is None:
        raise RecordNotFound(f"Nothing is published as {name}.", name=name)
    return _credential(found, _OPEN) if at is None else _proven(found)


@blueprint.get("/status/<any(revocation, suspension):purpose>/<int:number>/<int:version>")
def list_version(purpose: str, number: int, version: int) -> ResponseReturnValue:
    """Give one version of a list exactly as it was signed; with ``?proof`` with its place and anchor."""
    found = _numbered(RecordKind.STATUS_LIST, path_of(purpose, number), version)
    return _proven(found) if "proof" in request.args else _credential(found, _FOR_EVER)


@blueprint.get("/status/notices/<uuid:credential_id>/<int:version>")
def notice(credential_id: UUID, version: int) -> ResponseReturnValue:
    """Give the notice that says why a credential's status changed."""
    return _credential(_numbered(RecordKind.STATUS_NOTICE, str(credential_id), version), _FOR_EVER)


@blueprint.get("/did")
def did_history() -> ResponseReturnValue:
    """List every version of the issuer's DID document that was anchored or waits for it."""
    name = issuer_did(services().settings.origin)
    with reading() as connection:
        versions = records.every(connection, org_id=org_id(), kind=RecordKind.DID_DOCUMENT, name=name)
    listed = [
        {
            "version": one.version,
            "at": one.at.isoformat(),
            "anchored": one.final,
            "url": url_for("published.did_version", version=one.version),
        }
        for one in versions
    ]
    return _json({"did": name, "versions": listed})


@blueprint.get("/did/<int:version>")
def did_version(version: int) -> ResponseReturnValue:
    """Give one version of the DID document with its place and anchor."""
    found = _numbered(RecordKind.DID_DOCUMENT, issuer_did(services().settings.origin), version)
    value = found.snapshot.to_value()
    return _json({"document": value.pop("credential"), **value})


def _numbered(kind: RecordKind, name: str, version: int) -> Record:
    with reading() as connection:
        return records.numbered(connection, org_id=org_id(), kind=kind, name=name, version=version)


def _credential(record: Record, headers: dict[str, str]) -> Response:
    return Response(record.text, content_type="application/vc", headers=headers)


def _proven(record: Record) -> Response:
    """Give a record as bundles carry it."""
    return _json(record.snapshot.to_value())


def _json(value: dict[str, Any]) -> Response:
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(data, content_type="application/json", headers=_OPEN)


def register(app: Flask) -> None:
    """Hang the addresses into ``app``."""
    app.register_blueprint(blueprint)
    errors.SENTENCES.update(
        record_not_found=_l("Nothing was ever published under this address."),
        bad_moment=_l("“%(text)s” is no moment. Write 2026-03-01 or 2026-03-01T08:00:00Z."),
    )
