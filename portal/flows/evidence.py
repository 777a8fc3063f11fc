"""Credentials of what a passport cites, where rooms meet: whose paper, which goods, what place, which firm.

Issuing a lot's passport accepts what it cites: its papers, its events, the places of ours it came through and,
once there is one, our own identity are signed with it and linked by digest.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, select, update

from ledger.kinds.conformity import AssessedGoods
from ledger.kinds.envelope import LinkedCredential, Party
from portal.flows.naming import two_names
from portal.inventory import reads as inventory
from portal.inventory.store import location_table
from portal.kernel.errors import NotFound
from portal.partners.store import company_table, partner_table
from portal.passports import credentials, papers, reads
from portal.passports.bearer import Bearer, passport_link
from portal.passports.fitness.reads import said_about
from portal.passports.issuing import Issued, Signing, keep_once
from portal.passports.kinds import (
    Place,
    TracedGoods,
    about_event,
    about_firm,
    about_place,
    event_draft,
    facility_draft,
    identity_draft,
    paper_draft,
    place_uri,
)
from portal.passports.model import Links, Paper, PassportSubject, TraceLine, full_gtin, last_second
from portal.passports.reads import Document


class UnknownPlace(NotFound):
    """No such place of ours."""

    code = "unknown_place"


def issue_paper(connection: Connection, *, signing: Signing, document_id: UUID) -> Issued:
    """Accept a paper: sign its credential; what already stands exactly so is returned, not issued again.

    Raises:
        portal.passports.reads.DocumentNotFound: There is no such paper.
        portal.passports.model.AlreadyOver: Its last day is over.
        portal.passports.model.NoGTIN: It is about a product without a GTIN.
    """
    document = papers.document_by_id(connection, org_id=signing.actor.org_id, document_id=document_id)
    issuing = signing.issuing()
    draft = paper_draft(
        document.paper,
        holder=_holder(connection, signing, document.partner_id),
        goods=_assessed(connection, signing, document),
        issuing=issuing,
    )
    return keep_once(connection, signing=signing, draft=draft, credential_id=issuing.credential_id)


def _holder(connection: Connection, signing: Signing, partner_id: UUID) -> Party:
    table = partner_table.c
    row = connection.execute(
        select(table.code, table.name_zh, table.name_en, table.uscc).where(
            table.org_id == signing.actor.org_id, table.id == partner_id
        )
    ).one()
    return Party(f"{signing.issuer.origin}/partners/{row.code}", two_names(row.name_zh, row.name_en), row.uscc)


def _assessed(connection: Connection, signing: Signing, document: Document) -> AssessedGoods | None:
    if document.product_id is None:
        return None
    product = inventory.find_product(connection, org_id=signing.actor.org_id, product_id=document.product_id)
    name = two_names(product.name_zh, product.name_en)
    return AssessedGoods(full_gtin(product.gtin), name, document.lot_code)


def issue_place(connection: Connection, *, signing: Signing, location_id: UUID, gln: str | None = None) -> Issued:
    """Sign the record of a place of ours, and note its GLN when one is given.

    Raises:
        UnknownPlace: There is no such node.
        portal.passports.kinds.NotAGLN: It is none.
    """
    if gln:
        table = location_table.c
        connection.execute(
            update(location_table)
            .where(table.org_id == signing.actor.org_id, table.id == location_id)
            .values(gln=gln)
        )
    issuing = signing.issuing()
    draft = facility_draft(_place(connection, signing, location_id), issuing=issuing)
    return keep_once(connection, signing=signing, draft=draft, credential_id=issuing.credential_id)


def _place(connection: Connection, signing: Signing, location_id: UUID) -> Place:
    """Return the node of a place: zones and bins are nobody's business outside."""
    table, node = location_table.c, location_table.alias("node")
    row = connection.execute(
        select(node.c.id, node.c.code, node.c.name_zh, node.c.name_en, node.c.gln)
        .join(location_table, (table.org_id == node.c.org_id) & (table.node_id == node.c.id))
        .where(table.org_id == signing.actor.org_id, table.id == location_id)
    ).one_or_none()
    if row is None:
        raise UnknownPlace(f"No place {location_id}.", id=str(location_id))
    return Place(id=row.id, code=row.code, name=two_names(row.name_zh, row.name_en), gln=row.gln)


def issue_identity(connection: Connection, *, signing: Signing, uscc: str) -> Issued:
    """Sign what binds our DID to the registered firm, and note its code.

    Raises:
        portal.passports.kinds.NotAUSCC: It is none.
    """
    issuing = signing.issuing()
    draft = identity_draft(uscc, issuing=issuing)
    connection.execute(update(company_table).where(company_table.c.id == signing.actor.org_id).values(uscc=uscc))
    return keep_once(connection, signing=signing, draft=draft, credential_id=issuing.credential_id)


def issue_event(connection: Connection, *, signing: Signing, line: TraceLine, goods: TracedGoods) -> Issued:
    """Sign the credential of an event, once and for all: what stands about it already is returned.

    Raises:
        ledger.errors.BadFacts: Its step or its quantity cannot be told.
    """
    about = about_event(line.source_key)
    found = credentials.standing_about(connection, org_id=signing.actor.org_id, about=[about])
    if about in found:
        return Issued(id=found[about].id, digest=found[about].digest)
    issuing = signing.issuing()
    where = _where(connection, signing, line)
    draft = event_draft(line, goods=goods, where=where, issuing=issuing)
    return keep_once(connection, signing=signing, draft=draft, credential_id=issuing.credential_id)


def _where(connection: Connection, signing: Signing, line: TraceLine) -> str | None:
    """Return what the place of an event is called: ours by its record, a partner's by the partner's address."""
    if line.location_id is not None:
        return place_uri(_place(connection, signing, line.location_id), signing.issuer.origin)
    if line.partner_id is not None:
        return _holder(connection, signing, line.partner_id).id
    return None


def links_of_lot(
    connection: Connection, *, signing: Signing, subject: PassportSubject, cited: Iterable[Paper]
) -> Links:
    """Return the credentials a lot's passport links, signing those that do not stand yet.

    Args:
        connection: Open transaction.
        signing: Who signs, for whom, and when.
        subject: The lot, or the piece of it.
        cited: What the passport cites; a report whose own dates are over has no credential.

    Raises:
        portal.passports.model.NoGTIN: The product has no GTIN.
        portal.passports.model.LotNotPrintable: The lot's code cannot stand in a GS1 code.
    """
    org_id, zone = signing.actor.org_id, signing.issuer.zone
    gtin = full_gtin(subject.gtin)
    passport_link(signing.issuer.origin, Bearer(gtin=gtin, lot_code=subject.lot_code))
    trace = reads.trace_of_lot(connection, org_id=org_id, product_id=subject.product_id, lot_code=subject.lot_code)
    goods = TracedGoods(
        gtin=gtin,
        lot_code=subject.lot_code,
        name=two_names(subject.name_zh, subject.name_en),
        decimals=subject.decimals,
        base_unit=subject.base_unit,
    )
    held = [p for p in cited if p.valid_until is None or last_second(p.valid_until, zone) >= signing.now]
    of_papers = {p.id: issue_paper(connection, signing=signing, document_id=p.id) for p in held}
    of_events = {
        line.source_key: issue_event(connection, signing=signing, line=line, goods=goods) for line in trace
    }
    nodes = {_place(connection, signing, line.location_id).id for line in trace if line.location_id}
    # A record that was revoked is a person's to sign again.
    struck = said_about(connection, org_id=org_id, about=[about_place(node) for node in nodes], zone=zone)
    places = [
        issue_place(connection, signing=signing, location_id=node)
        for node in sorted(nodes)
        if about_place(node) not in struck
    ]
    return Links(
        papers={key: _link(signing, one, "dcc") for key, one in of_papers.items()},
        events={key: _link(signing, one, "dte") for key, one in of_events.items()},
        others=(*(_link(signing, one, "dfr") for one in places), *_identity(connection, signing)),
    )


def _link(signing: Signing, issued: Issued, link_type: str) -> LinkedCredential:
    return LinkedCredential(f"{signing.issuer.origin}/credentials/{issued.id}", issued.digest, link_type)


def _identity(connection: Connection, signing: Signing) -> tuple[LinkedCredential, ...]:
    """Return our own identity anchor; it needs a code only a person can give, so it is never made here."""
    about = about_firm(signing.issuer.key.did)
    found = credentials.standing_about(connection, org_id=signing.actor.org_id, about=[about])
    return tuple(_link(signing, Issued(id=one.id, digest=one.digest), "dia") for one in found.values())


def record_of_place(connection: Connection, *, org_id: UUID, code: str) -> UUID | None:
    """Return the newest record of the place with this code; ``None`` before it has one."""
    table = location_table.c
    node: UUID | None = connection.execute(
        select(table.id).where(table.org_id == org_id, table.code == code)
    ).scalar_one_or_none()
    if node is None:
        return None
    found = credentials.standing_about(connection, org_id=org_id, about=[about_place(node)])
    return next((one.id for one in found.values()), None)
