"""Issuing and verifying ``eddsa-jcs-2022`` against one raw Ed25519 verification of 64 bytes, same process.

The document is a passport of 1.9 kB with a certificate, the size at which the bars were set. The three works run
in turn, one call each, so that each finds the processor's caches as the others left them; a ratio is that of the
shortest calls of 4,000 turns (quick: 1,000), because neighbours on the machine can only add to a call.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime

from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.keys import SigningKey
from ledger.kinds.envelope import EvidenceFile, Party
from ledger.kinds.passport import CertificateFact, PassportFacts, compose
from ledger.proof import check_proof, read_proof, sign

BARS = {"jcs_issue_over_raw_verify": ("<=", 1.0), "jcs_verify_over_raw_verify": ("<=", 1.7)}
TURNS = 4_000
QUICK_TURNS = 1_000
DID = "did:web:portal.example"
CREATED = datetime(2026, 3, 1, 8, tzinfo=UTC)


def passport() -> PassportFacts:
    """Return the facts of a passport as the portal issues them."""
    paper = EvidenceFile("https://portal.example/documents/1", "证书.pdf", "application/pdf", bytes(range(32)))
    return PassportFacts(
        id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        issuer=Party(DID, "青禾食品 / Qinghe Foods"),
        valid_from=CREATED,
        base_url="https://portal.example",
        gtin="06901234567892",
        lot="L-2026/03",
        name_zh="明前龙井 250 克",
        name_en="Pre-Qingming Longjing tea 250 g",
        country="CN",
        produced_on=date(2026, 2, 26),
        best_before=date(2027, 8, 25),
        certificates=(CertificateFact("ORG-42", "有机产品认证", "中绿认证", date(2026, 1, 1), None, paper),),
    )


def measure(*, quick: bool) -> dict[str, float]:
    """Time the three works in turn, and compare the shortest calls."""
    key = SigningKey.from_seed(bytes(range(32)), DID)
    unsigned = compose(passport())
    signed = sign(unsigned, key, created=CREATED, suites=(EDDSA_JCS,))
    public, message = key.public, bytes(64)
    signature, loaded = key.sign(message), key.private.public_key()

    def raw() -> None:
        loaded.verify(signature, message)

    def issue() -> None:
        sign(unsigned, key, created=CREATED, suites=(EDDSA_JCS,))

    def verify() -> None:
        check_proof(signed, read_proof(signed, signed["proof"]), public)

    turns = [[_duration(work) for work in (raw, issue, verify)] for _ in range(QUICK_TURNS if quick else TURNS)]
    floor, issued, verified = (min(times) for times in zip(*turns, strict=True))
    return {
        "jcs_issue_over_raw_verify": round(issued / floor, 3),
        "jcs_verify_over_raw_verify": round(verified / floor, 3),
    }


def _duration(work: Callable[[], None]) -> int:
    before = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - before
