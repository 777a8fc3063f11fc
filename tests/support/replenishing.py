"""A small company for tests of replenishment: two suppliers, one tea, one node, one policy (features.md E6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from portal.flows import reactions, replenishing
from portal.forecasting.store import demand_table
from portal.inventory import service as inventory
from portal.inventory.model import StockLine
from portal.inventory.store import location_table, product_table
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.kernel.ids import new_id
from portal.partners.store import company_table, partner_table
from portal.platform.bus import Bus
from portal.platform.db import Database
from portal.platform.outbox import deliver, handled_table
from portal.replenishment import service
from portal.replenishment.model import Order, PolicyDraft, ShipmentDraft

ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who and what there is."""

    org_id: UUID
    now: datetime
    product_id: UUID
    location_id: UUID
    supplier_id: UUID
    other_supplier_id: UUID

    @property
    def worker(self) -> Actor:
        return replenishing.worker_actor(self.org_id)

    @property
    def operator(self) -> Actor:
        return Actor(org_id=self.org_id, label="Zhou Min", role=Role.OPERATOR)

    @property
    def supplier(self) -> Actor:
        return Actor(org_id=self.org_id, label="Lin Hua", role=Role.SUPPLIER, partner_id=self.supplier_id)

    @property
    def other_supplier(self) -> Actor:
        return Actor(org_id=self.org_id, label="He Qing", role=Role.SUPPLIER, partner_id=self.other_supplier_id)


def build_world(connection: Connection, *, org_id: UUID, now: datetime, number: int = 1) -> World:
    """Make the company, the suppliers, the product and the node; no stock, no demand, no policy."""
    there = connection.execute(select(company_table.c.id).where(company_table.c.id == org_id)).one_or_none()
    if there is None:
        connection.execute(
            company_table.insert().values(
                id=org_id, name_zh="港岭商贸", name_en="Harbour Ridge Trading", is_demo=True, created_at=now
            )
        )
    world = World(
        org_id=org_id,
        now=now,
        product_id=new_id(now),
        location_id=new_id(now),
        supplier_id=new_id(now),
        other_supplier_id=new_id(now),
    )
    for partner_id, code, zh, en in (
        (world.supplier_id, f"SY{number}", "松月茶业", "Songyue Tea"),
        (world.other_supplier_id, f"LY{number}", "绿野蜂业", "Greenfield Bees"),
    ):
        connection.execute(
            partner_table.insert().values(
                org_id=org_id, id=partner_id, code=code, name_zh=zh, name_en=en, roles=["supplier"], created_at=now
            )
        )
    connection.execute(
        product_table.insert().values(
            org_id=org_id,
            id=world.product_id,
            sku=f"TEA-{number:03d}",
            gtin="09521234567899" if number == 1 else None,
            name_zh="白毫银针罐装茶 50 克",
            name_en="Silver needle tea, tin 50 g",
            base_unit="C62",
            decimals=0,
            pack_quanta=24,
            tracking="lot",
            active=True,
            created_at=now,
        )
    )
    connection.execute(
        location_table.insert().values(
            org_id=org_id,
            id=world.location_id,
            code=f"NB{number}",
            name_zh="宁波仓",
            name_en="Ningbo",
            kind="own",
            created_at=now,
        )
    )
    inventory.ensure_virtual_locations(connection, org_id=org_id, now=now)
    return world


def stock(connection: Connection, world: World, quantity: int, *, lot: str = "L-OPEN", **more: Any) -> None:
    """Book opening stock at the node."""
    line = StockLine(
        product_id=world.product_id, location_id=world.location_id, quantity=quantity, lot_code=lot, **more
    )
    inventory.book_stock(
        connection, actor=world.operator, lines=[line], document="opening", key_prefix=f"open-{lot}", now=world.now
    )


def incoming(connection: Connection, world: World, quantity: int, *, state: str = "shipped") -> None:
    """Expect goods by a paper that is not a replenishment order."""
    inventory.expect(
        connection,
        actor=world.operator,
        product_id=world.product_id,
        location_id=world.location_id,
        lot_code="L-WAY",
        lot_expires_on=None,
        quantity=quantity,
        due_on=world.now.date() + timedelta(days=2),
        state=state,
        document="PO-4471",
        supplier="松月茶业",
        source_key=f"po/{state}",
        now=world.now,
    )


def demand(connection: Connection, world: World, a_day: int, *, days: int = 28) -> None:
    """Write the same demand for each of the last days, and for the week to come."""
    today = replenishing.local_date(world.now, ZONE)
    for back in range(-7, days + 1):
        connection.execute(
            demand_table.insert().values(
                org_id=world.org_id,
                product_id=world.product_id,
                day=today - timedelta(days=back),
                quantity=a_day,
                order_count=1,
            )
        )


def policy(connection: Connection, world: World, **changes: Any) -> UUID:
    """Save the policy of features.md E6: min 100, max 300, packs of 24, four days."""
    figures: dict[str, Any] = {
        "product_id": world.product_id,
        "location_id": world.location_id,
        "supplier_id": world.supplier_id,
        "min_quanta": 100,
        "max_quanta": 300,
        "pack_quanta": 24,
        "lead_time_days": 4,
        "answer_hours": 48,
    }
    draft = PolicyDraft(**{**figures, **changes})
    return service.save_policy(connection, actor=world.operator, draft=draft, now=world.now)


def short_of_tea(connection: Connection, world: World) -> UUID:
    """Stand at the first vector of features.md E6: 120 on hand, 40 under way, 16 a day."""
    stock(connection, world, 120)
    incoming(connection, world, 40)
    demand(connection, world, 16)
    return policy(connection, world)


def check(connection: Connection, world: World, now: datetime | None = None, **scope: Any) -> list[Order]:
    """Look at the policies."""
    at = now or world.now
    return replenishing.check(
        connection,
        org_id=world.org_id,
        scope=replenishing.Scope(**scope),
        today=replenishing.local_date(at, ZONE),
        now=at,
    )


def despatch(world: World, *, quantity: int = 192, number: str = "ASN-1", **changes: Any) -> ShipmentDraft:
    """Write a despatch advice over the first vector's order."""
    today = world.now.date()
    values: dict[str, Any] = {
        "number": number,
        "lot_code": "L-2611",
        "made_on": today - timedelta(days=10),
        "expires_on": today + timedelta(days=350),
        "quantity": quantity,
        "due_on": today + timedelta(days=3),
    }
    return ShipmentDraft(**{**values, **changes})


def make_bus() -> Bus:
    """Return a bus with every reaction."""
    bus = Bus()
    reactions.subscribe(bus, time_zone=ZONE)
    return bus


_IN_ORDER = text(
    "SELECT m.id, m.name FROM outbox_message m JOIN procrastinate_jobs j ON j.args->>'message_id' = m.id::text"
    " ORDER BY j.id"
)


def told(connection: Connection) -> list[str]:
    """Return the names of all messages in the order they were published."""
    return [row.name for row in connection.execute(_IN_ORDER)]


def deliver_all(database: Database, world: World, *, times: int = 1) -> int:
    """Deliver every message in order, each ``times`` times, until nothing new comes; returns the effects."""
    bus, effects, seen = make_bus(), 0, set()
    while True:
        with database.reading() as connection:
            handled = set(connection.execute(select(handled_table.c.message_id)).scalars())
            waiting = [row.id for row in connection.execute(_IN_ORDER) if row.id not in handled | seen]
        if not waiting:
            return effects
        for message_id in waiting:
            seen.add(message_id)
            for _ in range(times):
                effects += len(deliver(database, bus, org_id=world.org_id, message_id=message_id, now=world.now))
