import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.bundle import Anchor, Bundle, Inclusion, Snapshot
from ledger.errors import Malformed, NotJSON
from support.refusals import refused

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


ANCHOR_MEMBERS = (
    "not an object of chainId, genesis, contract, stream, seq, transaction, blockNumber, blockHash, blockTime"
)
FIRST_CONTEXT = "its first context is not https://www.w3.org/ns/credentials/v2"
HEX_32 = "not 32 bytes in lower-case hexadecimal"
SNAPSHOT: dict[str, Any] = {"credential": {}, "inclusion": None, "anchor": None}


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_bundle_is_written_member_by_member() -> None:
    assert json.loads(BUNDLE.to_json()) == VALUE
    assert b"\n" not in BUNDLE.to_json()
    named = Bundle({"name": "龙井"}, {}).to_json().decode()
    assert named == (
        '{"bundle":"tallystick-bundle/1","credential":{"name":"龙井"},"didDocument":{},"inclusion":null,"anchor":null}'
    )


def test_what_json_cannot_say_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Bundle({"weight": float("nan")}, {}).to_json()


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
    ("change", "sentence"),
    [
        ({"bundle": "tallystick-bundle/2"}, "not a tallystick-bundle/1"),
        ({"extra": 1}, "not an object of bundle, credential, didDocument, inclusion, anchor"),
        (
            {"extra": 1, "status": []},
            "not an object of bundle, credential, didDocument, inclusion, anchor, status",
        ),
        ({"didDocument": []}, "didDocument: not an object"),
        ({"credential": []}, "credential: no object with a credentialSubject"),
        ({"inclusion": None}, "an anchor without a place in a tree"),
        ({"inclusion": 0}, "not an object of tree, leafIndex, treeSize, root, path"),
        ({"anchor": False}, ANCHOR_MEMBERS),
        ({"status": {}}, "status: no list of at most 16"),
        ({"status": [SNAPSHOT] * 17}, "status: no list of at most 16"),
        ({"status": [SNAPSHOT | {"credential": []}]}, "status: no credential"),
        ({"status": [{"credential": {}}]}, "not an object of credential, inclusion, anchor"),
    ],
)
def test_other_outside_is_refused(change: dict[str, Any], sentence: str) -> None:
    with refused(Malformed, sentence):
        Bundle.from_json(written(VALUE | change))


@pytest.mark.parametrize("text", [b"[]", b"null", b'"status"'])
def test_what_is_no_object_is_no_bundle(text: bytes) -> None:
    with refused(Malformed, "not an object of bundle, credential, didDocument, inclusion, anchor"):
        Bundle.from_json(text)


def test_sixteen_snapshots_and_a_path_of_sixty_four_steps_are_read() -> None:
    assert len(Bundle.from_json(written(VALUE | {"status": [SNAPSHOT] * 16})).status) == 16
    place = VALUE["inclusion"] | {"path": ["02" * 32] * 64, "leafIndex": 0}
    read = Bundle.from_json(written(VALUE | {"inclusion": place})).inclusion
    assert read == Inclusion(0, 2, b"\x01" * 32, (b"\x02" * 32,) * 64)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"credentialSubject": []}, "no object with a credentialSubject"),
        ({"credentialSubject": None}, "no object with a credentialSubject"),
        ({"credentialSubject": [{}, "x"]}, "no object with a credentialSubject"),
        ({"@context": "https://www.w3.org/ns/credentials/v2"}, FIRST_CONTEXT),
        ({"@context": ["https://www.w3.org/2018/credentials/v1"]}, FIRST_CONTEXT),
        ({"@context": ["urn:x", "https://www.w3.org/ns/credentials/v2"]}, FIRST_CONTEXT),
        ({"type": "DigitalProductPassport"}, "of no kind that is issued here"),
        ({"type": ["DigitalProductPassport"]}, "of no kind that is issued here"),
        ({"type": ["VerifiableCredential"]}, "of no kind that is issued here"),
        ({"type": None}, "of no kind that is issued here"),
        ({"type": ["VerifiableCredential", ["DigitalProductPassport"]]}, "of no kind that is issued here"),
        ({"issuer": "did:web:portal.example"}, "the issuer has no DID"),
        ({"issuer": {"name": "x"}}, "the issuer has no DID"),
        ({"issuer": {"id": "https://portal.example"}}, "the issuer has no DID"),
        ({"issuer": {"id": "did:web:portal.example#key"}}, "the issuer has no DID"),
    ],
)
def test_credential_that_is_no_passport_is_refused(change: dict[str, Any], sentence: str) -> None:
    with refused(Malformed, f"credential: {sentence}"):
        Bundle.from_json(written(VALUE | {"credential": CREDENTIAL | change}))


@pytest.mark.parametrize("name", ["validFrom", "validUntil"])
def test_credential_without_instants_is_refused(name: str) -> None:
    for value in (None, "2026-03-01"):
        with refused(Malformed, "not an instant like 2026-03-01T08:00:00Z", text=str(value)):
            Bundle.from_json(written(VALUE | {"credential": CREDENTIAL | {name: value}}))


def test_credential_about_several_things_of_more_contexts_or_without_an_end_is_read() -> None:
    endless = {name: value for name, value in CREDENTIAL.items() if name != "validUntil"}
    several = CREDENTIAL | {"credentialSubject": [{}, {"id": "urn:x"}]}
    for credential in (endless, several, CREDENTIAL | {"@context": [*CREDENTIAL["@context"], "urn:more"]}):
        assert Bundle.from_json(written(VALUE | {"credential": credential})).credential == credential


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tree": "rfc6962"}, "inclusion: another kind of tree, or no path"),
        ({"path": "02"}, "inclusion: another kind of tree, or no path"),
        ({"path": ["02" * 32] * 65}, "inclusion: another kind of tree, or no path"),
        ({"path": ["02" * 31]}, HEX_32),
        ({"path": [2]}, HEX_32),
        ({"leafIndex": True}, "not a whole number"),
        ({"leafIndex": -1}, "not a whole number"),
        ({"treeSize": "2"}, "not a whole number"),
        ({"root": "0G" * 32}, HEX_32),
        ({"root": "AA" * 32}, HEX_32),
        ({"root": "01" * 33}, HEX_32),
        ({"root": "0x" + "01" * 31}, HEX_32),
        ({"more": 1}, "not an object of tree, leafIndex, treeSize, root, path"),
    ],
)
def test_place_of_another_shape_is_refused(change: dict[str, Any], sentence: str) -> None:
    with refused(Malformed, sentence):
        Bundle.from_json(written(VALUE | {"inclusion": VALUE["inclusion"] | change}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"genesis": "03" * 32}, "not hexadecimal behind 0x"),
        ({"genesis": 3}, "not hexadecimal behind 0x"),
        ({"genesis": "0x" + "03" * 33}, HEX_32),
        ({"contract": "0x" + "04" * 32}, "not 20 bytes in lower-case hexadecimal"),
        ({"stream": "0x"}, HEX_32),
        ({"transaction": "0x" + "06" * 20}, HEX_32),
        ({"blockHash": "0x" + "07" * 20}, HEX_32),
        ({"chainId": 1.5}, "not a whole number"),
        ({"seq": -1}, "not a whole number"),
        ({"blockNumber": None}, "not a whole number"),
        ({"more": 1}, ANCHOR_MEMBERS),
    ],
)
def test_anchor_of_another_shape_is_refused(change: dict[str, Any], sentence: str) -> None:
    with refused(Malformed, sentence):
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
