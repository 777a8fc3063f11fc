"""The public page of one credential of any kind: its facts, its verdict, and what it links, each with its own."""

import json
from uuid import UUID

from flask import render_template
from sqlalchemy import Connection

from portal.passports import credentials
from portal.passports.bearer import passport_link
from portal.passports.credentials import Credential
from portal.passports.model import code_hash
from portal.web.context import reading, services
from portal.web.credential_face import face_of, kind_name
from portal.web.passport_words import in_script, pair, words

_MEDIA_TYPE = "application/vc"


def show(org_id: UUID, credential_id: UUID) -> str:
    """Return the page of a credential.

    Raises:
        PassportNotFound: There is none with this id.
    """
    settings = services().settings
    with reading() as connection:
        found = credentials.credential_by_id(connection, org_id=org_id, credential_id=credential_id)
        linked = linked_of(connection, org_id, found)
    goods = ""
    if found.of:
        link = passport_link(settings.origin, found.of)
        goods = link.removeprefix(settings.origin)
    return render_template(
        "public/credential.html",
        credential=found,
        face=face_of(found.kind, found.body),
        kind_name=kind_name,
        linked=[(one, face_of(one.kind, one.body)) for one in linked],
        goods=goods,
        code=code_hash(found.digest),
        word=pair,
        words=in_script(words()),
        zone=settings.time_zone,
    )


def linked_of(connection: Connection, org_id: UUID, found: Credential) -> tuple[Credential, ...]:
    """Return the credentials that one links by digest, as far as they were issued here."""
    resources = json.loads(found.body).get("relatedResource", [])
    ids = [one["id"] for one in resources if one.get("mediaType") == _MEDIA_TYPE]
    return credentials.with_ids(connection, org_id=org_id, ids=[UUID(address[-36:]) for address in ids])
