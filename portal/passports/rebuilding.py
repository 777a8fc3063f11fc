"""Mending by hand what the writer refuses to mend by itself: ``tally ledger reanchor`` and ``resync``.

Both hold the writer's lease, so no worker writes meanwhile. Nothing that was ever received is thrown away: what a
chain said of a batch stays in ``anchor_copy`` under the pin it said it under.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from ledger.backend import ChainIdentity
from ledger.bundle import Anchor
from ledger.chain import Chain
from ledger.errors import Conflict, ForeignContract, NotFound, Refused
from ledger.history import AnchorEvent, read_history
from ledger.issue import AnchorBatch, AnchorState, AnchorTarget, Placement, build_receipt
from portal.kernel.ids import new_id
from portal.passports.anchoring import ChainSettings, lease, prepare_chain, target_of, write
from portal.passports.reads import ChainPin, chain_pin
from portal.passports.store import batch_table, chain_table, copy_table
from portal.passports.writer import MAIN
from portal.platform.db import Database

_ASIDE = 1 << 40
"""Added to batch numbers while they are dealt anew, so that no two are equal on the way."""


class WriterBusy(Conflict):
    """A worker holds the writer's lease just now; try again in a moment."""

    code = "writer_busy"


class NothingPinned(NotFound):
    """No chain is pinned yet: the worker pins it at its first start."""

    code = "nothing_pinned"


class NotConfirmed(Refused):
    """The chain named to be taken is not the one that answers."""

    code = "not_confirmed"


class StillThere(Refused):
    """The pinned chain answers, contract and all: there is nothing to leave behind."""

    code = "still_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One batch of which the chain and the database tell different things.

    Attributes:
        seq: The chain's number of it, or the database's where the chain has none.
        root: 32 bytes.
        what: ``unknown`` (only the chain has it), ``missing`` (final here, not on the chain), ``unnoted`` (on the
            chain, not final here), ``moved`` (another number or another receipt).
    """

    seq: int
    root: bytes
    what: str


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    seq: int
    root: bytes
    size: int
    state: str
    receipt: dict[str, Any] | None


def named(identity: ChainIdentity) -> str:
    """Return how an operator names a chain when confirming: its number and the first 16 digits of its genesis."""
    return f"{identity.chain_id}:{identity.genesis.hex()[:16]}"


def reanchor(database: Database, settings: ChainSettings, *, org_id: UUID, onto: str, now: datetime) -> int:
    """Leave the pinned chain behind and bring every sealed batch, in order, onto the one that answers.

    Each batch gets a new receipt with the new chain's time; roots, and so the credentials and the heads partners
    saw, stay what they were. The old pin is retired and its receipts are kept. A crash half-way is carried on by
    the worker.

    Args:
        database: Connections.
        settings: The chain.
        org_id: The host company.
        onto: The chain to take, as ``named`` says it: what an operator confirms.
        now: Instant of the deed.

    Returns:
        How many batches became final on the new chain; others follow as it confirms them.

    Raises:
        NotConfirmed: Another chain answers than the one named.
        StillThere: The pinned chain, contract and all, is the one that answers.
        NothingPinned: There is no chain to leave.
        WriterBusy: A worker is writing just now.
        ledger.errors.LedgerError: As ``prepare_chain``.
    """
    with lease(database, settings.role) as mine:
        if not mine:
            raise WriterBusy("a worker anchors just now; try again in a moment")
        chain = Chain(settings.rpc_url)
        identity = chain.identity()
        if named(identity) != onto:
            raise NotConfirmed(f"chain {named(identity)} answers, {onto} was named", found=named(identity))
        pin = _pin(database, org_id, settings.role)
        if _is_there(chain, pin, identity):
            raise StillThere(f"the pinned chain {named(identity)} answers, with its contract")
        with database.transaction() as connection:
            _Mending(connection, org_id, pin, now).leave()
        return write(database, settings, org_id=org_id, now=now)


def resync(
    database: Database, settings: ChainSettings, *, org_id: UUID, apply: bool, now: datetime
) -> tuple[Difference, ...]:
    """Read every batch back from the chain, compare, and with ``apply`` let the chain's account stand.

    A batch only the chain knows (the database was restored from before it) is entered with its root and receipt,
    so that numbers go on where the chain stands; its credentials are not made up. A batch the chain does not have
    waits again, behind those it has.

    Args:
        database: Connections.
        settings: The chain.
        org_id: The host company.
        apply: Whether to change anything.
        now: Instant of the deed.

    Returns:
        What differed before anything was changed, in the order of the chain's numbers.

    Raises:
        NothingPinned: There is no chain to read from.
        WriterBusy: A worker is writing just now.
        ledger.history.HistoryGap: The endpoint does not give every log; nothing is changed.
        ledger.errors.LedgerError: As ``prepare_chain``.
    """
    with lease(database, settings.role) as mine:
        if not mine:
            raise WriterBusy("a worker anchors just now; try again in a moment")
        _pin(database, org_id, settings.role)
        pin = prepare_chain(database, settings, org_id=org_id, now=now)
        chain = Chain(settings.rpc_url)
        history = read_history(chain, contract=pin.contract, stream=pin.stream)
        with database.transaction() as connection:
            mending = _Mending(connection, org_id, pin, now)
            rows = mending.rows()
            found = _differences(rows, history)
            if apply and found:
                receipts = {one.root: _receipt(chain, one, target_of(pin, settings)) for one in history}
                mending.let_stand(rows, history, receipts)
        return found


def _pin(database: Database, org_id: UUID, role: str) -> ChainPin:
    with database.reading() as connection:
        pin = chain_pin(connection, org_id=org_id, role=role)
    if pin is None:
        raise NothingPinned("no chain is pinned yet")
    return pin


def _is_there(chain: Chain, pin: ChainPin, identity: ChainIdentity) -> bool:
    if identity != ChainIdentity(pin.chain_id, pin.genesis):
        return False
    try:
        chain.check_contract(pin.contract)
    except ForeignContract:
        return False
    return True


def _differences(rows: Sequence[_Row], history: Sequence[AnchorEvent]) -> tuple[Difference, ...]:
    here, there = {one.root: one for one in rows}, {one.root for one in history}
    found = []
    for event in history:
        row = here.get(event.root)
        if row is None:
            found.append(Difference(seq=event.seq, root=event.root, what="unknown"))
        elif row.state != AnchorState.FINAL:
            found.append(Difference(seq=event.seq, root=event.root, what="unnoted"))
        elif row.seq != event.seq or not _tells(row.receipt, event):
            found.append(Difference(seq=event.seq, root=event.root, what="moved"))
    lost = [row for row in rows if row.state == AnchorState.FINAL and row.root not in there]
    return (*found, *(Difference(seq=row.seq, root=row.root, what="missing") for row in lost))


def _tells(receipt: dict[str, Any] | None, event: AnchorEvent) -> bool:
    if receipt is None:
        return False
    told = Anchor.from_value(receipt)
    where = (told.seq, told.transaction, told.block_number, told.block_hash)
    return where == (event.seq, event.tx_hash, event.block_number, event.block_hash)


def _receipt(chain: Chain, event: AnchorEvent, target: AnchorTarget) -> dict[str, Any]:
    block = chain.block(event.block_number)
    placement = Placement(event.tx_hash, event.block_number, event.block_hash, block.time)
    return build_receipt(AnchorBatch("", event.seq, event.root, event.size, AnchorState.FINAL, placement), target)


class _Mending:
    """What is changed of the batches of one company, in one transaction.

    Args:
        connection: Open transaction.
        org_id: The host company.
        pin: The chain the batches are told of.
        now: Instant of the deed.
    """

    def __init__(self, connection: Connection, org_id: UUID, pin: ChainPin, now: datetime) -> None:
        self._connection = connection
        self._org_id = org_id
        self._pin = pin
        self._now = now

    def rows(self) -> list[_Row]:
        """Return every batch, in order, locked."""
        table = batch_table.c
        rows = self._connection.execute(
            select(batch_table).where(table.org_id == self._org_id).order_by(table.seq).with_for_update()
        )
        return [_Row(row.id, row.seq, row.root, row.size, row.state, row.receipt) for row in rows]

    def leave(self) -> None:
        """Retire the pin; batches of the main chain wait again, what it said of them is kept."""
        if self._pin.role == MAIN:
            for row in self.rows():
                self._keep(row)
                self._change(row.id, state=AnchorState.SEALED.value, placement=None, receipt=None)
        table = chain_table.c
        self._connection.execute(
            update(chain_table)
            .where(table.org_id == self._org_id, table.id == self._pin.id)
            .values(retired_at=self._now)
        )

    def let_stand(
        self, rows: Sequence[_Row], history: Sequence[AnchorEvent], receipts: Mapping[bytes, dict[str, Any]]
    ) -> None:
        """Make the batches what the chain says, and line up behind them those it does not have."""
        table, here = batch_table.c, {one.root: one for one in rows}
        self._connection.execute(
            update(batch_table).where(table.org_id == self._org_id).values(seq=table.seq + _ASIDE)
        )
        for event in history:
            row, receipt = here.pop(event.root, None), receipts[event.root]
            final = {"seq": event.seq, "state": AnchorState.FINAL.value, "receipt": receipt}
            if row is None:
                self._enter(event, receipt, final)
            else:
                if not _tells(row.receipt, event):
                    self._keep(row)
                self._change(row.id, **final)
        for seq, row in enumerate(here.values(), start=len(history)):
            self._keep(row)
            self._change(row.id, seq=seq, state=AnchorState.SEALED.value, placement=None, receipt=None)

    def _enter(self, event: AnchorEvent, receipt: dict[str, Any], values: dict[str, Any]) -> None:
        self._connection.execute(
            batch_table.insert().values(
                org_id=self._org_id,
                id=new_id(self._now),
                root=event.root,
                size=event.size,
                sealed_at=Anchor.from_value(receipt).block_time,
                **values,
            )
        )

    def _keep(self, row: _Row) -> None:
        if row.receipt is None:
            return
        said = {"state": row.state, "receipt": row.receipt}
        self._connection.execute(
            insert(copy_table)
            .values(org_id=self._org_id, id=new_id(self._now), batch_id=row.id, pin_id=self._pin.id, **said)
            .on_conflict_do_update(index_elements=["org_id", "batch_id", "pin_id"], set_=said)
        )

    def _change(self, batch_id: UUID, **values: Any) -> None:
        table = batch_table.c
        self._connection.execute(
            update(batch_table).where(table.org_id == self._org_id, table.id == batch_id).values(**values)
        )
