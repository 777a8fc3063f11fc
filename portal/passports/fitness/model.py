"""The rule that lets a lot leave, or names what keeps it: pure, values in, values out.

A lot is fit on a day when it was not recalled, its passport is neither revoked nor suspended, and every paper it
must have is there and holds that day, first and last day included (``domain.md`` 4b-14). Number prefixes: a
Chinese food production licence has SC and 14 digits (食品生产许可管理办法), a food business licence JY and 14
digits (食品经营许可和备案管理办法).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from portal.kernel.errors import Malformed, NotFound, Refused
from portal.passports.model import DocumentKind, Paper, in_force

MAX_NAME = 80
MAX_REASON = 500


class Fault(StrEnum):
    """What keeps a lot, the gravest first."""

    RECALLED = "recalled"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    MISSING = "missing"


class BadRequirement(Malformed):
    """A requirement has no name in one of the languages, or a name or a prefix is too long."""

    code = "bad_requirement"


class NoSuchRequirement(NotFound):
    """There is no such requirement, or it was ended."""

    code = "no_such_requirement"


class RecallReasonNeeded(Malformed):
    """A recall says why, in 1 to ``MAX_REASON`` characters: partners and the public read it."""

    code = "recall_reason_needed"


class LotRecalled(Refused):
    """A recall is for good: no passport says any more that all is well with the lot."""

    code = "lot_recalled"


class NotRecallable(Refused):
    """Goods that are not kept by lot cannot be recalled by lot."""

    code = "not_recallable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A paper that lots must have.

    Attributes:
        category: Only of products of this category; ``None`` does not narrow.
        product_id: Only of this product; ``None`` does not narrow.
        supplier_id: Only from this supplier; ``None`` does not narrow.
        kind: Certificate, or inspection report of the lot.
        name_zh: What the paper is called, for people.
        name_en: The same in English.
        number_prefix: How its number begins; empty when any paper of the kind will do.
    """

    id: UUID
    category: str | None
    product_id: UUID | None
    supplier_id: UUID | None
    kind: DocumentKind
    name_zh: str
    name_en: str
    number_prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of a credential after it was issued.

    Attributes:
        revoked: For good.
        suspended: Until it is taken up again.
        why: The reason given.
        since: Local date.
    """

    revoked: bool = False
    suspended: bool = False
    why: str = ""
    since: date | None = None


GOOD = Said()
"""Nothing was said: the credential counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPaper:
    """A registered paper, and what was said of the credential made from it."""

    paper: Paper
    said: Said = GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """That a lot was recalled: why, and on which local date."""

    reason: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LotFacts:
    """All that decides whether one lot is fit.

    Attributes:
        category: Its product's category, or ``None``.
        supplier_id: Whose papers count; ``None`` while nobody knows where the lot is from.
        papers: The lot's reports and that supplier's certificates for the product or for all.
        passport: What was said of the lot's newest passport.
        recall: That it was recalled, if it was.
    """

    product_id: UUID
    lot_code: str
    category: str | None = None
    supplier_id: UUID | None = None
    papers: tuple[HeldPaper, ...] = ()
    passport: Said = GOOD
    recall: Recall | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that keeps a lot, as it is stored and told.

    Attributes:
        fault: What is wrong.
        zh: Name of the paper, Chinese; empty for a recall and for the passport itself.
        en: The same in English.
        number: The paper's own number; empty when there is none.
        since: Local date since when; empty when a paper is missing.
        why: Words of whoever revoked, suspended or recalled; empty otherwise.
    """

    fault: Fault
    zh: str = ""
    en: str = ""
    number: str = ""
    since: str = ""
    why: str = ""

    def to_value(self) -> dict[str, str]:
        """Return it as JSON, without what is empty."""
        return {name: str(value) for name, value in asdict(self).items() if value}


def check_requirement(requirement: Requirement) -> None:
    """Check that a requirement can be read by people of both languages.

    Raises:
        BadRequirement: A name is empty, or something is longer than ``MAX_NAME`` characters.
    """
    for name, text in (("name_zh", requirement.name_zh), ("name_en", requirement.name_en)):
        if not text.strip() or len(text) > MAX_NAME:
            raise BadRequirement(f"{name} must have 1 to {MAX_NAME} characters.", field=name, max=MAX_NAME)
    if len(requirement.number_prefix) > MAX_NAME:
        raise BadRequirement("The prefix is too long.", field="number_prefix", max=MAX_NAME)


def check_recall_reason(reason: str) -> str:
    """Return a recall's reason without the space around it.

    Raises:
        RecallReasonNeeded: It is empty or too long.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise RecallReasonNeeded(f"A recall needs a reason of 1 to {MAX_REASON} characters.", max=MAX_REASON)
    return reason


def faults_of(facts: LotFacts, requirements: Iterable[Requirement], *, on: date) -> tuple[Reason, ...]:
    """Return everything that keeps a lot on a day; empty when it is fit."""
    own = [*_recall(facts), *_passport(facts)]
    named = [fault for one in requirements if _applies(one, facts) for fault in _missing(one, facts.papers, on)]
    return (*own, *dict.fromkeys(named))


def _recall(facts: LotFacts) -> list[Reason]:
    if facts.recall is None:
        return []
    return [Reason(fault=Fault.RECALLED, since=facts.recall.on.isoformat(), why=facts.recall.reason)]


def _passport(facts: LotFacts) -> list[Reason]:
    # A recall revokes the passport; that is one thing to tell, not two.
    if facts.recall is not None:
        return []
    return [_told(facts.passport, Reason(fault=Fault.REVOKED))] if _counts_not(facts.passport) else []


def _counts_not(said: Said) -> bool:
    return said.revoked or said.suspended


def _told(said: Said, about: Reason) -> Reason:
    return Reason(
        fault=Fault.REVOKED if said.revoked else Fault.SUSPENDED,
        zh=about.zh,
        en=about.en,
        number=about.number,
        since=said.since.isoformat() if said.since else "",
        why=said.why,
    )


def _applies(requirement: Requirement, facts: LotFacts) -> bool:
    return all(
        wanted is None or wanted == found
        for wanted, found in (
            (requirement.category, facts.category),
            (requirement.product_id, facts.product_id),
            (requirement.supplier_id, facts.supplier_id),
        )
    )


def _missing(requirement: Requirement, papers: Sequence[HeldPaper], on: date) -> list[Reason]:
    """Return what is wrong with the papers that a requirement asks for; of several bad ones the newest speaks."""
    wanted = [
        held
        for held in papers
        if held.paper.kind is requirement.kind
        and held.paper.number.upper().startswith(requirement.number_prefix.upper())
    ]
    if any(_holds(held, on) for held in wanted):
        return []
    name = Reason(fault=Fault.MISSING, zh=requirement.name_zh, en=requirement.name_en)
    if not wanted:
        return [name]
    newest = max(wanted, key=lambda held: (held.paper.valid_until or date.max, held.paper.valid_from))
    return [_wrong(newest, name, on)]


def _holds(held: HeldPaper, on: date) -> bool:
    # A report tells what was found on its day; it does not run out unless it says so itself.
    return in_force(held.paper, on=on) and not _counts_not(held.said)


def _wrong(held: HeldPaper, name: Reason, on: date) -> Reason:
    paper = held.paper
    about = Reason(fault=Fault.EXPIRED, zh=name.zh, en=name.en, number=paper.number)
    if _counts_not(held.said):
        return _told(held.said, about)
    if paper.valid_until is not None and paper.valid_until < on:
        return Reason(
            fault=Fault.EXPIRED, zh=name.zh, en=name.en, number=paper.number, since=paper.valid_until.isoformat()
        )
    return Reason(
        fault=Fault.NOT_YET, zh=name.zh, en=name.en, number=paper.number, since=paper.valid_from.isoformat()
    )
