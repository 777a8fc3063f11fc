"""A pack with one anchored passport and its two papers, its trust file, and the block that proves it."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from ledger.archive import read_archive
from ledger.bundle import Bundle, Inclusion
from ledger.canonical import sha256
from ledger.keys import KeyRecord, SigningKey, did_document, did_web
from ledger.kinds.envelope import EvidenceFile, Party
from ledger.kinds.passport import InspectionFact, PassportFacts, compose
from ledger.merkle import Tree, credential_leaf
from ledger.pack import MANIFEST, Pack, PackFile, Role
from ledger.proof import sign
from ledger.trust import TrustedIssuer, TrustList
from support.states import Proven, proven

DID = did_web("portal.example")
KEY = SigningKey.from_seed(bytes(range(32)), DID)
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
REPORT = "%PDF-1.7 检验报告 QC-0317\n".encode()


@dataclass(frozen=True)
class Packed:
    """What an auditor holds.

    Attributes:
        pack: One passport, its report, the state.
        block: Hash of the block the state is proven at.
    """

    pack: Pack
    trust: TrustList
    block: bytes
    state: Proven

    @property
    def bundle(self) -> Bundle:
        return Bundle.from_json(self.pack.of_role(Role.BUNDLE)[0].data)

    def changed(self, **files: bytes) -> Pack:
        """The pack with the files of some roles replaced by others, at the places where they belong."""
        made = []
        for file in self.pack.files:
            data = files.get(file.role.value, file.data)
            name = file.name
            if file.role in (Role.STATE, Role.EVIDENCE):
                name = f"{name.partition('/')[0]}/{sha256(data).hex()}{Path(name).suffix}"
            made.append(PackFile(name, file.role, data, file.title))
        return replace(self.pack, files=tuple(made))

    def with_bundle(self, bundle: Bundle) -> Pack:
        """The pack with another bundle under the same name."""
        return self.changed(bundle=bundle.to_json())


def packed(path: Path) -> Packed:
    """Issue, anchor, prove and pack one passport."""
    report = EvidenceFile("https://portal.example/files/1", "检验报告.pdf", "application/pdf", sha256(REPORT))
    facts = PassportFacts(
        id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        issuer=Party(DID, "青禾食品"),
        valid_from=datetime(2026, 3, 1, 8, tzinfo=UTC),
        base_url="https://portal.example",
        gtin="06901234567892",
        lot="L7",
        name_zh="龙井",
        name_en="Longjing tea",
        inspections=(
            InspectionFact("QC-0317", "出厂检验", "浙江茶检", date(2026, 2, 27), passed=True, file=report),
        ),
    )
    signed = sign(compose(facts), KEY, created=datetime(2026, 3, 1, 8, tzinfo=UTC), nonce=bytes(16))
    tree = Tree.of([credential_leaf(signed), bytes(32)])
    state = proven(path, {tree.root: 2, b"\xbb" * 32: 9})
    document = did_document(DID, [KeyRecord(KEY.public)])
    bundle = Bundle(signed, document, Inclusion(0, 2, tree.root, tree.inclusion(0)), state.anchors[0]).to_json()
    files = (
        PackFile(f"bundles/{credential_leaf(signed).hex()}.json", Role.BUNDLE, bundle),
        PackFile(f"evidence/{sha256(REPORT).hex()}.pdf", Role.EVIDENCE, REPORT, "检验报告.pdf"),
        PackFile(f"states/{sha256(state.state.to_json()).hex()}.json", Role.STATE, state.state.to_json()),
        PackFile("README.en.txt", Role.README, b"An audit pack.\n"),
    )
    trust = TrustList((TrustedIssuer(DID, "青禾食品", document, (state.trusted,)),))
    return Packed(Pack(AS_OF, files), trust, state.anchors[1].block_hash, state)


def manifest_of(pack: bytes) -> dict[str, object]:
    """The manifest of a pack's bytes, as JSON types."""
    value: dict[str, object] = json.loads(read_archive(pack)[MANIFEST].unpacked())
    return value
