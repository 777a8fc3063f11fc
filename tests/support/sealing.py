"""A company with sealed batches and nothing else: what anchoring needs, without papers and passports."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from portal import wiring
from portal.flows.anchoring import chain_settings, seal_and_anchor, witness
from portal.kernel.ids import new_id
from portal.partners import service as partners
from portal.passports import reads
from portal.passports.anchoring import ChainSettings
from portal.passports.store import batch_table
from portal.platform.clock import HandClock
from portal.platform.config import Settings
from portal.platform.db import Database
from portal.platform.services import Services
from support.anchoring import CHAIN_ID


def root_of(number: int) -> bytes:
    """The root of the batch with this number."""
    return hashlib.sha256(b"batch %d" % number).digest()


@dataclass
class Sealing:
    """A company whose batches are sealed by hand."""

    services: Services
    org_id: UUID

    def on(self, url: str, *, extra: str = "", confirmations: int = 0) -> "Sealing":
        """The same company, anchoring on these endpoints."""
        settings = replace(
            self.services.settings,
            chain_rpc_url=url,
            chain_confirmations=confirmations,
            chain_extra_rpc_url=extra,
            chain_extra_id=CHAIN_ID,
            chain_extra_confirmations=0,
        )
        return replace(self, services=replace(self.services, settings=settings))

    @property
    def chain(self) -> ChainSettings:
        """Where it anchors."""
        return chain_settings(self.services.settings)

    @property
    def now(self) -> datetime:
        """The instant of its clock."""
        return self.services.clock.now()

    def seal(self, *numbers: int) -> None:
        """Seal batches of one leaf more than their number."""
        with self.services.database.transaction() as connection:
            for number in numbers:
                connection.execute(
                    batch_table.insert().values(
                        org_id=self.org_id,
                        id=new_id(self.now),
                        seq=number,
                        root=root_of(number),
                        size=number + 1,
                        state="sealed",
                        sealed_at=self.now,
                    )
                )

    def anchor(self) -> int:
        """What the worker does; returns how many batches became final."""
        return seal_and_anchor(self.services)

    def witness(self) -> int:
        """What the worker does for the extra chain."""
        return witness(self.services)

    def states(self) -> list[tuple[int, str]]:
        """Number and state of every batch."""
        with self.services.database.reading() as connection:
            rows = connection.execute(text("SELECT seq, state FROM anchor_batch ORDER BY seq"))
            return [(row.seq, row.state) for row in rows]

    def pin(self, role: str = "main") -> reads.ChainPin | None:
        """The chain in use."""
        with self.services.database.reading() as connection:
            return reads.chain_pin(connection, org_id=self.org_id, role=role)

    def ask(self, question: str) -> list[tuple[object, ...]]:
        """Ask the database."""
        with self.services.database.reading() as connection:
            return [tuple(row) for row in connection.execute(text(question))]

    def change(self, statement: str) -> None:
        """Change the database behind the portal's back."""
        with self.services.database.transaction() as connection:
            connection.execute(text(statement))


def found_sealing(database: Database, *, home: Path, clock: HandClock) -> Sealing:
    """Found the company."""
    settings = Settings(home=home, database_url=database.url, chain_id=CHAIN_ID, default_language="en")
    built = wiring.build_services(settings, clock=clock)
    built.database.close()
    services = replace(built, database=database)
    with database.transaction() as connection:
        org_id = partners.save_company(connection, name_zh="主家", name_en="Host", is_demo=False, now=clock.now())
    return Sealing(services=services, org_id=org_id)
