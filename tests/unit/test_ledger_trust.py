import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.bundle import Anchor
from ledger.errors import Malformed, NotJSON
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList
from support.refusals import refused

ANCHOR: dict[str, Any] = {
    "chainId": 71771,
    "genesis": "0x" + "03" * 32,
    "contract": "0x" + "04" * 20,
    "codeHash": "08" * 32,
    "stream": "0x" + "05" * 32,
    "kind": "embedded",
}
ISSUER: dict[str, Any] = {
    "did": "did:web:portal.example",
    "name": "青禾食品",
    "didDocument": {"id": "did:web:portal.example"},
    "anchors": [
        ANCHOR,
        ANCHOR | {"kind": "public", "rpc": "https://rpc.example", "blocks": ["0x" + "09" * 32]},
    ],
}
FILE: dict[str, Any] = {"trust": "tallystick-trust/1", "issuers": [ISSUER]}


TEXTS = "issuer: did and name are texts, didDocument is an object"
ANOTHER = "issuer did:web:portal.example: another's DID document, or no list of anchors"
HASH = "not 32 bytes in lower-case hexadecimal"


def read(value: Any) -> TrustList:
    return TrustList.from_json(json.dumps(value).encode())


def test_trust_file_is_read_and_written_unchanged() -> None:
    trust = read(FILE)
    home = TrustedAnchor(71771, b"\x03" * 32, b"\x04" * 20, b"\x08" * 32, b"\x05" * 32, "embedded")
    assert trust.issuers[0].anchors[0] == home
    assert trust.issuers[0].anchors[1].rpc == "https://rpc.example"
    assert trust.issuers[0].anchors[1].blocks == (b"\x09" * 32,)
    assert json.loads(trust.to_json()) == FILE
    assert TrustList.from_json(trust.to_json()) == trust


@pytest.mark.parametrize("rpc", ["http://127.0.0.1:8545", "HTTPS://rpc.example"])
def test_endpoint_is_a_web_address_with_or_without_encryption(rpc: str) -> None:
    trust = read(FILE | {"issuers": [ISSUER | {"anchors": [ANCHOR | {"rpc": rpc}]}]})
    assert trust.issuers[0].anchors[0].rpc == rpc


def test_issuer_is_found_by_its_did() -> None:
    found = read(FILE).issuer("did:web:portal.example")
    assert isinstance(found, TrustedIssuer)
    assert found.name == "青禾食品"
    assert read(FILE).issuer("did:web:other.example") is None


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(NotJSON):
        TrustList.from_json(b"nothing")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "not an object of trust, issuers"),
        ({"trust": "tallystick-trust/2", "issuers": []}, "not a tallystick-trust/1"),
        ({"trust": "tallystick-trust/1", "issuers": {}}, "not a tallystick-trust/1"),
        ({"trust": "tallystick-trust/1", "issuers": [], "more": 1}, "not an object of trust, issuers"),
        (FILE | {"issuers": [ISSUER, ISSUER]}, "an issuer stands twice in the trust file"),
        (FILE | {"issuers": [[]]}, "not an object of did, name, didDocument, anchors"),
        (FILE | {"issuers": [ISSUER | {"did": 1}]}, TEXTS),
        (FILE | {"issuers": [ISSUER | {"name": None}]}, TEXTS),
        (FILE | {"issuers": [ISSUER | {"didDocument": []}]}, TEXTS),
        (FILE | {"issuers": [ISSUER | {"didDocument": {"id": "did:x"}}]}, ANOTHER),
        (FILE | {"issuers": [ISSUER | {"anchors": None}]}, ANOTHER),
        (
            FILE | {"issuers": [ISSUER | {"anchors": [[]]}]},
            "not an object of chainId, genesis, contract, codeHash, stream, kind",
        ),
    ],
)
def test_file_of_another_shape_is_refused(value: Any, sentence: str) -> None:
    with refused(Malformed, sentence):
        read(value)


def test_a_trust_file_is_written_for_people_and_may_be_large() -> None:
    text = read(FILE).to_json().decode()
    assert text.startswith('{\n  "trust": "tallystick-trust/1",\n  "issuers": [\n    {\n      "did"')
    assert text.endswith("]\n}\n")
    assert "青禾食品" in text
    issuer = TrustedIssuer("did:web:a", "x" * (1 << 20), {"id": "did:web:a"}, ())
    assert TrustList.from_json(TrustList((issuer,)).to_json()).issuers == (issuer,)
    with pytest.raises(ValueError, match="not JSON compliant"):
        TrustList((TrustedIssuer("did:web:a", "a", {"x": float("nan")}, ()),)).to_json()


@pytest.mark.parametrize("member", ["chain_id", "genesis", "contract", "stream"])
def test_an_anchor_is_held_by_chain_contract_and_stream(member: str) -> None:
    [home, _] = read(FILE).issuers[0].anchors
    anchor = Anchor(
        71771, b"\x03" * 32, b"\x04" * 20, b"\x05" * 32, 1, b"", 2, b"", datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert home.holds(anchor)
    other: dict[str, Any] = {member: 1 if member == "chain_id" else b""}
    assert not home.holds(replace(anchor, **other))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "private"}, "anchor: kind is none of embedded, consortium, public"),
        ({"rpc": 1}, "anchor: rpc is not a web address"),
        ({"rpc": "file:///etc"}, "anchor: rpc is not a web address"),
        ({"blocks": "0x"}, "anchor: blocks is not a list"),
        ({"blocks": ["0x"]}, HASH),
        ({"codeHash": "0x"}, HASH),
        ({"genesis": "0x" + "03" * 20}, HASH),
        ({"stream": "0x" + "05" * 20}, HASH),
        ({"contract": "0x" + "04" * 32}, "not 20 bytes in lower-case hexadecimal"),
        ({"chainId": "1"}, "not a whole number"),
        ({"more": 1}, "not an object of chainId, genesis, contract, codeHash, stream, kind"),
    ],
)
def test_anchor_of_another_shape_is_refused(change: dict[str, Any], sentence: str) -> None:
    with refused(Malformed, sentence):
        read(FILE | {"issuers": [ISSUER | {"anchors": [ANCHOR | change]}]})
