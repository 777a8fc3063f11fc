"""A company with one lot, its papers and its way here, on a database of its own and, when asked, a real chain."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from portal import wiring
from portal.demo.papers import pdf
from portal.flows import passporting, pieces
from portal.flows.anchoring import seal_and_anchor
from portal.inventory import service as inventory
from portal.inventory.model import ProductDraft, StockLine
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.passports import reads, service
from portal.passports.bearer import Bearer
from portal.passports.model import DocumentDraft, DocumentKind, TraceLine
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services
from portal.replenishment import service as replenishment
from portal.replenishment.model import PolicyDraft
from support.anchoring import CHAIN_ID, Hand, running
from support.people import Company, found_company

GTIN = "06901234567892"
LOT = "L7"
PATH = f"/01/{GTIN}/10/{LOT}"
REPORT = pdf("Inspection report", ["Lot L7", "passed"])
CERTIFICATE = pdf("Food production licence", ["SC10631011500000"])


@dataclass
class Scene:
    """One lot of tea, received on Friday; tests happen on Monday 23 November 2026, 10:24 in Shanghai.

    Attributes:
        services: Over a database of the test's own.
        company: Everybody who may ask.
        product_id: The tea.
    """

    services: Services
    company: Company
    product_id: UUID
    now: datetime

    @property
    def supplier(self) -> Actor:
        return Actor(
            org_id=self.company.org_id,
            label="Name of supplier",
            person_id=self.company.people["supplier"],
            role=Role.SUPPLIER,
            partner_id=self.company.partners["supplier"],
        )

    @property
    def operator(self) -> Actor:
        return Actor(org_id=self.company.org_id, label="Name of operator", role=Role.OPERATOR)

    def draft(self, kind: DocumentKind, **changes: object) -> DocumentDraft:
        """What the supplier says of a paper."""
        report = kind is DocumentKind.INSPECTION_REPORT
        draft = DocumentDraft(
            kind=kind,
            partner_id=self.company.partners["supplier"],
            product_id=self.product_id,
            lot_code=LOT if report else None,
            number="JY-7" if report else "SC-1",
            issued_by="Zhejiang Lab" if report else "Market authority",
            valid_from=date(2026, 11, 16) if report else date(2026, 1, 1),
            valid_until=None if report else date(2027, 1, 24),
            file_name="report.pdf" if report else "licence.pdf",
        )
        return replace(draft, **changes)  # type: ignore[arg-type]

    def hand_in(self, kind: DocumentKind, data: bytes = b"", **changes: object) -> UUID:
        """Hand in a paper as the supplier; returns its id."""
        draft = self.draft(kind, **changes)
        content = data or (REPORT if kind is DocumentKind.INSPECTION_REPORT else CERTIFICATE)
        files = passporting.files_of(self.services.settings.home)
        stored = passporting.keep_paper(files, draft=draft, stream=io.BytesIO(content), today=date(2026, 11, 23))
        with self.services.database.transaction() as connection:
            return passporting.hand_in(connection, actor=self.supplier, draft=draft, file=stored, now=self.now)

    def papers(self) -> None:
        """Hand in what a passport needs."""
        self.hand_in(DocumentKind.CERTIFICATE)
        self.hand_in(DocumentKind.INSPECTION_REPORT)

    def trace(self, step: str, *, hours_ago: int, place: str) -> None:
        """Note one thing that happened to the lot."""
        line = TraceLine(
            source_key=f"{step}/1",
            product_id=self.product_id,
            lot_code=LOT,
            step=step,
            place=place,
            document="ASN-1",
            quantity=480,
            at=self.now - timedelta(hours=hours_ago),
        )
        with self.services.database.transaction() as connection:
            service.record_trace(connection, org_id=self.company.org_id, line=line, now=self.now)

    def issue(self, *, later: timedelta = timedelta()) -> reads.Passport:
        """Issue the lot's passport as the operator."""
        with self.services.database.transaction() as connection:
            passporting.issue(
                connection,
                actor=self.operator,
                services=self.services,
                product_id=self.product_id,
                lot_code=LOT,
                now=self.now + later,
            )
        return self.passport()

    def issue_pieces(self, *serials: str, later: timedelta = timedelta()) -> None:
        """Issue the passports of these pieces as the operator."""
        with self.services.database.transaction() as connection:
            pieces.issue_pieces(
                connection,
                actor=self.operator,
                services=self.services,
                product_id=self.product_id,
                lot_code=LOT,
                serials=serials,
                now=self.now + later,
            )

    def piece(self, serial: str) -> reads.Passport:
        """A piece's newest passport."""
        bearer = Bearer(gtin=GTIN, serial=serial)
        with self.services.database.reading() as connection:
            return reads.passport_of(connection, org_id=self.company.org_id, bearer=bearer)

    def passport(self) -> reads.Passport:
        """The lot's newest passport."""
        with self.services.database.reading() as connection:
            return reads.passport_of(
                connection, org_id=self.company.org_id, bearer=Bearer(gtin=GTIN, lot_code=LOT)
            )

    def bundle(self, digest: bytes | None = None) -> bytes:
        """The bundle of a passport, by default of the newest."""
        with self.services.database.reading() as connection:
            return reads.bundle(connection, org_id=self.company.org_id, digest=digest or self.passport().digest)

    def trust(self) -> bytes:
        """The portal's own trust list."""
        with self.services.database.reading() as connection:
            name = passporting.issuer_name(connection)
            return reads.trust_list(connection, org_id=self.company.org_id, name=name).to_json()

    def anchor(self) -> int:
        """What the worker does; returns how many batches became final."""
        return seal_and_anchor(self.services)

    def on_chain(self, url: str) -> "Scene":
        """The same company, asking another endpoint."""
        settings = replace(self.services.settings, chain_rpc_url=url)
        return replace(self, services=replace(self.services, settings=settings))


def made_scene(
    database: Database,
    *,
    home: Path,
    clock: HandClock,
    now: datetime,
    serials: tuple[str, ...] = (),
    **settings: object,
) -> Scene:
    """Make the company, its lot and who delivers it, without papers.

    The lot is of the pieces with these serial numbers, or 480 without any.
    """
    values: dict[str, object] = {
        "home": home,
        "database_url": database.url,
        "base_url": "https://portal.example",
        "chain_id": CHAIN_ID,
        "default_language": "en",
    }
    built = wiring.build_services(Settings(**values | settings), clock=clock)  # type: ignore[arg-type]
    built.database.close()
    services = replace(built, database=database)
    with services.database.transaction() as connection:
        company = found_company(connection, now=now)
        actor = Actor(org_id=company.org_id, label="importer")
        tea = ProductDraft(
            sku="TEA-1",
            gtin=GTIN,
            name_zh="龙井 250 克",
            name_en="Longjing tea",
            tracking="serial" if serials else "lot",
        )
        product_id = inventory.save_products(connection, actor=actor, drafts=[tea], now=now)["TEA-1"]
        line = StockLine(
            product_id=product_id,
            location_id=company.nodes["NGB"],
            lot_code=LOT,
            made_on=date(2026, 11, 5),
            expires_on=date(2027, 8, 4),
            quantity=len(serials) or 480,
            serials=serials,
        )
        inventory.book_stock(connection, actor=actor, lines=[line], document="OPEN", key_prefix="open", now=now)
        policy = PolicyDraft(
            product_id=product_id,
            location_id=company.nodes["NGB"],
            supplier_id=company.partners["supplier"],
            min_quanta=10,
            max_quanta=900,
            pack_quanta=1,
            lead_time_days=4,
        )
        replenishment.save_policy(connection, actor=actor, draft=policy, now=now)
    return Scene(services=services, company=company, product_id=product_id, now=now)


@contextmanager
def anchored(scene: Scene, path: Path) -> Iterator[tuple[Scene, str]]:
    """Issue and anchor the lot's passport on a chain of this process; gives the scene and the chain's URL."""
    with running(path, hand=Hand(int(scene.now.timestamp()))) as url:
        here = scene.on_chain(url)
        here.papers()
        here.trace("shipping", hours_ago=92, place="松月茶业 / Songyue Tea")
        here.trace("receiving", hours_ago=68, place="宁波仓 / Ningbo")
        here.issue()
        here.anchor()
        yield here, url
