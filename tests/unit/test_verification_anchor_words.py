"""What a verifier asks of an endpoint about an anchor, word by word, and what it hands to another witness."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.abi import AnchorRecord
from ledger.bundle import Anchor, Bundle
from ledger.trust import TrustedAnchor, TrustList
from ledger.verification.anchor import check_anchor
from ledger.verification.report import Question
from support.recorded_chain import recording

GIVEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "bundles" / "valid.json").read_text(encoding="utf-8")
)["given"]
BUNDLE = Bundle.from_json(GIVEN["bundle"].encode())
TRUST = TrustList.from_json(json.dumps(GIVEN["trust"]).encode())
ISSUER = TRUST.issuer("did:web:portal.example%3A8443")
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
CONTRACT = "0xcc8321d6375c494d043fdd0260f21bc0ec51dacc"
ROOT = "a99c9410cbd52db59497e9f0b78b7e679a00c0286f4a5ad1de206d84680f3a6f"


def test_an_endpoint_is_asked_for_chain_code_record_and_block() -> None:
    replies = {name: reply["result"] for name, reply in GIVEN["rpc"]["replies"].items()}
    first, twelfth = (replies[f"eth_getBlockByNumber {number}"] for number in ("0x0", "0xc"))
    blocks = iter((first, twelfth))
    answers = replies | {"eth_call": "0x" + "".join(f"{one:064x}" for one in (3, 1_772_352_300, 12, 5))}
    code = next(value for name, value in replies.items() if name.startswith("eth_getCode"))
    answers |= {"eth_getCode": code, "eth_getBlockByNumber": lambda: next(blocks)}
    with recording(answers) as (url, asked):
        told = check_anchor(BUNDLE, Question(AS_OF, TRUST, url), ISSUER)
    assert told == {"time": "2026-03-01T08:05:00Z", "seq": 3, "block": 12, "chainId": 71771, "kind": "embedded"}
    assert ISSUER is not None
    stream = ISSUER.anchors[0].stream.hex()
    assert asked == [
        ("eth_chainId", []),
        ("eth_getBlockByNumber", ["0x0", False]),
        ("eth_getCode", [CONTRACT, "latest"]),
        ("eth_call", [{"to": CONTRACT, "data": f"0x800520ce{stream}{ROOT}"}, "latest"]),
        ("eth_getBlockByNumber", ["0xc", False]),
    ]


class Notary:
    """A witness of another kind, which notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def record(self, target: TrustedAnchor, root: bytes) -> AnchorRecord:
        self.asked.append((target, root.hex()))
        return AnchorRecord(3, 1_772_352_300, 12, 5)

    def check_block(self, target: TrustedAnchor, anchor: Anchor, root: bytes) -> dict[str, Any]:
        self.asked.append((target, anchor, root.hex()))
        return {"proven": "elsewhere"}


def test_another_witness_is_asked_for_the_record_and_the_block() -> None:
    notary = Notary()
    told = check_anchor(BUNDLE, Question(AS_OF, TRUST, witness=notary), ISSUER)
    assert told["proven"] == "elsewhere"
    assert ISSUER is not None
    target = ISSUER.anchors[0]
    assert notary.asked == [(target, ROOT), (target, BUNDLE.anchor, ROOT)]
