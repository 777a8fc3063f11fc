"""Deeds of the partners room: companies, partners, people, agreements, signing in.

Every function writes in the caller's transaction and never commits.
"""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role, Tier
from portal.kernel.errors import TooMany, Unauthenticated
from portal.kernel.ids import new_id
from portal.kernel.units import Level
from portal.partners import api_keys, passwords, reads
from portal.partners.agreements import keep_agreement
from portal.partners.model import (
    LANGUAGES,
    Agreement,
    Company,
    EmailTaken,
    NoSuchPartner,
    NotAnEmail,
    PartnerDraft,
    check_firm,
    check_partner_roles,
    check_password_strength,
    to_email,
)
from portal.partners.store import (
    company_table,
    partner_table,
    person_table,
    sign_in_try_table,
)
from portal.platform import audit
from portal.platform.audit import Fact

TRY_WINDOW_S = 15 * 60
"""How long tries to sign in are counted together, in seconds."""

TRIES_PER_PAIR = 8
"""Tries in one window for one e-mail from one address."""

TRIES_PER_ADDRESS = 60
"""Tries in one window from one address, whatever the e-mail."""

TRIES_PER_EMAIL = 120
"""Tries in one window for one e-mail, whatever the address: high, so that nobody can lock another out easily."""


class WrongPassword(Unauthenticated):
    """The e-mail and password do not belong together; which of the two is wrong is not said."""

    code = "wrong_password"


class TooManyTries(TooMany):
    """Too many tries to sign in within the window."""

    code = "too_many_tries"


def the_company(connection: Connection) -> Company | None:
    """Return the host company of this database; ``None`` before it has one."""
    return reads.the_company(connection)


def save_company(connection: Connection, *, name_zh: str, name_en: str, is_demo: bool, now: datetime) -> UUID:
    """Make the host company, or give the one there is these names; returns its id."""
    there = reads.the_company(connection)
    values = {"name_zh": name_zh, "name_en": name_en, "is_demo": is_demo}
    if there is not None:
        connection.execute(update(company_table).where(company_table.c.id == there.id).values(**values))
        return there.id
    org_id = new_id(now)
    connection.execute(company_table.insert().values(id=org_id, created_at=now, **values))
    return org_id


def save_partners(
    connection: Connection, *, actor: Actor, drafts: Sequence[PartnerDraft], now: datetime
) -> dict[str, UUID]:
    """Add partners, or bring those of the same code up to date; in statements of a thousand.

    Args:
        connection: Open transaction.
        actor: Whose company the partners belong to.
        drafts: One per code; the last one counts where a code comes twice.
        now: Instant of the deed.

    Returns:
        The id of every draft's partner, by code.

    Raises:
        UnknownRole: A draft has no role, or one nobody knows; nothing is written.
    """
    for draft in drafts:
        check_partner_roles(draft)
    latest = {draft.code: draft for draft in drafts}
    if not latest:
        return {}
    rows = [
        {
            "org_id": actor.org_id,
            "id": new_id(now),
            "code": draft.code,
            "name_zh": draft.name_zh,
            "name_en": draft.name_en,
            "roles": sorted(set(draft.roles)),
            "uscc": draft.uscc,
            "gln": draft.gln,
            "country": draft.country,
            "created_at": now,
        }
        for _, draft in sorted(latest.items())
    ]
    statement = insert(partner_table)
    statement = statement.on_conflict_do_update(
        index_elements=["org_id", "code"],
        set_={
            name: statement.excluded[name] for name in ("name_zh", "name_en", "roles", "uscc", "gln", "country")
        },
    )
    saved = connection.execute(statement.returning(partner_table.c.code, partner_table.c.id), rows)
    return {row.code: row.id for row in saved}


def add_person(  # noqa: PLR0913 - one name per field of a person; a draft class would only repeat them
    connection: Connection,
    *,
    actor: Actor,
    email: str,
    name: str,
    role: Role,
    partner_id: UUID | None,
    password: str,
    language: str | None,
    now: datetime,
) -> UUID:
    """Let somebody sign in; returns their id.

    Args:
        connection: Open transaction.
        actor: Whose company the person will see.
        email: Unique within the company, whatever its case.
        name: As histories will show it.
        role: What they are here to do.
        partner_id: Their firm; ``None`` for the host's own staff (and an auditor of no firm).
        password: 8 to 256 characters.
        language: ``zh``, ``en`` or ``None`` for the browser's.
        now: Instant of the deed.

    Raises:
        NotAnEmail: The address cannot be one.
        WeakPassword: The password's length.
        NoSuchPartner: The company has no such partner.
        WrongFirm: The role does not fit the firm.
        EmailTaken: Somebody has that e-mail.
    """
    address = to_email(email)
    check_password_strength(password)
    roles = None
    if partner_id is not None:
        roles = connection.scalar(
            select(partner_table.c.roles).where(
                partner_table.c.org_id == actor.org_id, partner_table.c.id == partner_id
            )
        )
        if roles is None:
            raise NoSuchPartner(f"There is no partner {partner_id}.", partner=str(partner_id))
    check_firm(role, partner_roles=roles)
    person_id: UUID | None = connection.scalar(
        insert(person_table)
        .values(
            org_id=actor.org_id,
            id=new_id(now),
            email=address,
            name=name,
            role=str(role),
            partner_id=partner_id,
            password_hash=passwords.hashed(password),
            language=language if language in LANGUAGES else None,
            active=True,
            session_version=1,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["org_id", "email"])
        .returning(person_table.c.id)
    )
    if person_id is None:
        raise EmailTaken(f"Somebody already signs in as {address}.", email=address)
    details = {"person": str(person_id), "role": str(role)}
    fact = Fact(kind="person", what="person.added", partner_id=partner_id, details=details)
    audit.append(connection, actor=actor, fact=fact, now=now)
    return person_id


def save_agreement(  # noqa: PLR0913 - one name per field of an agreement; the draft class is built here
    connection: Connection,
    *,
    actor: Actor,
    number: str,
    partner_id: UUID,
    tier: Tier,
    purpose: str,
    valid_from: date,
    valid_until: date,
    products: frozenset[UUID] | None,
    nodes: frozenset[UUID],
    now: datetime,
) -> UUID:
    """Make an agreement, or bring the one of this number up to date; returns its id.

    Args:
        connection: Open transaction.
        actor: Whose company it is.
        number: The agreement's number, unique within the company.
        partner_id: With whom.
        tier: What it opens.
        purpose: Why the data is opened, in a few words.
        valid_from: First day, by the host's local date.
        valid_until: Last day, inclusive.
        products: Products in scope; ``None`` for all.
        nodes: Warehouses in scope; must be named for every tier that shows them.
        now: Instant of the deed.

    Raises:
        AgreementBackwards: It would end before it begins.
        AgreementWithoutNodes: Its tier shows warehouses and it names none.
        NoSuchPartner: The company has no such partner.
        AgreementOverlaps: The partner has another one on one of these days.
    """
    draft = Agreement(
        number=number,
        tier=tier,
        purpose=purpose,
        valid_from=valid_from,
        valid_until=valid_until,
        products=products,
        nodes=nodes,
    )
    return keep_agreement(connection, actor=actor, partner_id=partner_id, draft=draft, now=now)


def count_try(connection: Connection, *, org_id: UUID, email: str, address: str, now: datetime) -> None:
    """Count a try to sign in, before the password is looked at; the caller commits before it goes on.

    Args:
        connection: A transaction of its own, so that a refused try stays counted.
        org_id: The host company.
        email: As typed.
        address: Network address of the asker.
        now: Instant of the try.

    Raises:
        TooManyTries: One of the three counts is beyond its limit; ``values["retry_after_s"]`` says how long.
    """
    who = email.strip().lower()
    limits = {
        _key("pair", who, address): TRIES_PER_PAIR,
        _key("address", address): TRIES_PER_ADDRESS,
        _key("email", who): TRIES_PER_EMAIL,
    }
    table = sign_in_try_table
    statement = insert(table).values(
        [{"org_id": org_id, "key": key, "window_started_at": now, "tries": 1} for key in sorted(limits)]
    )
    age = func.extract("epoch", statement.excluded.window_started_at - table.c.window_started_at)
    stale = age >= TRY_WINDOW_S
    counted = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["org_id", "key"],
            set_={
                "tries": case((stale, 1), else_=table.c.tries + 1),
                "window_started_at": case(
                    (stale, statement.excluded.window_started_at), else_=table.c.window_started_at
                ),
            },
        ).returning(table.c.key, table.c.tries, table.c.window_started_at)
    ).all()
    waits = [
        TRY_WINDOW_S - int((now - row.window_started_at).total_seconds())
        for row in counted
        if row.tries > limits[bytes(row.key)]
    ]
    if waits:
        seconds = max(waits)
        raise TooManyTries(
            f"Too many tries to sign in; again in {seconds} s.",
            retry_after_s=seconds,
            minutes=-(-seconds // 60),
        )


def sign_in(connection: Connection, *, org_id: UUID, email: str, password: str, address: str) -> reads.Person:
    """Return the person an e-mail and password belong to; call ``count_try`` first.

    Args:
        connection: Open transaction; the count of the pair is forgotten in it, an old hash is made anew.
        org_id: The host company.
        email: As typed.
        password: As typed.
        address: Network address of the asker.

    Raises:
        WrongPassword: They do not belong together; an e-mail nobody has costs the same time.
    """
    try:
        person = reads.person_by_email(connection, org_id=org_id, email=to_email(email))
    except NotAnEmail:
        person = None
    if not passwords.matches(password, person.password_hash if person else None) or person is None:
        raise WrongPassword("The e-mail and the password do not belong together.")
    if passwords.outdated(person.password_hash):
        connection.execute(
            update(person_table)
            .where(person_table.c.org_id == org_id, person_table.c.id == person.id)
            .values(password_hash=passwords.hashed(password))
        )
    table = sign_in_try_table
    pair = _key("pair", email.strip().lower(), address)
    connection.execute(delete(table).where(table.c.org_id == org_id, table.c.key == pair))
    return person


def set_language(connection: Connection, *, actor: Actor, language: str) -> None:
    """Remember the language a signed-in person reads; one we do not have is forgotten."""
    connection.execute(
        update(person_table)
        .where(person_table.c.org_id == actor.org_id, person_table.c.id == actor.person_id)
        .values(language=language if language in LANGUAGES else None)
    )


def set_read_in(connection: Connection, *, actor: Actor, level: str) -> None:
    """Remember the packaging level in which a signed-in person likes to read; one that is none is forgotten."""
    connection.execute(
        update(person_table)
        .where(person_table.c.org_id == actor.org_id, person_table.c.id == actor.person_id)
        .values(read_in=level if level in tuple(Level) else None)
    )


def end_sessions(connection: Connection, *, actor: Actor, now: datetime, person_id: UUID | None = None) -> int:
    """End all sessions, tokens and API keys of a person, the actor when none is named; returns the new version."""
    whose = person_id or actor.person_id
    api_keys.end_all(connection, org_id=actor.org_id, person_id=whose, now=now)
    version: int = connection.scalars(
        update(person_table)
        .where(person_table.c.org_id == actor.org_id, person_table.c.id == whose)
        .values(session_version=person_table.c.session_version + 1)
        .returning(person_table.c.session_version)
    ).one()
    return version


def _key(*parts: str) -> bytes:
    return sha256("\0".join(parts).encode()).digest()
