"""Moves against a model: whatever is done in whatever order, the books are what a handful of counters say."""

from collections import Counter
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text

from portal.inventory import reads, service
from portal.inventory.model import NotEnoughStock
from portal.inventory.places import OWN, AlreadyReversed, SerialUsed, UnknownLot, WrongOwner
from portal.kernel.errors import PortalError
from support import dimensions as make
from support.stock import ACTOR, NOW, ORG, stock_company

PLACES = st.sampled_from(["NB", "CD", "A-01", "A-02"])
LOTS = st.sampled_from(["L1", "L2"])
STATUSES = st.sampled_from(["available", "quarantine", "blocked"])
OWNERS = st.sampled_from(["own", "supplier"])
QUANTITIES = st.integers(1, 9)
PIECES = st.sampled_from(["S1", "S2"])

Key = tuple[str, str, str, str]


class Moves(RuleBasedStateMachine):
    """The company's stock of one product by (place, lot, status, owner), and two pieces of another."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.transaction: AbstractContextManager[object] = self.connection.begin()
        self.stock = stock_company(self.connection)
        self.tea = self.stock.product()
        self.mill = self.stock.product("MILL", tracking="serial")
        self.owners = {"own": OWN, "supplier": self.stock.partner("SUP")}
        self.places = {
            "NB": self.stock.main,
            "CD": self.stock.outside,
            "A-01": make.add_bin(self.stock, "A-01"),
            "A-02": make.add_bin(self.stock, "A-02"),
        }
        self.held: Counter[Key] = Counter()
        self.arriving = {"L1": "available", "L2": "available"}
        self.known: set[str] = set()
        self.done: list[tuple[UUID, Key | None, Key | None, int]] = []
        self.undone: set[UUID] = set()
        self.pieces: dict[str, str] = {}
        make.book(self.stock, self.mill, 2, serials=("S1", "S2"))
        self.pieces = {"S1": "NB", "S2": "NB"}
        self.number = 0

    def teardown(self) -> None:
        self.connection.rollback()
        self.connection.close()

    def key(self) -> str:
        self.number += 1
        return f"deed-{self.number}"

    def note(self, key: str, left: Key | None, reached: Key | None, quantity: int) -> None:
        found = self.connection.execute(
            text("SELECT id FROM stock_move WHERE idempotency_key = :key"), {"key": key}
        ).scalar_one()
        self.done.append((found, left, reached, quantity))
        if left is not None:
            self.held[left] -= quantity
        if reached is not None:
            self.held[reached] += quantity

    def deed(self, left: Key, reached: Key | None, quantity: int, kind: str) -> None:
        """Do it twice under one key where the model says it can be done, and be refused where it cannot."""
        place, lot, status, owner = left
        take = make.take(
            self.stock,
            self.tea,
            quantity,
            lot_code=lot,
            place_id=self.places[place],
            status=status,
            owner_id=self.owners[owner],
        )
        key = self.key()

        def once() -> bool:
            common = {"actor": ACTOR, "take": take, "key": key, "now": NOW}
            match kind:
                case "transfer":
                    to_id = self.places[reached[0]] if reached else take.place_id
                    return service.transfer(self.connection, to_id=to_id, document="", **common)  # type: ignore[arg-type]
                case "status":
                    to = reached[2] if reached else status
                    return service.change_status(self.connection, status=to, reason="r", **common)  # type: ignore[arg-type]
                case "take_over":
                    return service.take_over(self.connection, document="INV", **common)  # type: ignore[arg-type]
                case _:
                    return service.scrap(self.connection, reason="r", document="", **common)  # type: ignore[arg-type]

        if self.held[left] < quantity:
            refused: tuple[type[PortalError], ...] = (NotEnoughStock, WrongOwner)
            if lot not in self.known:
                refused = (UnknownLot,)
            with pytest.raises(refused), self.connection.begin_nested():
                once()
            return
        assert once() is True
        assert once() is False
        self.note(key, left, reached, quantity)

    @rule(place=PLACES, lot=LOTS, owner=OWNERS, quantity=QUANTITIES)
    def arrive(self, place: str, lot: str, owner: str, quantity: int) -> None:
        line = {"location_id": self.places[place], "lot_code": lot, "owner_id": self.owners[owner]}
        prefix = self.key()
        for _ in range(2):
            service.book_stock(
                self.connection,
                actor=ACTOR,
                lines=[make.line(self.tea, quantity, **line)],
                document="PO",
                key_prefix=prefix,
                now=NOW,
            )
        key = f"{prefix}:{self.tea}:{self.places[place]}:{lot}"
        key += "" if owner == "own" else f":{self.owners[owner]}"
        self.known.add(lot)
        self.note(key, None, (place, lot, self.arriving[lot], owner), quantity)

    @rule(place=PLACES, to=PLACES, lot=LOTS, status=STATUSES, owner=OWNERS, quantity=QUANTITIES)
    def carry(self, place: str, to: str, lot: str, status: str, owner: str, quantity: int) -> None:
        if place != to:
            left = (place, lot, status, owner)
            self.deed(left, (to, lot, status, owner), quantity, "transfer")

    @rule(place=PLACES, lot=LOTS, status=STATUSES, to=STATUSES, owner=OWNERS, quantity=QUANTITIES)
    def hold(self, place: str, lot: str, status: str, to: str, owner: str, quantity: int) -> None:
        if status != to:
            left = (place, lot, status, owner)
            self.deed(left, (place, lot, to, owner), quantity, "status")

    @rule(place=PLACES, lot=LOTS, status=STATUSES, owner=OWNERS, quantity=QUANTITIES)
    def scrap(self, place: str, lot: str, status: str, owner: str, quantity: int) -> None:
        self.deed((place, lot, status, owner), None, quantity, "scrap")

    @rule(place=PLACES, lot=LOTS, status=STATUSES, quantity=QUANTITIES)
    def take_over(self, place: str, lot: str, status: str, quantity: int) -> None:
        left = (place, lot, status, "supplier")
        self.deed(left, (place, lot, status, "own"), quantity, "take_over")

    @rule(lot=LOTS, status=STATUSES)
    def hold_the_lot(self, lot: str, status: str) -> None:
        if lot not in self.known:
            return
        service.change_lot_status(
            self.connection,
            actor=ACTOR,
            product_id=self.tea,
            lot_code=lot,
            status=status,
            reason="r",
            key=self.key(),
            now=NOW,
        )
        self.arriving[lot] = status
        for key, quantity in list(self.held.items()):
            if key[1] == lot and key[2] != status:
                self.held[key] = 0
                self.held[key[0], lot, status, key[3]] += quantity

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        if not self.done:
            return
        move_id, left, reached, quantity = data.draw(st.sampled_from(self.done))

        def once() -> None:
            service.reverse_move(self.connection, actor=ACTOR, move_id=move_id, reason="r", now=NOW)

        if move_id in self.undone:
            with pytest.raises(AlreadyReversed):
                once()
        elif reached is not None and self.held[reached] < quantity:
            with pytest.raises(NotEnoughStock):
                once()
        else:
            once()
            self.undone.add(move_id)
            if reached is not None:
                self.held[reached] -= quantity
            if left is not None:
                self.held[left] += quantity

    @rule(code=PIECES, place=PLACES, to=PLACES)
    def carry_a_piece(self, code: str, place: str, to: str) -> None:
        if place == to:
            return
        take = make.take(self.stock, self.mill, 1, place_id=self.places[place], serials=(code,))

        def once() -> None:
            service.transfer(
                self.connection,
                actor=ACTOR,
                take=take,
                to_id=self.places[to],
                document="",
                key=self.key(),
                now=NOW,
            )

        if self.pieces[code] == place:
            once()
            self.pieces[code] = to
        else:
            with pytest.raises(SerialUsed):
                once()

    @invariant()
    def the_books_are_what_the_model_says(self) -> None:
        found = {
            (place, lot, status, "own" if own else "supplier"): quantity
            for (place, lot, status, own), quantity in make.balances(self.stock, self.tea).items()
        }
        assert found == {key: quantity for key, quantity in self.held.items() if quantity}
        assert {code: at[0] for code, at in make.serials(self.stock).items()} == self.pieces
        assert reads.reconcile(self.connection, org_id=ORG) == ()

    @invariant()
    def own_usable_stock_is_what_can_be_promised(self) -> None:
        usable = sum(
            self.held[place, lot, "available", "own"] for place in ("NB", "A-01", "A-02") for lot in ("L1", "L2")
        )
        position = reads.stock_position(
            self.connection, org_id=ORG, product_id=self.tea, location_id=self.stock.main, as_of=NOW
        )
        assert position.on_hand == usable


def test_the_books_follow_any_sequence_of_deeds(engine: Engine) -> None:
    class OnThisDatabase(Moves):
        pass

    OnThisDatabase.engine = engine
    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=40, stateful_step_count=25, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
