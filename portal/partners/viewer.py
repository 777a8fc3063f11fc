"""From a person to a ``Viewer``: firm, agreement in force now, and what it opens.

Sessions and tokens only name the person; everything else is asked again at every request, in one statement, so
that a tier that was lowered or an agreement that ran out yesterday shows at once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.partners.model import (
    Agreement,
    Company,
    NoSuchPartner,
    NoSuchPerson,
    PartnerName,
    Scope,
    Viewer,
    disclosure_of,
    local_date,
)
from portal.partners.reads import to_agreement

__all__ = [
    "DEFAULT_TIME_ZONE",
    "Agreement",
    "Company",
    "PartnerName",
    "Viewer",
    "viewer_of_person",
]

DEFAULT_TIME_ZONE = "Asia/Shanghai"
"""The zone of the host's local date where a door names none; the same as the setting's default."""

_WHO = text("""
    SELECT o.id AS company, o.name_zh AS company_zh, o.name_en AS company_en, o.is_demo,
           p.name, p.email, p.role, p.partner_id, p.language, p.read_in, p.session_version,
           f.id AS firm, f.code, f.name_zh, f.name_en,
           a.number, a.tier, a.purpose, a.valid_from, a.valid_until, a.basis, a.grain, a.steps, a.daily_questions,
           a.note, a.ended_at, a.all_products, k.name AS key_name, k.scopes,
           ARRAY(SELECT x.product_id FROM agreement_product x
                 WHERE NOT a.all_products AND x.org_id = a.org_id AND x.agreement_id = a.id) AS products,
           ARRAY(SELECT n.location_id FROM agreement_node n
                 WHERE n.org_id = a.org_id AND n.agreement_id = a.id) AS nodes
    FROM org o
    JOIN person p ON p.org_id = o.id AND p.id = :person AND p.active
    LEFT JOIN partner f ON f.org_id = o.id
         AND f.id = CASE WHEN p.role = 'operator' THEN COALESCE(CAST(:as_partner AS uuid), p.partner_id)
                         ELSE p.partner_id END
    LEFT JOIN agreement a ON a.org_id = o.id AND a.partner_id = f.id
         AND (p.role = 'customer' OR (p.role = 'operator' AND CAST(:as_partner AS uuid) IS NOT NULL))
         AND a.valid_from <= :today AND a.valid_until >= :today AND a.ended_at IS NULL
    LEFT JOIN api_key k ON k.org_id = o.id AND k.id = CAST(:key AS uuid) AND k.person_id = p.id
         AND k.expires_at > :now
    WHERE o.id = (SELECT id FROM org ORDER BY created_at LIMIT 1)
      AND (CAST(:key AS uuid) IS NULL OR k.id IS NOT NULL)
      AND (CAST(:org AS uuid) IS NULL OR o.id = :org)
""")


def viewer_of_person(  # noqa: PLR0913 - who, when, and through what
    connection: Connection,
    *,
    person_id: UUID,
    as_of: datetime,
    org_id: UUID | None = None,
    time_zone: str = DEFAULT_TIME_ZONE,
    as_partner: UUID | None = None,
    key_id: UUID | None = None,
) -> Viewer:
    """Resolve who is asking.

    Args:
        connection: Any transaction.
        person_id: The person a session or token names.
        as_of: Instant of the request, aware.
        org_id: The host company a token names; a session is of the one there is.
        time_zone: IANA zone whose date decides which agreement is in force.
        as_partner: The customer through whose eyes one of the host's staff looks: they see exactly what the
            customer's people see, and the actor stays themselves. Nothing to anybody else.
        key_id: The API key a token was made with, which must still be good.

    Raises:
        NoSuchPerson: The person is unknown or no longer active, the key is not good any more, or the database
            holds another company.
        NoSuchPartner: The company has no partner ``as_partner``.
    """
    today = local_date(as_of, time_zone=time_zone)
    row = connection.execute(
        _WHO,
        {
            "person": person_id,
            "org": org_id,
            "as_partner": as_partner,
            "today": today,
            "key": key_id,
            "now": as_of,
        },
    ).first()
    if row is None:
        raise NoSuchPerson(f"Nobody with the id {person_id} may sign in.", person=str(person_id))
    return _viewer(row._mapping, person_id, as_partner)  # noqa: SLF001 - SQLAlchemy's public name for it


def _viewer(row: Mapping[Any, Any], person_id: UUID, as_partner: UUID | None) -> Viewer:
    own_role = Role(row["role"])
    looking = as_partner is not None and own_role is Role.OPERATOR
    if looking and row["firm"] is None:
        raise NoSuchPartner(f"There is no partner {as_partner}.", partner=str(as_partner))
    role = Role.CUSTOMER if looking else own_role
    firm = as_partner if looking else row["partner_id"]
    agreement = None
    if row["number"] is not None:
        agreement = to_agreement(row, products=row["products"], nodes=row["nodes"])
    return Viewer(
        actor=Actor(
            org_id=row["company"],
            label=row["name"],
            person_id=person_id,
            role=own_role,
            partner_id=row["partner_id"],
        ),
        role=role,
        name=row["name"],
        email=row["email"],
        language=row["language"],
        read_in=row["read_in"],
        scopes=frozenset(Scope) if row["scopes"] is None else frozenset(map(Scope, row["scopes"])),
        key=row["key_name"] or "",
        org=Company(row["company"], row["company_zh"], row["company_en"], row["is_demo"]),
        partner=row["firm"] and PartnerName(row["firm"], row["code"], row["name_zh"], row["name_en"]),
        agreement=agreement,
        disclosure=disclosure_of(role, partner_id=firm, agreement=agreement),
        session_version=row["session_version"],
    )
