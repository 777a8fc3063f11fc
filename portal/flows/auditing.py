"""Audits where rooms meet: what the portal holds of a supplier, and the report that an auditor signs.

Read in a few statements, however many lots arrived. What auditors are told of stock is what the checklist asks:
that something of a lot is usable or went to somebody unnamed, never to whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

from ledger.canonical import canonical_bytes, sha256
from ledger.kinds.audit import AuditedItem, AuditFacts, compose
from ledger.kinds.envelope import Heading, Party
from portal.audits import reads, service
from portal.audits.model import Facts, Judgement, LotFact, PaperFact, Step, after, proposed
from portal.audits.reads import Audit
from portal.flows.naming import two_names
from portal.flows.passporting import issuer_of
from portal.kernel.actor import Actor
from portal.partners import reads as partners
from portal.partners.model import PartnerName
from portal.passports import reads as passports
from portal.passports.fitness import reads as fitness
from portal.passports.fitness.model import faults_of
from portal.passports.fitness.reads import LotAsked
from portal.passports.issuing import Signing, keep_once
from portal.passports.kinds import CredentialKind, Draft
from portal.platform.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """An audit with everything its page shows.

    Attributes:
        supplier: Who is audited.
        auditor: Whose people audit.
        judgements: Of every item: as kept once completed, else as it stands now.
        findings: What is to be put right.
        lots: Lots that arrived in the period.
        papers: Papers of the supplier.
    """

    audit: Audit
    supplier: PartnerName
    auditor: PartnerName
    judgements: dict[str, Judgement]
    findings: tuple[reads.AuditFinding, ...]
    lots: tuple[LotFact, ...]
    papers: tuple[PaperFact, ...]


_LOTS = text("""
    SELECT s.product_id, p.sku, p.category, s.lot_code, min(s.number) AS shipment,
           min(s.received_at) AS received_at,
           COALESCE(l.made_on, min(s.lot_made_on)) AS made_on,
           COALESCE(l.expires_on, min(s.lot_expires_on)) AS expires_on, l.id AS lot_id,
           COALESCE((SELECT sum(b.on_hand) FROM stock_balance b WHERE b.org_id = s.org_id AND b.lot_id = l.id
                       AND b.product_id = s.product_id AND b.status = 'available'), 0) AS usable,
           (SELECT count(*) FROM trace_event t WHERE t.org_id = s.org_id AND t.product_id = s.product_id
              AND t.lot_code = s.lot_code) AS traced
    FROM shipment s
    JOIN product p ON p.org_id = s.org_id AND p.id = s.product_id
    LEFT JOIN lot l ON l.org_id = s.org_id AND l.product_id = s.product_id AND l.code = s.lot_code
    WHERE s.org_id = :org AND s.supplier_id = :supplier AND s.received > 0 AND s.lot_code <> ''
      AND s.received_at >= :begins AND s.received_at < :ends
    GROUP BY s.org_id, s.product_id, p.sku, p.category, s.lot_code, l.id, l.made_on, l.expires_on
    ORDER BY min(s.received_at), p.sku, s.lot_code
""")

_SOLD = text("""
    SELECT m.lot_id, sum(m.quantity) AS sold,
           COALESCE(sum(m.quantity) FILTER (WHERE NOT EXISTS (
               SELECT FROM allocation a WHERE a.org_id = m.org_id AND a.product_id = m.product_id
                 AND a.document = m.document AND a.document <> '' AND a.partner_id IS NOT NULL)), 0) AS unnamed
    FROM stock_move m
    JOIN location t ON t.org_id = m.org_id AND t.id = m.to_location_id AND t.kind = 'customer'
    WHERE m.org_id = :org AND m.lot_id = ANY(CAST(:lots AS uuid[])) AND m.reverses_id IS NULL
      AND NOT EXISTS (SELECT FROM stock_move r WHERE r.org_id = m.org_id AND r.reverses_id = m.id)
    GROUP BY m.lot_id
""")


def facts_of(connection: Connection, *, org_id: UUID, audit: Audit, now: datetime) -> Facts:
    """Return all the portal holds of an audit's supplier in its period.

    Args:
        connection: Any transaction.
        org_id: The host company.
        audit: The audit.
        now: Instant, in the company's zone; its date is the day papers must hold on.
    """
    supplier_id, zone = audit.supplier_id, cast("ZoneInfo", now.tzinfo)
    documents = passports.documents(connection, org_id=org_id, partner_id=supplier_id)
    people = partners.people_of(connection, org_id=org_id, partner_id=supplier_id)
    lots = _lots(connection, org_id, audit, now, zone)
    recalled = {(one.product_id, one.lot_code): one for one in fitness.recalls(connection, org_id=org_id)}
    named = {lot: recalled[lot.product_id, lot.lot_code] for lot in lots if lot.recalled}
    return Facts(
        on=now.date(),
        supplier=_name(connection, org_id, supplier_id).code,
        contacts=sum(person.active for person in people),
        papers=tuple(
            PaperFact(
                kind=one.paper.kind.value,
                number=one.paper.number,
                valid_from=one.paper.valid_from,
                valid_until=one.paper.valid_until,
                sha256=one.paper.sha256.hex(),
                lot_code=one.lot_code or "",
                product_id=one.product_id,
            )
            for one in documents
        ),
        lots=lots,
        recalls=tuple(
            (lot.name, len(fitness.notices_of_recall(connection, org_id=org_id, recall_id=recall.id)))
            for lot, recall in named.items()
        ),
    )


def _lots(
    connection: Connection, org_id: UUID, audit: Audit, now: datetime, zone: ZoneInfo
) -> tuple[LotFact, ...]:
    begins = datetime.combine(audit.starts_on, datetime.min.time(), tzinfo=zone)
    ends = datetime.combine(audit.ends_on, datetime.min.time(), tzinfo=zone) + timedelta(days=1)
    rows = connection.execute(
        _LOTS, {"org": org_id, "supplier": audit.supplier_id, "begins": begins, "ends": ends}
    ).all()
    sold = {
        row.lot_id: row
        for row in connection.execute(_SOLD, {"org": org_id, "lots": [row.lot_id for row in rows if row.lot_id]})
    }
    faults = _faults(connection, org_id, audit.supplier_id, rows, now)
    issued = passports.passports_of_lots(
        connection, org_id=org_id, product_ids=frozenset(row.product_id for row in rows)
    )
    found = []
    for row in rows:
        gone, key = sold.get(row.lot_id), (row.product_id, row.lot_code)
        passport = issued.get(key)
        found.append(
            LotFact(
                product_id=row.product_id,
                sku=row.sku,
                lot_code=row.lot_code,
                shipment=row.shipment,
                received_on=row.received_at.astimezone(zone).date(),
                made_on=row.made_on,
                expires_on=row.expires_on,
                usable=int(row.usable),
                sold=int(gone.sold) if gone else 0,
                sold_unnamed=int(gone.unnamed) if gone else 0,
                faults=faults[key],
                passport=passport.digest.hex() if passport else "",
                traced=row.traced,
                recalled="recalled" in faults[key],
            )
        )
    return tuple(found)


def _faults(
    connection: Connection, org_id: UUID, supplier_id: UUID, rows: Sequence[Row[Any]], now: datetime
) -> dict[tuple[UUID, str], tuple[str, ...]]:
    asked = [
        LotAsked(product_id=row.product_id, lot_code=row.lot_code, category=row.category, shipped_by=supplier_id)
        for row in rows
    ]
    wanted = fitness.requirements(connection, org_id=org_id)
    zone = cast("ZoneInfo", now.tzinfo)
    facts = fitness.facts_of_lots(connection, org_id=org_id, lots=asked, zone=zone)
    return {
        (one.product_id, one.lot_code): tuple(fault.fault.value for fault in faults_of(one, wanted, on=now.date()))
        for one in facts
    }


def _name(connection: Connection, org_id: UUID, partner_id: UUID) -> PartnerName:
    return cast("PartnerName", partners.partner_name(connection, org_id=org_id, partner_id=partner_id))


def view(
    connection: Connection, *, org_id: UUID, number: str, auditor_id: UUID | None, now: datetime
) -> AuditView:
    """Return an audit with everything its page shows.

    Args:
        connection: Any transaction.
        org_id: The host company.
        number: Its number.
        auditor_id: The asking auditor's firm; ``None`` for the host's staff.
        now: Instant, in the company's zone.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
    """
    audit = reads.find_audit(connection, org_id=org_id, number=number, auditor_id=auditor_id)
    facts = facts_of(connection, org_id=org_id, audit=audit, now=now)
    own = reads.said(connection, org_id=org_id, audit_id=audit.id)
    return AuditView(
        audit=audit,
        supplier=_name(connection, org_id, audit.supplier_id),
        auditor=_name(connection, org_id, audit.auditor_id),
        judgements=audit.outcome or reads.judged(proposed(audit.checklist, facts), own),
        findings=reads.findings(connection, org_id=org_id, audit_id=audit.id),
        lots=facts.lots,
        papers=facts.papers,
    )


def complete(connection: Connection, *, actor: Actor, number: str, now: datetime) -> None:
    """End an audit's looking with what stands now; see ``portal.audits.service.complete``."""
    seen = view(connection, org_id=actor.org_id, number=number, auditor_id=actor.partner_id, now=now)
    service.complete(connection, actor=actor, number=number, judgements=seen.judgements, now=now)


def sign(connection: Connection, *, actor: Actor, services: Services, number: str, now: datetime) -> UUID:
    """Sign a completed audit off: its report becomes a credential that is anchored like every other.

    Args:
        connection: Open transaction.
        actor: One of its auditors.
        services: Settings name the key's folder, the address and the longest wait for a batch.
        number: The audit.
        now: Instant, in the company's zone.

    Returns:
        The credential's id.

    Raises:
        AuditNotFound: There is none, or it is another firm's.
        IllegalStep: It is not completed, or signed before.
        NoIssuer: There is no company yet.
    """
    seen = view(connection, org_id=actor.org_id, number=number, auditor_id=actor.partner_id, now=now)
    after(seen.audit.state, Step.SIGN)
    issuer = issuer_of(connection, services=services)
    wait = timedelta(seconds=services.settings.seal_seconds)
    signing = Signing(actor=actor, issuer=issuer, seal_after=wait, now=now)
    issuing = signing.issuing()
    heading = Heading(
        id=f"{issuer.origin}/credentials/{issuing.credential_id}",
        issuer=issuer.party,
        valid_from=now.replace(microsecond=0),
    )
    about = f"audit/{number}"
    draft = Draft(
        kind=CredentialKind.AUDIT_REPORT,
        about=about,
        key=sha256(canonical_bytes({"about": about})).hex(),
        unsigned=compose(_report(seen, heading, signing)),
    )
    kept = keep_once(connection, signing=signing, draft=draft, credential_id=issuing.credential_id)
    service.sign(connection, actor=actor, number=number, credential_id=kept.id, now=now)
    return kept.id


def _report(seen: AuditView, heading: Heading, signing: Signing) -> AuditFacts:
    audit, judgements, origin = seen.audit, seen.judgements, signing.issuer.origin
    return AuditFacts(
        heading=heading,
        number=audit.number,
        supplier=_party(seen.supplier, origin),
        auditor=_party(seen.auditor, origin),
        signed_by=signing.actor.label,
        checklist=f"{two_names(*audit.checklist.title)} v{audit.checklist.version}",
        starts_on=audit.starts_on,
        ends_on=audit.ends_on,
        requested_at=audit.requested_at,
        signed_at=signing.now,
        items=tuple(
            AuditedItem(
                id=item.id,
                cites=item.cites,
                text=two_names(*item.text),
                verdict=judgements[item.id].verdict.value,
                note=judgements[item.id].note,
                gaps=judgements[item.id].gaps,
                digests=tuple(one.ref for one in judgements[item.id].evidence if one.ref),
            )
            for item in audit.checklist.items
        ),
        findings=tuple((one.severity.value, one.words, one.due_on) for one in seen.findings),
    )


def _party(firm: PartnerName, origin: str) -> Party:
    return Party(f"{origin}/partners/{firm.code}", two_names(firm.name_zh, firm.name_en))
