"""A small company with one person of every kind, and a browser for each of them.

Everybody's password is ``PASSWORD``. The three customers differ by tier only; "Nova" is a key customer like
"Kestrel" but another firm, "Lapsed" had an agreement that ran out yesterday.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, insert, select

from portal import wiring
from portal.inventory.store import location_table
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role, Tier
from portal.kernel.ids import new_id
from portal.partners import passwords, service
from portal.partners.model import PartnerDraft
from portal.partners.store import person_table
from portal.platform.bus import Bus
from portal.platform.clock import Clock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services

PASSWORD = "correct-horse-battery"
KINDS = ("anonymous", "operator", "supplier", "auditor", "ordinary", "key", "strategic", "other_key", "lapsed")
"""Everybody who may ask, in the words of the permissions table."""


@dataclass(frozen=True)
class Company:
    """The ids tests need.

    Attributes:
        org_id: The host company.
        people: Person by kind.
        partners: Firm by kind, for those of a firm.
        nodes: The three warehouses by code.
    """

    org_id: UUID
    actor: Actor
    people: dict[str, UUID]
    partners: dict[str, UUID]
    nodes: dict[str, UUID]


@cache
def password_hash() -> str:
    """Return the argon2id string of ``PASSWORD``, made once."""
    return passwords.hashed(PASSWORD)


_FIRMS = {
    "supplier": PartnerDraft(code="S1", name_zh="松月茶业", name_en="Songyue Tea", roles=("supplier",)),
    "auditor": PartnerDraft(code="A1", name_zh="衡信认证", name_en="Hengxin Audit", roles=("auditor",)),
    "ordinary": PartnerDraft(code="C1", name_zh="流明", name_en="Lumen", roles=("customer",)),
    "key": PartnerDraft(code="C2", name_zh="茶隼", name_en="Kestrel", roles=("customer",)),
    "strategic": PartnerDraft(code="C3", name_zh="子午", name_en="Meridian", roles=("customer",)),
    "other_key": PartnerDraft(code="C4", name_zh="新星", name_en="Nova", roles=("customer",)),
    "lapsed": PartnerDraft(code="C5", name_zh="旧约", name_en="Lapsed", roles=("customer",)),
}
_TIERS = {
    "ordinary": Tier.ORDINARY,
    "key": Tier.KEY,
    "strategic": Tier.STRATEGIC,
    "other_key": Tier.KEY,
    "lapsed": Tier.STRATEGIC,
}


def found_company(conn: Connection, *, now: datetime, is_demo: bool = False) -> Company:
    """Make the company with its warehouses, firms, agreements and people."""
    org_id = service.save_company(conn, name_zh="主家", name_en="Host", is_demo=is_demo, now=now)
    actor = Actor(org_id=org_id, label="test")
    nodes = _nodes(conn, org_id=org_id, now=now)
    by_code = service.save_partners(conn, actor=actor, drafts=list(_FIRMS.values()), now=now)
    partners = {kind: by_code[draft.code] for kind, draft in _FIRMS.items()}
    for kind, tier in _TIERS.items():
        service.save_agreement(
            conn,
            actor=actor,
            number=f"AG-{kind}",
            partner_id=partners[kind],
            tier=tier,
            purpose="tests",
            valid_from=date(2026, 1, 1),
            # Tests happen on 23 November 2026, Shanghai time.
            valid_until=date(2026, 11, 22) if kind == "lapsed" else date(2026, 12, 31),
            products=None,
            nodes=frozenset() if tier is Tier.ORDINARY else frozenset({nodes["NGB"], nodes["CTU"]}),
            now=now,
        )
    people = {
        kind: _person(conn, org_id=org_id, kind=kind, partner_id=partners.get(kind), now=now)
        for kind in KINDS
        if kind != "anonymous"
    }
    return Company(org_id=org_id, actor=actor, people=people, partners=partners, nodes=nodes)


def _nodes(conn: Connection, *, org_id: UUID, now: datetime) -> dict[str, UUID]:
    names = {"NGB": ("宁波仓", "Ningbo"), "CTU": ("成都仓", "Chengdu"), "HKG": ("香港仓", "Hong Kong")}
    for code, (name_zh, name_en) in names.items():
        conn.execute(
            insert(location_table).values(
                org_id=org_id,
                id=new_id(now),
                code=code,
                name_zh=name_zh,
                name_en=name_en,
                kind="own",
                created_at=now,
            )
        )
    rows = conn.execute(select(location_table.c.code, location_table.c.id))
    return {row.code: row.id for row in rows}


def _person(conn: Connection, *, org_id: UUID, kind: str, partner_id: UUID | None, now: datetime) -> UUID:
    role = kind if kind in set(Role) else "customer"
    person_id = new_id(now)
    conn.execute(
        insert(person_table).values(
            org_id=org_id,
            id=person_id,
            email=f"{kind}@example.com",
            name=f"Name of {kind}",
            role=role,
            partner_id=partner_id,
            password_hash=password_hash(),
            language=None,
            active=True,
            session_version=1,
            created_at=now,
        )
    )
    return person_id


def web_app(database: Database, *, home: Path, clock: Clock) -> Flask:
    """Return the portal over a test's database; CSRF tokens are asked for, as in production.

    Every tier may send any query: what can be asked is tested for all of them.
    """
    services = Services(
        settings=Settings(home=home, default_language="en", trusted_only=""),
        database=database,
        clock=clock,
        bus=Bus(),
    )
    app = wiring.build_web(services)
    app.testing = True
    return app


def browser(app: Flask, company: Company, kind: str) -> FlaskClient:
    """Return a browser in which ``kind`` is signed in; its ``csrf`` header is sent by ``post_form``."""
    client = app.test_client()
    if kind != "anonymous":
        with client.session_transaction() as session:
            session["_user_id"] = f"{company.people[kind]}.1"
            session["_fresh"] = True
    return client


def csrf_token(app: Flask, client: FlaskClient) -> str:
    """Return a CSRF token good in the client's session."""
    from flask import session as flask_session  # noqa: PLC0415 - only inside a request
    from flask_wtf.csrf import generate_csrf  # noqa: PLC0415 - only inside a request

    with app.test_request_context():
        token = generate_csrf()
        raw = flask_session["csrf_token"]
    with client.session_transaction() as session:
        session["csrf_token"] = raw
    return str(token)
