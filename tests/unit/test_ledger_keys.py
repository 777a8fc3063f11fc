from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.errors import BadHost, BadMultibase, KeyExists, KeyExposed, Malformed, SignatureInvalid
from ledger.keys import (
    KeyRecord,
    PublicKey,
    SigningKey,
    did_document,
    did_web,
    from_instant,
    key_in_document,
    to_instant,
)

DID = "did:web:portal.example"
KEY = SigningKey.from_seed(bytes(range(32)), DID)
MULTIKEY = "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"


def test_key_file_is_private_and_gives_the_key_back(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    key = SigningKey.generate(DID)
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(path, DID).public == key.public
    assert "private" not in repr(key)


def test_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_text("precious")
    with pytest.raises(KeyExists):
        KEY.save(path)
    assert path.read_text() == "precious"


def test_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    KEY.save(path)
    path.chmod(0o640)
    with pytest.raises(KeyExposed, match="mode 640"):
        SigningKey.load(path, DID)


def test_file_without_an_ed25519_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    other = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for content, message in ((b"nonsense", "no private key"), (other, "another kind")):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(Malformed, match=message):
            SigningKey.load(path, DID)


def test_signature_of_another_key_or_text_is_refused() -> None:
    signature = KEY.sign(b"text")
    KEY.public.check(signature, b"text")
    for key, data in ((KEY.public, b"texT"), (PublicKey(bytes(32)), b"text"), (PublicKey(b"short"), b"text")):
        with pytest.raises(SignatureInvalid) as refusal:
            key.check(signature, data)
        assert refusal.value.reason == "signature_mismatch"


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
    with pytest.raises(BadHost):
        did_web(host)


@pytest.mark.parametrize("text", ["z6Mk", "z" + "1" * 34, MULTIKEY[:-1], MULTIKEY + "1", 7])
def test_what_is_no_ed25519_multikey_is_refused(text: object) -> None:
    with pytest.raises(BadMultibase):
        PublicKey.from_multikey(text)


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
    assert refusal.value.reason == "unknown_key"


def test_instants_are_written_in_utc_to_the_second() -> None:
    china = timezone(timedelta(hours=8))
    assert to_instant(datetime(2026, 3, 1, 16, 0, 0, 999, tzinfo=china)) == "2026-03-01T08:00:00Z"
    assert from_instant("2026-03-01T08:00:00Z") == datetime(2026, 3, 1, 8, tzinfo=UTC)
    with pytest.raises(Malformed, match="no time zone"):
        to_instant(datetime(2026, 3, 1))  # noqa: DTZ001 - the fault under test


@pytest.mark.parametrize(
    "text",
    [None, "2026-03-01", "2026-03-01T08:00:00+00:00", "2026-03-01T08:00:00.0Z", "2026-02-30T08:00:00Z",
     "2026-03-01T24:00:00Z", "0000-03-01T08:00:00Z", "2026-03-01T08:00:00Z\n", "２026-03-01T08:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: object) -> None:
    with pytest.raises(Malformed):
        from_instant(text)
