"""Trace one lot through a long history and print what it took, as one line of JSON.

100,000 moves of one lot over 60 places of two nodes: in from suppliers, between bins at random, out to customers.
Three questions, each measured as the slowest of five: the whole lot, one receipt forward, one shipment backward.
The answers are compared with an oracle that walks the history move by move. Exit status 1 when a bar is broken.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from bars import report
from sqlalchemy import Connection, text

from portal.cli.environment import installation
from portal.inventory import reads, service
from portal.inventory.model import LocationDraft, ProductDraft
from portal.inventory.reads import TracedMove
from portal.inventory.store import LotKey, Move, ensure_lots, post_moves
from portal.kernel.actor import Actor
from portal.partners import service as partners
from portal.platform.config import Settings
from portal.platform.migrate import bring_up
from portal.wiring import build_services

BARS = {
    "whole_s": ("<=", 2.0),
    "forward_s": ("<=", 2.0),
    "backward_s": ("<=", 2.0),
    "missed": ("==", 0),
    "too_many": ("==", 0),
}
MOVES, BINS, TRIES, BATCH = 100_000, 58, 5, 10_000
SUPPLIER, CUSTOMER = "@supplier", "@customer"

Step = tuple[str, str]


def history() -> list[Step]:
    """Return the moves as (from, to): every place gives away only what it holds; the same on every run."""
    dice = random.Random(4)  # noqa: S311 - a repeatable history, no secret
    places = ["N1", "N2", *(f"B-{number:02d}" for number in range(BINS))]
    held = dict.fromkeys(places, 0)
    steps: list[Step] = []
    while len(steps) < MOVES:
        place = dice.choice(places)
        if not held[place] or dice.random() < 0.1:  # noqa: PLR2004 - one move in ten comes in
            held[place] += 1
            steps.append((SUPPLIER, place))
            continue
        leaves = dice.random() < 0.1  # noqa: PLR2004 - and one in ten leaves
        target = CUSTOMER if leaves else dice.choice([one for one in places if one != place])
        held[place] -= 1
        if target != CUSTOMER:
            held[target] += 1
        steps.append((place, target))
    return steps


def oracle(steps: list[Step], start: int, *, forward: bool) -> set[int]:
    """Return the numbers of the moves connected with one, walking the history once."""
    numbers = range(start + 1, len(steps)) if forward else range(start - 1, -1, -1)
    reached = {steps[start][1 if forward else 0]}
    found = {start}
    for number in numbers:
        near, far = steps[number] if forward else steps[number][::-1]
        if near in reached and near not in {SUPPLIER, CUSTOMER}:
            reached.add(far)
            found.add(number)
    return found


def fill(connection: Connection, actor: Actor, steps: list[Step], now: datetime) -> tuple[UUID, list[UUID]]:
    """Write the history through the one writer; returns the lot, and the moves' ids in order."""
    nodes = [LocationDraft(code=code, name_zh=code, name_en=code) for code in ("N1", "N2")]
    places = service.save_locations(connection, actor=actor, drafts=nodes, now=now)
    for number in range(BINS):
        code = f"B-{number:02d}"
        places[code] = service.add_place(
            connection,
            actor=actor,
            parent_id=places["N1" if number % 2 else "N2"],
            level="bin",
            code=code,
            name_zh="",
            name_en="",
            now=now,
        )
    virtual = service.ensure_virtual_locations(connection, org_id=actor.org_id, now=now)
    places |= {SUPPLIER: virtual["supplier"], CUSTOMER: virtual["customer"]}
    draft = ProductDraft(sku="TEA", name_zh="茶", name_en="Tea", tracking="lot")
    tea = service.save_products(connection, actor=actor, drafts=[draft], now=now)["TEA"]
    lot = ensure_lots(connection, org_id=actor.org_id, lots=[LotKey(tea, "L1")], now=now)[tea, "L1"]
    moves = [
        Move(
            product_id=tea,
            lot_id=lot,
            from_id=places[origin],
            to_id=places[target],
            quantity=1,
            kind="transfer",
            document=f"D-{number}",
            key=f"m-{number}",
        )
        for number, (origin, target) in enumerate(steps)
    ]
    for begin in range(0, len(moves), BATCH):
        part = moves[begin : begin + BATCH]
        post_moves(connection, org_id=actor.org_id, moves=part, actor="bench", now=now)
    asked = text("SELECT id FROM stock_move WHERE org_id = :org ORDER BY seq")
    return lot, list(connection.execute(asked, {"org": actor.org_id}).scalars())


def slowest(question: Callable[[], tuple[TracedMove, ...]]) -> tuple[float, tuple[TracedMove, ...]]:
    """Ask several times; return the slowest time in seconds and the answer."""
    times = []
    for _ in range(TRIES):
        begin = time.perf_counter()
        answer = question()
        times.append(time.perf_counter() - begin)
    return round(max(times), 3), answer


def measure(
    connection: Connection, org_id: UUID, steps: list[Step], lot: UUID, ids: list[UUID]
) -> dict[str, float]:
    """Ask the three questions and compare two of the answers with the oracle."""
    receipt = next(number for number, step in enumerate(steps) if step[0] == SUPPLIER)
    shipment = next(number for number in reversed(range(len(steps))) if steps[number][1] == CUSTOMER)
    whole_s, whole = slowest(lambda: reads.trace_lot(connection, org_id=org_id, lot_id=lot))
    numbers = {move_id: number for number, move_id in enumerate(ids)}
    measured: dict[str, float] = {"whole_s": whole_s, "missed": len(steps) - len(whole), "too_many": 0}
    for name, start in ((reads.FORWARD, receipt), (reads.BACKWARD, shipment)):
        seconds, answer = slowest(
            lambda start=start, name=name: reads.trace_move(  # type: ignore[misc]
                connection, org_id=org_id, move_id=ids[start], direction=name
            )
        )
        found = {numbers[move.id] for move in answer}
        expected = oracle(steps, start, forward=name == reads.FORWARD)
        measured[f"{name}_s"] = seconds
        measured["missed"] += len(expected - found)
        measured["too_many"] += len(found - expected)
    return measured


def main() -> int:
    """Make the history in a fresh home, ask, judge."""
    steps = history()
    with tempfile.TemporaryDirectory() as folder, installation(Settings(home=Path(folder) / "home")) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        with services.database.transaction() as connection:
            now = services.clock.now()
            org_id = partners.save_company(connection, name_zh="测", name_en="Bench", is_demo=False, now=now)
            begin = time.perf_counter()
            lot, ids = fill(connection, Actor(org_id=org_id, label="bench"), steps, now)
            filling = time.perf_counter() - begin
        with services.database.transaction() as connection:
            connection.execute(text("ANALYZE"))
            drifts = len(reads.reconcile(connection, org_id=org_id))
            measured = measure(connection, org_id, steps, lot, ids)
        services.database.close()
    return report(
        measured,
        BARS,
        moves=len(steps),
        places=BINS + 2,
        tries=TRIES,
        drifts=drifts,
        moves_per_s_written=round(len(steps) / filling),
    )


if __name__ == "__main__":
    sys.exit(main())
