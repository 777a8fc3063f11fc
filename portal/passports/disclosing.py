"""Who may see which part of a passport, decided in one place for pages and for what partners take with them.

What stands in the anchored passport is public and stays so. Beside it a lot has *partner detail*: who the producer
is in the register, when papers came in, how it was delivered. Each part has a level; a viewer has one; the part
is shown when the viewer's reaches it. Pure: values in, values out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from ledger.canonical import canonical_bytes, digest_multibase, sha256
from portal.kernel.disclosure import Disclosure, Role, Tier
from portal.kernel.errors import Forbidden
from portal.kernel.grain import EXACT

DETAIL: Final = "partnerDetail"
"""Member of the subject that holds what only partners may see."""
EACH: Final = "*"
"""In a place: any element of an array."""

Path = tuple[str | int, ...]


class Level(IntEnum):
    """How much of a passport somebody may see; each level holds those before it."""

    PUBLIC = 0
    ORDINARY = 1
    KEY = 2
    STRATEGIC = 3
    EVERYTHING = 4


class LotNotCovered(Forbidden):
    """The lot is not covered by the partner's agreement, nor theirs: they see what everybody sees."""

    code = "lot_not_covered"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a passport that can be withheld.

    Attributes:
        name: For addresses and words.
        level: The least that sees it.
        places: Where it stands in a credential; ``EACH`` for any element of an array.
    """

    name: str
    level: Level
    places: tuple[Path, ...]

    def holds(self, path: Path) -> bool:
        """Whether a place in a credential is one of this part's."""
        return any(_fits(place, path) for place in self.places)


_SUBJECT: Final = "credentialSubject"
_TRACE: Final[Path] = (_SUBJECT, "traceabilityInformation", EACH)
_EVENT: Final[Path] = (*_TRACE, "event", EACH)
PARTS: Final = (
    Part("producer", Level.PUBLIC, ((_SUBJECT, "product", "producedByParty"),)),
    Part("papers", Level.PUBLIC, ((_SUBJECT, "conformityClaim"),)),
    Part("places", Level.PUBLIC, ((*_EVENT, "bizLocation"), (*_TRACE, "traceabilityEvent"))),
    Part("quantities", Level.PUBLIC, ((*_EVENT, "quantityList"),)),
    Part("documents", Level.PUBLIC, ((*_EVENT, "document"),)),
    Part("registration", Level.ORDINARY, ((_SUBJECT, DETAIL, "registration"),)),
    Part("handed_in", Level.KEY, ((_SUBJECT, DETAIL, "handedIn"),)),
    Part("deliveries", Level.STRATEGIC, ((_SUBJECT, DETAIL, "delivery"),)),
)
"""Every part that can be withheld, in the order people read them. What is in none is always shown."""


@dataclass(frozen=True, slots=True)
class DisclosurePolicy:
    """What one viewer may see of a passport, less what they choose not to pass on.

    Attributes:
        level: The viewer's.
        without: Names of parts they leave out.
    """

    level: Level
    without: frozenset[str] = frozenset()

    def opens(self, part: Part) -> bool:
        """Whether the viewer may see a part and has not left it out."""
        return part.level <= self.level and part.name not in self.without

    def shows(self, path: Path) -> bool:
        """Whether what stands at a place of a credential is shown."""
        part = next((part for part in PARTS if part.holds(path)), None)
        return part is None or self.opens(part)


def level_of(role: Role, disclosure: Disclosure, *, product_id: UUID, supplier_id: UUID | None) -> Level:
    """Return how much of a lot's passport a signed-in viewer may see.

    Deliveries tell exact amounts of what the host received, so they need what opens the demand board and figures
    told exactly (``docs/adr/0005-agreements.md``).

    Args:
        role: The viewer's, or the role looked through.
        disclosure: What their agreement opens.
        product_id: The lot's product.
        supplier_id: Who supplied the lot.

    Raises:
        LotNotCovered: A customer whose agreement does not cover the product, or a supplier of other lots.
    """
    if disclosure.everything or role is Role.AUDITOR:
        return Level.EVERYTHING
    if role is Role.SUPPLIER and supplier_id is not None and disclosure.partner_id == supplier_id:
        return Level.EVERYTHING
    covered = disclosure.products is None or product_id in disclosure.products
    if disclosure.tier is None or not covered:
        raise LotNotCovered("This lot is not part of what was agreed with you.")
    if disclosure.board and disclosure.grain == EXACT:
        return Level.STRATEGIC
    return Level.ORDINARY if disclosure.tier is Tier.ORDINARY else Level.KEY


def disclosable(passport: Mapping[str, Any], detail: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a passport as it is issued with disclosures, with or without partner detail.

    It is a credential of its own and names the anchored one by digest. The list of files goes, since a withheld
    paper would stand in it all the same; the papers' claims carry the same digests.

    Args:
        passport: The anchored credential, with its proofs.
        detail: What only partners may see.
    """
    subject = {**passport[_SUBJECT], DETAIL: detail} if detail else passport[_SUBJECT]
    kept = {name: value for name, value in passport.items() if name not in ("proof", "relatedResource")}
    return {
        **kept,
        "id": f"{passport['id']}#disclosed",
        _SUBJECT: subject,
        "relatedResource": [
            {
                "id": passport["id"],
                "mediaType": "application/vc",
                "digestMultibase": digest_multibase(sha256(canonical_bytes(passport))),
            }
        ],
    }


def hideable(credential: Mapping[str, Any]) -> tuple[Path, ...]:
    """Return where all the parts stand that a credential has."""
    return tuple(path for part in PARTS for place in part.places for path in _found(credential, place, ()))


def _found(value: Any, place: Path, done: Path) -> Iterable[Path]:
    if not place:
        yield done
    elif place[0] == EACH and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(item, place[1:], (*done, index))
    elif isinstance(value, Mapping) and place[0] in value:
        yield from _found(value[place[0]], place[1:], (*done, place[0]))


def _fits(place: Path, path: Path) -> bool:
    return len(place) == len(path) and all(
        isinstance(step, int) if wanted == EACH else wanted == step
        for wanted, step in zip(place, path, strict=True)
    )
