"""Orders that hold stock in the small company of ``support.stock``."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory import service
from portal.inventory.reserving import Held, PoolDraft, ReserveDraft, ReserveLine
from portal.kernel.actor import Actor
from support.stock import ACTOR, NOW, ORG, TODAY, Stock, in_days


def line(stock: Stock, product: UUID, quantity: int, *, days: int = 0, at: UUID | None = None) -> ReserveLine:
    """Ask for a quantity in so many days."""
    return ReserveLine(
        product_id=product, location_id=at or stock.main, quantity=quantity, needed_on=in_days(days)
    )


def order(*lines: ReserveLine, key: str = "K-1", **facts: object) -> ReserveDraft:
    """Put lines together, held for half an hour."""
    values: dict[str, object] = {"document": "W-1", "held_until": NOW + timedelta(minutes=30)} | facts
    return ReserveDraft(key=key, lines=lines, **values)  # type: ignore[arg-type]


def hold(
    stock: Stock, *lines: ReserveLine, key: str = "K-1", now: datetime = NOW, actor: Actor = ACTOR, **facts: object
) -> Held:
    """Hold stock for an order."""
    return service.reserve(stock.connection, actor=actor, draft=order(*lines, key=key, **facts), now=now)


def fence(
    stock: Stock,
    product: UUID,
    quantity: int,
    *,
    partner: UUID | None = None,
    starts: date = TODAY,
    hours: int = 24,
    name: str = "Live",
) -> UUID:
    """Set stock apart for so many hours."""
    draft = PoolDraft(
        name=name,
        product_id=product,
        location_id=stock.main,
        quantity=quantity,
        partner_id=partner,
        starts_on=starts,
        ends_at=NOW + timedelta(hours=hours),
    )
    return service.open_pool(stock.connection, actor=ACTOR, draft=draft, now=NOW)


def summary(connection: Connection, product: UUID, place: UUID) -> tuple[int, int, int, int]:
    """Return physical, usable, committed and the number of open pools."""
    row = connection.execute(
        text(
            "SELECT physical, usable, committed, pooled FROM stock_summary"
            " WHERE org_id = :org AND product_id = :product AND location_id = :place"
        ),
        {"org": ORG, "product": product, "place": place},
    ).one()
    return (row.physical, row.usable, row.committed, row.pooled)
