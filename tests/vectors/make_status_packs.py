"""The cases of ``make_packs.py`` about status lists: a pack whose snapshots lie in batches of their own.

The passport is bit 42 of two lists, as in ``make_status_bundles.py``; every version is the second of three leaves
of a batch, and the pack's state proves passport and lists alike.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import make_packs
from eth_utils.crypto import keccak
from make_bundles import DID, KEY, credential
from make_packs import (
    BLOCK_TIME,
    CHAIN_ID,
    CONTRACT,
    GENESIS,
    STREAM,
    TRANSACTION,
    Record,
    header,
    state_proving,
    trust,
)
from make_status_bundles import BIT, ENTRIES, both, day, listed, notice

from ledger.bundle import Anchor, Bundle, Inclusion, Snapshot
from ledger.keys import KeyRecord, did_document
from ledger.merkle import Tree, credential_leaf
from ledger.pack import Pack, PackFile, Role

Part = tuple[dict[str, Any], datetime]
UNKNOWN, UNPROVEN = "not_checked:status_unknown", "not_checked:status_unproven"


def placed(signed: dict[str, Any], at: datetime, seq: int) -> tuple[Inclusion, Anchor, Record]:
    """Return where a document lies and what proves it: its place, its anchor, the contract's record of it."""
    tree = Tree.of([b"one", credential_leaf(signed), b"three"])
    number, time = 10 + seq, int(at.timestamp())
    block = header(number, time, hashlib.sha256(b"state %d" % seq).digest())
    anchor = Anchor(CHAIN_ID, GENESIS, CONTRACT, STREAM, seq, TRANSACTION, number, keccak(block), at)
    return Inclusion(1, 3, tree.root, tree.inclusion(1)), anchor, Record(tree.root, (seq, time, number, 3), block)


def packed(*parts: Part, proven: bool = True) -> tuple[Pack, bytes]:
    """Return a pack with one passport and snapshots, and the hash of the block that proves it.

    Args:
        parts: Signed lists and notices, each with when it was anchored.
        proven: Whether the state proves the lists too, or the passport alone.
    """
    signed = credential(credentialStatus=ENTRIES)
    inclusion, anchor, record = placed(signed, BLOCK_TIME, 1)
    records, snapshots = [record], []
    for seq, (part, at) in enumerate(parts, start=2):
        place, anchored, known = placed(part, at, seq)
        snapshots.append(Snapshot(part, place, anchored))
        records += [known] if proven else []
    document = did_document(DID, [KeyRecord(KEY.public)])
    bundle = Bundle(signed, document, inclusion, anchor, tuple(snapshots)).to_json()
    state = state_proving(*records)
    data = state.to_json()
    files = (
        PackFile(f"bundles/{credential_leaf(signed).hex()}.json", Role.BUNDLE, bundle),
        PackFile(f"states/{hashlib.sha256(data).hexdigest()}.json", Role.STATE, data),
    )
    return Pack(day(31), files), keccak(state.header)


def case(name: str, at: datetime, parts: tuple[Part, ...], status: str, *, proven: bool = True) -> dict[str, Any]:
    """Return one case: what a verifier says of the passport's status on that moment, all else being in order."""
    pack, block = packed(*parts, proven=proven)
    verdict = {"ok": "valid", "failed": "invalid", "not_checked": "partial"}[status.partition(":")[0]]
    given = {
        "trust": trust(did=DID, key=KEY),
        "blocks": ["0x" + block.hex()],
        "asOf": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    told = {} if status == "ok" else {"status": status}
    return make_packs.case(f"status_{name}", pack, verdict, given=given, documents="not_asked:not_asked", **told)


def status_cases() -> Iterator[dict[str, Any]]:
    """Yield every case."""
    first, second = tuple(both(day(1, 8, 4))), tuple(both(day(8), version=2))
    revoked = (listed("revocation", day(10), 7, BIT, version=3), day(10, 9, 1))
    suspended = (listed("suspension", day(10), BIT, version=3), day(10, 9, 1))
    resumed = (listed("suspension", day(12), version=4), day(12, 9, 1))
    said = (notice("revocation", day(9, 20), "mould"), day(10, 9, 1))
    yield case("valid", day(3), first, "ok")
    yield case("out_of_date", day(9), first, UNKNOWN)
    yield case("not_proven_by_the_state", day(3), first, UNPROVEN, proven=False)
    # The same files, asked about two days.
    story = (*first, *second, revoked, said)
    yield case("on_a_day_before_revocation", day(10, 8, 59), story, "ok")
    yield case("revoked", day(11), story, "failed:revoked")
    story = (*first, *second, suspended, resumed)
    yield case("on_a_day_before_suspension", day(9), story, "ok")
    yield case("suspended", day(11), story, "failed:suspended")
    yield case("taken_up_again", day(13), story, "ok")
