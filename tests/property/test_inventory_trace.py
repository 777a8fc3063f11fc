"""The trace of a receipt or a shipment is what an oracle finds by walking the moves one by one."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from portal.inventory import reads
from portal.inventory.store import Move, post_moves
from portal.kernel.ids import new_id
from support import dimensions as make
from support.stock import NOW, ORG, Stock, stock_company

PLACES = ("@supplier", "@in_transit", "NB", "A-01", "A-02", "A-03", "CD", "@customer")
THROUGH = {"@in_transit", "NB", "A-01", "A-02", "A-03", "CD"}
HISTORY = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(PLACES), st.sampled_from(["available", "blocked"])).filter(
        lambda step: step[0] != step[1]
    ),
    min_size=1,
    max_size=30,
)

Step = tuple[str, str, str]


def oracle(history: list[Step], start: int, *, forward: bool) -> list[int]:
    """Walk the later moves in order (backward: the earlier ones, last first) and keep the heaps reached so far."""
    steps = list(enumerate(history))
    steps = steps[start + 1 :] if forward else list(reversed(steps[:start]))
    left, came, status = history[start]
    reached = {(came if forward else left, status)}
    found = [start]
    for number, (origin, target, of) in steps:
        near, far = (origin, target) if forward else (target, origin)
        if near in THROUGH and (near, of) in reached:
            found.append(number)
            reached.add((far, of))
    return sorted(found)


@pytest.fixture
def stock(conn: Connection) -> Stock:
    stock = stock_company(conn)
    for code in ("A-01", "A-02", "A-03"):
        make.add_bin(stock, code)
    conn.execute(text("ALTER TABLE stock_balance DROP CONSTRAINT ck_stock_balance_not_negative"))
    conn.execute(text("ALTER TABLE stock_summary DROP CONSTRAINT ck_stock_summary_not_negative"))
    return stock


@given(history=HISTORY, data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_trace_of_a_move_is_what_the_oracle_finds(
    stock: Stock, history: list[Step], data: st.DataObject
) -> None:
    connection = stock.connection
    with connection.begin_nested() as savepoint:
        places = dict(
            connection.execute(text("SELECT code, id FROM location WHERE org_id = :org"), {"org": ORG}).all()
        )
        tea = stock.product()
        lot = new_id(NOW)
        connection.execute(
            text(
                "INSERT INTO lot (org_id, id, product_id, code, status, created_at)"
                " VALUES (:org, :lot, :product, 'L1', 'available', :now)"
            ),
            {"org": ORG, "lot": lot, "product": tea, "now": NOW},
        )
        moves = [
            Move(
                product_id=tea,
                lot_id=lot,
                from_id=places[origin],
                to_id=places[target],
                quantity=1,
                kind="transfer",
                key=f"m-{number}",
                from_status=status,
                to_status=status,
            )
            for number, (origin, target, status) in enumerate(history)
        ]
        post_moves(connection, org_id=ORG, moves=moves, actor="tester", now=NOW)
        ids: dict[UUID, int] = {
            row.id: int(row.idempotency_key.removeprefix("m-"))
            for row in connection.execute(
                text("SELECT id, idempotency_key FROM stock_move WHERE org_id = :org"), {"org": ORG}
            )
        }
        by_number = {number: move_id for move_id, number in ids.items()}
        start = data.draw(st.integers(0, len(history) - 1))
        for direction in (reads.FORWARD, reads.BACKWARD):
            found = reads.trace_move(connection, org_id=ORG, move_id=by_number[start], direction=direction)
            expected = oracle(history, start, forward=direction == reads.FORWARD)
            assert [ids[move.id] for move in found] == expected
        assert [ids[move.id] for move in reads.trace_lot(connection, org_id=ORG, lot_id=lot)] == list(
            range(len(history))
        )
        savepoint.rollback()
