import json
from typing import Any

import pytest

from ledger.errors import Malformed, NotJSON
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList

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


def test_issuer_is_found_by_its_did() -> None:
    found = read(FILE).issuer("did:web:portal.example")
    assert isinstance(found, TrustedIssuer)
    assert found.name == "青禾食品"
    assert read(FILE).issuer("did:web:other.example") is None


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(NotJSON):
        TrustList.from_json(b"nothing")


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"trust": "tallystick-trust/2", "issuers": []},
        {"trust": "tallystick-trust/1", "issuers": {}},
        {"trust": "tallystick-trust/1", "issuers": [], "more": 1},
        {"trust": "tallystick-trust/1", "issuers": [ISSUER, ISSUER]},
        {"trust": "tallystick-trust/1", "issuers": [ISSUER | {"did": 1}]},
        {"trust": "tallystick-trust/1", "issuers": [ISSUER | {"name": None}]},
        {"trust": "tallystick-trust/1", "issuers": [ISSUER | {"didDocument": []}]},
        {"trust": "tallystick-trust/1", "issuers": [ISSUER | {"didDocument": {"id": "did:x"}}]},
        {"trust": "tallystick-trust/1", "issuers": [ISSUER | {"anchors": None}]},
    ],
)
def test_file_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        read(value)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "private"},
        {"rpc": 1},
        {"blocks": "0x"},
        {"blocks": ["0x"]},
        {"rpc": "file:///etc"},
        {"codeHash": "0x"},
        {"chainId": "1"},
        {"more": 1},
    ],
)
def test_anchor_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read(FILE | {"issuers": [ISSUER | {"anchors": [ANCHOR | change]}]})
