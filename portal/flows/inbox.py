"""What needs the operator today, asked of every room at once, and how fresh and how complete the data is."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from portal.flows import order_views
from portal.flows.order_views import OrderView, PolicyView, Which
from portal.flows.withholding import WithheldLot, withheld_lots
from portal.inventory.places import OWN
from portal.inventory.reads import Product, Uncovered, last_check, products_by_id, uncovered
from portal.inventory.units.model import Units
from portal.inventory.units.reads import units_of
from portal.passports import reads as passports
from portal.passports import writer
from portal.passports.reads import AnchorQueue
from portal.replenishment.model import State

EXPIRY_DAYS = 30
"""Lots that end within so many days are shown."""

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingLot:
    """Stock of a lot that ends soon or has ended.

    Attributes:
        product: The product.
        units: Its units today.
        lot_code: The lot.
        expires_on: Its last day of use.
        on_hand: Quanta at all nodes.
    """

    product: Product
    units: Units
    lot_code: str
    expires_on: date
    on_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Promises at a node that nothing covers.

    Attributes:
        found: What is missing.
        units: The product's units today.
    """

    found: Uncovered
    units: Units


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """When a node last told its stock."""

    name_zh: str
    name_en: str
    fed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How far the company has come, each as a count."""

    products: int
    stock: int
    suppliers: int
    agreements: int
    policies: int
    orders: int
    anchored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Everything the operator's first page shows.

    Attributes:
        unanswered: Orders sent and not answered, soonest deadline first.
        silent: Orders that expired and that no newer order of the same policy replaces.
        arriving: Shipped orders, to be received.
        differing: Orders received with another quantity than announced.
        short: Policies whose projection is below the minimum while nothing is proposed.
        gaps: Promises that nothing covers, the earliest day first.
        ending: Lots that end soon, soonest first.
        withheld: Lots whose papers do not hold, or that were recalled, with what is left of them.
        failed_jobs: Jobs that were given up.
        drifts: Balances and serial numbers that did not agree with the moves when the books were last compared.
        feeds: Nodes with their age.
        anchors: The anchoring.
        stopped: The chains whose writer has stopped until a person looks.
        rewritten: Partners who saw a list of batches that is not the beginning of today's.
        setup: The set-up checklist's counts.
    """

    unanswered: list[OrderView]
    silent: list[OrderView]
    arriving: list[OrderView]
    differing: list[OrderView]
    short: list[PolicyView]
    gaps: list[Gap]
    ending: list[EndingLot]
    withheld: tuple[WithheldLot, ...]
    failed_jobs: int
    drifts: int
    feeds: list[Feed]
    anchors: AnchorQueue
    stopped: list[writer.Standing]
    rewritten: int
    setup: Setup


def inbox(connection: Connection, *, org_id: UUID, today: date, now: datetime) -> Inbox:
    """Return what needs the operator."""

    def orders(state: State) -> list[OrderView]:
        which = Which(states=(state,), by_deadline=True, limit=_MOST)
        return order_views.orders(connection, org_id=org_id, which=which)

    policies = order_views.policies(connection, org_id=org_id, today=today, now=now)
    short = [view for view in policies if view.need is not None]
    unsettled = {view.policy.id for view in short}
    latest: dict[UUID, OrderView] = {view.order.policy_id: view for view in orders(State.EXPIRED)}
    silent = [view for policy_id, view in latest.items() if policy_id in unsettled]
    asked = {view.order.policy_id for view in silent}
    anchors = passports.anchor_queue(connection, org_id=org_id)
    checked = last_check(connection, org_id=org_id)
    return Inbox(
        unanswered=orders(State.SENT),
        silent=silent,
        arriving=orders(State.SHIPPED),
        differing=orders(State.RECEIVED),
        short=[view for view in short if view.policy.id not in asked],
        gaps=_gaps(connection, org_id, now),
        ending=_ending(connection, org_id, today),
        withheld=tuple(lot for lot in withheld_lots(connection, org_id=org_id) if lot.on_hand),
        failed_jobs=connection.execute(
            text("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
        ).scalar_one(),
        drifts=checked.drifts if checked else 0,
        feeds=_feeds(connection, org_id),
        anchors=anchors,
        stopped=writer.stopped(connection, org_id=org_id),
        rewritten=writer.broken_looks(connection, org_id=org_id),
        setup=_setup(connection, org_id, anchors),
    )


def _gaps(connection: Connection, org_id: UUID, now: datetime) -> list[Gap]:
    found = uncovered(connection, org_id=org_id, now=now, most=_MOST)
    products = {one.product.id: one.product for one in found}
    units = units_of(connection, org_id=org_id, products=products.values(), on=now.date())
    return [Gap(found=one, units=units[one.product.id]) for one in found]


def _ending(connection: Connection, org_id: UUID, today: date) -> list[EndingLot]:
    rows = connection.execute(
        text(
            "SELECT b.product_id, l.code AS lot_code, l.expires_on, sum(b.on_hand)::bigint AS on_hand"
            " FROM stock_balance b"
            " JOIN lot l ON l.org_id = b.org_id AND l.id = b.lot_id"
            " JOIN product p ON p.org_id = b.org_id AND p.id = b.product_id"
            " WHERE b.org_id = :org AND b.on_hand > 0 AND b.owner_id = :own AND l.expires_on <= :until"
            " GROUP BY p.id, p.org_id, b.product_id, l.id, l.org_id ORDER BY l.expires_on, p.sku LIMIT :most"
        ),
        {"org": org_id, "until": today + timedelta(days=EXPIRY_DAYS), "most": _MOST, "own": OWN},
    ).all()
    products = products_by_id(connection, org_id=org_id, ids={row.product_id for row in rows})
    units = units_of(connection, org_id=org_id, products=products.values(), on=today)
    return [
        EndingLot(
            product=products[row.product_id],
            units=units[row.product_id],
            lot_code=row.lot_code,
            expires_on=row.expires_on,
            on_hand=row.on_hand,
        )
        for row in rows
    ]


def _feeds(connection: Connection, org_id: UUID) -> list[Feed]:
    rows = connection.execute(
        text(
            "SELECT l.name_zh, l.name_en, greatest(l.fed_at, max(b.changed_at)) AS fed_at"
            " FROM location l LEFT JOIN stock_balance b ON b.org_id = l.org_id AND b.node_id = l.id"
            " WHERE l.org_id = :org AND l.kind = ANY(:kinds) AND l.level = 'node'"
            " GROUP BY l.org_id, l.id ORDER BY l.code"
        ),
        {"org": org_id, "kinds": list(order_views.REAL_NODES)},
    )
    return [Feed(name_zh=row.name_zh, name_en=row.name_en, fed_at=row.fed_at) for row in rows]


def _setup(connection: Connection, org_id: UUID, anchors: AnchorQueue) -> Setup:
    row = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM product WHERE org_id = :org) AS products,"
            " (SELECT count(DISTINCT node_id) FROM stock_balance WHERE org_id = :org) AS stock,"
            " (SELECT count(*) FROM partner WHERE org_id = :org AND 'supplier' = ANY(roles)) AS suppliers,"
            " (SELECT count(*) FROM agreement WHERE org_id = :org) AS agreements,"
            " (SELECT count(*) FROM replenishment_policy WHERE org_id = :org) AS policies,"
            " (SELECT count(*) FROM replenishment_order WHERE org_id = :org AND state = 'closed') AS orders"
        ),
        {"org": org_id},
    ).one()
    return Setup(
        products=row.products,
        stock=row.stock,
        suppliers=row.suppliers,
        agreements=row.agreements,
        policies=row.policies,
        orders=row.orders,
        anchored=anchors.anchored,
    )
