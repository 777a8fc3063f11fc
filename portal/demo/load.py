"""Writing the demo company in one transaction, so that a start that is killed leaves nothing behind."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from portal.demo import catalogue, passports, units, workshop, year
from portal.demo.dice import Dice
from portal.flows import replenishing
from portal.flows.naming import two_names
from portal.forecasting import service as forecasting
from portal.inventory import service as inventory
from portal.inventory.model import AllocationLine, ExpectedDraft, StockLine
from portal.inventory.places import Take
from portal.inventory.units.service import save_units
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.orders import service as orders
from portal.orders.model import OrderDraft, OrderLineDraft
from portal.partners import service as partners
from portal.partners.agreements import keep_agreement
from portal.partners.model import Agreement
from portal.passports.bearer import Bearer, passport_link
from portal.passports.model import code_hash
from portal.platform.services import Services
from portal.replenishment import service as replenishment
from portal.replenishment.model import Order, PolicyDraft, ShipmentDraft

_LOCK = 0x7A11_1573
"""Two starts at once load one company: the second waits here, then finds it."""

_ITEMS = {item.sku: item for item in catalogue.ITEMS}
_PARTNERS = {draft.code: draft for draft in catalogue.PARTNERS}
_VMI_NODE = "SH-1"
_NEARLY_DUE = timedelta(hours=4)
_SHIPPED = "CK-201"
"""Proposed four days ago, accepted, and shipped yesterday: it can be received."""

_BINNED = tuple(item.sku for item in catalogue.ITEMS[:6])
"""Products whose goods at the main node lie in bins."""

_CONSIGNED = "LD-503"
"""Of this product some lies at the main node that still is its supplier's."""

_POTTER = "S-02"
"""Who the teapots come from."""

_URGENT = "CK-204"
"""Waits for an answer that is due in hours."""


def load(services: Services, *, passwords: Mapping[str, str], now: datetime | None = None) -> bool:
    """Write the demo company into an empty database; a database that has a company is left alone.

    Args:
        services: Settings, database and clock.
        passwords: Password by address for everybody in ``catalogue.PEOPLE``.
        now: The instant the data end at; the clock's when not given.

    Returns:
        Whether the company was written now.
    """
    zone = ZoneInfo(services.settings.time_zone)
    moment = (now or services.clock.now()).astimezone(zone)
    with services.database.transaction() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if partners.the_company(connection) is not None:
            return False
        org_id = partners.save_company(
            connection, name_zh=catalogue.COMPANY_ZH, name_en=catalogue.COMPANY_EN, is_demo=True, now=moment
        )
        _Loader(connection, services, org_id, moment).write(passwords)
    return True


class _Loader:
    """One loading: what has been written so far, by the names the generator uses."""

    def __init__(self, connection: Connection, services: Services, org_id: UUID, now: datetime) -> None:
        self.connection = connection
        self.services = services
        self.now = now
        self.today = now.date()
        self.actor = Actor(org_id=org_id, label="周敏 Zhou Min", role=Role.OPERATOR)
        self.partners: dict[str, UUID] = {}
        self.nodes: dict[str, UUID] = {}
        self.products: dict[str, UUID] = {}

    def write(self, passwords: Mapping[str, str]) -> None:
        """Write everything, in the order in which it refers to each other."""
        connection, actor, now = self.connection, self.actor, self.now
        self.partners = partners.save_partners(connection, actor=actor, drafts=catalogue.PARTNERS, now=now)
        self.nodes = inventory.save_locations(connection, actor=actor, drafts=catalogue.LOCATIONS, now=now)
        self.products = inventory.save_products(connection, actor=actor, drafts=catalogue.products(), now=now)
        self._units()
        self._people(passwords)
        self._agreements()
        self._stock()
        self._sales()
        self._receipts()
        self._promises()
        self._replenishment()
        self._passports()
        self._workshop()

    def _units(self) -> None:
        since = self.today - timedelta(days=365)
        drafts = units.drafts(catalogue.ITEMS, self.products, since=since)
        save_units(self.connection, actor=self.actor, drafts=drafts, now=self.now)

    def _people(self, passwords: Mapping[str, str]) -> None:
        for role, _, email in catalogue.PEOPLE:
            name, firm = catalogue.NAMES[email]
            partners.add_person(
                self.connection,
                actor=self.actor,
                email=email,
                name=name,
                role=Role(role),
                partner_id=self.partners[firm] if firm else None,
                password=passwords[email],
                language=None,
                now=self.now,
            )

    def _agreements(self) -> None:
        key_nodes = frozenset({self.nodes["SH-1"], self.nodes["JX-3PL"]})
        for code, tier, nodes in (
            ("C-01", Tier.ORDINARY, frozenset[UUID]()),
            ("C-02", Tier.KEY, key_nodes),
            ("C-03", Tier.STRATEGIC, frozenset(self.nodes.values())),
        ):
            partners.save_agreement(
                self.connection,
                actor=self.actor,
                number=f"AG-{self.today.year}-{code[-2:]}",
                partner_id=self.partners[code],
                tier=tier,
                purpose="补货与订货计划 Ordering and replenishment planning",
                valid_from=self.today - timedelta(days=200),
                valid_until=self.today + timedelta(days=365),
                products=None,
                nodes=nodes,
                now=self.now,
            )

        # Chenxi's first year, capped: shows in the history of their agreements.
        before = Agreement(
            number=f"AG-{self.today.year - 1}-01",
            tier=Tier.ORDINARY,
            purpose="试用 Trial",
            valid_from=self.today - timedelta(days=565),
            valid_until=self.today - timedelta(days=201),
            grain=Grain(GrainKind.CAP, (500,)),
        )
        keep_agreement(
            self.connection, actor=self.actor, partner_id=self.partners["C-01"], draft=before, now=self.now
        )

    def _stock(self) -> None:
        lines = [
            StockLine(
                product_id=self.products[lot.sku],
                location_id=self.nodes[lot.node],
                quantity=lot.quantity,
                lot_code=lot.lot,
                made_on=lot.made_on,
                expires_on=lot.expires_on,
            )
            for lot in year.stock(self.today)
        ]
        inventory.book_stock(
            self.connection,
            actor=self.actor,
            lines=lines,
            document="期初库存 Opening",
            key_prefix="demo",
            now=self.now,
        )
        self._put_away(lines)
        self._consign()

    def _consign(self) -> None:
        """Lay a supplier's goods beside ours: they can be taken over, and are promised to nobody until then."""
        made_on = self.today - timedelta(days=20)
        line = StockLine(
            product_id=self.products[_CONSIGNED],
            location_id=self.nodes[_VMI_NODE],
            quantity=_ITEMS[_CONSIGNED].pack * 10,
            lot_code=f"CO{made_on:%y%m%d}",
            made_on=made_on,
            expires_on=made_on + timedelta(days=_ITEMS[_CONSIGNED].shelf_days),
            owner_id=self.partners[_ITEMS[_CONSIGNED].supplier],
        )
        inventory.book_stock(
            self.connection,
            actor=self.actor,
            lines=[line],
            document="寄售入库 Consigned",
            key_prefix="demo:consigned",
            now=self.now,
        )

    def _put_away(self, lines: Sequence[StockLine]) -> None:
        """Give the main node a zone with bins, and carry the goods of some products into them."""
        main = self.nodes[_VMI_NODE]
        zone = self._place(main, "zone", "A", "常温区", "Ambient")
        bins = [self._place(zone, "bin", f"A-{number:02d}", "", "") for number in range(1, len(_BINNED) + 1)]
        at = dict(zip((self.products[sku] for sku in _BINNED), bins, strict=True))
        for number, line in enumerate(lines):
            if line.location_id == main and line.product_id in at:
                inventory.transfer(
                    self.connection,
                    actor=self.actor,
                    take=Take(
                        product_id=line.product_id,
                        lot_code=line.lot_code,
                        place_id=main,
                        quantity=line.quantity,
                    ),
                    to_id=at[line.product_id],
                    document="上架 Put away",
                    key=f"demo:put-away:{number}",
                    now=self.now,
                )

    def _place(self, parent_id: UUID, level: str, code: str, name_zh: str, name_en: str) -> UUID:
        return inventory.add_place(
            self.connection,
            actor=self.actor,
            parent_id=parent_id,
            level=level,
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            now=self.now,
        )

    def _sales(self) -> None:
        """Write the year's orders and the demand that follows from them."""
        demand: dict[tuple[UUID, date], list[int]] = {}
        drafts = []
        for order in [*year.history(self.today), *year.open_orders(self.today)]:
            drafts.append(self._order(order))
            for line in order.lines:
                counted = demand.setdefault((self.products[line.sku], order.day), [0, 0])
                counted[0] += line.quantity
                counted[1] += 1
        orders.save_orders(self.connection, actor=self.actor, orders=drafts, now=self.now)
        rows = ((product, day, units, count) for (product, day), (units, count) in demand.items())
        forecasting.replace_demand(self.connection, org_id=self.actor.org_id, rows=rows)

    def _order(self, order: year.DemoOrder) -> OrderDraft:
        dice = Dice(order.day.toordinal())
        placed = datetime.combine(order.day, time(9, dice.below(60)), tzinfo=self.now.tzinfo)
        return OrderDraft(
            number=order.number,
            partner_id=self.partners[order.customer] if order.customer else None,
            ordered_at=placed,
            needed_on=order.needed_on,
            state="open" if order.needed_on else "fulfilled",
            source="demo",
            lines=tuple(
                OrderLineDraft(
                    number,
                    self.products[line.sku],
                    self.nodes[order.node],
                    line.quantity,
                    Decimal(_ITEMS[line.sku].price) / 100,
                )
                for number, line in enumerate(order.lines, start=1)
            ),
        )

    def _receipts(self) -> None:
        drafts = [
            ExpectedDraft(
                product_id=self.products[receipt.sku],
                location_id=self.nodes[receipt.node],
                quantity=receipt.quantity,
                due_on=receipt.due_on,
                source_key=f"demo/{receipt.document}",
                state=receipt.state,
                document=receipt.document,
                supplier=_PARTNERS[receipt.supplier].name_zh,
                lot_code=receipt.lot,
                lot_expires_on=receipt.expires_on,
            )
            for receipt in year.receipts(self.today)
        ]
        inventory.expect_receipts(self.connection, actor=self.actor, drafts=drafts, now=self.now)

    def _promises(self) -> None:
        lines = [
            AllocationLine(
                product_id=self.products[line.sku],
                location_id=self.nodes[order.node],
                partner_id=self.partners[order.customer] if order.customer else None,
                quantity=line.quantity,
                needed_on=order.needed_on or order.day,
                document=order.number,
                source_key=f"demo/{order.number}/{line.sku}",
            )
            for order in year.open_orders(self.today)
            for line in order.lines
        ]
        inventory.allocate(self.connection, actor=self.actor, lines=lines, now=self.now)

    def _replenishment(self) -> None:
        """Let proposals arise by the rules, some days and hours ago, and one of them be answered and shipped."""
        shipped = self._propose(_SHIPPED, self.now - timedelta(days=4), answer_hours=48)
        supplier = Actor(
            org_id=self.actor.org_id,
            label="吴芳 Wu Fang",
            role=Role.SUPPLIER,
            partner_id=self.partners[year.VMI[_SHIPPED]],
        )
        answered = self.now - timedelta(days=3, hours=20)
        replenishment.accept(self.connection, actor=supplier, number=shipped.number, version=None, now=answered)
        made_on = self.today - timedelta(days=2)
        replenishment.ship(
            self.connection,
            actor=supplier,
            number=shipped.number,
            version=None,
            draft=ShipmentDraft(
                number=f"ASN-{made_on:%y%m%d}-1",
                lot_code=f"CK{made_on:%y%m%d}S",
                made_on=made_on,
                expires_on=made_on + timedelta(days=_ITEMS[_SHIPPED].shelf_days),
                quantity=shipped.quantity,
                due_on=self.today,
            ),
            now=self.now - timedelta(days=1),
        )
        for sku in year.VMI:
            if sku == _URGENT:
                self._propose(sku, self.now + _NEARLY_DUE - timedelta(hours=24), answer_hours=24)
            elif sku != _SHIPPED:
                self._propose(sku, self.now - timedelta(hours=6), answer_hours=48)

    def _propose(self, sku: str, at: datetime, *, answer_hours: int) -> Order:
        item = _ITEMS[sku]
        quantum = year.quantum(item)
        lead = catalogue.LEAD_DAYS[item.supplier]
        policy_id = replenishment.save_policy(
            self.connection,
            actor=self.actor,
            draft=PolicyDraft(
                product_id=self.products[sku],
                location_id=self.nodes[_VMI_NODE],
                supplier_id=self.partners[year.VMI[sku]],
                min_quanta=item.daily * 6 * quantum,
                max_quanta=item.daily * (lead + 20) * quantum,
                pack_quanta=item.pack * quantum,
                lead_time_days=lead,
                answer_hours=answer_hours,
            ),
            now=at,
        )
        return replenishing.check(
            self.connection,
            org_id=self.actor.org_id,
            scope=replenishing.Scope(policy_id=policy_id),
            today=at.date(),
            now=at,
        )[0]

    def _passports(self) -> None:
        """Sign passports of some lots, replace one of them, and let a paper that ran out keep a lot back."""
        newest = {lot.sku: lot for lot in self._in_main()}
        passports.issue(
            self.connection,
            actor=self.actor,
            services=self.services,
            lots=[self._lot(newest[sku]) for sku in passports.SKUS],
            now=self.now,
        )
        passports.withhold(
            self.connection,
            actor=self.actor,
            services=self.services,
            lot=self._lot(newest[passports.WITHHELD]),
            now=self.now,
        )

    def _workshop(self) -> None:
        """Pack gift boxes of teas, and give teapots their passports, piece by piece."""
        main = self.nodes[_VMI_NODE]
        workshop.pack_boxes(
            self.connection,
            actor=self.actor,
            lots=self._in_main(),
            products=self.products,
            location_id=main,
            now=self.now,
        )
        maker = _PARTNERS[_POTTER]
        workshop.sign_pieces(
            self.connection,
            actor=self.actor,
            services=self.services,
            product_id=self.products[catalogue.TEAPOT.sku],
            supplier=(self.partners[_POTTER], two_names(maker.name_zh, maker.name_en)),
            location_id=main,
            now=self.now,
        )

    def _in_main(self) -> list[year.DemoLot]:
        return [lot for lot in year.stock(self.today) if lot.node == _VMI_NODE]

    def _lot(self, lot: year.DemoLot) -> passports.PassportLot:
        item = _ITEMS[lot.sku]
        supplier = _PARTNERS[item.supplier]
        return passports.PassportLot(
            product_id=self.products[lot.sku],
            sku=lot.sku,
            name_zh=item.zh,
            name_en=item.en,
            lot_code=lot.lot,
            made_on=lot.made_on or self.today,
            expires_on=lot.expires_on or self.today,
            quantity=lot.quantity,
            supplier_id=self.partners[item.supplier],
            supplier_code=item.supplier,
            supplier_zh=supplier.name_zh,
            supplier_en=supplier.name_en,
            location_id=self.nodes[_VMI_NODE],
        )


def passport_links(services: Services) -> list[tuple[str, str]]:
    """Return what the code of every passport of the demo carries, and its bundle's address, by GTIN and lot."""
    with services.database.reading() as connection:
        company = partners.the_company(connection)
        rows = connection.execute(
            text(
                "SELECT DISTINCT ON (about) gtin, lot_code, coalesce(serial, '') AS serial, digest FROM credential"
                " WHERE org_id = :org AND kind = 'product_passport'"
                " ORDER BY about, issued_at DESC, id DESC"
            ),
            {"org": company.id if company else None},
        ).all()
    origin = services.settings.origin
    links = []
    for row in rows:
        bearer = Bearer(gtin=row.gtin, lot_code=row.lot_code, serial=row.serial)
        code = f"{passport_link(origin, bearer)}#h={code_hash(row.digest)}"
        links.append((code, f"{origin}/bundles/{row.digest.hex()}.json"))
    return links
