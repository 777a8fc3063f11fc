"""Questions about companies, partners, people and agreements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select

from portal.kernel.disclosure import Basis, Role, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.partners.model import (
    Agreement,
    Company,
    NoSuchAgreement,
    NoSuchPartner,
    NoSuchPerson,
    PartnerName,
)
from portal.partners.store import (
    agreement_node_table,
    agreement_product_table,
    agreement_table,
    company_table,
    partner_table,
    person_table,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in, as stored; the password's hash stays in the room."""

    id: UUID
    email: str
    name: str
    role: Role
    partner_id: UUID | None
    language: str | None
    read_in: str | None
    active: bool
    session_version: int
    password_hash: str


def the_company(connection: Connection) -> Company | None:
    """Return the host company of this database; ``None`` before it has one."""
    table = company_table
    row = connection.execute(
        select(table.c.id, table.c.name_zh, table.c.name_en, table.c.is_demo).order_by(table.c.created_at).limit(1)
    ).first()
    return None if row is None else Company(*row)


def partner_names(connection: Connection, *, org_id: UUID, role: str | None = None) -> tuple[PartnerName, ...]:
    """Return the company's partners by code, all or those with one role."""
    table = partner_table
    query = (
        select(table.c.id, table.c.code, table.c.name_zh, table.c.name_en)
        .where(table.c.org_id == org_id)
        .order_by(table.c.code)
    )
    if role is not None:
        query = query.where(table.c.roles.contains([role]))
    return tuple(PartnerName(*row) for row in connection.execute(query))


def partner_name(connection: Connection, *, org_id: UUID, partner_id: UUID) -> PartnerName | None:
    """Return one partner, if the company has it."""
    table = partner_table
    row = connection.execute(
        select(table.c.id, table.c.code, table.c.name_zh, table.c.name_en).where(
            table.c.org_id == org_id, table.c.id == partner_id
        )
    ).first()
    return None if row is None else PartnerName(*row)


def registration(connection: Connection, *, org_id: UUID, partner_id: UUID) -> dict[str, str]:
    """Return a partner's ``uscc``, ``gln`` and ``country`` as far as they are known."""
    table = partner_table.c
    row = connection.execute(
        select(table.uscc, table.gln, table.country).where(table.org_id == org_id, table.id == partner_id)
    ).one()
    return {name: value for name, value in row._mapping.items() if value}  # noqa: SLF001 - SQLAlchemy's public name


def person(connection: Connection, *, org_id: UUID, person_id: UUID) -> Person:
    """Return somebody who may sign in.

    Raises:
        NoSuchPerson: Unknown, or no longer active.
    """
    row = connection.execute(
        select(person_table).where(person_table.c.org_id == org_id, person_table.c.id == person_id)
    ).first()
    if row is None or not row.active:
        raise NoSuchPerson(f"Nobody with the id {person_id} may sign in.", person=str(person_id))
    return _person(row)


def person_by_email(connection: Connection, *, org_id: UUID, email: str) -> Person | None:
    """Return the active person with that e-mail (as ``model.to_email`` writes it)."""
    row = connection.execute(
        select(person_table).where(
            person_table.c.org_id == org_id, person_table.c.email == email, person_table.c.active
        )
    ).first()
    return None if row is None else _person(row)


def agreement_in_force(connection: Connection, *, org_id: UUID, partner_id: UUID, on: date) -> Agreement | None:
    """Return the partner's agreement that holds on a day; there is at most one.

    Args:
        connection: Any transaction.
        org_id: The host company.
        partner_id: The firm.
        on: The host's local date.
    """
    table = agreement_table
    row = connection.execute(
        select(table).where(
            table.c.org_id == org_id,
            table.c.partner_id == partner_id,
            table.c.valid_from <= on,
            table.c.valid_until >= on,
            table.c.ended_at.is_(None),
        )
    ).first()
    return None if row is None else _agreement(connection, row._mapping)  # noqa: SLF001 - public in SQLAlchemy


def agreements(connection: Connection, *, org_id: UUID, partner_id: UUID) -> tuple[Agreement, ...]:
    """Return all agreements of a partner, the newest first."""
    table = agreement_table
    rows = connection.execute(
        select(table)
        .where(table.c.org_id == org_id, table.c.partner_id == partner_id)
        .order_by(table.c.valid_from.desc())
    ).mappings()
    return tuple(_agreement(connection, row) for row in list(rows))


def agreement_numbered(
    connection: Connection, *, org_id: UUID, partner_id: UUID, number: str, locked: bool = False
) -> Agreement | None:
    """Return a partner's agreement of that number, if there is one.

    Args:
        connection: Any transaction.
        org_id: The host company.
        partner_id: The firm.
        number: The agreement's number.
        locked: Keep others from changing it until the transaction's end.
    """
    table = agreement_table
    query = select(table).where(
        table.c.org_id == org_id, table.c.partner_id == partner_id, table.c.number == number
    )
    row = connection.execute(query.with_for_update() if locked else query).first()
    return None if row is None else _agreement(connection, row._mapping)  # noqa: SLF001 - public in SQLAlchemy


def the_agreement(
    connection: Connection, *, org_id: UUID, partner_id: UUID, number: str, locked: bool = False
) -> Agreement:
    """Return a partner's agreement of that number; arguments as of ``agreement_numbered``.

    Raises:
        NoSuchAgreement: There is none.
    """
    found = agreement_numbered(connection, org_id=org_id, partner_id=partner_id, number=number, locked=locked)
    if found is None:
        raise NoSuchAgreement(f"There is no agreement {number}.", number=number)
    return found


def number_taken(connection: Connection, *, org_id: UUID, number: str) -> bool:
    """Tell whether any agreement of the company has that number."""
    table = agreement_table
    return bool(
        connection.scalar(select(select(table).where(table.c.org_id == org_id, table.c.number == number).exists()))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A partner and how they stand today.

    Attributes:
        name: The partner as others name it.
        roles: What they are to the host.
        uscc: 统一社会信用代码, if known.
        people: How many people of theirs may sign in.
        agreement: The one in force today.
    """

    name: PartnerName
    roles: tuple[str, ...]
    uscc: str | None
    people: int
    agreement: Agreement | None


def standings(connection: Connection, *, org_id: UUID, on: date) -> tuple[Standing, ...]:
    """Return all partners by code with the agreement in force on a day.

    Args:
        connection: Any transaction.
        org_id: The host company.
        on: The host's local date.
    """
    table = partner_table
    counts: dict[UUID, int] = {
        row.partner_id: row.people
        for row in connection.execute(
            select(person_table.c.partner_id, func.count().label("people"))
            .where(person_table.c.org_id == org_id, person_table.c.active, person_table.c.partner_id.is_not(None))
            .group_by(person_table.c.partner_id)
        )
    }
    rows = connection.execute(select(table).where(table.c.org_id == org_id).order_by(table.c.code)).all()
    return tuple(
        Standing(
            name=PartnerName(row.id, row.code, row.name_zh, row.name_en),
            roles=tuple(row.roles),
            uscc=row.uscc,
            people=counts.get(row.id, 0),
            agreement=agreement_in_force(connection, org_id=org_id, partner_id=row.id, on=on),
        )
        for row in rows
    )


def standing(connection: Connection, *, org_id: UUID, code: str, on: date) -> Standing:
    """Return one partner with the agreement in force on a day.

    Raises:
        NoSuchPartner: The company has none of that code.
    """
    for found in standings(connection, org_id=org_id, on=on):
        if found.name.code == code:
            return found
    raise NoSuchPartner(f"There is no partner {code}.", partner=code)


def people_of(connection: Connection, *, org_id: UUID, partner_id: UUID) -> tuple[Person, ...]:
    """Return everybody of a partner by name, those who may no longer sign in last."""
    rows = connection.execute(
        select(person_table)
        .where(person_table.c.org_id == org_id, person_table.c.partner_id == partner_id)
        .order_by(person_table.c.active.desc(), person_table.c.name, person_table.c.id)
    )
    return tuple(_person(row) for row in rows)


def person_of(connection: Connection, *, org_id: UUID, partner_id: UUID, person_id: UUID) -> Person:
    """Return somebody of a partner who may sign in.

    Raises:
        NoSuchPerson: Nobody active of that firm has the id.
    """
    found = person(connection, org_id=org_id, person_id=person_id)
    if found.partner_id != partner_id:
        raise NoSuchPerson(f"Nobody with the id {person_id} may sign in.", person=str(person_id))
    return found


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        partner_id=row.partner_id,
        language=row.language,
        read_in=row.read_in,
        active=row.active,
        session_version=row.session_version,
        password_hash=row.password_hash,
    )


def _agreement(connection: Connection, row: Mapping[Any, Any]) -> Agreement:
    products = agreement_product_table
    nodes = agreement_node_table
    scope: Iterable[UUID] = ()
    if not row["all_products"]:
        scope = connection.scalars(
            select(products.c.product_id).where(
                products.c.org_id == row["org_id"], products.c.agreement_id == row["id"]
            )
        )
    named = connection.scalars(
        select(nodes.c.location_id).where(nodes.c.org_id == row["org_id"], nodes.c.agreement_id == row["id"])
    )
    return to_agreement(row, products=scope, nodes=named)


def to_agreement(row: Mapping[Any, Any], *, products: Iterable[UUID], nodes: Iterable[UUID]) -> Agreement:
    """Return an agreement's row as a value.

    Args:
        row: The agreement's columns.
        products: The products it names; not looked at where it covers all.
        nodes: The nodes it names.
    """
    return Agreement(
        number=row["number"],
        tier=Tier(row["tier"]),
        purpose=row["purpose"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        basis=Basis(row["basis"]),
        grain=Grain(GrainKind(row["grain"]), tuple(row["steps"])),
        daily_questions=row["daily_questions"],
        note=row["note"],
        ended_at=row["ended_at"],
        products=None if row["all_products"] else frozenset(products),
        nodes=frozenset(nodes),
    )
