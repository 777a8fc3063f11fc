"""A chain that was wiped, set back or swapped stops the writer; a person brings the batches back, in order."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.bundle import Anchor
from ledger.chain import Chain
from ledger.errors import ChainUnavailable, ForeignChain, ForeignContract
from ledger.history import StreamRewritten, StreamShorter, heads, read_history
from portal.passports.anchoring import lease
from portal.passports.chain_status import chain_status
from portal.passports.reads import ChainPin
from portal.passports.rebuilding import (
    Difference,
    NotConfirmed,
    NothingPinned,
    StillThere,
    WriterBusy,
    _Mending,
    named,
    reanchor,
    resync,
)
from portal.passports.writer import Standing, WriterState, standing
from portal.platform.clock import HandClock
from portal.platform.db import Database
from support.anchoring import Hand, running
from support.sealing import Sealing, found_sealing, root_of

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def firm(database: Database, tmp_path: Path, clock: HandClock) -> Sealing:
    return found_sealing(database, home=tmp_path / "home", clock=clock)


@pytest.fixture
def url(firm: Sealing, tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "chain.sqlite", hand=Hand(int(firm.now.timestamp()))) as address:
        yield address


@pytest.fixture
def other(firm: Sealing, tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "other.sqlite", hand=Hand(int(firm.now.timestamp()) + 60)) as address:
        yield address


def stands(firm: Sealing, role: str = "main") -> Standing | None:
    with firm.services.database.reading() as connection:
        return standing(connection, org_id=firm.org_id, role=role)


def on_chain(firm: Sealing, role: str = "main") -> list[tuple[int, bytes, int]]:
    pin = firm.pin(role)
    settings = firm.services.settings
    assert pin is not None
    chain = Chain(settings.chain_rpc_url if role == "main" else settings.chain_extra_rpc_url)
    history = read_history(chain, contract=pin.contract, stream=pin.stream)
    return [(one.seq, one.root, one.size) for one in history]


def three(first: int = 0) -> list[tuple[int, bytes, int]]:
    return [(seq, root_of(seq + first), seq + first + 1) for seq in range(3)]


def agrees(firm: Sealing) -> bool:
    return resync(firm.services.database, firm.chain, org_id=firm.org_id, apply=False, now=firm.now) == ()


def test_a_wiped_chain_stops_the_writer_and_only_a_confirmed_reanchor_brings_every_batch_onto_it(
    firm: Sealing, url: str, other: str
) -> None:
    here = firm.on(url)
    here.seal(0, 1, 2)
    assert here.anchor() == 3
    assert stands(here) == Standing(role="main", state=WriterState.OK, code="", message="", since=here.now)
    old = [Anchor.from_value(row[0]) for row in here.ask("SELECT receipt FROM anchor_batch ORDER BY seq")]

    there = firm.on(other)
    with pytest.raises(ForeignChain):
        there.anchor()
    stopped = stands(there)
    assert stopped is not None
    assert (stopped.state, stopped.code) == (WriterState.STOPPED, "foreign_chain")
    assert Chain(other).head_number() == 0

    database = there.services.database
    onto = named(Chain(other).identity())
    with pytest.raises(NotConfirmed):
        reanchor(database, there.chain, org_id=there.org_id, onto=named(Chain(url).identity()), now=there.now)
    assert [state for _, state in there.states()] == ["final"] * 3
    assert reanchor(database, there.chain, org_id=there.org_id, onto=onto, now=there.now) == 3

    assert on_chain(there) == three()
    new = [Anchor.from_value(row[0]) for row in there.ask("SELECT receipt FROM anchor_batch ORDER BY seq")]
    assert [one.genesis for one in new] == [Chain(other).identity().genesis] * 3
    kept = there.ask(
        "SELECT c.receipt FROM anchor_copy c JOIN chain_pin p ON p.id = c.pin_id JOIN anchor_batch b"
        " ON b.id = c.batch_id WHERE p.retired_at IS NOT NULL ORDER BY b.seq"
    )
    assert [Anchor.from_value(row[0]) for row in kept] == old
    assert there.anchor() == 0
    back = stands(there)
    assert back is not None
    assert back.state is WriterState.OK
    with pytest.raises(StillThere):
        reanchor(database, there.chain, org_id=there.org_id, onto=onto, now=there.now)


def test_a_chain_without_the_contract_may_be_taken_anew(firm: Sealing, url: str) -> None:
    here = firm.on(url)
    here.seal(0)
    here.anchor()
    here.change("UPDATE chain_pin SET contract = '0x00000000000000000000000000000000000000aa'")
    with pytest.raises(ForeignContract):
        here.anchor()
    onto = named(Chain(url).identity())
    # The account's contract is still there, with its stream: the batch is found, not anchored twice.
    assert reanchor(here.services.database, here.chain, org_id=here.org_id, onto=onto, now=here.now) == 1
    assert on_chain(here) == [(0, root_of(0), 1)]


def test_nothing_is_mended_without_a_pin_or_beside_a_worker(firm: Sealing, url: str) -> None:
    here = firm.on(url)
    database, chain, onto = here.services.database, here.chain, named(Chain(url).identity())
    with pytest.raises(NothingPinned):
        resync(database, chain, org_id=here.org_id, apply=True, now=here.now)
    with pytest.raises(NothingPinned):
        reanchor(database, chain, org_id=here.org_id, onto=onto, now=here.now)
    with lease(database, "main"):
        with pytest.raises(WriterBusy):
            resync(database, chain, org_id=here.org_id, apply=True, now=here.now)
        with pytest.raises(WriterBusy):
            reanchor(database, chain, org_id=here.org_id, onto=onto, now=here.now)


def test_a_chain_set_back_to_an_earlier_state_stops_the_writer_and_gets_the_lost_batches_again(
    firm: Sealing, tmp_path: Path
) -> None:
    file, hand = tmp_path / "chain.sqlite", Hand(int(firm.now.timestamp()))
    with running(file, hand=hand) as url:
        here = firm.on(url)
        here.seal(0)
        here.anchor()
    shutil.copy(file, tmp_path / "earlier.sqlite")
    with running(file, hand=hand) as url:
        here = firm.on(url)
        here.seal(1, 2)
        here.anchor()
    with running(tmp_path / "earlier.sqlite", hand=hand) as url:
        here = firm.on(url)
        with pytest.raises(StreamShorter):
            here.anchor()
        lost = tuple(Difference(seq=seq, root=root_of(seq), what="missing") for seq in (1, 2))
        database, chain = here.services.database, here.chain
        assert resync(database, chain, org_id=here.org_id, apply=False, now=here.now) == lost
        assert here.states() == [(0, "final"), (1, "final"), (2, "final")]
        assert resync(database, chain, org_id=here.org_id, apply=True, now=here.now) == lost
        assert here.states() == [(0, "final"), (1, "sealed"), (2, "sealed")]
        assert here.ask("SELECT count(*) FROM anchor_copy WHERE receipt IS NOT NULL") == [(2,)]
        assert here.anchor() == 2
        assert on_chain(here) == three()
        assert agrees(here)


def test_a_database_set_back_to_an_earlier_state_learns_the_batches_it_lost(firm: Sealing, url: str) -> None:
    here = firm.on(url)
    here.seal(0, 1)
    here.anchor()
    here.change("DELETE FROM anchor_attempt")
    here.change("DELETE FROM anchor_batch WHERE seq = 1")
    here.change("UPDATE anchor_batch SET state = 'sent', receipt = NULL WHERE seq = 0")
    # Sealed after the restore, under a number the chain has given away.
    here.change(
        "INSERT INTO anchor_batch SELECT org_id, gen_random_uuid(), 1, decode(repeat('ab', 32), 'hex'), 9,"
        " 'sealed', sealed_at FROM anchor_batch"
    )
    with pytest.raises(StreamRewritten):
        here.anchor()
    database, chain = here.services.database, here.chain
    found = resync(database, chain, org_id=here.org_id, apply=True, now=here.now)
    assert found == (
        Difference(seq=0, root=root_of(0), what="unnoted"),
        Difference(seq=1, root=root_of(1), what="unknown"),
    )
    assert here.states() == [(0, "final"), (1, "final"), (2, "sealed")]
    assert here.anchor() == 1
    assert on_chain(here) == [(0, root_of(0), 1), (1, root_of(1), 2), (2, bytes.fromhex("ab" * 32), 9)]
    assert agrees(here)


@pytest.mark.parametrize("change", ["receipt = jsonb_set(receipt, '{blockNumber}', '1')", "receipt = NULL"])
def test_a_receipt_that_tells_another_place_is_set_right(firm: Sealing, url: str, change: str) -> None:
    here = firm.on(url)
    here.seal(0)
    here.anchor()
    honest = here.ask("SELECT receipt FROM anchor_batch")
    here.change(f"UPDATE anchor_batch SET {change}")  # noqa: S608 - constants
    database, chain = here.services.database, here.chain
    found = resync(database, chain, org_id=here.org_id, apply=True, now=here.now)
    assert found == (Difference(seq=0, root=root_of(0), what="moved"),)
    assert here.ask("SELECT receipt FROM anchor_batch") == honest


def test_the_extra_chain_holds_the_same_batches_and_its_failure_never_blocks_the_first(
    firm: Sealing, url: str, other: str
) -> None:
    dark = firm.on(url, extra=NOWHERE)
    dark.seal(0, 1)
    with pytest.raises(ChainUnavailable):
        dark.witness()
    assert dark.anchor() == 2
    waiting = stands(dark, "extra")
    assert waiting is not None
    assert (waiting.state, waiting.code) == (WriterState.WAITS, "chain_unavailable")

    both = firm.on(url, extra=other)
    both.seal(2)
    assert both.witness() == 3
    assert both.witness() == 0
    assert both.states() == [(0, "final"), (1, "final"), (2, "sealed")]
    assert on_chain(both, "extra") == three()
    assert both.anchor() == 1
    assert on_chain(both) == three()
    assert firm.on(url).witness() == 0
    main, extra = both.pin(), both.pin("extra")
    assert main is not None
    assert extra is not None
    assert (main.genesis, extra.genesis) == (Chain(url).identity().genesis, Chain(other).identity().genesis)


def test_the_status_names_the_pin_who_answers_and_what_is_wrong(firm: Sealing, url: str, other: str) -> None:
    here = firm.on(url)
    before = chain_status(here.services.database, here.chain, org_id=here.org_id, now=here.now)
    assert (before.pinned, before.answers, before.is_well) == ("", named(Chain(url).identity()), True)
    here.seal(0, 1)
    here.anchor()
    well = chain_status(here.services.database, here.chain, org_id=here.org_id, now=here.now)
    head = heads([(root_of(0), 1), (root_of(1), 2)])[-1].hex()
    assert (well.pinned, well.sealed, well.final, well.count, well.head) == (well.answers, 2, 2, 2, head)
    assert (well.trouble, well.is_well, well.noted) == ("", True, f"ok  {here.now.isoformat()}")
    there = firm.on(other)
    foreign = chain_status(there.services.database, there.chain, org_id=there.org_id, now=there.now)
    assert (foreign.pinned, foreign.answers) == (well.pinned, named(Chain(other).identity()))
    assert foreign.trouble.startswith("foreign_chain: ")
    assert not foreign.is_well


def test_leaving_an_extra_chain_lets_the_batches_of_the_main_one_be(firm: Sealing) -> None:
    pin = ChainPin(
        id=firm.org_id,
        role="extra",
        chain_id=1,
        genesis=bytes(32),
        contract="0x",
        code_sha256=bytes(32),
        kind="public",
        stream=bytes(32),
    )
    question = text("SELECT seq, state, receipt FROM anchor_batch ORDER BY seq")
    with firm.services.database.transaction() as connection:
        before = connection.execute(question).all()
        _Mending(connection, firm.org_id, pin, firm.services.clock.now()).leave()
        assert connection.execute(question).all() == before
