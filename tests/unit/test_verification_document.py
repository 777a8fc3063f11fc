"""Which DID document of a bundle can stand beside the verifier's own, and which contradicts it."""

import copy
from typing import Any

import pytest

from ledger.errors import IssuerInvalid
from ledger.verification.document import check_document
from support.refusals import refused

DID = "did:web:portal.example"
FIRST, SECOND = (
    "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd",
    "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
)


def method(key: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{DID}#{key}", "type": "Multikey", "controller": DID, "publicKeyMultibase": key, **more}


def document(*methods: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": DID,
        "verificationMethod": list(methods),
        "assertionMethod": [one["id"] for one in methods],
        **more,
    }


NAMED = method("z6Mkx", id=f"{DID}#release")
TRUSTED = document(method(FIRST, expires="2027-01-01T00:00:00Z"), NAMED)


@pytest.mark.parametrize(
    "bundled",
    [
        TRUSTED,
        document(method(FIRST, expires="2027-01-01T00:00:00Z")),
        document(method(FIRST)),
        document(NAMED),
        document(method(FIRST, revoked="2026-05-01T00:00:00Z")),
        document(method(SECOND)),
        document(method(SECOND, expires="2026-05-01T00:00:00Z", revoked="2026-04-01T00:00:00Z"), NAMED),
        document(),
    ],
    ids=["same", "fewer keys", "no end yet", "a name", "an end more", "a new key", "a new key with ends", "none"],
)
def test_an_older_or_newer_document_of_the_same_issuer_may_stand_beside(bundled: dict[str, Any]) -> None:
    check_document(copy.deepcopy(bundled), TRUSTED)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in TRUSTED.items() if key != name}


@pytest.mark.parametrize(
    "bundled",
    [
        document(method(SECOND, id=f"{DID}#{FIRST}")),
        document(method(SECOND, id=f"{DID}#other")),
        document(method("z6Mky", id=f"{DID}#release")),
        document(method(FIRST, type="Ed25519VerificationKey2020")),
        document(method(SECOND, controller="did:web:other.example")),
        document(method(FIRST, expires="2027-01-01T00:00:01Z")),
        document(method(FIRST, expires="2027-01-01")),
        document(method(SECOND, revoked="yesterday")),
        document(method(SECOND, revoked=7)),
        document(method(FIRST, blockchainAccountId="x")),
        document(NAMED, method(SECOND, type="x")),
        document(method(SECOND, type="x"), NAMED),
        TRUSTED | {"id": "did:web:other.example"},
        TRUSTED | {"alsoKnownAs": []},
        TRUSTED | {"@context": []},
        without("@context"),
        TRUSTED | {"assertionMethod": [f"{DID}#{FIRST}"]},
        TRUSTED | {"assertionMethod": TRUSTED["assertionMethod"][::-1]},
        without("verificationMethod"),
        without("assertionMethod"),
        TRUSTED | {"verificationMethod": None},
        TRUSTED | {"verificationMethod": ["x"]},
        TRUSTED | {"verificationMethod": [{"id": "x"}]},
        TRUSTED | {"verificationMethod": [{"publicKeyMultibase": "x"}]},
        TRUSTED | {"verificationMethod": [7]},
    ],
)
def test_a_document_that_says_anything_else_contradicts(bundled: dict[str, Any]) -> None:
    sentence = "the issuer's document contradicts the trust list's"
    with refused(IssuerInvalid, sentence, reason="did_document_differs", did=DID):
        check_document(copy.deepcopy(bundled), TRUSTED)
