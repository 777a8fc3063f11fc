"""Write tests/vectors/bundles/*.json: what every verifier, in every language, must say of a bundle.

Run it as a program to write the files anew; everything is derived from fixed seeds, so nothing changes
unless the format does. What is expected is written by hand, case by case.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.bundle import Anchor, Bundle, Inclusion
from ledger.canonical import fingerprint, to_multibase
from ledger.curves import P256, P384, CurveKey
from ledger.dataintegrity.suites import EDDSA_JCS, SUITES, Suite
from ledger.keys import KeyRecord, PublicKey, SigningKey, did_document, did_web
from ledger.kinds.envelope import OWN_TERMS_CONTEXT, VC_CONTEXT, EvidenceFile, Party
from ledger.kinds.passport import CertificateFact, InspectionFact, PassportFacts, TraceFact, compose
from ledger.merkle import Tree, credential_leaf
from ledger.proof import SET, sign
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList
from support.kinds import samples

FOLDER = Path(__file__).parent / "bundles"
CHECKS = (
    "structure", "fingerprint", "signature", "issuer", "validity", "status", "inclusion", "anchor", "documents",
)  # fmt: skip
AS_OF = "2026-06-01T00:00:00Z"
DID = did_web("portal.example:8443")
KEY = SigningKey.from_seed(bytes(range(32)), DID)
OTHER_KEY = SigningKey.from_seed(bytes(range(32, 64)), DID)
STRANGER = SigningKey.from_seed(bytes(range(64, 96)), did_web("stranger.example"))
CODE = bytes.fromhex("6080604052348015600f57600080fd5b50")
GENESIS = hashlib.sha256(b"genesis").digest()
CONTRACT = hashlib.sha256(b"contract").digest()[:20]
STREAM = hashlib.sha256(b"stream").digest()
TRANSACTION = hashlib.sha256(b"transaction").digest()
BLOCK = hashlib.sha256(b"block").digest()
BLOCK_TIME = datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
CHAIN_ID, SEQ, BLOCK_NUMBER = 71771, 3, 12
CERTIFICATE_PDF = "%PDF-1.7 有机产品认证证书 ORG-2026-0042\n"
REPORT_PDF = "%PDF-1.7 检验报告 QC-0317\n"

Given = dict[str, Any]


def digest(text: str) -> bytes:
    """Return the SHA-256 of a text's UTF-8."""
    return hashlib.sha256(text.encode()).digest()


def facts() -> PassportFacts:
    """Return the passport every case starts from."""
    certificate = EvidenceFile(
        "https://portal.example:8443/files/certificate.pdf",
        "有机产品认证证书.pdf",
        "application/pdf",
        digest(CERTIFICATE_PDF),
    )
    report = EvidenceFile(
        "https://portal.example:8443/files/report.pdf", "检验报告.pdf", "application/pdf", digest(REPORT_PDF)
    )
    shipped, received = datetime(2026, 2, 28, 1, tzinfo=UTC), datetime(2026, 3, 1, 2, tzinfo=UTC)
    return PassportFacts(
        id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        issuer=Party(DID, "青禾食品 Qinghe Foods"),
        valid_from=datetime(2026, 3, 1, 8, tzinfo=UTC),
        valid_until=datetime(2027, 2, 28, 15, 59, 59, tzinfo=UTC),
        base_url="https://portal.example:8443",
        gtin="06901234567892",
        lot="L-2026/03",
        name_zh="明前龙井 🍵 250 克",
        name_en="Pre-Qingming Longjing tea 250 g",
        producer=Party("https://register.example/91330100MA2XXXXX0A", "龙坞茶场", "91330100MA2XXXXX0A"),
        country="CN",
        produced_on=date(2026, 2, 26),
        best_before=date(2027, 8, 25),
        certificates=(
            CertificateFact(
                "ORG-2026-0042", "有机产品认证", "中绿认证", date(2026, 1, 1), date(2026, 12, 31), certificate
            ),
        ),
        inspections=(InspectionFact("QC-0317", "出厂检验", "浙江茶检", date(2026, 2, 27), True, report),),  # noqa: FBT003
        events=(
            TraceFact("ObjectEvent", shipped, "shipping", "龙坞茶场", None, "1200.5", "KGM", "ASN-17"),
            TraceFact("ObjectEvent", received, "receiving", "杭州仓", "urn:epc:id:sgln:690123456.001.0"),
        ),
    )  # fmt: skip


def credential(
    key: SigningKey = KEY, *, suites: tuple[Suite, ...] = (EDDSA_JCS,), **changes: Any
) -> dict[str, Any]:
    """Return the signed credential, with changes made before signing."""
    unsigned = {**compose(facts()), **changes}
    created = datetime(2026, 3, 1, 8, 0, 30, tzinfo=UTC)
    return sign(unsigned, key, created=created, nonce=bytes(range(16)), suites=suites)


def bundle_of(signed: dict[str, Any], key: SigningKey = KEY, *, anchored: bool = True) -> dict[str, Any]:
    """Return the bundle as JSON types: third of five leaves."""
    leaves = [hashlib.sha256(b"leaf %d" % i).digest() for i in range(5)]
    leaves[2] = credential_leaf(signed)
    tree = Tree.of(leaves)
    inclusion = Inclusion(2, 5, tree.root, tree.inclusion(2))
    anchor = Anchor(CHAIN_ID, GENESIS, CONTRACT, STREAM, SEQ, TRANSACTION, BLOCK_NUMBER, BLOCK, BLOCK_TIME)
    document = did_document(key.did, [KeyRecord(key.public)])
    bundle = Bundle(signed, document, inclusion, anchor) if anchored else Bundle(signed, document)
    return json.loads(bundle.to_json())


def trust_of(*keys: KeyRecord, did: str = DID, rpc: str | None = None) -> dict[str, Any]:
    """Return a trust file as JSON types."""
    anchor = TrustedAnchor(CHAIN_ID, GENESIS, CONTRACT, hashlib.sha256(CODE).digest(), STREAM, "embedded", rpc)
    document = did_document(did, keys or [KeyRecord(KEY.public)])
    issuer = TrustedIssuer(did, "Qinghe Foods", document, (anchor,))
    return json.loads(TrustList((issuer,)).to_json())


def words(*numbers: int) -> str:
    """Return numbers as 32-byte words."""
    return "0x" + "".join(f"{number:064x}" for number in numbers)


def chain(**replies: Any) -> dict[str, Any]:
    """Return the script of a chain that knows the root, with replies replaced by method name."""
    blocks = {
        "eth_getBlockByNumber 0x0": {"hash": "0x" + GENESIS.hex(), "transactions": []},
        "eth_getBlockByNumber 0xc": {
            "hash": "0x" + BLOCK.hex(),
            "transactions": ["0x" + "11" * 32, "0x" + TRANSACTION.hex()],
        },
    }
    good = {
        "eth_chainId": hex(CHAIN_ID),
        **blocks,
        "eth_getCode": "0x" + CODE.hex(),
        "eth_call": words(SEQ, int(BLOCK_TIME.timestamp()), BLOCK_NUMBER, 5),
    }
    return {"replies": {name: {"result": value} for name, value in good.items()} | replies}


def given(signed: dict[str, Any] | None = None, *, key: SigningKey = KEY) -> Given:
    """Return the case in which everything is right."""
    return {
        "bundle": bundle_of(signed or credential(), key),
        "trust": trust_of(),
        "expectedHash": None,
        "asOf": AS_OF,
        "rpc": chain(),
        "files": [],
    }


def case(name: str, made: Given, verdict: str, **outcomes: str) -> dict[str, Any]:
    """Return one case; outcomes not named are ok, and not_asked where nothing was asked.

    Args:
        name: The file's name.
        made: What the verifier is given; the bundle may still be JSON types.
        verdict: What it must say.
        outcomes: Per check, ``state:code``, or the state alone where the code is the same word.
    """
    if not isinstance(made["bundle"], str):
        made["bundle"] = json.dumps(made["bundle"], ensure_ascii=False, separators=(",", ":"))
    asked = {"fingerprint": made["expectedHash"] is not None, "documents": bool(made["files"]), "status": False}
    checks = {}
    for check in CHECKS:
        outcome = outcomes.pop(check, "ok" if asked.get(check, True) else "not_asked")
        state, _, code = outcome.partition(":")
        checks[check] = {"state": state, "code": code or state}
    assert not outcomes, outcomes
    return {"name": name, "given": made, "expect": {"verdict": verdict, "checks": checks}}


def changed(change: Callable[[Any], None], base: Given | None = None) -> Given:
    """Return a case's givens after a change to its bundle."""
    made = base or given()
    change(made["bundle"])
    return made


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """Return a change that sets a member deep inside."""

    def change(bundle: Any) -> None:
        for step in path[:-1]:
            bundle = bundle[step]
        bundle[path[-1]] = value

    return change


def cases() -> Iterator[dict[str, Any]]:
    """Yield every case."""
    from make_status_bundles import status_cases  # noqa: PLC0415 - it builds on this module

    yield from valid_cases()
    yield from structure_cases()
    yield from signature_cases()
    yield from key_cases()
    yield from issuer_and_validity_cases()
    yield from document_of_issuer_cases()
    yield from inclusion_cases()
    yield from anchor_cases()
    yield from endpoint_cases()
    yield from document_cases()
    yield from status_cases()
    yield from kind_cases()


def valid_cases() -> Iterator[dict[str, Any]]:
    yield case("valid", given(), "valid")
    made = given()
    made["expectedHash"] = fingerprint(made["bundle"]["credential"])
    made["files"] = [{"name": "a.pdf", "text": CERTIFICATE_PDF}, {"name": "b.pdf", "text": REPORT_PDF}]
    yield case("valid_all_asked", made, "valid")
    made = given()
    made["bundle"] = json.dumps(reversed_members(made["bundle"]), indent=1)
    yield case("valid_members_reordered", made, "valid")
    made = given() | {"asOf": "2027-02-28T15:59:59Z"}
    yield case("valid_last_second", made, "valid")
    signed = credential(key=KEY, score=[0.1, 1e-30, -2.5e-7, 56.0], 名="值", **{"😀": 1, "\ufb33": 2, "1": None})
    yield case("valid_odd_numbers_and_keys", given(signed), "valid")


def kind_cases() -> Iterator[dict[str, Any]]:
    for name, unsigned in samples().items():
        signed = sign(unsigned, KEY, created=datetime(2026, 3, 1, 8, 0, 30, tzinfo=UTC), nonce=bytes(range(16)))
        yield case(f"kind_{name}", given(signed), "valid")
    signed = credential(credentialSubject=[])
    rest = dict.fromkeys(CHECKS[1:], "not_checked:not_reached")
    yield case("structure_no_subject", given(signed), "invalid", structure="failed:malformed_bundle", **rest)


def reversed_members(value: Any) -> Any:
    """Return the same JSON value with every object's members in reverse order."""
    if isinstance(value, dict):
        return {name: reversed_members(value[name]) for name in reversed(value)}
    return [reversed_members(item) for item in value] if isinstance(value, list) else value


def structure_cases() -> Iterator[dict[str, Any]]:
    rest = dict.fromkeys(CHECKS[1:], "not_checked:not_reached")

    def broken(name: str, text: str, code: str) -> dict[str, Any]:
        return case(name, given() | {"bundle": text}, "invalid", structure=f"failed:{code}", **rest)

    text = json.dumps(given()["bundle"], ensure_ascii=False)
    yield broken("structure_duplicate_key", text.replace('"seq": 3', '"seq": 3, "seq": 3'), "duplicate_key")
    yield broken("structure_not_json", text[:-1], "not_json")
    yield broken("structure_trailing_text", text + "x", "not_json")
    yield broken("structure_nan", text.replace('"seq": 3', '"seq": NaN'), "not_json")
    yield broken("structure_leading_zero", text.replace('"seq": 3', '"seq": 03'), "not_json")
    yield broken("structure_unsafe_integer", text.replace('"seq": 3', '"seq": 9007199254740992'), "unsafe_number")
    yield broken("structure_large_whole_number", text.replace('"seq": 3', '"seq": 1e30'), "unsafe_number")
    yield broken("structure_infinite_number", text.replace('"seq": 3', '"seq": 1e999'), "unsafe_number")
    yield broken("structure_lone_surrogate", text.replace("中绿认证", "\\ud83c"), "lone_surrogate")
    yield broken("structure_too_deep", '{"a":' * 65 + "1" + "}" * 65, "too_deep")
    yield broken("structure_negative_size", text.replace('"treeSize": 5', '"treeSize": -5'), "malformed_bundle")
    yield broken("structure_fractional_size", text.replace('"treeSize": 5', '"treeSize": 5.5'), "malformed_bundle")
    yield broken(
        "structure_upper_case_hex",
        text.replace('"0x' + GENESIS.hex(), '"0x' + GENESIS.hex().upper()),
        "malformed_bundle",
    )
    yield broken("structure_other_version", text.replace("bundle/1", "bundle/2"), "malformed_bundle")
    yield broken("structure_unknown_member", text[:-1] + ',"note":1}', "malformed_bundle")
    yield broken(
        "structure_no_such_day", text.replace("2026-03-01T08:05:00Z", "2026-02-30T08:05:00Z"), "malformed_bundle"
    )
    yield broken("structure_array", "[]", "malformed_bundle")
    yield broken("structure_other_type", text.replace('"DigitalProductPassport"', '"Diploma"'), "malformed_bundle")
    decimal = given() | {"bundle": text.replace('"seq": 3', '"seq": 3.0')}
    yield case("valid_integer_spelt_as_decimal", decimal, "valid")


def signature_cases() -> Iterator[dict[str, Any]]:
    both = {"signature": "failed:signature_mismatch", "inclusion": "failed:path_mismatch"}
    subject = ("credential", "credentialSubject")
    proof = ("credential", "proof")
    value = changed(put(*subject, "product", "batchNumber", value="L-2026/04"))
    yield case("changed_value", value, "invalid", **both)
    yield case("added_field", changed(put(*subject, "grade", value="特级")), "invalid", **both)
    issuer = changed(put("credential", "issuer", "name", value="Another firm"))
    yield case("changed_issuer_name", issuer, "invalid", **both)
    created = changed(put(*proof, "created", value="2026-03-01T08:00:31Z"))
    yield case("changed_created", created, "invalid", **both)
    yield case("changed_nonce", changed(put(*proof, "nonce", value="z1")), "invalid", **both)
    good = credential()["proof"]["proofValue"]
    other = credential(OTHER_KEY)["proof"]["proofValue"]
    yield case("changed_signature", changed(put(*proof, "proofValue", value=other)), "invalid", **both)
    for name, member, new, code in (
        ("suite_swapped", "cryptosuite", "eddsa-rdfc-2022", "malformed_proof"),
        ("suite_of_other_keys", "cryptosuite", "ecdsa-jcs-2019", "unknown_key"),
        ("suite_unknown", "cryptosuite", "bbs-2023", "unknown_suite"),
        ("suite_not_text", "cryptosuite", ["eddsa-jcs-2022"], "unknown_suite"),
        ("proof_purpose_changed", "proofPurpose", "authentication", "malformed_proof"),
        ("proof_expires_unknown", "expires", "2026-04-01T00:00:00Z", "malformed_proof"),
        ("proof_value_not_base58", "proofValue", good[:-1] + "0", "malformed_proof"),
        ("proof_value_with_space", "proofValue", good + " ", "malformed_proof"),
        ("proof_value_short", "proofValue", "z3xyz", "malformed_proof"),
        ("proof_context_changed", "@context", ["https://www.w3.org/ns/credentials/v2"], "context_differs"),
        ("key_of_another", "verificationMethod", STRANGER.method_id, "key_not_of_issuer"),
    ):
        made = changed(put(*proof, member, value=new))
        yield case(name, made, "invalid", signature=f"failed:{code}", inclusion="failed:path_mismatch")
    made = changed(lambda bundle: bundle["credential"].pop("proof"))
    yield case(
        "missing_proof", made, "invalid", signature="failed:missing_proof", inclusion="failed:path_mismatch"
    )
    yield from set_cases()
    yield from curve_cases()
    made = given() | {"expectedHash": "A" * 43}
    yield case("wrong_fingerprint", made, "invalid", fingerprint="failed:fingerprint_mismatch")


def set_cases() -> Iterator[dict[str, Any]]:
    proofs = ("credential", "proof")
    signed = credential(suites=SET)
    jcs, rdfc = signed["proof"]
    yield case("valid_proof_set", given(signed), "valid")
    unknown = {**jcs, "cryptosuite": "merkle-proof-2019"}
    for name, value in (
        ("valid_proof_set_of_one", [jcs]),
        ("valid_proof_set_turned", [rdfc, jcs]),
        ("valid_proof_set_with_unknown", [unknown, jcs, rdfc]),
    ):
        yield case(name, given({**signed, "proof": value}), "valid")
    for name, value, code in (
        ("proof_set_empty", [], "malformed_proof"),
        ("proof_set_too_long", [jcs] * 9, "malformed_proof"),
        ("proof_set_of_text", [jcs, "z1"], "malformed_proof"),
        ("proof_set_of_unknown", [unknown, unknown], "unknown_suite"),
        ("proof_set_one_changed", [jcs, {**jcs, "nonce": "z1"}], "signature_mismatch"),
        (
            "proof_set_one_of_another",
            [jcs, {**rdfc, "verificationMethod": STRANGER.method_id}],
            "key_not_of_issuer",
        ),
    ):
        made = given({**signed, "proof": value})
        yield case(name, made, "invalid", signature=f"failed:{code}")
    yield case("valid_proof_over_meaning", given({**signed, "proof": rdfc}), "valid")
    for name, changed_proofs in (
        ("proof_over_meaning_changed", {**rdfc, "created": "2026-03-01T08:00:31Z"}),
        ("proof_set_meaning_changed", [jcs, {**rdfc, "proofValue": jcs["proofValue"]}]),
    ):
        made = given({**signed, "proof": changed_proofs})
        yield case(name, made, "invalid", signature="failed:signature_mismatch")
    lost = {**signed, "@context": [VC_CONTEXT], "proof": rdfc}
    yield case("proof_over_meaning_lost_words", given(lost), "invalid", signature="failed:undefined_terms")
    elsewhere = {**signed, "@context": [VC_CONTEXT, "https://example.org/terms"], "proof": rdfc}
    unknown_words = given(elsewhere)
    yield case("proof_of_unknown_words", unknown_words, "partial", signature="not_checked:unknown_context")
    dropped = changed(put(*proofs, value=[jcs]), given(signed))
    yield case("proof_set_shortened", dropped, "invalid", inclusion="failed:path_mismatch")
    old = [VC_CONTEXT, "https://test.uncefact.org/vocabulary/untp/dpp/0.6.1/", OWN_TERMS_CONTEXT]
    yield case("valid_single_proof_old_contexts", given(credential(**{"@context": old})), "valid")


def curve_cases() -> Iterator[dict[str, Any]]:
    for name, group, digest_with in (("p256", ec.SECP256R1(), SHA256()), ("p384", ec.SECP384R1(), SHA384())):
        private = ec.derive_private_key(0x5EED + 2**200, group)
        key = curve_key(private)
        signed = curve_signed(private, key, digest_with)
        yield case(f"valid_{name}", curve_given(signed, key), "valid")
        other = {**signed, "proof": {**signed["proof"], "nonce": "z1"}}
        changed_one = curve_given(other, key)
        yield case(f"{name}_changed", changed_one, "invalid", signature="failed:signature_mismatch")
        short = {**signed, "proof": {**signed["proof"], "proofValue": credential()["proof"]["proofValue"]}}
        yield case(
            f"{name}_other_signature", curve_given(short, key), "invalid", signature="failed:signature_mismatch"
        )
    made = curve_given(signed, key)
    multikey = to_multibase(key.curve.prefix + b"\x05" + key.raw[1:])
    for method in made["trust"]["issuers"][0]["didDocument"]["verificationMethod"]:
        method["publicKeyMultibase"] = multikey
    yield case("curve_point_unreadable", made, "invalid", signature="failed:unknown_key")


def curve_key(private: ec.EllipticCurvePrivateKey) -> CurveKey:
    """Return the public half as a multikey reads it."""
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return CurveKey(P256 if private.key_size == P256.size * 8 else P384, point)


def curve_signed(private: ec.EllipticCurvePrivateKey, key: CurveKey, algorithm: SHA256 | SHA384) -> dict[str, Any]:
    """Return the credential signed ecdsa-jcs-2019, deterministically (RFC 6979)."""
    unsigned = compose(facts())
    config = {
        "type": "DataIntegrityProof",
        "cryptosuite": "ecdsa-jcs-2019",
        "created": "2026-03-01T08:00:30Z",
        "verificationMethod": f"{DID}#{key.multikey}",
        "proofPurpose": "assertionMethod",
        "@context": unsigned["@context"],
    }
    data = SUITES["ecdsa-jcs-2019"].signed_bytes(unsigned, config, digest=key.digest)
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(algorithm, deterministic_signing=True)))
    signature = r.to_bytes(key.curve.size) + s.to_bytes(key.curve.size)
    return {**unsigned, "proof": {**config, "proofValue": to_multibase(signature)}}


def curve_given(signed: dict[str, Any], key: CurveKey) -> Given:
    """Return the case of a credential under a key on a curve."""
    return given(signed) | {"trust": trust_of(KeyRecord(key))}


def key_cases() -> Iterator[dict[str, Any]]:
    made = given(credential(OTHER_KEY), key=OTHER_KEY)
    yield case("key_not_in_trust_list", made, "invalid", signature="failed:unknown_key")
    march, april = datetime(2026, 3, 1, 8, 0, 15, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    later = given() | {"trust": trust_of(KeyRecord(KEY.public, revoked=april), KeyRecord(OTHER_KEY.public))}
    yield case("valid_key_revoked_after_anchor", later, "valid")
    silent = later | {"rpc": {"down": True}, "bundle": given()["bundle"]}
    yield case(
        "key_revoked_and_chain_silent",
        silent,
        "partial",
        signature="not_checked:key_retired_unproven",
        anchor="not_checked:rpc_unreachable",
    )
    future = silent | {"asOf": "2026-03-15T00:00:00Z", "bundle": given()["bundle"]}
    yield case("key_retires_later", future, "partial", anchor="not_checked:rpc_unreachable")
    between = datetime(2026, 3, 1, 8, 2, tzinfo=UTC)
    early = given() | {"trust": trust_of(KeyRecord(KEY.public, expires=between))}
    yield case("key_expired_before_anchor", early, "invalid", signature="failed:key_retired")
    before = given() | {"trust": trust_of(KeyRecord(KEY.public, expires=april, revoked=march)), "rpc": None}
    yield case(
        "key_revoked_before_signing",
        before,
        "invalid",
        signature="failed:key_retired",
        anchor="not_checked:no_rpc",
    )
    made = given() | {"trust": trust_of()}
    made["trust"]["issuers"][0]["didDocument"]["assertionMethod"] = []
    yield case("key_not_for_assertions", made, "invalid", signature="failed:unknown_key")
    made = given() | {"trust": trust_of()}
    made["trust"]["issuers"][0]["didDocument"]["verificationMethod"][0]["publicKeyMultibase"] = "z6Mk"
    differs = {"issuer": "failed:did_document_differs"}
    yield case("key_unreadable", made, "invalid", signature="failed:unknown_key", **differs)
    made = given() | {"trust": trust_of()}
    method = made["trust"]["issuers"][0]["didDocument"]["verificationMethod"][0]
    made["trust"]["issuers"][0]["didDocument"]["verificationMethod"] = [[], None, method | {"revoked": "soon"}]
    yield case("key_date_unreadable", made, "invalid", signature="failed:unknown_key", **differs)
    assert PublicKey.from_multikey(method["publicKeyMultibase"]) == KEY.public


def issuer_and_validity_cases() -> Iterator[dict[str, Any]]:
    alone = given() | {"trust": None, "rpc": chain()}
    yield case("no_trust", alone, "partial", issuer="not_checked:no_trust", anchor="not_checked:no_trust")
    signed = credential(STRANGER, issuer={"id": STRANGER.did, "name": "Stranger"})
    yield case(
        "unknown_issuer",
        given(signed, key=STRANGER),
        "invalid",
        issuer="failed:unknown_issuer",
        anchor="not_checked:issuer_not_trusted",
    )
    yield case("expired", given() | {"asOf": "2027-02-28T16:00:00Z"}, "invalid", validity="failed:expired")
    early = given() | {"asOf": "2026-03-01T07:59:59Z"}
    yield case("not_yet_valid", early, "invalid", validity="failed:not_yet_valid")
    unsigned = compose(facts())
    del unsigned["validUntil"]
    signed = sign(unsigned, KEY, created=datetime(2026, 3, 1, 8, tzinfo=UTC), nonce=bytes(16))
    yield case("valid_without_end", given(signed) | {"asOf": "2099-01-01T00:00:00Z"}, "valid")


def document_of_issuer_cases() -> Iterator[dict[str, Any]]:
    """Yield bundles whose DID document is not the trust list's."""
    document, method = ("didDocument",), ("didDocument", "verificationMethod", 0)
    other = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    for name, change in (
        ("context", put(*document, "@context", 0, value="https://www.w3.org/ns/did/v2")),
        ("member_added", put(*document, "service", value=[])),
        ("id", put(*document, "id", value="did:web:portal.example%3A8444")),
        ("key", put(*method, "publicKeyMultibase", value=other)),
        ("key_name", put(*method, "id", value=f"{DID}#{other}")),
        ("key_type", put(*method, "type", value="Multikei")),
        ("key_controller", put(*method, "controller", value=f"{DID}x")),
        ("key_end_unreadable", put(*method, "revoked", value="2026-02-30T00:00:00Z")),
        ("key_is_text", put(*method, value="key")),
        ("keys_are_text", put(*document, "verificationMethod", value="keys")),
        ("purpose", put(*document, "assertionMethod", 0, value=f"{DID}#key")),
    ):
        yield case(f"document_{name}", changed(change), "invalid", issuer="failed:did_document_differs")
    ended = KeyRecord(OTHER_KEY.public, revoked=datetime(2026, 1, 1, tzinfo=UTC))
    keys = (KeyRecord(KEY.public), ended)
    older = given() | {"trust": trust_of(*keys)}
    yield case("valid_document_older", older, "valid")
    newer = changed(put(*document, value=did_document(DID, keys)))
    yield case("valid_document_newer", newer, "valid")
    another_end = did_document(
        DID, (keys[0], KeyRecord(OTHER_KEY.public, revoked=datetime(2026, 1, 2, tzinfo=UTC)))
    )
    made = changed(put(*document, value=another_end)) | {"trust": trust_of(*keys)}
    yield case("document_another_end", made, "invalid", issuer="failed:did_document_differs")


def inclusion_cases() -> Iterator[dict[str, Any]]:
    wrong = {"inclusion": "failed:path_mismatch"}
    path = given()["bundle"]["inclusion"]["path"]
    yield case("path_changed", changed(put("inclusion", "path", 0, value="00" * 32)), "invalid", **wrong)
    yield case("path_shortened", changed(put("inclusion", "path", value=path[:-1])), "invalid", **wrong)
    yield case("path_lengthened", changed(put("inclusion", "path", value=[*path, path[0]])), "invalid", **wrong)
    yield case(
        "path_swapped", changed(put("inclusion", "path", value=[path[1], path[0], path[2]])), "invalid", **wrong
    )
    yield case("index_changed", changed(put("inclusion", "leafIndex", value=3)), "invalid", **wrong)
    yield case("index_outside", changed(put("inclusion", "leafIndex", value=5)), "invalid", **wrong)
    size = changed(put("inclusion", "treeSize", value=6))
    yield case("tree_size_changed", size, "invalid", anchor="failed:anchor_differs")
    size = changed(put("inclusion", "treeSize", value=9))
    yield case("tree_size_much_changed", size, "invalid", anchor="failed:anchor_differs", **wrong)
    root = changed(put("inclusion", "root", value="00" * 32)) | {
        "rpc": chain(eth_call={"result": words(0, 0, 0, 0)})
    }
    yield case("root_changed", root, "invalid", anchor="failed:not_anchored", **wrong)
    made = given() | {"bundle": bundle_of(credential(), anchored=False)}
    gap = "not_checked:not_anchored_yet"
    yield case("not_anchored_yet", made, "partial", inclusion=gap, anchor=gap)
    yield case("sealed_not_anchored", changed(put("anchor", value=None)), "partial", anchor=gap)


def anchor_cases() -> Iterator[dict[str, Any]]:
    absent = given() | {"rpc": chain(eth_call={"result": words(0, 0, 0, 0)})}
    yield case("root_not_anchored", absent, "invalid", anchor="failed:not_anchored")
    for name, member, new in (
        ("anchor_seq_changed", "seq", 4),
        ("anchor_block_number_changed", "blockNumber", 11),
        ("anchor_block_time_changed", "blockTime", "2026-03-01T08:05:01Z"),
    ):
        yield case(name, changed(put("anchor", member, value=new)), "invalid", anchor="failed:anchor_differs")
    for name, member in (
        ("anchor_block_hash_changed", "blockHash"),
        ("anchor_transaction_changed", "transaction"),
    ):
        made = changed(put("anchor", member, value="0x" + "22" * 32))
        yield case(name, made, "invalid", anchor="failed:block_differs")
    for name, member, new in (
        ("anchor_chain_unknown", "chainId", 1),
        ("anchor_contract_unknown", "contract", "0x" + "33" * 20),
        ("anchor_stream_unknown", "stream", "0x" + "33" * 32),
        ("anchor_genesis_unknown", "genesis", "0x" + "33" * 32),
    ):
        made = changed(put("anchor", member, value=new))
        yield case(name, made, "partial", anchor="not_checked:unknown_anchor")
    chain_id = given() | {"rpc": chain(eth_chainId={"result": "0x1"})}
    yield case("wrong_chain_id", chain_id, "partial", anchor="not_checked:wrong_chain")
    block = {"result": {"hash": "0x" + "44" * 32, "transactions": []}}
    genesis = given() | {"rpc": chain(**{"eth_getBlockByNumber 0x0": block})}
    yield case("wrong_genesis", genesis, "partial", anchor="not_checked:wrong_chain")
    code = given() | {"rpc": chain(eth_getCode={"result": "0x6001"})}
    yield case("wrong_contract_code", code, "partial", anchor="not_checked:wrong_contract")
    code = given() | {"rpc": chain(eth_getCode={"result": "0x"})}
    yield case("no_contract_code", code, "partial", anchor="not_checked:wrong_contract")


def endpoint_cases() -> Iterator[dict[str, Any]]:
    fault = "not_checked:rpc_error"
    html = "<!doctype html><title>Bad gateway</title>"
    yield case("rpc_none", given() | {"rpc": None}, "partial", anchor="not_checked:no_rpc")
    down = given() | {"rpc": {"down": True}}
    yield case("rpc_down", down, "partial", anchor="not_checked:rpc_unreachable")
    yield case("rpc_html", given() | {"rpc": {"status": 200, "body": html}}, "partial", anchor=fault)
    yield case("rpc_http_500", given() | {"rpc": {"status": 500, "body": html}}, "partial", anchor=fault)
    yield case("rpc_redirect", given() | {"rpc": {"status": 302, "body": ""}}, "partial", anchor=fault)
    yield case("rpc_array", given() | {"rpc": {"status": 200, "body": "[]"}}, "partial", anchor=fault)
    for name, method, reply in (
        ("rpc_error_reply", "eth_call", {"error": {"code": -32000, "message": "execution reverted"}}),
        ("rpc_no_result", "eth_chainId", {}),
        ("rpc_number_for_quantity", "eth_chainId", {"result": 71771}),
        ("rpc_bad_quantity", "eth_chainId", {"result": "0x"}),
        ("rpc_bad_data", "eth_getCode", {"result": "0x123"}),
        ("rpc_short_answer", "eth_call", {"result": "0x"}),
        ("rpc_no_genesis", "eth_getBlockByNumber 0x0", {"result": None}),
        ("rpc_no_block", "eth_getBlockByNumber 0xc", {"result": None}),
        ("rpc_block_without_transactions", "eth_getBlockByNumber 0xc", {"result": {"hash": "0x00"}}),
        ("rpc_block_without_hash", "eth_getBlockByNumber 0xc", {"result": {"transactions": []}}),
    ):
        yield case(name, given() | {"rpc": chain(**{method: reply})}, "partial", anchor=fault)
    upper = chain()
    upper["replies"]["eth_getCode"]["result"] = "0x" + CODE.hex().upper()
    yield case("valid_upper_case_answer", given() | {"rpc": upper}, "valid")


def document_cases() -> Iterator[dict[str, Any]]:
    changed_file = [{"name": "a.pdf", "text": CERTIFICATE_PDF}, {"name": "b.pdf", "text": REPORT_PDF + " "}]
    made = given() | {"files": changed_file}
    yield case("changed_document", made, "invalid", documents="failed:unknown_document")
    signed = credential(relatedResource="none")
    made = given(signed) | {"files": [{"name": "a.pdf", "text": CERTIFICATE_PDF}]}
    yield case("document_without_list", made, "invalid", documents="failed:unknown_document")


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for one in cases():
        text = json.dumps(one, ensure_ascii=False, indent=1) + "\n"
        (FOLDER / f"{one['name']}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
