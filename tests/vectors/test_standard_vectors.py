"""Known answers from the standards themselves and from other implementations, bit for bit."""

import json
import struct
from typing import Any

import base58
import pytest
from eth_utils import keccak

from ledger.abi import ANCHORED_SELECTOR
from ledger.canonical import (
    canonical_bytes,
    digest_multibase,
    from_multibase,
    parse_json_strict,
    sha256,
    to_multibase,
)
from ledger.dataintegrity.suites import EDDSA_JCS
from ledger.errors import SignatureInvalid
from ledger.keys import PublicKey, SigningKey, did_web, key_in_document
from ledger.kinds.digital_link import check_gtin, digital_link
from ledger.merkle import (
    EMPTY_ROOT,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)
from ledger.proof import check_proof, read_proof

# ---- RFC 8785 -------------------------------------------------------------------------------------------------


def test_rfc8785_section_3_2_2_example() -> None:
    text = (
        rb'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        rb'"string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/","literals": [null, true, false]}'
    )
    expected = (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    # Read leniently: 1E30 has a canonical form, but our strict reader takes no whole number past 2^53-1.
    assert canonical_bytes(json.loads(text)) == expected.encode()


def test_rfc8785_section_3_2_3_sorts_by_utf16_units() -> None:
    text = (
        rb'{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",'
        rb'"1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",'
        rb'"\u00f6":"Latin Small Letter O With Diaeresis"}'
    )
    document = json.loads(canonical_bytes(parse_json_strict(text)))
    assert list(document.values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_rfc8785_appendix_b_numbers(bits: str, expected: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_bytes(number) == expected.encode()


# ---- RFC 6962 / RFC 9162: the vectors of Certificate Transparency's own tests ----------------------------------

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
G = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"


def hashes(*texts: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, texts))


def test_rfc6962_hashes() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == (
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


def test_rfc6962_roots_of_one_to_eight_leaves() -> None:
    assert [Tree.of(LEAVES[:size]).root.hex() for size in range(1, 9)] == ROOTS
    assert Tree.of([]).root == EMPTY_ROOT


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, ()),
        (0, 8, (A, B, C)),
        (5, 8, (D, E, ROOTS[3])),
        (2, 3, (ROOTS[1],)),
        (1, 5, (ROOTS[0], B, D)),
    ],
)
def test_rfc6962_inclusion_proofs(index: int, size: int, path: tuple[str, ...]) -> None:
    assert Tree.of(LEAVES[:size]).inclusion(index) == hashes(*path)
    root = bytes.fromhex(ROOTS[size - 1])
    check_inclusion(LEAVES[index], index, size=size, path=hashes(*path), root=root)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (1, 1, ()),
        (1, 8, (A, B, C)),
        (6, 8, (F, E, ROOTS[3])),
        (2, 5, (B, D)),
        (6, 7, (F, G, ROOTS[3])),
    ],
)
def test_rfc6962_consistency_proofs(old: int, new: int, path: tuple[str, ...]) -> None:
    assert Tree.of(LEAVES[:new]).consistency(old) == hashes(*path)
    old_root, new_root = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
    check_consistency(old, new, old_root=old_root, new_root=new_root, path=hashes(*path))


# ---- W3C vc-di-eddsa, test vectors of eddsa-jcs-2022 -----------------------------------------------------------

W3C_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
W3C_PRIVATE = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
W3C_METHOD = f"did:key:{W3C_PUBLIC}#{W3C_PUBLIC}"
W3C_CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]
W3C_DOCUMENT: dict[str, Any] = {
    "@context": W3C_CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
W3C_CONFIG = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": "2023-02-24T23:36:38Z",
    "verificationMethod": W3C_METHOD,
    "proofPurpose": "assertionMethod",
    "@context": W3C_CONTEXT,
}
W3C_HASHES = (
    "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
    "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
)
W3C_SIGNATURE = (
    "407cd12654b33d718ecbb99179a1506daaa849450bf3fc523cce3e1c96f8b803"
    "51da3f253d725c6f00b07c9e5448d50b3ef78012b9ab54255116d069c6dd2808"
)
W3C_PROOF_VALUE = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"


def test_eddsa_jcs_2022_signs_as_the_standard_shows() -> None:
    key = SigningKey.from_seed(from_multibase(W3C_PRIVATE)[2:])
    assert key.public.multikey == W3C_PUBLIC
    assert key.method_id == W3C_METHOD
    data = EDDSA_JCS.signed_bytes(W3C_DOCUMENT, W3C_CONFIG)
    assert data.hex() == W3C_HASHES
    assert key.sign(data).hex() == W3C_SIGNATURE
    assert to_multibase(bytes.fromhex(W3C_SIGNATURE)) == W3C_PROOF_VALUE


def test_eddsa_jcs_2022_checks_what_the_standard_shows() -> None:
    signed = W3C_DOCUMENT | {"proof": W3C_CONFIG | {"proofValue": W3C_PROOF_VALUE}}
    proof = read_proof(signed, signed["proof"])
    check_proof(signed, proof, PublicKey.from_multikey(W3C_PUBLIC))
    assert proof.method_id == W3C_METHOD
    assert proof.signature.hex() == W3C_SIGNATURE
    with pytest.raises(SignatureInvalid) as refusal:
        check_proof(signed | {"name": "Other"}, proof, PublicKey.from_multikey(W3C_PUBLIC))
    assert refusal.value.reason == "signature_mismatch"


# ---- did:key, multihash, GS1, Solidity ABI ---------------------------------------------------------------------


def test_did_key_of_the_all_zero_seed() -> None:
    key = SigningKey.from_seed(bytes(32))
    assert key.public.raw.hex() == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    assert key.did == "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"


def test_did_key_of_another_implementation() -> None:
    key = PublicKey(base58.b58decode("HrBXe7XnjMbscM1roSDTSMCcLNraetDQM9wSVjnzDxn3"))
    assert key.multikey == "z6MkwJSaEMnE4u6LiqrZV1BJHSkc9x8S4mTm3ArNL1m19BZR"
    assert PublicKey.from_multikey(key.multikey) == key


def test_ed25519_of_rfc8032_test_1() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed(seed)
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_digest_multibase_of_the_empty_file() -> None:
    assert digest_multibase(sha256(b"")) == "zQmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"


def test_did_web_examples_of_the_method() -> None:
    assert did_web("w3c-ccg.github.io") == "did:web:w3c-ccg.github.io"
    assert did_web("example.com:3000") == "did:web:example.com%3A3000"


@pytest.mark.parametrize("gtin", ["09520123456788", "09506000134352", "00614141999996", "06901234567892"])
def test_gtins_of_gs1_and_untp_examples(gtin: str) -> None:
    check_gtin(gtin)


def test_gs1_digital_link_of_a_lot() -> None:
    link = digital_link("https://id.gs1.org", "09506000134352", "ABC/12+3")
    assert link == "https://id.gs1.org/01/09506000134352/10/ABC%2F12%2B3"


def test_selector_is_keccak_of_the_signature() -> None:
    assert keccak(b"anchored(bytes32,bytes32)")[:4] == ANCHORED_SELECTOR


def test_did_document_of_the_multikey_standard_is_read() -> None:
    did = "did:key:z6MkmjY8GnV5i9YTDtPETC2uUAW6ejw3nk5mXF5yci5ab7th"
    method = {
        "id": f"{did}#{did[8:]}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": did[8:],
    }
    document = {"id": did, "verificationMethod": [method], "assertionMethod": [method["id"]]}
    record = key_in_document(document, method["id"])
    assert record.public.did == did
    assert record.retired_at is None
