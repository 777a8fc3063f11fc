"""Check a passport: eight numbered steps, each a function that raises its own refusal.

Answers come from the bytes in hand, the verifier's own trust file and a chain endpoint; never from the
issuer's database. A step that cannot be made says so (``NotChecked``) and an unreachable chain is never a
"no". ``portal/static/verify.mjs`` is the twin in the browser: same ids, states and codes, held together by
``tests/vectors/bundles``. No web3 here, no clock: the caller says what time it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ledger.abi import AnchorRecord, anchored_call, data_from_rpc, quantity_from_rpc, to_data
from ledger.bundle import Anchor, Bundle, Inclusion
from ledger.canonical import digest_multibase, fingerprint, sha256
from ledger.credential import Proof, check_proof, read_proof
from ledger.errors import (
    AnchorInvalid,
    DocumentsInvalid,
    FingerprintInvalid,
    InclusionInvalid,
    IssuerInvalid,
    Malformed,
    NotChecked,
    NotJSON,
    ProofMismatch,
    RPCFault,
    RPCUnreachable,
    SignatureInvalid,
    StructureInvalid,
    ValidityInvalid,
    VerificationError,
)
from ledger.keys import KeyRecord, from_instant, key_in_document, to_instant
from ledger.merkle import check_inclusion, credential_leaf
from ledger.rpc import HTTPRPC, RPC
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList

CHECKS: Final = (
    "structure",
    "fingerprint",
    "signature",
    "issuer",
    "validity",
    "inclusion",
    "anchor",
    "documents",
)
"""The steps, in the order they are reported."""


class State(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"
    NOT_ASKED = "not_asked"


class Verdict(StrEnum):
    """What the steps amount to: one failure is enough for ``invalid``, one gap for ``partial``."""

    VALID = "valid"
    INVALID = "invalid"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Args:
        code: Stable word for programs and translations; ``ok`` and ``not_asked`` for those states.
        params: Values for the sentence, JSON types.
    """

    id: str
    state: State
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All steps and the verdict.

    Args:
        credential: What was checked, to show instead of anything a page says; ``None`` when unreadable.
    """

    checks: tuple[Check, ...]
    credential: dict[str, Any] | None

    @property
    def verdict(self) -> Verdict:
        """The sum of the steps."""
        states = {check.state for check in self.checks}
        if State.FAILED in states:
            return Verdict.INVALID
        return Verdict.PARTIAL if State.NOT_CHECKED in states else Verdict.VALID

    def to_json(self) -> dict[str, Any]:
        """Return JSON types: ``verdict`` and ``checks`` in order."""
        return {
            "verdict": self.verdict.value,
            "checks": [
                {"id": c.id, "state": c.state.value, "code": c.code, "params": c.params} for c in self.checks
            ],
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What a verifier brings along.

    Args:
        trust: Its trust list; without one the verdict is at most ``partial``.
        rpc_url: Endpoint to ask instead of the one in the trust list.
        expected_hash: The ``#h=`` of the printed code.
        files: Names and bytes of documents in hand.
        as_of: The moment to judge validity at, with a time zone.
    """

    as_of: datetime
    trust: TrustList | None = None
    rpc_url: str | None = None
    expected_hash: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()


def verify_bundle(
    data: bytes,
    *,
    as_of: datetime,
    trust: TrustList | None = None,
    rpc_url: str | None = None,
    expected_hash: str | None = None,
    files: Iterable[tuple[str, bytes]] = (),
) -> Report:
    """Check a bundle and report every step; refusals of the bundle are lines, not exceptions.

    Args:
        data: The bundle's bytes.
        as_of: The moment to judge validity at, with a time zone.
        trust: The verifier's trust list.
        rpc_url: Chain endpoint; wins over the trust list's.
        expected_hash: Fingerprint from the printed code.
        files: ``(name, bytes)`` of documents to compare.

    Raises:
        Malformed: ``as_of`` has no time zone.
    """
    to_instant(as_of)
    question = Question(as_of, trust, rpc_url, expected_hash, tuple(files))
    try:
        bundle = check_structure(data)
    except StructureInvalid as refusal:
        first = Check("structure", State.FAILED, refusal.reason, {"detail": refusal.message})
        rest = [Check(name, State.NOT_CHECKED, "not_reached") for name in CHECKS[1:]]
        return Report((first, *rest), None)
    checks = (Check("structure", State.OK, "ok"), *_judge(bundle, question))
    return Report(checks, dict(bundle.credential))


def _judge(bundle: Bundle, question: Question) -> list[Check]:
    trusted = question.trust.issuer(bundle.credential["issuer"]["id"]) if question.trust else None
    anchor = _run("anchor", lambda: check_anchor(bundle, question, trusted))
    document = trusted.did_document if trusted else bundle.did_document
    anchored_at = anchor.params.get("time") if anchor.state is State.OK else None
    return [
        _asked("fingerprint", question.expected_hash, lambda h: check_fingerprint(bundle, h)),
        _run("signature", lambda: check_signature(bundle, document, question.as_of, anchored_at)),
        _run("issuer", lambda: check_issuer(bundle, question.trust, trusted)),
        _run("validity", lambda: check_validity(bundle, question.as_of)),
        _run("inclusion", lambda: check_place(bundle)),
        anchor,
        _asked("documents", question.files, lambda files: check_documents(bundle, files)),
    ]


def _asked(name: str, value: Any, step: Callable[[Any], dict[str, Any]]) -> Check:
    return _run(name, lambda: step(value)) if value else Check(name, State.NOT_ASKED, "not_asked")


def _run(name: str, step: Callable[[], dict[str, Any]]) -> Check:
    try:
        return Check(name, State.OK, "ok", step())
    except VerificationError as refusal:
        return Check(name, State.FAILED, refusal.reason, refusal.values)
    except NotChecked as gap:
        return Check(name, State.NOT_CHECKED, gap.reason, gap.values)


def check_structure(data: bytes) -> Bundle:
    """1. Read the bundle.

    Raises:
        StructureInvalid: The reasons of :class:`ledger.errors.NotJSON`, or ``malformed_bundle``.
    """
    try:
        return Bundle.from_json(data)
    except NotJSON as error:
        raise StructureInvalid(error.reason, error.message) from error
    except Malformed as error:
        raise StructureInvalid("malformed_bundle", error.message) from error


def check_fingerprint(bundle: Bundle, expected: str) -> dict[str, Any]:
    """2. Compare with the printed code.

    Raises:
        FingerprintInvalid: ``fingerprint_mismatch``.
    """
    found = fingerprint(bundle.credential)
    if found != expected:
        raise FingerprintInvalid("fingerprint_mismatch", "another credential", expected=expected, found=found)
    return {"fingerprint": found}


def check_signature(bundle: Bundle, document: Any, as_of: datetime, anchored_at: str | None) -> dict[str, Any]:
    """3. Check the issuer's signature with a key that counted.

    A key that was retired by ``as_of`` counts for what the chain shows to be older: ``created`` is the
    signer's word, the anchor's time is not.

    Args:
        bundle: The bundle.
        document: The issuer's DID document: the trust list's, else the bundle's.
        as_of: The moment to judge at, with a time zone.
        anchored_at: Block time of a confirmed anchor.

    Raises:
        SignatureInvalid: See :func:`ledger.credential.read_proof`; ``key_not_of_issuer``;
            ``unknown_key``; ``signature_mismatch``; ``key_retired``.
        NotChecked: ``key_retired_unproven``: only an anchor could tell.
    """
    proof = read_proof(bundle.credential)
    if proof.method_id.partition("#")[0] != bundle.credential["issuer"]["id"]:
        raise SignatureInvalid("key_not_of_issuer", "another's key", method=proof.method_id)
    key = key_in_document(document, proof.method_id)
    check_proof(bundle.credential, key.public)
    _check_key_counted(proof, key, as_of, anchored_at)
    return {"method": proof.method_id, "created": to_instant(proof.created)}


def _check_key_counted(proof: Proof, key: KeyRecord, as_of: datetime, anchored_at: str | None) -> None:
    end = key.retired_at
    if end is None:
        return
    known = from_instant(anchored_at) if anchored_at else proof.created
    if max(known, proof.created) >= end:
        raise SignatureInvalid("key_retired", "signed after the key was retired", retired=to_instant(end))
    if end <= as_of and not anchored_at:
        raise NotChecked("key_retired_unproven", "the key is retired now", retired=to_instant(end))


def check_issuer(bundle: Bundle, trust: TrustList | None, trusted: TrustedIssuer | None) -> dict[str, Any]:
    """4. Look the issuer up in the trust list.

    Raises:
        IssuerInvalid: ``unknown_issuer``.
        NotChecked: ``no_trust``.
    """
    did = bundle.credential["issuer"]["id"]
    if trust is None:
        raise NotChecked("no_trust", "no trust list was given", did=did)
    if trusted is None:
        raise IssuerInvalid("unknown_issuer", f"{did} is not in the trust list", did=did)
    return {"did": did, "name": trusted.name}


def check_validity(bundle: Bundle, as_of: datetime) -> dict[str, Any]:
    """5. Compare the validity with the moment asked for; both ends count as valid.

    Raises:
        ValidityInvalid: ``not_yet_valid``, ``expired``.
        NotChecked: ``status_not_checked``: the credential names a status list, which this version cannot
            read.
    """
    start, end = bundle.credential["validFrom"], bundle.credential.get("validUntil")
    values = {"from": start, "until": end, "asOf": to_instant(as_of)}
    if as_of < from_instant(start):
        raise ValidityInvalid("not_yet_valid", f"valid from {start}", **values)
    if end is not None and as_of > from_instant(end):
        raise ValidityInvalid("expired", f"valid until {end}", **values)
    if "credentialStatus" in bundle.credential:
        raise NotChecked("status_not_checked", "the status list was not read", **values)
    return values


def check_place(bundle: Bundle) -> dict[str, Any]:
    """6. Follow the path from this credential to the root.

    Raises:
        InclusionInvalid: ``path_mismatch``.
        NotChecked: ``not_anchored_yet``: not sealed into a batch so far.
    """
    place = _place(bundle)
    leaf = credential_leaf(bundle.credential)
    try:
        check_inclusion(leaf, place.leaf_index, size=place.tree_size, path=place.path, root=place.root)
    except ProofMismatch as error:
        raise InclusionInvalid("path_mismatch", error.message, **error.values) from error
    return {"leafIndex": place.leaf_index, "treeSize": place.tree_size, "root": place.root.hex()}


def _place(bundle: Bundle) -> Inclusion:
    if bundle.inclusion is None:
        raise NotChecked("not_anchored_yet", "not sealed into a batch yet")
    return bundle.inclusion


def check_anchor(bundle: Bundle, question: Question, trusted: TrustedIssuer | None) -> dict[str, Any]:
    """7. Ask the trusted contract for the root, and compare what the bundle says of the block.

    Raises:
        AnchorInvalid: ``not_anchored`` (the right contract does not know the root), ``anchor_differs``
            (it knows other facts), ``block_differs`` (the block has another hash or lacks the transaction).
        NotChecked: ``not_anchored_yet``, ``no_trust``, ``issuer_not_trusted``, ``unknown_anchor``,
            ``no_rpc``, ``rpc_unreachable``, ``rpc_error``, ``wrong_chain``, ``wrong_contract``.
    """
    place, anchor = _place(bundle), bundle.anchor
    if anchor is None:
        raise NotChecked("not_anchored_yet", "not anchored yet")
    target = _target(anchor, question, trusted)
    url = question.rpc_url or target.rpc
    if not url:
        raise NotChecked("no_rpc", "no chain endpoint was given")
    try:
        return _ask_chain(HTTPRPC(url), target, anchor, place)
    except (RPCUnreachable, RPCFault) as error:
        raise NotChecked(error.code, error.message, rpc=url) from error


def _target(anchor: Anchor, question: Question, trusted: TrustedIssuer | None) -> TrustedAnchor:
    if question.trust is None:
        raise NotChecked("no_trust", "no trust list was given")
    if trusted is None:
        raise NotChecked("issuer_not_trusted", "the trust list names no anchor of this issuer")
    for target in trusted.anchors:
        if target.holds(anchor):
            return target
    raise NotChecked("unknown_anchor", "anchored where the trust list does not say", chainId=anchor.chain_id)


def _ask_chain(rpc: RPC, target: TrustedAnchor, anchor: Anchor, place: Inclusion) -> dict[str, Any]:
    _check_endpoint(rpc, target)
    call = {"to": to_data(target.contract), "data": anchored_call(target.stream, place.root)}
    record = AnchorRecord.from_rpc(rpc.call("eth_call", [call, "latest"]))
    if record.size == 0:
        raise AnchorInvalid("not_anchored", "the contract does not know this root", root=place.root.hex())
    claimed = AnchorRecord(anchor.seq, int(anchor.block_time.timestamp()), anchor.block_number, place.tree_size)
    if record != claimed:
        raise AnchorInvalid("anchor_differs", "the contract knows other facts about this root")
    block_hash, transactions = _block(rpc, anchor.block_number)
    if block_hash != anchor.block_hash or to_data(anchor.transaction) not in transactions:
        raise AnchorInvalid("block_differs", "the block is another one", block=anchor.block_number)
    return {
        "time": to_instant(datetime.fromtimestamp(record.time, UTC)),
        "seq": record.seq,
        "block": record.block_number,
        "chainId": target.chain_id,
        "kind": target.kind,
    }


def _check_endpoint(rpc: RPC, target: TrustedAnchor) -> None:
    chain_id = quantity_from_rpc(rpc.call("eth_chainId", []))
    if chain_id != target.chain_id or _block(rpc, 0)[0] != target.genesis:
        raise NotChecked("wrong_chain", "the endpoint is another chain", expected=target.chain_id, found=chain_id)
    code = data_from_rpc(rpc.call("eth_getCode", [to_data(target.contract), "latest"]))
    if sha256(code) != target.code_hash:
        raise NotChecked("wrong_contract", "another contract at that address", contract=to_data(target.contract))


def _block(rpc: RPC, number: int) -> tuple[bytes, list[Any]]:
    block = rpc.call("eth_getBlockByNumber", [hex(number), False])
    if not isinstance(block, dict) or not isinstance(block.get("transactions"), list):
        raise RPCFault(f"no block {number}")
    return data_from_rpc(block.get("hash")), block["transactions"]


def check_documents(bundle: Bundle, files: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """8. Compare files in hand with the digests in the credential.

    Raises:
        DocumentsInvalid: ``unknown_document``: one of them is none of those.
    """
    listed = bundle.credential.get("relatedResource")
    resources = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    known = [entry.get("digestMultibase") for entry in resources]
    names = []
    for name, data in files:
        if digest_multibase(sha256(data)) not in known:
            raise DocumentsInvalid("unknown_document", f"{name} is not in the passport", name=name)
        names.append(name)
    return {"matched": len(names), "listed": len(known)}
