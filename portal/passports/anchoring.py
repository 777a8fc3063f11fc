"""Bringing sealed batches onto a chain: the worker's part of the room, which loads web3.

There is one main chain, whose receipts bundles carry, and there may be an extra one that witnesses the same
batches; each has its own pin, its own writer and its own states. Several workers may call ``anchor_pending``: an
advisory lock in PostgreSQL makes one of them the writer. States and attempts are committed step by step
(``ledger.issue`` says why), so this module takes a ``Database``, not a transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from ledger.backend import ChainIdentity, Fees
from ledger.canonical import sha256
from ledger.chain import Chain, load_or_create_account
from ledger.contract import load_artefact, stream_id
from ledger.errors import ForeignChain
from ledger.history import check_stream
from ledger.issue import AnchorBatch, AnchorState, AnchorTarget, Attempt, Placement, advance, build_receipt
from portal.kernel.ids import new_id
from portal.passports.reads import ChainPin, chain_pin
from portal.passports.store import attempt_table, batch_table, chain_table, copy_table
from portal.passports.writer import MAIN, sealed_batches
from portal.platform.db import Database
from portal.platform.secrets import open_home

_WRITER_LOCKS = {"main": 0xA7C4_0551, "extra": 0xA7C4_0552}
_FOR_EVER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """Where and how to anchor.

    Attributes:
        rpc_url: The endpoint.
        chain_id: The number it must have.
        kind: ``embedded``, ``consortium`` or ``public``.
        confirmations: Blocks on top before a batch is final.
        home: Folder with the writer's key.
        role: ``main`` or ``extra``.
    """

    rpc_url: str
    chain_id: int
    kind: str
    confirmations: int
    home: Path
    role: str = MAIN


def prepare_chain(database: Database, settings: ChainSettings, *, org_id: UUID, now: datetime) -> ChainPin:
    """Return the pinned chain, deploying the contract and opening the stream the first time.

    A crash half-way is taken up again: contract address and stream follow from the writer's key, so what is
    there already is found, not made twice. A chain that is not the pinned one is never written to.

    Args:
        database: Where the pin is kept.
        settings: The chain.
        org_id: The host company; its id is the stream's salt.
        now: Instant of pinning.

    Raises:
        ledger.errors.ForeignChain: Another chain answers than the pinned or configured one.
        ledger.errors.ForeignContract: Other code lies at the pinned address.
        ledger.errors.ChainUnavailable: No usable answer; try again later.
    """
    chain = Chain(settings.rpc_url)
    identity = chain.identity()
    with database.reading() as connection:
        pin = chain_pin(connection, org_id=org_id, role=settings.role)
    if pin is not None:
        check_pinned(chain, pin)
        return pin
    if identity.chain_id != settings.chain_id:
        raise ForeignChain(
            f"chain {identity.chain_id} answers, {settings.chain_id} is configured",
            found=identity.chain_id,
            pinned=settings.chain_id,
        )
    account = writer_account(settings.home)
    contract = chain.deployed_by(account) or chain.deploy(account)
    stream = stream_id(bytes.fromhex(account.address.removeprefix("0x")), _salt(org_id))
    if chain.stream_state(contract, stream).admin != account.address:
        chain.open_stream(account, contract=contract, salt=_salt(org_id), admin=account.address)
    if chain.writer_until(contract, stream, account.address) < _FOR_EVER:
        chain.set_writer(account, contract=contract, stream=stream, writer=account.address, valid_until=_FOR_EVER)
    with database.transaction() as connection:
        connection.execute(
            insert(chain_table)
            .values(
                org_id=org_id,
                id=new_id(now),
                chain_id=identity.chain_id,
                genesis=identity.genesis.hex(),
                contract=contract,
                code_sha256=sha256(load_artefact().runtime).hex(),
                kind=settings.kind,
                stream=stream.hex(),
                pinned_at=now,
                role=settings.role,
            )
            .on_conflict_do_nothing(
                index_elements=["org_id", "role"], index_where=chain_table.c.retired_at.is_(None)
            )
        )
    with database.reading() as connection:  # written a moment ago
        return cast("ChainPin", chain_pin(connection, org_id=org_id, role=settings.role))


def check_pinned(chain: Chain, pin: ChainPin) -> None:
    """Check that a chain is the pinned one, with the pinned contract on it.

    Raises:
        ledger.errors.ForeignChain: Another chain answers.
        ledger.errors.ForeignContract: Other code lies at the pinned address, or none.
        ledger.errors.ChainUnavailable: No usable answer.
    """
    chain.check_identity(ChainIdentity(pin.chain_id, pin.genesis))
    chain.check_contract(pin.contract)


def anchor_pending(database: Database, settings: ChainSettings, *, org_id: UUID, now: datetime) -> int:
    """Bring every batch that is not final as far as it goes now, in order; returns how many became final.

    Returns 0 at once when another worker is the writer.

    Raises:
        ledger.errors.LedgerError: As ``ledger.issue.advance``; what was reached before stays.
    """
    with lease(database, settings.role) as mine:
        return write(database, settings, org_id=org_id, now=now) if mine else 0


def write(database: Database, settings: ChainSettings, *, org_id: UUID, now: datetime) -> int:
    """Do what ``anchor_pending`` does, for whoever holds the lease."""
    pin = prepare_chain(database, settings, org_id=org_id, now=now)
    target = target_of(pin, settings)
    chain = Chain(settings.rpc_url)
    store = store_of(database, settings.role, pin, org_id=org_id, now=now)
    with database.reading() as connection:
        sealed = [(one.root, one.size) for one in sealed_batches(connection, org_id=org_id)]
    check_stream(chain.stream_state(pin.contract, pin.stream), sealed, final=store.final())
    finished = 0
    for batch in store.open_batches():
        reached = advance(batch, store=store, chain=chain, target=target, now=int(now.timestamp()))
        if reached.state is not AnchorState.FINAL:
            break
        store.save_receipt(batch.key, build_receipt(reached, target))
        finished += 1
    return finished


def target_of(pin: ChainPin, settings: ChainSettings) -> AnchorTarget:
    """Return where a pinned stream's batches go."""
    return AnchorTarget(
        identity=ChainIdentity(pin.chain_id, pin.genesis),
        contract=pin.contract,
        stream=pin.stream,
        account=writer_account(settings.home),
        confirmations=settings.confirmations,
    )


def writer_account(home: Path) -> Any:
    """Return the chain account of this installation, making its key (0600) the first time."""
    folder = open_home(home) / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    return load_or_create_account(folder / "anchor-writer.key")


class AttemptStore:
    """``ledger.issue.AnchorStore`` on PostgreSQL for the main chain; every method commits before it returns.

    Args:
        database: Connections.
        org_id: The host company.
        pin_id: The chain.
        now: Instant, for identifiers.
    """

    def __init__(self, database: Database, org_id: UUID, pin_id: UUID, now: datetime) -> None:
        self._database = database
        self._org_id = org_id
        self._pin_id = pin_id
        self._now = now

    def attempts(self, key: str) -> Sequence[Attempt]:
        """Return the attempts of a batch, oldest first."""
        table = attempt_table.c
        with self._database.reading() as connection:
            rows = connection.execute(
                select(attempt_table)
                .where(table.org_id == self._org_id, table.batch_id == UUID(key), table.pin_id == self._pin_id)
                .order_by(table.signed_at, table.id)
            )
            return [
                Attempt(
                    nonce=row.nonce,
                    raw=row.raw,
                    tx_hash=bytes.fromhex(row.transaction_hash),
                    fees=Fees(max_fee=int(row.max_fee_wei), priority=int(row.priority_wei)),
                    signed_at=row.signed_at,
                )
                for row in rows
            ]

    def save_attempt(self, key: str, attempt: Attempt) -> None:
        """Keep an attempt that is about to be sent."""
        with self._database.transaction() as connection:
            connection.execute(
                attempt_table.insert().values(
                    org_id=self._org_id,
                    id=new_id(self._now),
                    batch_id=UUID(key),
                    pin_id=self._pin_id,
                    nonce=attempt.nonce,
                    raw=attempt.raw,
                    transaction_hash=attempt.tx_hash.hex(),
                    max_fee_wei=str(attempt.fees.max_fee),
                    priority_wei=str(attempt.fees.priority),
                    signed_at=attempt.signed_at,
                )
            )

    def save_state(self, key: str, state: AnchorState, placement: Placement | None) -> None:
        """Note how far a batch has come; "final" is noted together with its receipt."""
        noted = AnchorState.MINED if state is AnchorState.FINAL else state
        self._update(key, state=noted.value, placement=_placement_value(placement))

    def save_receipt(self, key: str, receipt: dict[str, Any]) -> None:
        """Note that a batch is final, with what bundles carry of it."""
        self._update(key, state=AnchorState.FINAL.value, receipt=receipt)

    def final(self) -> int:
        """Return how many batches are final on the chain."""
        with self._database.reading() as connection:
            listed = self._listed().subquery()
            return connection.execute(
                select(func.count()).select_from(listed).where(listed.c.state == AnchorState.FINAL.value)
            ).scalar_one()

    def open_batches(self) -> list[AnchorBatch]:
        """Return the batches that are not final on the chain, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(self._listed()).all()
        return [
            AnchorBatch(
                key=str(row.id),
                seq=row.seq,
                root=row.root,
                size=row.size,
                state=AnchorState(row.state or AnchorState.SEALED),
                placement=_placement(row.placement),
            )
            for row in rows
            if row.state != AnchorState.FINAL.value
        ]

    def _listed(self) -> Select[Any]:
        table = batch_table.c
        return (
            select(table.id, table.seq, table.root, table.size, table.state, table.placement)
            .where(table.org_id == self._org_id)
            .order_by(table.seq)
        )

    def _update(self, key: str, **values: Any) -> None:
        table = batch_table.c
        with self._database.transaction() as connection:
            connection.execute(
                update(batch_table).where(table.org_id == self._org_id, table.id == UUID(key)).values(**values)
            )


class CopyStore(AttemptStore):
    """The same for the extra chain: its states stand beside the batches, not in them."""

    def _listed(self) -> Select[Any]:
        table, copy = batch_table.c, copy_table.c
        mine = and_(copy.org_id == table.org_id, copy.batch_id == table.id, copy.pin_id == self._pin_id)
        return (
            select(table.id, table.seq, table.root, table.size, copy.state, copy.placement)
            .select_from(batch_table.outerjoin(copy_table, mine))
            .where(table.org_id == self._org_id)
            .order_by(table.seq)
        )

    def _update(self, key: str, **values: Any) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                insert(copy_table)
                .values(
                    org_id=self._org_id,
                    id=new_id(self._now),
                    batch_id=UUID(key),
                    pin_id=self._pin_id,
                    **({"state": AnchorState.SEALED.value} | values),
                )
                .on_conflict_do_update(index_elements=["org_id", "batch_id", "pin_id"], set_=values)
            )


def store_of(database: Database, role: str, pin: ChainPin, *, org_id: UUID, now: datetime) -> AttemptStore:
    """Return the store of a chain's states."""
    made = AttemptStore if role == MAIN else CopyStore
    return made(database, org_id, pin.id, now)


@contextmanager
def lease(database: Database, role: str) -> Iterator[bool]:
    """Hold the lock of a chain's writer for the block; the server frees it when our connection dies."""
    lock = {"lock": _WRITER_LOCKS[role]}
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine: bool = connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), lock).scalar_one()
        try:
            yield mine
        finally:
            if mine:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), lock)


def _placement_value(placement: Placement | None) -> dict[str, Any] | None:
    if placement is None:
        return None
    return {
        "transaction": placement.tx_hash.hex(),
        "blockNumber": placement.block_number,
        "blockHash": placement.block_hash.hex(),
        "blockTime": placement.block_time,
    }


def _placement(value: dict[str, Any] | None) -> Placement | None:
    if value is None:
        return None
    return Placement(
        tx_hash=bytes.fromhex(value["transaction"]),
        block_number=value["blockNumber"],
        block_hash=bytes.fromhex(value["blockHash"]),
        block_time=value["blockTime"],
    )


def _salt(org_id: UUID) -> bytes:
    return sha256(org_id.bytes)
