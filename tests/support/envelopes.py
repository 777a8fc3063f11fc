"""A small credential, its issuer's key and document, and hand-made tokens, for tests of JSON Web Tokens."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from ledger.keys import KeyRecord, SigningKey, did_document

DID = "did:web:issuer.example"
KEY = SigningKey.from_seed(bytes(range(32)), DID)
NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": "https://issuer.example/credentials/1",
    "type": ["VerifiableCredential"],
    "issuer": {"id": DID, "name": "Songyue"},
    "validFrom": "2026-03-01T08:00:00Z",
    "credentialSubject": {
        "id": "https://issuer.example/01/06901234567892/10/L7",
        "producer": {"name": "松月茶业", "registeredId": "91330521MA2B4XKQ4T"},
        "events": [{"place": "杭州", "step": "shipping"}, {"place": "宁波", "step": "receiving"}],
    },
}


def documents(**dates: datetime) -> Any:
    """DID documents as a verifier has them: the issuer's, its key with these dates."""
    listed = {DID: did_document(DID, [KeyRecord(KEY.public, **dates)])}
    return listed.get


def encoded(value: Any) -> str:
    """JSON as a part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    """A part of a token as JSON."""
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def token(payload: Any, **header: Any) -> str:
    """A token signed with the issuer's key whatever it says; a header member that is ``None`` is left out."""
    said = {"alg": "EdDSA", "kid": KEY.method_id, **header}
    front = f"{encoded({k: v for k, v in said.items() if v is not None})}.{encoded(payload)}"
    return f"{front}.{encoded(KEY.sign(front.encode()))}"
