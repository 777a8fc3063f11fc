"""Issuing and verifying ``eddsa-jcs-2022`` against one raw Ed25519 verification of 64 bytes, same process.

The document is a passport of 2 kB with a certificate and a report. The three works run in turn, 25 times each in
a round, so that whatever slows the machine slows all; a ratio is the median over 120 rounds (quick: 25) of the
ratios of one round. Processor time.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.keys import SigningKey
from ledger.kinds.envelope import EvidenceFile, Party
from ledger.kinds.passport import CertificateFact, InspectionFact, PassportFacts, compose
from ledger.proof import check_proof, read_proof, sign

BARS = {"jcs_issue_over_raw_verify": ("<=", 1.0), "jcs_verify_over_raw_verify": ("<=", 1.7)}
ROUNDS = 120
QUICK_ROUNDS = 25
TURNS = 25
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
        certificates=(CertificateFact("ORG-42", "有机产品认证", "中绿认证", date(2026, 1, 1), None, paper),),
        inspections=(InspectionFact("QC-17", "出厂检验", "浙江茶检", date(2026, 2, 27), True),),  # noqa: FBT003
    )


def measure(*, quick: bool) -> dict[str, float]:
    """Time the three works in turn, and return the medians of the ratios."""
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

    rounds = [[_seconds(work) for work in (raw, issue, verify)] for _ in range(QUICK_ROUNDS if quick else ROUNDS)]
    return {
        "jcs_issue_over_raw_verify": round(statistics.median(issue / raw for raw, issue, _ in rounds), 3),
        "jcs_verify_over_raw_verify": round(statistics.median(verify / raw for raw, _, verify in rounds), 3),
    }


def _seconds(work: Callable[[], None]) -> float:
    before = time.process_time()
    for _ in range(TURNS):
        work()
    return time.process_time() - before
