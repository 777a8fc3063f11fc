"""What ``make interop`` hands to the verifiers of others: passports of ours, and copies with one change each."""

import base64
import copy
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from ledger.canonical import sha256
from ledger.dataintegrity.contexts import context_bytes, pins
from ledger.jose.disclosing import open_disclosed, present, seal_with_disclosures
from ledger.jose.envelope import seal_credential
from ledger.keys import KeyRecord, SigningKey, did_document, to_instant
from ledger.kinds.envelope import EvidenceFile, Party
from ledger.kinds.passport import CertificateFact, InspectionFact, PassportFacts, TraceFact, compose
from ledger.proof import sign
from portal.passports.disclosing import DisclosurePolicy, Level, disclosable, hideable

BY_PYJWT = "pyjwt"
NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
AS_OF = to_instant(NOW)
BASE = "https://portal.example"
_SEED = bytes(range(32))
WEB = SigningKey.from_seed(_SEED, "did:web:portal.example")
PLAIN = SigningKey.from_seed(_SEED)
STRANGER = SigningKey.from_seed(bytes(32), "did:web:other.example")


@dataclass(frozen=True)
class Case:
    """One verifier and what it is given: our document first, then changed copies."""

    name: str
    verifier: str
    given: tuple[Any, ...]


def documents() -> dict[str, Any]:
    """DID documents a verifier is taken to have."""
    return {key.did: did_document(key.did, [KeyRecord(key.public)]) for key in (WEB, PLAIN, STRANGER)}


def contexts() -> dict[str, Any]:
    """JSON-LD contexts a verifier is taken to have: those we pin, ours under the portal's address."""
    return {
        address: json.loads(context_bytes(address))
        for address in (BASE + pin if pin.startswith("/") else pin for pin in pins())
    }


def passport(key: SigningKey) -> dict[str, Any]:
    """A passport as the portal issues it, of one lot of tea."""
    paper = EvidenceFile(f"{BASE}/documents/jy-7", "报告.pdf", "application/pdf", sha256(b"report"))
    certificate = EvidenceFile(f"{BASE}/documents/sc-1", "licence.pdf", "application/pdf", sha256(b"licence"))
    composed = compose(
        PassportFacts(
            id=f"{BASE}/credentials/019abcde-0000-7000-8000-000000000001",
            issuer=Party(WEB.did, "宁波茶行 / Ningbo Tea"),
            valid_from=NOW,
            valid_until=datetime(2027, 1, 24, 15, 59, 59, tzinfo=UTC),
            base_url=BASE,
            gtin="06901234567892",
            lot="L7",
            name_zh="龙井 250 克",
            name_en="Longjing tea",
            producer=Party(f"{BASE}/partners/S-01", "松月茶业 / Songyue Tea"),
            produced_on=date(2026, 11, 5),
            best_before=date(2027, 8, 4),
            certificates=(
                CertificateFact("SC-1", "SC-1", "市场监管局", date(2026, 1, 1), date(2027, 1, 24), certificate),
            ),
            inspections=(InspectionFact("JY-7", "JY-7", "浙江检测", date(2026, 11, 16), passed=True, file=paper),),
            events=(
                TraceFact("ObjectEvent", NOW, "shipping", "松月茶业", None, "480", "C62", "ASN-1"),
                TraceFact("ObjectEvent", NOW, "receiving", "宁波仓", None, "479.5", "C62", "ASN-1"),
            ),
        )
    )
    return composed | {"issuer": composed["issuer"] | {"id": key.did}}


def changed(value: Any, *changes: Callable[[Any], None]) -> Iterable[Any]:
    """Copies of a value, each with one change."""
    for change in changes:
        other = copy.deepcopy(value)
        change(other)
        yield other


def embedded(key: SigningKey) -> tuple[Any, ...]:
    """A passport with embedded proofs, and copies with another fact, another date or another proof."""
    signed = sign(passport(key), key, created=NOW)
    event = signed["credentialSubject"]["traceabilityInformation"][0]["event"][1]["quantityList"][0]
    assert event["quantity"] == "479.5"
    others = sign(passport(key) | {"id": "urn:uuid:019abcde-0000-7000-8000-000000000002"}, key, created=NOW)

    def another_quantity(one: Any) -> None:
        events = one["credentialSubject"]["traceabilityInformation"][0]["event"]
        events[1]["quantityList"][0]["quantity"] = "480"

    def another_lot(one: Any) -> None:
        one["credentialSubject"]["product"]["batchNumber"] = "L8"

    def longer(one: Any) -> None:
        one["validUntil"] = "2028-01-24T15:59:59Z"

    def earlier(one: Any) -> None:
        for proof in one["proof"]:
            proof["created"] = "2026-01-01T00:00:00Z"

    def borrowed(one: Any) -> None:
        one["proof"] = others["proof"]

    return (signed, *changed(signed, another_quantity, another_lot, longer, earlier, borrowed))


def tokens(key: SigningKey) -> tuple[Any, ...]:
    """A passport as ``vc+jwt``, and copies with another payload, header or signature."""
    credential = passport(key)
    token = seal_credential(credential, key)
    header, payload, signature = token.split(".")
    other = _encoded(credential | {"validUntil": "2028-01-24T15:59:59Z"})
    foreign = seal_credential(credential | {"issuer": {"id": STRANGER.did}}, STRANGER)
    texts = (
        token,
        f"{header}.{other}.{signature}",
        f"{_encoded({'alg': 'none', 'kid': key.method_id})}.{payload}.",
        f"{_encoded(_decoded(header) | {'x': 1})}.{payload}.{signature}",
        f"{header}.{payload}.{_flipped(signature)}",
        f"{header}.{payload}.{foreign.split('.')[2]}",
    )
    expected = {name: value for name, value in credential.items() if name != "proof"}
    return tuple({"token": text, "expected": expected} for text in texts)


LEFT_OUT = frozenset({"producer", "places"})
DETAIL = {
    "registration": {"uscc": "91330521MA2B4XKQ4T", "country": "CN"},
    "handedIn": [{"number": "SC-1", "handedInAt": "2026-11-20T02:00:00+00:00", "sizeBytes": 48210}],
    "delivery": [
        {"despatchAdvice": "ASN-77", "dueOn": "2026-11-27", "shipped": "120", "received": "0", "uom": "C62"}
    ],
}


def disclosed(key: SigningKey, policy: DisclosurePolicy) -> tuple[Any, ...]:
    """What a partner takes along, by the portal's own policy, and copies with a forged, foreign or broken part."""
    credential = disclosable(sign(passport(key), key, created=NOW), DETAIL)
    token = present(seal_with_disclosures(credential, hideable(credential), key), policy.shows)
    expected = open_disclosed(token, documents().get, as_of=NOW)
    jwt, *parts, _ = token.split("~")
    header, payload, signature = jwt.split(".")
    salt, *rest = _decoded(parts[0])
    forged = _encoded([salt, *rest[:-1], {"id": f"{BASE}/partners/S-02", "name": "上海茶行"}])
    longer = _encoded(_decoded(payload) | {"validUntil": "2028-01-24T15:59:59Z"})
    foreign = seal_credential(credential | {"issuer": {"id": STRANGER.did}}, STRANGER).split(".")[2]
    # Surplus and doubled disclosures are not among the copies: @sd-jwt/core 0.15 ignores them, though RFC 9901
    # section 7.1 wants them refused. Ours refuses them (tests/unit/test_ledger_sd_jwt.py).
    texts = (
        token,
        _joined(jwt, forged, *parts[1:]),
        _joined(f"{_encoded(_decoded(header) | {'x': 1})}.{payload}.{signature}", *parts),
        _joined(f"{header}.{longer}.{signature}", *parts),
        _joined(f"{header}.{payload}.{_flipped(signature)}", *parts),
        _joined(f"{header}.{payload}.{foreign}", *parts),
    )
    return tuple({"token": text, "expected": expected} for text in texts)


def cases() -> tuple[Case, ...]:
    """Every verifier with what it is given."""
    keyed = tuple({**one, "key": WEB.private.public_key()} for one in tokens(WEB))
    return (
        *(
            Case(f"digitalbazaar_{name}_{method}", suite, given)
            for method, given in (("did_web", embedded(WEB)), ("did_key", embedded(PLAIN)))
            for name, suite in (("jcs", "eddsa-jcs-2022"), ("rdfc", "eddsa-rdfc-2022"), ("proof_set", "set"))
        ),
        Case("jose_vc_jwt", "jose", tokens(WEB)),
        Case("jose_vc_jwt_did_key", "jose", tokens(PLAIN)),
        Case("sd_jwt_core_public", "sd-jwt", disclosed(WEB, DisclosurePolicy(Level.PUBLIC))),
        Case("sd_jwt_core_key_tier", "sd-jwt", disclosed(WEB, DisclosurePolicy(Level.KEY))),
        Case("sd_jwt_core_left_out", "sd-jwt", disclosed(WEB, DisclosurePolicy(Level.STRATEGIC, LEFT_OUT))),
        Case("pyjwt_vc_jwt", BY_PYJWT, keyed),
    )


def _encoded(value: Any) -> str:
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _joined(*parts: str) -> str:
    return "~".join([*parts, ""])


def _flipped(part: str) -> str:
    return ("B" if part[0] == "A" else "A") + part[1:]
