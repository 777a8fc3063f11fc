import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.bundle import Anchor, Bundle, Inclusion, Snapshot
from ledger.errors import Malformed, NotJSON

CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "type": ["VerifiableCredential", "DigitalProductPassport"],
    "issuer": {"id": "did:web:portal.example"},
    "validFrom": "2026-03-01T08:00:00Z",
    "validUntil": "2027-03-01T08:00:00Z",
    "credentialSubject": {},
}
BUNDLE = Bundle(
    CREDENTIAL,
    {"id": "did:web:portal.example"},
    Inclusion(1, 2, b"\x01" * 32, (b"\x02" * 32,)),
    Anchor(
        chain_id=71771,
        genesis=b"\x03" * 32,
        contract=b"\x04" * 20,
        stream=b"\x05" * 32,
        seq=7,
        transaction=b"\x06" * 32,
        block_number=9,
        block_hash=b"\x07" * 32,
        block_time=datetime(2026, 3, 1, 8, 5, tzinfo=UTC),
    ),
)
VALUE: dict[str, Any] = {
    "bundle": "tallystick-bundle/1",
    "credential": CREDENTIAL,
    "didDocument": {"id": "did:web:portal.example"},
    "inclusion": {
        "tree": "rfc9162-sha256",
        "leafIndex": 1,
        "treeSize": 2,
        "root": "01" * 32,
        "path": ["02" * 32],
    },
    "anchor": {
        "chainId": 71771,
        "genesis": "0x" + "03" * 32,
        "contract": "0x" + "04" * 20,
        "stream": "0x" + "05" * 32,
        "seq": 7,
        "transaction": "0x" + "06" * 32,
        "blockNumber": 9,
        "blockHash": "0x" + "07" * 32,
        "blockTime": "2026-03-01T08:05:00Z",
    },
}


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_bundle_is_written_member_by_member() -> None:
    assert json.loads(BUNDLE.to_json()) == VALUE
    assert b"\n" not in BUNDLE.to_json()


def test_bundle_is_read_back_whole() -> None:
    assert Bundle.from_json(written(VALUE)) == BUNDLE


def test_bundle_before_its_batch_has_neither_place_nor_anchor() -> None:
    issued = Bundle(CREDENTIAL, {})
    assert json.loads(issued.to_json())["inclusion"] is None
    assert Bundle.from_json(issued.to_json()) == issued


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(NotJSON):
        Bundle.from_json(b"{}}")


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": "tallystick-bundle/2"},
        {"extra": 1},
        {"didDocument": []},
        {"credential": []},
        {"inclusion": None},
        {"inclusion": 0},
        {"anchor": False},
    ],
)
def test_other_outside_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Bundle.from_json(written(VALUE | change))


@pytest.mark.parametrize(
    "change",
    [
        {"credentialSubject": []},
        {"@context": "https://www.w3.org/ns/credentials/v2"},
        {"@context": ["https://www.w3.org/2018/credentials/v1"]},
        {"type": "DigitalProductPassport"},
        {"type": ["VerifiableCredential", ["DigitalProductPassport"]]},
        {"issuer": "did:web:portal.example"},
        {"issuer": {"name": "x"}},
        {"issuer": {"id": "https://portal.example"}},
        {"issuer": {"id": "did:web:portal.example#key"}},
        {"validFrom": None},
        {"validUntil": None},
    ],
)
def test_credential_that_is_no_passport_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Bundle.from_json(written(VALUE | {"credential": CREDENTIAL | change}))


@pytest.mark.parametrize(
    "change",
    [
        {"tree": "rfc6962"},
        {"path": "02"},
        {"path": ["02" * 32] * 65},
        {"path": ["02" * 31]},
        {"path": [2]},
        {"leafIndex": True},
        {"leafIndex": -1},
        {"treeSize": "2"},
        {"root": "0G" * 32},
        {"root": "AA" * 32},
        {"more": 1},
    ],
)
def test_place_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Bundle.from_json(written(VALUE | {"inclusion": VALUE["inclusion"] | change}))


@pytest.mark.parametrize(
    "change",
    [
        {"genesis": "03" * 32},
        {"genesis": 3},
        {"contract": "0x" + "04" * 32},
        {"chainId": 1.5},
        {"blockTime": "2026-03-01"},
        {"more": 1},
    ],
)
def test_anchor_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Bundle.from_json(written(VALUE | {"anchor": VALUE["anchor"] | change}))


def test_snapshots_of_status_lists_come_back_as_they_were() -> None:
    snapshots = (Snapshot({"id": "x"}), Snapshot({"id": "y"}, BUNDLE.inclusion, BUNDLE.anchor))
    bundle = replace(BUNDLE, status=snapshots)
    assert Bundle.from_json(bundle.to_json()) == bundle
    assert json.loads(bundle.to_json())["status"][0] == {
        "credential": {"id": "x"},
        "inclusion": None,
        "anchor": None,
    }
    assert "status" not in json.loads(BUNDLE.to_json())
