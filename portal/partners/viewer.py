"""From a person to a ``Viewer``: firm, agreement in force now, and what it opens.

Sessions and tokens only name the person; everything else is asked again at every request, so that a tier that
was lowered or an agreement that ran out yesterday shows at once.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.partners import reads
from portal.partners.model import (
    Agreement,
    Company,
    NoSuchPartner,
    NoSuchPerson,
    PartnerName,
    Viewer,
    disclosure_of,
    local_date,
)

__all__ = [
    "DEFAULT_TIME_ZONE",
    "Agreement",
    "Company",
    "PartnerName",
    "Viewer",
    "viewer_as_partner",
    "viewer_of_person",
]

DEFAULT_TIME_ZONE = "Asia/Shanghai"
"""The zone of the host's local date where a door names none; the same as the setting's default."""


def viewer_of_person(
    connection: Connection,
    *,
    org_id: UUID,
    person_id: UUID,
    as_of: datetime,
    time_zone: str = DEFAULT_TIME_ZONE,
) -> Viewer:
    """Resolve who is asking.

    Args:
        connection: Any transaction.
        org_id: The host company.
        person_id: The person a session or token names.
        as_of: Instant of the request, aware.
        time_zone: IANA zone whose date decides which agreement is in force.

    Raises:
        NoSuchPerson: The person is unknown or no longer active, or the database holds another company.
    """
    org = reads.the_company(connection)
    if org is None or org.id != org_id:
        raise NoSuchPerson(f"Nobody with the id {person_id} may sign in.", person=str(person_id))
    person = reads.person(connection, org_id=org_id, person_id=person_id)
    partner = agreement = None
    if person.partner_id is not None:
        partner = reads.partner_name(connection, org_id=org_id, partner_id=person.partner_id)
    if person.role is Role.CUSTOMER and person.partner_id is not None:
        agreement = reads.agreement_in_force(
            connection,
            org_id=org_id,
            partner_id=person.partner_id,
            on=local_date(as_of, time_zone=time_zone),
        )
    return Viewer(
        actor=Actor(
            org_id=org_id,
            label=person.name,
            person_id=person.id,
            role=person.role,
            partner_id=person.partner_id,
        ),
        role=person.role,
        name=person.name,
        email=person.email,
        language=person.language,
        read_in=person.read_in,
        org=org,
        partner=partner,
        agreement=agreement,
        disclosure=disclosure_of(person.role, partner_id=person.partner_id, agreement=agreement),
        session_version=person.session_version,
    )


def viewer_as_partner(
    connection: Connection,
    *,
    viewer: Viewer,
    partner_id: UUID,
    as_of: datetime,
    time_zone: str = DEFAULT_TIME_ZONE,
) -> Viewer:
    """Return one of the host's staff seeing exactly what a customer's people see; the actor stays themselves.

    Args:
        connection: Any transaction.
        viewer: Who looks.
        partner_id: The customer looked through the eyes of.
        as_of: Instant of the request, aware.
        time_zone: IANA zone whose date decides which agreement is in force.

    Raises:
        NoSuchPartner: The company has no such partner.
    """
    partner = reads.partner_name(connection, org_id=viewer.org.id, partner_id=partner_id)
    if partner is None:
        raise NoSuchPartner(f"There is no partner {partner_id}.", partner=str(partner_id))
    agreement = reads.agreement_in_force(
        connection, org_id=viewer.org.id, partner_id=partner_id, on=local_date(as_of, time_zone=time_zone)
    )
    return replace(
        viewer,
        role=Role.CUSTOMER,
        partner=partner,
        agreement=agreement,
        disclosure=disclosure_of(Role.CUSTOMER, partner_id=partner_id, agreement=agreement),
    )
