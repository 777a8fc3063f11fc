"""Write tests/vectors/packs/*.json: what every verifier, in every language, must say of an audit pack.

Run it as a program to write the files anew. The chain's state is built here from the ``trie`` library, so that the
proofs are neither our node's nor our verifier's; everything is derived from fixed seeds. What is expected is
written by hand, case by case: the pack's own code, and of every passport the checks that are not ok.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rlp
from eth_utils.crypto import keccak
from trie import HexaryTrie

from ledger.archive import Entry, join_archive, read_archive
from ledger.bundle import Anchor, Bundle, Inclusion
from ledger.canonical import sha256
from ledger.keys import KeyRecord, SigningKey, did_document, did_web
from ledger.kinds.envelope import EvidenceFile, Party
from ledger.kinds.passport import InspectionFact, PassportFacts, compose
from ledger.merkle import Tree, credential_leaf
from ledger.pack import MANIFEST, Pack, PackFile, Role
from ledger.proof import sign
from ledger.stateproof import ProvenRecord, State, entry_slot
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList

FOLDER = Path(__file__).parent / "packs"
AS_OF = "2026-06-01T00:00:00Z"
DID = did_web("portal.example")
KEY = SigningKey.from_seed(bytes(range(32)), DID)
CODE = bytes.fromhex("6080604052348015600f57600080fd5b50")
CONTRACT = hashlib.sha256(b"contract").digest()[:20]
STREAM = hashlib.sha256(b"stream").digest()
GENESIS = hashlib.sha256(b"genesis").digest()
TRANSACTION = hashlib.sha256(b"transaction").digest()
BLOCK_TIME = datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
CHAIN_ID, SEQ, BLOCK_NUMBER, SIZE = 71771, 3, 12, 5
REPORT = "%PDF-1.7 检验报告 QC-0317\n".encode()


def header(number: int, time: int, state_root: bytes) -> bytes:
    """Return a header as RLP: fifteen fields, the ones that are read filled in."""
    fields = [bytes(32)] * 3 + [state_root] + [bytes(32)] * 2 + [bytes(256), b""]
    numbers = [n.to_bytes((n.bit_length() + 7) // 8) for n in (number, 30_000_000, 0, time)]
    return bytes(rlp.encode([*fields, *numbers, b"", bytes(32), bytes(8)]))


def trie_of(items: dict[bytes, bytes]) -> HexaryTrie:
    """Return a trie of hashed keys and RLP values, as Ethereum keeps state and storage."""
    trie = HexaryTrie({})
    for key, value in items.items():
        trie[keccak(key)] = value
    return trie


def way(trie: HexaryTrie, key: bytes) -> tuple[bytes, ...]:
    """Return the proof of a key."""
    return tuple(bytes(rlp.encode(node)) for node in trie.get_proof(keccak(key)))


def word(*packed: int) -> bytes:
    """Return a slot's RLP: four 64-bit numbers, the first in the lowest bytes."""
    value = sum(number << 64 * at for at, number in enumerate(packed))
    return bytes(rlp.encode(value.to_bytes((value.bit_length() + 7) // 8)))


@dataclass(frozen=True)
class World:
    """One anchored passport, and the chain's state that proves it."""

    bundle: Bundle
    state: State
    block: bytes


def world() -> World:
    """Return the case in which everything is right: first of five leaves, anchored among other batches."""
    report = EvidenceFile("https://portal.example/files/1", "检验报告.pdf", "application/pdf", sha256(REPORT))
    facts = PassportFacts(
        id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        issuer=Party(DID, "青禾食品 Qinghe Foods"),
        valid_from=datetime(2026, 3, 1, 8, tzinfo=UTC),
        valid_until=datetime(2027, 2, 28, 15, 59, 59, tzinfo=UTC),
        base_url="https://portal.example",
        gtin="06901234567892",
        lot="L7",
        name_zh="龙井",
        name_en="Longjing tea",
        inspections=(
            InspectionFact("QC-0317", "出厂检验", "浙江茶检", BLOCK_TIME.date(), passed=True, file=report),
        ),
    )
    signed = sign(compose(facts), KEY, created=datetime(2026, 3, 1, 8, tzinfo=UTC), nonce=bytes(16))
    tree = Tree.of([credential_leaf(signed), *(bytes([n]) * 32 for n in range(4))])
    anchored = header(BLOCK_NUMBER, int(BLOCK_TIME.timestamp()), bytes(32))
    anchor = Anchor(
        CHAIN_ID, GENESIS, CONTRACT, STREAM, SEQ, TRANSACTION, BLOCK_NUMBER, keccak(anchored), BLOCK_TIME
    )
    document = did_document(DID, [KeyRecord(KEY.public)])
    bundle = Bundle(signed, document, Inclusion(0, SIZE, tree.root, tree.inclusion(0)), anchor)
    state = state_with(tree.root, (SEQ, int(BLOCK_TIME.timestamp()), BLOCK_NUMBER, SIZE), anchored)
    return World(bundle, state, keccak(state.header))


@dataclass(frozen=True)
class Record:
    """What the contract knows of a root, and the header of the block that anchored it."""

    root: bytes
    known: tuple[int, ...] | None
    block: bytes


def state_with(root: bytes, record: tuple[int, ...] | None, anchored: bytes) -> State:
    """Return a state whose contract holds the record of a root; none of it for ``None``."""
    return state_proving(Record(root, record, anchored))


def state_proving(*records: Record) -> State:
    """Return a state whose contract holds these records among forty others."""
    entries = {entry_slot(STREAM, bytes([n]) * 32): word(n, 1, 1, 1) for n in range(40)}
    entries |= {entry_slot(STREAM, one.root): word(*one.known) for one in records if one.known is not None}
    storage = trie_of(entries)
    account = bytes(rlp.encode([b"\x01", b"", storage.root_hash, keccak(CODE)]))
    accounts = trie_of({bytes([n]) * 20: b"\xc0" for n in range(40)} | {CONTRACT: account})
    proven = tuple(
        ProvenRecord(STREAM, one.root, way(storage, entry_slot(STREAM, one.root)), one.block) for one in records
    )
    return State(CONTRACT, header(90, 1_780_000_000, accounts.root_hash), CODE, way(accounts, CONTRACT), proven)


def trust(*, did: str = DID, key: SigningKey = KEY, **changes: Any) -> dict[str, Any]:
    """Return the auditor's trust file as JSON types."""
    anchor = TrustedAnchor(CHAIN_ID, GENESIS, CONTRACT, sha256(CODE), STREAM, "consortium")
    document = did_document(did, [KeyRecord(key.public)])
    issuer = TrustedIssuer(did, "Qinghe Foods", document, (replace(anchor, **changes),))
    value: dict[str, Any] = json.loads(TrustList((issuer,)).to_json())
    return value


def pack_of(here: World, *, paper: bytes | None = REPORT, state: State | bytes | None = None) -> Pack:
    """Return the pack, with another paper or state when given."""
    data = here.state.to_json() if state is None else state if isinstance(state, bytes) else state.to_json()
    name = credential_leaf(world().bundle.credential).hex()
    files = [PackFile(f"bundles/{name}.json", Role.BUNDLE, here.bundle.to_json())]
    files += [PackFile("README.en.txt", Role.README, b"An audit pack.\n" * 20)]
    if data:
        files += [PackFile(f"states/{sha256(data).hex()}.json", Role.STATE, data)]
    if paper is not None:
        files += [PackFile(f"evidence/{sha256(paper).hex()}.pdf", Role.EVIDENCE, paper, "检验报告.pdf")]
    return Pack(datetime(2026, 5, 31, tzinfo=UTC), tuple(files))


def case(name: str, pack: Pack | bytes, verdict: str, **told: Any) -> dict[str, Any]:
    """Return one case.

    Args:
        name: The file's name.
        pack: The pack, or its bytes.
        verdict: What a verifier must say.
        told: ``given`` replaces what the auditor brings, ``refused`` is the pack's own code; the rest are the
            checks of its one passport that are not ok, as ``state:code``.
    """
    data = pack if isinstance(pack, bytes) else pack.to_zip()
    given = {"trust": trust(), "blocks": ["0x" + world().block.hex()], "asOf": AS_OF} | told.pop("given", {})
    code = told.pop("refused", "ok")
    bundles = [{"verdict": verdict, "checks": told}] if code == "ok" else []
    return {
        "name": name,
        "given": {"pack": base64.b64encode(data).decode(), **given},
        "expect": {"verdict": verdict, "pack": code, "bundles": bundles},
    }


def rewritten(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Return the good pack with its manifest changed."""
    entries = read_archive(pack_of(world()).to_zip())
    manifest = json.loads(entries[MANIFEST].unpacked())
    change(manifest)
    entries[MANIFEST] = Entry.stored(MANIFEST, json.dumps(manifest).encode())
    return join_archive(list(entries.values()))


def entries_of_good() -> list[Entry]:
    """Return the good pack's entries."""
    return list(read_archive(pack_of(world()).to_zip()).values())


def cases() -> Iterator[dict[str, Any]]:
    """Yield every case."""
    from make_status_packs import status_cases  # noqa: PLC0415 - it builds on this module

    yield from judged_cases()
    yield from status_cases()
    yield from state_cases()
    yield from zip_cases()
    yield from content_cases()
    yield from manifest_cases()


def judged_cases() -> Iterator[dict[str, Any]]:
    """Yield packs that can be read."""
    here = world()
    good, bundle = pack_of(here), here.bundle
    yield case("valid", good, "valid")
    yield case(
        "valid_block_in_trust_file", good, "valid", given={"trust": trust(blocks=(here.block,)), "blocks": []}
    )
    yield case("valid_without_papers", pack_of(here, paper=None), "valid", documents="not_asked:not_asked")
    partial = {"anchor": "not_checked:no_block_hash"}
    yield case("no_block_hash", good, "partial", given={"blocks": []}, **partial)
    other = {"blocks": ["0x" + "11" * 32]}
    yield case("other_block", good, "partial", given=other, anchor="not_checked:other_block")
    both = {"issuer": "not_checked:no_trust", "anchor": "not_checked:no_trust"}
    yield case("no_trust", good, "partial", given={"trust": None}, **both)
    late = {"asOf": "2027-03-01T00:00:00Z"}
    yield case("expired", good, "invalid", given=late, validity="failed:expired")
    elsewhere = {"trust": trust(contract=bytes(20))}
    yield case("contract_unknown", good, "partial", given=elsewhere, anchor="not_checked:unknown_anchor")
    code = {"trust": trust(code_hash=bytes(32))}
    yield case("other_code", good, "partial", given=code, anchor="not_checked:wrong_contract")
    anchor = bundle.anchor
    assert anchor
    for name, change, said in (
        ("seq_changed", {"seq": 4}, "anchor_differs"),
        ("block_time_changed", {"block_time": BLOCK_TIME.replace(second=1)}, "anchor_differs"),
        ("block_hash_changed", {"block_hash": bytes(32)}, "block_differs"),
    ):
        made = pack_of(replace(here, bundle=replace(bundle, anchor=replace(anchor, **change))))
        yield case(name, made, "invalid", anchor=f"failed:{said}")
    changed = dict(bundle.credential) | {"validFrom": "2026-03-02T08:00:00Z"}
    yield case(
        "credential_changed",
        pack_of(replace(here, bundle=replace(bundle, credential=changed))),
        "invalid",
        fingerprint="failed:fingerprint_mismatch",
        signature="failed:signature_mismatch",
        inclusion="failed:path_mismatch",
    )
    waiting = replace(bundle, anchor=None)
    yield case(
        "not_anchored_yet",
        pack_of(replace(here, bundle=waiting)),
        "partial",
        anchor="not_checked:not_anchored_yet",
    )


def state_cases() -> Iterator[dict[str, Any]]:
    """Yield packs whose state does not prove what it should."""
    here = world()
    state = here.state
    (record,) = state.records
    yield case("no_state", pack_of(here, state=b""), "partial", anchor="not_checked:no_state")
    spare = (*state.account, state.account[-1])
    for name, wrong in (
        ("account_cut", replace(state, account=state.account[:-1])),
        ("account_with_spare_node", replace(state, account=spare)),
        ("account_swapped", replace(state, account=state.account[::-1])),
        ("account_node_changed", replace(state, account=(state.account[0][:-1] + b"\x01", *state.account[1:]))),
        ("record_cut", replace(state, records=(replace(record, proof=record.proof[:-1]),))),
        ("record_without_proof", replace(state, records=(replace(record, proof=()),))),
        ("anchoring_header_broken", replace(state, records=(replace(record, block=b"\xc0"),))),
    ):
        yield case(name, pack_of(here, state=wrong), "invalid", anchor="failed:state_mismatch")
    root = here.bundle.inclusion.root if here.bundle.inclusion else b""
    for name, known, said in (
        ("root_not_anchored", None, "not_anchored"),
        ("record_of_other_facts", (SEQ, 1, BLOCK_NUMBER, SIZE), "anchor_differs"),
        ("record_of_other_size", (SEQ, int(BLOCK_TIME.timestamp()), BLOCK_NUMBER, 6), "anchor_differs"),
    ):
        forged = state_with(root, known, record.block)
        block = {"blocks": ["0x" + keccak(forged.header).hex()]}
        yield case(name, pack_of(here, state=forged), "invalid", given=block, anchor=f"failed:{said}")
    coded = replace(state, code=CODE + b"\x00")
    yield case("code_changed", pack_of(here, state=coded), "partial", anchor="not_checked:wrong_contract")
    broken = replace(state, header=b"\xc0")
    yield case("header_broken", pack_of(here, state=broken), "invalid", anchor="failed:state_mismatch")


def refused(name: str, data: bytes, code: str) -> dict[str, Any]:
    """Return the case of a pack that is refused whole."""
    return case(name, data, "invalid", refused=code)


def zip_cases() -> Iterator[dict[str, Any]]:
    """Yield archives of another shape than the one."""
    good, entries = pack_of(world()).to_zip(), entries_of_good()
    yield refused("zip_bytes_in_front", b"#!" + good, "pack_not_zip")
    yield refused("zip_bytes_behind", good + b"x", "pack_not_zip")
    yield refused("zip_breaks_off", good[:-1], "pack_not_zip")
    yield refused("zip_empty", b"", "pack_not_zip")
    directory = good.index(b"PK\x01\x02")
    yield refused("zip_bytes_between", good[:directory] + b"x" + good[directory:], "pack_not_zip")
    dated = bytearray(good)
    dated[10] = 1
    yield refused("zip_dated", bytes(dated), "pack_not_zip")
    yield refused("zip_path_traversal", join_archive([*entries, Entry.of("../up", b"")]), "pack_name")
    yield refused("zip_absolute_path", join_archive([*entries, Entry.of("/up", b"")]), "pack_name")
    yield refused("zip_duplicate", join_archive([*entries, entries[1]]), "pack_duplicate")
    upper = replace(entries[1], name=entries[1].name.swapcase())
    yield refused("zip_duplicate_in_capitals", join_archive([*entries, upper]), "pack_duplicate")


def content_cases() -> Iterator[dict[str, Any]]:
    """Yield archives of the one shape that do not hold what they say."""
    entries = entries_of_good()
    bomb = replace(Entry.of("bomb", bytes(1_000_000)), size=500)
    small = replace(bomb, name=entries[1].name)
    yield refused("zip_admits_too_much", join_archive([*entries, replace(bomb, size=65 << 20)]), "pack_too_large")
    yield refused("zip_crc_of_manifest", join_archive([replace(entries[0], crc=0), *entries[1:]]), "pack_damaged")
    manifest = json.loads(entries[0].unpacked())
    manifest["files"][0] |= {"size": 500, "packed": sha256(small.packed).hex()}
    first = Entry.stored(MANIFEST, json.dumps(manifest).encode())
    yield refused("zip_bomb", join_archive([first, small, *entries[2:]]), "pack_damaged")
    yield refused("zip_manifest_not_first", join_archive([*entries[1:], entries[0]]), "pack_manifest")
    deflated = Entry.of(MANIFEST, entries[0].unpacked())
    yield refused("zip_manifest_deflated", join_archive([deflated, *entries[1:]]), "pack_manifest")
    yield refused("zip_file_added", join_archive([*entries, Entry.of("more", b"x")]), "pack_stray_file")
    yield refused("zip_file_removed", join_archive(entries[:-1]), "pack_missing_file")
    yield refused("paper_nobody_cites", pack_of(world(), paper=b"%PDF forged").to_zip(), "pack_content")
    yield refused("state_unreadable", pack_of(world(), state=b'{"state":1,"state":1}').to_zip(), "pack_content")
    readme = replace(pack_of(world()), files=(PackFile("README.en.txt", Role.README, b"x"),))
    yield refused("no_passports", readme.to_zip(), "pack_content")


def manifest_cases() -> Iterator[dict[str, Any]]:
    """Yield packs whose manifest does not fit."""
    changes: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
        "version": (lambda m: m.update(pack="tallystick-pack/2"), "pack_manifest"),
        "unknown_member": (lambda m: m.update(note=1), "pack_manifest"),
        "no_such_day": (lambda m: m.update(made="2026-02-30T00:00:00Z"), "pack_manifest"),
        "file_twice": (lambda m: m["files"].append(m["files"][0]), "pack_manifest"),
        "unknown_role": (lambda m: m["files"][1].update(role="king"), "pack_manifest"),
        "role_is_a_list": (lambda m: m["files"][1].update(role=["king"]), "pack_manifest"),
        "wrong_role": (lambda m: m["files"][1].update(role="evidence"), "pack_content"),
        "sha256_changed": (lambda m: m["files"][1].update(sha256="0" * 64), "pack_hash"),
        "packed_changed": (lambda m: m["files"][1].update(packed="0" * 64), "pack_hash"),
        "size_changed": (lambda m: m["files"][1].update(size=1), "pack_hash"),
        "names_another_file": (lambda m: m["files"][1].update(name="bundles/x.json"), "pack_missing_file"),
    }
    for name, (change, code) in changes.items():
        yield refused(f"manifest_{name}", rewritten(change), code)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for made in cases():
        text = json.dumps(made, ensure_ascii=False, indent=1)
        (FOLDER / f"{made['name']}.json").write_text(f"{text}\n", encoding="utf-8")
