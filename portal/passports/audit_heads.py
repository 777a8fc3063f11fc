"""The audit log against the heads of it that lie on the chain: what a log that was rewritten whole cannot meet.

Walking the log (``portal.platform.audit.verify``) finds an entry that was changed. Who owns the database can
reckon every later hash anew, and then the walk finds nothing; but a head that was sealed is a leaf of a batch
whose root the contract holds (RFC 9162), and no other head leads to that root.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from ledger.bundle import Bundle
from ledger.errors import AnchorInvalid, InclusionInvalid, NotChecked
from ledger.trust import TrustedIssuer, TrustList
from ledger.verification.anchor import check_anchor
from ledger.verification.report import Question
from ledger.verification.steps import check_place
from portal.passports import records
from portal.passports.records import Record, RecordKind
from portal.platform.audit import entry_table

AUDIT: Final = "audit"
"""Name of the audit log among records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongHead:
    """The first head that does not fit.

    Attributes:
        version: Its number among the heads.
        seq: The entry it names; 0 where the head itself is gone.
        why: ``head_gone`` (a number is missing), ``entry_gone`` (the log ends before it), ``entry_differs`` (the
            log has another hash there), ``head_changed`` (it is not the leaf that was sealed), or a refusal of the
            chain: ``not_anchored``, ``anchor_differs``, ``block_differs``.
    """

    version: int
    seq: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsFound:
    """What comparing found.

    Attributes:
        proven: Heads that fit the log and that the chain vouches for.
        last: The entry named by the newest of them; 0 when there is none.
        open: Heads that fit the log, but that no chain vouches for here.
        open_why: Why the first of those is open; empty when none is.
        wrong: The first that does not fit; what comes after it was not looked at.
    """

    proven: int = 0
    last: int = 0
    open: int = 0
    open_why: str = ""
    wrong: WrongHead | None = None


def compare(
    connection: Connection, *, org_id: UUID, trust: TrustList, rpc_url: str | None, now: datetime
) -> HeadsFound:
    """Compare the log with every head of it that was ever sealed, oldest first, up to the first that is wrong.

    Args:
        connection: Any transaction.
        org_id: The host company.
        trust: Which contract and stream to believe; the portal's own list, or one an auditor kept elsewhere.
        rpc_url: The chain's endpoint; ``None`` leaves every head open.
        now: The moment of asking, aware.
    """
    found = HeadsFound()
    question = Question(now, trust, rpc_url)
    trusted = next(iter(trust.issuers), None)
    for number, record in enumerate(
        records.every(connection, org_id=org_id, kind=RecordKind.AUDIT_HEAD, name=AUDIT), start=1
    ):
        seq = int(record.body["seq"])
        if record.version != number:
            return replace(found, wrong=WrongHead(version=number, seq=0, why="head_gone"))
        why = _unlike_the_log(connection, org_id, seq, bytes.fromhex(record.body["hash"]))
        if why:
            return replace(found, wrong=WrongHead(version=number, seq=seq, why=why))
        try:
            _check_on_chain(record, question, trusted)
        except NotChecked as gap:
            found = replace(found, open=found.open + 1, open_why=found.open_why or gap.reason)
        except InclusionInvalid:
            return replace(found, wrong=WrongHead(version=number, seq=seq, why="head_changed"))
        except AnchorInvalid as refusal:
            return replace(found, wrong=WrongHead(version=number, seq=seq, why=refusal.reason))
        else:
            found = replace(found, proven=found.proven + 1, last=seq)
    return found


def _unlike_the_log(connection: Connection, org_id: UUID, seq: int, digest: bytes) -> str:
    """Return how the log differs from a head; empty when it does not."""
    table = entry_table.c
    hashed = connection.scalar(select(table.hash).where(table.org_id == org_id, table.seq == seq))
    if hashed is None:
        return "entry_gone"
    return "" if bytes(hashed) == digest else "entry_differs"


def _check_on_chain(record: Record, question: Question, trusted: TrustedIssuer | None) -> None:
    """Check that this very head was sealed, and that the contract holds the root it leads to.

    Raises:
        InclusionInvalid: It is not the leaf that was sealed.
        AnchorInvalid: The contract does not know the root, or knows other facts about it.
        NotChecked: Not sealed or anchored yet, no trusted contract, or the chain cannot be asked.
    """
    part = Bundle(record.body, {}, record.snapshot.inclusion, record.snapshot.anchor)
    check_place(part)
    check_anchor(part, question, trusted)
