"""A small company with stock, for tests of the rooms that keep and promise it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory import service
from portal.inventory.model import AllocationLine, ExpectedDraft, LocationDraft, ProductDraft, StockLine
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id

ORG = UUID("01900000-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
TODAY = date(2026, 11, 23)
ACTOR = Actor(org_id=ORG, label="tester")


def in_days(days: int) -> date:
    """Return the date so many days after the tests' today."""
    return TODAY + timedelta(days=days)


@dataclass(slots=True)
class Stock:
    """A company in ``connection`` with two nodes and whatever products a test makes."""

    connection: Connection
    main: UUID
    outside: UUID

    def product(self, sku: str = "TEA", **facts: object) -> UUID:
        """Save one product and return its id."""
        values: dict[str, object] = {"name_zh": "白牡丹", "name_en": "White peony", "tracking": "lot"} | facts
        draft = ProductDraft(sku=sku, **values)  # type: ignore[arg-type]
        return service.save_products(self.connection, actor=ACTOR, drafts=[draft], now=NOW)[sku]

    def partner(self, code: str) -> UUID:
        """Save one customer and return its id."""
        partner_id = new_id(NOW)
        self.connection.execute(
            text(
                "INSERT INTO partner (org_id, id, code, name_zh, name_en, roles, created_at)"
                " VALUES (:org, :id, :code, :code, :code, ARRAY['customer'], :now)"
            ),
            {"org": ORG, "id": partner_id, "code": code, "now": NOW},
        )
        return partner_id

    def book(
        self,
        product_id: UUID,
        quantity: int,
        *,
        lot: str = "L1",
        expires: date | None = None,
        at: UUID | None = None,
    ) -> None:
        """Book opening stock of one lot."""
        line = StockLine(
            product_id=product_id,
            location_id=at or self.main,
            quantity=quantity,
            lot_code=lot,
            expires_on=expires,
        )
        service.book_stock(
            self.connection, actor=ACTOR, lines=[line], document="opening", key_prefix="test", now=NOW
        )

    def expect(
        self,
        product_id: UUID,
        quantity: int,
        *,
        days: int,
        key: str = "PO-1",
        at: UUID | None = None,
        shipped: bool = False,
    ) -> None:
        """Announce a receipt in so many days."""
        draft = ExpectedDraft(
            product_id=product_id,
            location_id=at or self.main,
            quantity=quantity,
            due_on=in_days(days),
            source_key=key,
            state="shipped" if shipped else "confirmed",
            document=key,
            supplier="Songyue",
        )
        service.expect_receipts(self.connection, actor=ACTOR, drafts=[draft], now=NOW)

    def promise(
        self,
        product_id: UUID,
        quantity: int,
        *,
        days: int,
        key: str = "SO-1",
        partner: UUID | None = None,
        at: UUID | None = None,
        beyond: bool = False,
    ) -> None:
        """Promise a quantity in so many days."""
        line = AllocationLine(
            product_id=product_id,
            location_id=at or self.main,
            partner_id=partner,
            quantity=quantity,
            needed_on=in_days(days),
            document=key,
            source_key=key,
        )
        service.allocate(self.connection, actor=ACTOR, lines=[line], now=NOW, beyond_stock=beyond)

    def on_hand(self, product_id: UUID, at: UUID | None = None) -> int:
        """Return the balance of a product at a node over all lots."""
        found = self.connection.execute(
            text(
                "SELECT COALESCE(SUM(on_hand), 0) FROM stock_balance"
                " WHERE org_id = :org AND product_id = :product AND location_id = :place"
            ),
            {"org": ORG, "product": product_id, "place": at or self.main},
        )
        return int(found.scalar_one())

    def in_transit(self, product_id: UUID) -> int:
        """Return what the moves say is on its way."""
        found = self.connection.execute(
            text("""
                SELECT COALESCE(SUM(CASE WHEN t.id = m.to_location_id THEN m.quantity ELSE -m.quantity END), 0)
                FROM stock_move m JOIN location t ON t.org_id = m.org_id AND t.kind = 'in_transit'
                     AND t.id IN (m.to_location_id, m.from_location_id)
                WHERE m.org_id = :org AND m.product_id = :product
            """),
            {"org": ORG, "product": product_id},
        )
        return int(found.scalar_one())

    def moves(self) -> int:
        """Return the number of moves."""
        found = self.connection.execute(text("SELECT count(*) FROM stock_move WHERE org_id = :org"), {"org": ORG})
        return int(found.scalar_one())

    def messages(self, name: str) -> int:
        """Return the number of messages of that name in the outbox."""
        found = self.connection.execute(
            text("SELECT count(*) FROM outbox_message WHERE org_id = :org AND name = :name"),
            {"org": ORG, "name": name},
        )
        return int(found.scalar_one())


def stock_company(connection: Connection) -> Stock:
    """Make the company and its two nodes in the connection's transaction."""
    connection.execute(
        text(
            "INSERT INTO org (id, name_zh, name_en, is_demo, created_at)"
            " VALUES (:org, '试验', 'Trial', FALSE, :now)"
        ),
        {"org": ORG, "now": NOW},
    )
    drafts = [
        LocationDraft(code="NB", name_zh="宁波中心仓", name_en="Ningbo"),
        LocationDraft(code="CD", name_zh="成都第三方仓", name_en="Chengdu", kind="third_party"),
    ]
    places = service.save_locations(connection, actor=ACTOR, drafts=drafts, now=NOW)
    return Stock(connection, places["NB"], places["CD"])
