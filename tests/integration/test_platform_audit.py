"""The audit log: chained, kept by the database, and honest about what was done to it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.platform import audit
from portal.platform.audit import GENESIS, Fact, Head, Verdict, digest_of
from portal.platform.audit_reads import Wanted, people, rows
from portal.platform.db import Database

NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
ORG = UUID("01900000-0000-7000-8000-000000000001")
PARTNER = UUID("01900000-0000-7000-8000-0000000000aa")
ANN = Actor(org_id=ORG, label="Ann", person_id=UUID(int=5), role=Role.CUSTOMER, partner_id=PARTNER)
BOB = Actor(org_id=ORG, label="Bob")


def write(conn: Connection, count: int = 3) -> None:
    for number in range(count):
        fact = Fact(
            kind="read", what="inventory.listing", partner_id=PARTNER, agreement="AG-1", details={"rows": number}
        )
        audit.append(conn, actor=ANN, fact=fact, now=NOW + timedelta(minutes=number))


def behind_the_trigger(conn: Connection, statement: str) -> None:
    """Do what only the database's superuser can."""
    conn.execute(text("SET LOCAL session_replication_role = replica"))
    conn.execute(text(statement))
    conn.execute(text("SET LOCAL session_replication_role = origin"))


def test_an_entry_is_sealed_over_its_canonical_form_and_the_one_before() -> None:
    entry = {
        "org_id": ORG,
        "seq": 1,
        "at": NOW,
        "kind": "read",
        "what": "orders.listing",
        "actor_id": None,
        "actor": "Ann",
        "role": "customer",
        "partner_id": PARTNER,
        "agreement": "AG-1",
        "details": {"rows": 2},
        "prev_hash": GENESIS,
    }
    canonical = (
        '{"actor":"Ann","actor_id":null,"agreement":"AG-1","at":"2026-11-23T02:24:00.000000+00:00",'
        '"details":{"rows":2},"kind":"read","org_id":"01900000-0000-7000-8000-000000000001",'
        '"partner_id":"01900000-0000-7000-8000-0000000000aa","prev_hash":"' + "00" * 32 + '","role":"customer",'
        '"seq":1,"what":"orders.listing"}'
    )
    assert digest_of(entry) == sha256(canonical.encode()).digest()
    assert digest_of({**entry, "hash": b"whatever"}) == sha256(canonical.encode()).digest()


def test_an_empty_log_has_the_head_zero(conn: Connection) -> None:
    assert audit.head(conn, org_id=ORG) == Head(0, GENESIS)
    assert audit.verify(conn, org_id=ORG) == Verdict(Head(0, GENESIS))


def test_entries_follow_each_other_and_the_chain_is_intact(conn: Connection) -> None:
    write(conn)
    head = audit.head(conn, org_id=ORG)
    assert (head.seq, audit.verify(conn, org_id=ORG)) == (3, Verdict(head))
    assert audit.verify(conn, org_id=ORG, after=2) == Verdict(head)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'Eve'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_the_database_refuses_to_change_or_delete(conn: Connection, statement: str) -> None:
    write(conn)
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        conn.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "broken_at", "reason"),
    [
        ("UPDATE audit_entry SET actor = 'Eve' WHERE seq = 2", 2, "changed"),
        ("UPDATE audit_entry SET details = '{\"rows\": 9}' WHERE seq = 3", 3, "changed"),
        ("UPDATE audit_entry SET hash = sha256('x') WHERE seq = 1", 1, "changed"),
        ("UPDATE audit_entry SET prev_hash = sha256('x') WHERE seq = 3", 3, "cut_off"),
        ("DELETE FROM audit_entry WHERE seq = 2", 2, "missing"),
    ],
)
def test_what_a_superuser_does_is_named_at_the_first_bad_row(
    conn: Connection, statement: str, broken_at: int, reason: str
) -> None:
    write(conn)
    behind_the_trigger(conn, statement)
    found = audit.verify(conn, org_id=ORG)
    assert (found.broken_at, found.reason, found.head.seq) == (broken_at, reason, broken_at - 1)


def test_companies_have_chains_of_their_own(conn: Connection) -> None:
    write(conn)
    other = Actor(org_id=UUID(int=9), label="worker")
    assert audit.append(conn, actor=other, fact=Fact(kind="deed", what="x"), now=NOW) == 1


def test_writers_at_the_same_time_make_one_chain(fresh_database_url: str) -> None:
    database = Database(fresh_database_url, pool_size=4)

    def one(_number: int) -> None:
        with database.transaction() as connection:
            audit.append(connection, actor=ANN, fact=Fact(kind="read", what="x"), now=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(40)))
    with database.reading() as connection:
        found = audit.verify(connection, org_id=ORG)
    database.close()
    assert (found.broken_at, found.head.seq) == (None, 40)


def test_the_log_is_filtered_and_paged_newest_first(conn: Connection) -> None:
    write(conn, 5)
    audit.append(conn, actor=BOB, fact=Fact(kind="deed", what="y"), now=NOW + timedelta(days=1))

    def seqs(
        page: int = 1, span: tuple[datetime, datetime] | None = None, **wanted: object
    ) -> tuple[list[int], int]:
        asked = Wanted(page=page, **wanted)  # type: ignore[arg-type]
        found = rows(conn, org_id=ORG, wanted=asked, span=span, per_page=2)
        return [row.seq for row in found.rows], found.count

    first = (NOW, NOW + timedelta(minutes=2))
    checks: list[tuple[Callable[[], tuple[list[int], int]], tuple[list[int], int]]] = [
        (seqs, ([6, 5], 6)),
        (lambda: seqs(page=3), ([2, 1], 6)),
        (lambda: seqs(page=99), ([2, 1], 6)),
        (lambda: seqs(kind="deed"), ([6], 1)),
        (lambda: seqs(person="Bob"), ([6], 1)),
        (lambda: seqs(partner_id=PARTNER), ([5, 4], 5)),
        (lambda: seqs(span=first), ([2, 1], 2)),
    ]
    assert [check() for check, _ in checks] == [expected for _, expected in checks]
    assert people(conn, org_id=ORG) == ("Ann", "Bob")
