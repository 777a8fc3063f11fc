import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.canonical import to_multibase
from ledger.curves import CurveKey
from ledger.errors import BadHost, BadMultibase, KeyExists, KeyExposed, Malformed, SignatureInvalid
from ledger.keys import (
    KeyRecord,
    PublicKey,
    SigningKey,
    did_document,
    did_web,
    from_instant,
    key_in_document,
    read_multikey,
    to_instant,
)
from support.refusals import refused

DID = "did:web:portal.example"
KEY = SigningKey.from_seed(bytes(range(32)), DID)
MULTIKEY = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"


def test_key_file_is_private_and_gives_the_key_back(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    key = SigningKey.generate(DID)
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = SigningKey.load(path, DID)
    assert (loaded.did, loaded.public) == (DID, key.public)
    assert "private" not in repr(key)


def test_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_text("precious")
    with refused(KeyExists, f"{path} is there already"):
        KEY.save(path)
    assert path.read_text() == "precious"


def test_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    KEY.save(path)
    path.chmod(0o640)
    with refused(KeyExposed, f"{path} may be read by others (mode 640); make it 600"):
        SigningKey.load(path, DID)
    path.chmod(0o4601)  # set-uid is no concern of ours, the others' right to run it is
    with refused(KeyExposed, f"{path} may be read by others (mode 601); make it 600"):
        SigningKey.load(path, DID)


def test_file_without_an_ed25519_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    other = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for content, end in ((b"nonsense", "no private key"), (other, "a key of another kind than Ed25519")):
        path.write_bytes(content)
        path.chmod(0o600)
        with refused(Malformed, f"{path} holds {end}"):
            SigningKey.load(path, DID)


def test_signature_of_another_key_or_text_is_refused() -> None:
    signature = KEY.sign(b"text")
    KEY.public.check(signature, b"text")
    for key, data in ((KEY.public, b"texT"), (PublicKey(bytes(32)), b"text"), (PublicKey(b"short"), b"text")):
        with refused(SignatureInvalid, "not signed by this key", reason="signature_mismatch"):
            key.check(signature, data)


def test_a_key_is_that_of_its_seed_under_the_name_given_or_its_own() -> None:
    # RFC 8032 section 7.1, test 1.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed(seed)
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd"
        "25bf5f0595bbe24655141438e7a100b"
    )
    assert key.did == key.public.did == f"did:key:{key.public.multikey}"
    assert SigningKey.from_seed(seed, DID).did == DID
    assert SigningKey.generate(DID).did == DID
    one, other = SigningKey.ephemeral(), SigningKey.ephemeral()
    assert one.did == one.public.did != other.did


def test_verification_method_is_named_after_the_key() -> None:
    assert KEY.method_id == f"{DID}#{MULTIKEY}"


@pytest.mark.parametrize(
    ("host", "did"),
    [
        ("Portal.Example", "did:web:portal.example"),
        ("127.0.0.1:8000", "did:web:127.0.0.1%3A8000"),
        ("localhost:65535", "did:web:localhost%3A65535"),
    ],
)
def test_host_becomes_a_did(host: str, did: str) -> None:
    assert did_web(host) == did


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a:0", "a:65536", "-a.example", "a..b", "[::1]", "a\n", "u@a"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with refused(BadHost, f"{host!r} is no host[:port]", host=host):
        did_web(host)


@pytest.mark.parametrize("text", ["z6Mk", "z" + "1" * 34, MULTIKEY[:-1], MULTIKEY + "1", 7])
def test_what_is_no_ed25519_multikey_is_refused(text: object) -> None:
    with pytest.raises(BadMultibase):
        PublicKey.from_multikey(text)


def test_a_key_of_another_kind_or_length_is_named_as_such() -> None:
    for data in (
        b"\xec\x01" + bytes(32),
        b"\xed\x02" + bytes(32),
        b"\xed\x01" + bytes(31),
        b"\xed\x01" + bytes(33),
    ):
        with refused(BadMultibase, "not an Ed25519 multikey"):
            PublicKey.from_multikey(to_multibase(data))


def test_document_keeps_retired_keys_with_their_dates() -> None:
    planned, decided = datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    document = did_document(DID, [KeyRecord(KEY.public, planned, decided)])
    assert document == {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": DID,
        "verificationMethod": [
            {
                "id": f"{DID}#{MULTIKEY}",
                "type": "Multikey",
                "controller": DID,
                "publicKeyMultibase": MULTIKEY,
                "expires": "2027-01-01T00:00:00Z",
                "revoked": "2026-06-01T00:00:00Z",
            }
        ],
        "assertionMethod": [f"{DID}#{MULTIKEY}"],
    }
    record = key_in_document(document, KEY.method_id)
    assert record == KeyRecord(KEY.public, planned, decided)
    assert record.retired_at == decided


@pytest.mark.parametrize(
    "change",
    [
        {"id": "did:web:other.example"},
        {"assertionMethod": []},
        {"assertionMethod": KEY.method_id},
        {"verificationMethod": []},
        {"verificationMethod": None},
        {"verificationMethod": [{"id": KEY.method_id}]},
        {"verificationMethod": [{"id": KEY.method_id, "type": "JsonWebKey"}]},
        {"verificationMethod": [{"id": KEY.method_id, "type": "JsonWebKey", "controller": DID}]},
        {"verificationMethod": [{"id": KEY.method_id, "type": "Multikey", "controller": "did:web:x"}]},
    ],
)
def test_document_without_a_usable_key_is_refused(change: dict[str, object]) -> None:
    document = did_document(DID, [KeyRecord(KEY.public)]) | change
    with pytest.raises(SignatureInvalid) as refusal:
        key_in_document(document, KEY.method_id)
    assert (refusal.value.reason, refusal.value.values) == ("unknown_key", {"method": KEY.method_id})


@pytest.mark.parametrize(
    ("change", "member", "end"),
    [
        ({"id": "did:web:other.example"}, {}, "not a key this issuer signs with"),
        ({"assertionMethod": []}, {}, "not a key this issuer signs with"),
        ({"assertionMethod": KEY.method_id}, {}, "not a key this issuer signs with"),
        ({}, {"controller": "did:web:x"}, "not a method of this issuer"),
        ({}, {"type": "JsonWebKey"}, "not a Multikey"),
        ({}, {"expires": "soon"}, "not an instant like 2026-03-01T08:00:00Z"),
        ({}, {"revoked": "soon"}, "not an instant like 2026-03-01T08:00:00Z"),
    ],
)
def test_why_a_key_does_not_count_is_told(change: dict[str, object], member: dict[str, str], end: str) -> None:
    document = did_document(DID, [KeyRecord(KEY.public)]) | change
    document["verificationMethod"][0] |= member
    method = KEY.method_id
    with refused(SignatureInvalid, f"no key {method}: {end}", reason="unknown_key", method=method):
        key_in_document(document, method)


def test_a_method_is_found_among_others_and_beside_what_is_none() -> None:
    other = SigningKey.from_seed(bytes(32), DID)
    document = did_document(DID, [KeyRecord(other.public), KeyRecord(KEY.public)])
    document["verificationMethod"].insert(0, f"{DID}#elsewhere")
    assert key_in_document(document, KEY.method_id) == KeyRecord(KEY.public)
    assert key_in_document(document, other.method_id) == KeyRecord(other.public)


def test_instants_are_written_in_utc_to_the_second() -> None:
    china = timezone(timedelta(hours=8))
    assert to_instant(datetime(2026, 3, 1, 16, 0, 0, 999, tzinfo=china)) == "2026-03-01T08:00:00Z"
    assert from_instant("2026-03-01T08:00:00Z") == datetime(2026, 3, 1, 8, tzinfo=UTC)
    with refused(Malformed, "2026-03-01 00:00:00 has no time zone"):
        to_instant(datetime(2026, 3, 1))  # noqa: DTZ001 - the fault under test


def test_instants_are_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as machine:
        machine.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        written = to_instant(datetime(2026, 3, 1, 8, tzinfo=UTC))
    time.tzset()
    assert written == "2026-03-01T08:00:00Z"


def test_digest_of_the_suites_is_sha_256() -> None:
    # FIPS 180-4, the digest of "abc".
    assert KEY.public.digest(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_multikey_of_another_curve_is_read_as_such() -> None:
    # Controlled Identifiers 1.0, section 2.2.2: a P-256 Multikey.
    text = "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"
    read = read_multikey(text)
    assert isinstance(read, CurveKey)
    assert (read.curve.name, read.multikey) == ("P-256", text)
    assert read_multikey(MULTIKEY) == KEY.public


def test_a_method_with_two_number_signs_is_of_the_did_before_the_first() -> None:
    method_id = f"{DID}#a#b"
    document = did_document(DID, [KeyRecord(KEY.public)]) | {"assertionMethod": [method_id]}
    document["verificationMethod"][0]["id"] = method_id
    assert key_in_document(document, method_id) == KeyRecord(KEY.public)


@pytest.mark.parametrize(
    "text",
    [None, "2026-03-01", "2026-03-01T08:00:00+00:00", "2026-03-01T08:00:00.0Z", "2026-02-30T08:00:00Z",
     "2026-03-01T24:00:00Z", "0000-03-01T08:00:00Z", "2026-03-01T08:00:00Z\n", "２026-03-01T08:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: object) -> None:
    with pytest.raises(Malformed) as refusal:
        from_instant(text)
    assert refusal.value.values == {"text": str(text)}


def test_what_was_written_instead_of_an_instant_is_told_in_forty_letters() -> None:
    with refused(Malformed, "not an instant like 2026-03-01T08:00:00Z", text="x" * 40):
        from_instant("x" * 41)
    with refused(Malformed, "2026-02-30T08:00:00Z: day is out of range for month", text="2026-02-30T08:00:00Z"):
        from_instant("2026-02-30T08:00:00Z")


def test_a_key_that_was_never_retired_and_one_with_a_single_date() -> None:
    early, late = datetime(2026, 6, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert KeyRecord(KEY.public).retired_at is None
    assert KeyRecord(KEY.public, expires=early, revoked=late).retired_at == early
    assert KeyRecord(KEY.public, revoked=late).retired_at == late
