"""A passport sealed and anchored on the real node verifies by the real endpoint, and fails where it must."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.bundle import Anchor, Bundle, Inclusion
from ledger.canonical import fingerprint
from ledger.chain import Chain
from ledger.contract import load_artefact
from ledger.issue import AnchorBatch, AnchorState, advance, build_receipt, seal
from ledger.keys import KeyRecord, SigningKey, did_document, did_web
from ledger.kinds.envelope import Party
from ledger.kinds.passport import PassportFacts, compose
from ledger.merkle import credential_leaf
from ledger.proof import sign
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList
from ledger.verification.report import Verdict
from ledger.verify import verify_bundle
from support.anchoring import STREAM, MemoryStore, open_for_writer, running, target_of

DID = did_web("portal.example")
KEY = SigningKey.from_seed(bytes(range(32)), DID)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Issued:
    bundle: Bundle
    trust: TrustList
    url: str


@pytest.fixture
def issued(tmp_path: Path) -> Iterator[Issued]:
    facts = PassportFacts(
        id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        issuer=Party(DID, "青禾食品"),
        valid_from=datetime(2026, 3, 1, 8, tzinfo=UTC),
        base_url="https://portal.example",
        gtin="06901234567892",
        lot="L7",
        name_zh="龙井",
        name_en="Longjing tea",
    )
    signed = sign(compose(facts), KEY, created=datetime(2026, 3, 1, 8, tzinfo=UTC))
    batch = seal([bytes(32), credential_leaf(signed), b"\x01" * 32])
    with running(tmp_path / "chain.sqlite") as url:
        chain = Chain(url)
        contract = open_for_writer(chain)
        target = target_of(chain, contract)
        waiting = AnchorBatch("first", 0, batch.root, batch.size)
        done = advance(waiting, store=MemoryStore(), chain=chain, target=target, now=1_780_000_000)
        assert done.state is AnchorState.FINAL
        anchor = Anchor.from_value(build_receipt(done, target))
        document = did_document(DID, [KeyRecord(KEY.public)])
        code = bytes.fromhex(load_artefact().runtime_sha256)
        trusted = TrustedAnchor(anchor.chain_id, anchor.genesis, anchor.contract, code, STREAM, "embedded")
        trust = TrustList((TrustedIssuer(DID, "青禾食品", document, (trusted,)),))
        inclusion = Inclusion.from_value(batch.inclusion(1))
        yield Issued(Bundle(signed, document, inclusion, anchor), trust, url)


def test_anchored_passport_is_valid(issued: Issued) -> None:
    report = verify_bundle(
        issued.bundle.to_json(),
        as_of=NOW,
        trust=issued.trust,
        rpc_url=issued.url,
        expected_hash=fingerprint(issued.bundle.credential),
    )
    assert [(check.id, check.code) for check in report.checks] == [
        ("structure", "ok"),
        ("fingerprint", "ok"),
        ("signature", "ok"),
        ("issuer", "ok"),
        ("validity", "ok"),
        ("status", "not_asked"),
        ("inclusion", "ok"),
        ("anchor", "ok"),
        ("documents", "not_asked"),
    ]
    assert report.verdict is Verdict.VALID


def test_batch_that_was_never_anchored_is_invalid(issued: Issued) -> None:
    credential = issued.bundle.credential
    batch = seal([credential_leaf(credential)])
    forged = replace(issued.bundle, inclusion=Inclusion.from_value(batch.inclusion(0)))
    report = verify_bundle(forged.to_json(), as_of=NOW, trust=issued.trust, rpc_url=issued.url)
    assert {check.id: check.code for check in report.checks}["anchor"] == "not_anchored"
    assert report.verdict is Verdict.INVALID


def test_report_is_json_for_other_programs(issued: Issued) -> None:
    report = verify_bundle(issued.bundle.to_json(), as_of=NOW, trust=issued.trust, rpc_url=issued.url)
    checks = json.loads(json.dumps(report.to_json()))["checks"]
    anchor = next(check["params"] for check in checks if check["id"] == "anchor")
    assert anchor["seq"] == 0
    assert anchor["kind"] == "embedded"
