"""10,000 single-byte mutations of a bundle (quick: 1,000): none may still be verified.

One passport as the portal issues it: a proof set of two suites, a place in a tree of five, an anchor, the issuer's
document with an older key. The changed bytes are spread evenly over the file, each becomes another value (seeded).
Judged with the trust file and a chain that knows the root, without the printed code. Refused means: the verdict is
not ``valid``. It is ``partial`` instead of ``invalid`` only where the change makes the bundle name a chain or
contract the trust file does not know. No mutation is left out: the bundle is written without white space and every
value in it is compared, so there is none that changes nothing.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.abi import AnchorRecord
from ledger.bundle import Anchor, Bundle, Inclusion
from ledger.canonical import sha256
from ledger.errors import AnchorInvalid
from ledger.keys import KeyRecord, SigningKey, did_document, did_web
from ledger.kinds.envelope import Party
from ledger.kinds.passport import PassportFacts, compose
from ledger.merkle import Tree, credential_leaf
from ledger.proof import sign
from ledger.trust import TrustedAnchor, TrustedIssuer, TrustList
from ledger.verification.report import Question, Verdict
from ledger.verify import answer

BARS = {"single_byte_mutations_accepted": ("==", 0)}
MUTATIONS = 10_000
QUICK_MUTATIONS = 1_000
SEED = 4
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
DID = did_web("portal.example")


@dataclass(frozen=True)
class Chain:
    """A witness that knows one anchor, as an honest endpoint of the chain would tell it."""

    anchor: Anchor
    place: Inclusion

    def record(self, _target: TrustedAnchor, root: bytes) -> AnchorRecord:
        """Tell what the contract knows of a root."""
        if root != self.place.root:
            return AnchorRecord(0, 0, 0, 0)
        time = int(self.anchor.block_time.timestamp())
        return AnchorRecord(self.anchor.seq, time, self.anchor.block_number, self.place.tree_size)

    def check_block(self, _target: TrustedAnchor, anchor: Anchor, _root: bytes) -> dict[str, Any]:
        """Compare block and transaction."""
        if (anchor.block_hash, anchor.transaction) != (self.anchor.block_hash, self.anchor.transaction):
            raise AnchorInvalid("block_differs", "the block is another one")
        return {}


def made() -> tuple[bytes, Question]:
    """Return a bundle that is valid, and what its verifier brings along."""
    key, old = (SigningKey.from_seed(bytes([n]) * 32, DID) for n in (1, 2))
    facts = PassportFacts(
        id="urn:uuid:0198f3a0-7b1c-7000-8000-000000000001",
        issuer=Party(DID, "青禾食品 Qinghe Foods"),
        valid_from=datetime(2026, 3, 1, 8, tzinfo=UTC),
        base_url="https://portal.example",
        gtin="06901234567892",
        lot="L7",
        name_zh="龙井",
        name_en="Longjing tea",
    )
    signed = sign(compose(facts), key, created=datetime(2026, 3, 1, 8, tzinfo=UTC), nonce=bytes(16))
    tree = Tree.of([credential_leaf(signed), *(bytes([n]) * 32 for n in range(4))])
    place = Inclusion(0, 5, tree.root, tree.inclusion(0))
    time = datetime(2026, 3, 1, 8, 5, tzinfo=UTC)
    hashes = (sha256(bytes([n])) for n in range(4))
    genesis, stream, transaction, block = hashes
    contract = sha256(b"contract")[:20]
    anchor = Anchor(31_337, genesis, contract, stream, 3, transaction, 12, block, time)
    keys = [KeyRecord(key.public), KeyRecord(old.public, revoked=datetime(2026, 1, 1, tzinfo=UTC))]
    document = did_document(DID, keys)
    trusted = TrustedAnchor(31_337, genesis, contract, sha256(b"code"), stream, "embedded")
    trust = TrustList((TrustedIssuer(DID, "Qinghe Foods", document, (trusted,)),))
    question = Question(AS_OF, trust, witness=Chain(anchor, place))
    return Bundle(signed, document, place, anchor).to_json(), question


def measure(*, quick: bool) -> dict[str, float]:
    """Change one byte after the other, and count what is still verified."""
    count = QUICK_MUTATIONS if quick else MUTATIONS
    data, question = made()
    if answer(data, question).verdict is not Verdict.VALID:
        raise RuntimeError("the bundle is not valid before anything is changed")
    accepted = accepted_of(data, question, count)
    for at, byte in accepted:
        print(f"accepted: byte {at} as {byte:#04x}: {data[max(0, at - 40) : at + 20]!r}")
    return {"single_byte_mutations_accepted": len(accepted)}


def accepted_of(data: bytes, question: Question, count: int) -> list[tuple[int, int]]:
    """Return the mutations after which the bundle is still verified: place and new value."""
    chance = random.Random(SEED)  # noqa: S311 - not a secret
    accepted = []
    for number in range(count):
        at = (number * len(data) + chance.randrange(len(data))) // count % len(data)
        changed = bytearray(data)
        changed[at] ^= chance.randrange(1, 256)
        if answer(bytes(changed), question).verdict is Verdict.VALID:
            accepted.append((at, changed[at]))
    return accepted
