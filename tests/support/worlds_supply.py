"""Replenishment, papers and passports of a world, written as rows: the viewer's own, and strangers'.

Rows, because an order that was received would otherwise take a dozen deeds; the states and their history are those
the deeds leave behind (``domain.md`` 4c).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from portal.kernel.ids import new_id
from portal.passports.store import credential_table, document_table
from portal.replenishment.store import order_table, policy_table, shipment_table, step_table
from support.worlds import NOW, TODAY

PATHS: Mapping[str, tuple[str, ...]] = {
    "proposed": ("proposed",),
    "withdrawn": ("proposed", "cancelled"),
    "sent": ("proposed", "sent"),
    "accepted": ("proposed", "sent", "accepted"),
    "rejected": ("proposed", "sent", "rejected"),
    "expired": ("proposed", "sent", "expired"),
    "cancelled": ("proposed", "sent", "cancelled"),
    "shipped": ("proposed", "sent", "accepted", "shipped"),
    "closed": ("proposed", "sent", "accepted", "shipped", "received", "closed"),
}
"""How an order came to be what it is; one withdrawn was never sent."""


@dataclass(frozen=True)
class Deal:
    """A replenishment order: its number, how it went, its figures, and the day it was made."""

    number: str
    path: str
    quantity: int
    on_hand: int
    made_on: date

    @property
    def at(self) -> datetime:
        """When it was made."""
        return NOW - timedelta(days=(TODAY - self.made_on).days)


@dataclass(frozen=True)
class Paper:
    """A certificate or a report of a supplier; ``lot`` makes it a report."""

    number: str
    lot: str
    until: date | None


@dataclass
class Writer:
    """Writes rows of one world.

    Attributes:
        connection: Open transaction.
        org_id: The company.
        rng: Decides what is not given.
        name: Makes a name that only this side has.
        now: Returns an instant later than the last.
    """

    connection: Connection
    org_id: UUID
    rng: Random
    name: Callable[[str], str]
    now: Callable[[], datetime]

    def policy(self, product_id: UUID, place: UUID, supplier: UUID) -> UUID:
        """Write the rule by which a product is ordered; its figures are the host's own."""
        policy_id = new_id(self.now())
        lowest = self.rng.randint(0, 90)
        self._row(
            policy_table,
            id=policy_id,
            product_id=product_id,
            location_id=place,
            supplier_id=supplier,
            min_quanta=lowest,
            max_quanta=lowest + self.rng.randint(0, 400),
            pack_quanta=self.rng.choice((1, 12)),
            lead_time_days=self.rng.randint(1, 20),
            answer_hours=self.rng.choice((24, 48)),
            active=self.rng.random() < 0.7,
            created_at=self.now(),
        )
        return policy_id

    def order(self, deal: Deal, policy_id: UUID, product_id: UUID, place: UUID, supplier: UUID) -> None:
        """Write an order with its history and, where it has left, its despatch advice."""
        order_id = new_id(self.now())
        path = PATHS[deal.path]
        whose = {"product_id": product_id, "location_id": place, "supplier_id": supplier}
        self._row(
            order_table,
            id=order_id,
            number=deal.number,
            policy_id=policy_id,
            **whose,
            quantity=deal.quantity,
            pack_quanta=1,
            needed_on=deal.made_on + timedelta(days=9),
            on_hand=deal.on_hand,
            in_transit=0,
            confirmed=0,
            incoming_on=None,
            demand_in_lead_time=40,
            lead_time_days=7,
            projected=deal.on_hand - 40,
            min_quanta=30,
            max_quanta=300,
            over_max=False,
            state=path[-1],
            version=len(path),
            answer_by=deal.at + timedelta(hours=48),
            created_at=deal.at,
        )
        for version, state in enumerate(path, 1):
            self._row(
                step_table,
                order_id=order_id,
                version=version,
                from_state=path[version - 2] if version > 1 else None,
                to_state=state,
                actor="somebody",
                actor_id=None,
                reason="below_min" if version == 1 else "",
                at=deal.at + timedelta(hours=version),
            )
        if "shipped" in path:
            self._shipment(deal, order_id, whose, arrived="received" in path)

    def _shipment(self, deal: Deal, order_id: UUID, whose: Mapping[str, UUID], *, arrived: bool) -> None:
        self._row(
            shipment_table,
            id=new_id(self.now()),
            number=f"ASN-{deal.number}",
            order_id=order_id,
            **whose,
            lot_code=f"LOT-{deal.number}",
            lot_expires_on=deal.made_on + timedelta(days=300),
            quantity=deal.quantity,
            received=deal.quantity if arrived else 0,
            due_on=deal.made_on + timedelta(days=8),
            state="received" if arrived else "departed",
            version=1,
            departed_at=deal.at + timedelta(hours=5),
            received_at=deal.at + timedelta(hours=9) if arrived else None,
        )

    def paper(self, paper: Paper, partner_id: UUID, product_id: UUID | None, *, by: str) -> str:
        """Write a paper; returns its file's digest in hexadecimal."""
        digest = sha256(f"{paper.number}/{partner_id if by != 'me' else 'me'}".encode())
        self._row(
            document_table,
            id=new_id(self.now()),
            kind="inspection_report" if paper.lot else "certificate",
            sha256=digest.digest(),
            size_bytes=1000,
            media_type="application/pdf",
            file_name=f"{paper.number}.pdf",
            partner_id=partner_id,
            product_id=product_id,
            lot_code=paper.lot or None,
            number=paper.number,
            issued_by="Lab",
            valid_from=date(2026, 1, 1),
            valid_until=paper.until,
            uploaded_by=by,
            uploaded_at=NOW - timedelta(days=len(paper.number)),
        )
        return digest.hexdigest()

    def passport(self, product_id: UUID, gtin: str, lot: str) -> None:
        """Write the passport of a lot; only its address is told beside stock."""
        self._row(
            credential_table,
            id=new_id(self.now()),
            kind="lot",
            product_id=product_id,
            gtin=gtin.zfill(14),
            lot_code=lot,
            body="{}",
            digest=sha256(f"{gtin}/{lot}/{self.name('salt')}".encode()).digest(),
            facts_key=self.name("facts"),
            issued_by=self.name("Clerk"),
            issued_at=self.now(),
        )

    def strangers(self, products: Sequence[UUID], places: Sequence[UUID], suppliers: Sequence[UUID]) -> list[str]:
        """Write what suppliers who are not asking have with the host; returns digests of their papers."""
        for product_id in products:
            for supplier in suppliers:
                if self.rng.random() < 0.5:
                    continue
                place = self.rng.choice(places)
                policy_id = self.policy(product_id, place, supplier)
                for _ in range(self.rng.randint(0, 2)):
                    path = self.rng.choice([path for path in PATHS if path not in {"proposed", "sent"}])
                    self.order(self.deal(path), policy_id, product_id, place, supplier)
                self.order(
                    self.deal(self.rng.choice(("proposed", "sent"))), policy_id, product_id, place, supplier
                )
        return [
            self.paper(self._paper(), supplier, self.rng.choice([None, *products]), by=self.name("Clerk"))
            for supplier in suppliers
            for _ in range(self.rng.randint(0, 3))
        ]

    def deal(self, path: str) -> Deal:
        """Draw an order nobody here is told of."""
        made_on = TODAY - timedelta(days=self.rng.randint(0, 40))
        return Deal(self.name("R-"), path, self.rng.randint(1, 500), self.rng.randint(0, 300), made_on)

    def _paper(self) -> Paper:
        until = self.rng.choice((None, TODAY + timedelta(days=self.rng.randint(-40, 400))))
        return Paper(self.name("JY-"), self.rng.choice(("", self.name("LOT-"))), until)

    def _row(self, table: Any, **values: Any) -> None:
        self.connection.execute(table.insert().values(org_id=self.org_id, **values))
