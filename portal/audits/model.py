"""Rules of audits: what a checklist item is met by, how far an audit has come, what may still be said.

Pure: values in, values out. The portal proposes a judgement for each item from what it holds; the auditor may
judge otherwise, with words. What nobody can know from records is left to the auditor (``by_hand``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from portal.kernel.errors import Conflict, Malformed, NotFound, Refused

MAX_WORDS = 500
LICENCES = ("SC", "JY")
"""How numbers of Chinese food production and food business licences begin."""


class State(StrEnum):
    """How far an audit has come."""

    REQUESTED = "requested"
    OPENED = "opened"
    COMPLETED = "completed"
    SIGNED = "signed"


class Step(StrEnum):
    """What brings it further."""

    OPEN = "open"
    COMPLETE = "complete"
    SIGN = "sign"


MOVES: Mapping[Step, tuple[State, State]] = MappingProxyType(
    {
        Step.OPEN: (State.REQUESTED, State.OPENED),
        Step.COMPLETE: (State.OPENED, State.COMPLETED),
        Step.SIGN: (State.COMPLETED, State.SIGNED),
    }
)
"""From which state each step leads to which."""


class Verdict(StrEnum):
    """What is said of an item."""

    FULFILLED = "fulfilled"
    GAP = "gap"
    NOT_APPLICABLE = "not_applicable"
    OPEN = "open"


class Severity(StrEnum):
    """How grave a finding is."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class AuditNotFound(NotFound):
    """There is no such audit, or it is not the asker's to see."""

    code = "audit_not_found"


class UnknownItem(NotFound):
    """The checklist has no such item."""

    code = "unknown_item"


class UnknownChecklist(NotFound):
    """There is no such checklist in that version."""

    code = "unknown_checklist"


class IllegalStep(Conflict):
    """The audit is not, or no longer, where that could be done."""

    code = "illegal_audit_step"


class ItemsOpen(Refused):
    """An audit is complete when every item has been judged."""

    code = "items_open"


class WordsNeeded(Malformed):
    """A judgement against the portal's own, an item that does not apply and a finding each need words."""

    code = "audit_words_needed"


class PeriodReversed(Malformed):
    """An audit's period ends before it begins."""

    code = "period_reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a checklist.

    Attributes:
        id: Stable within the checklist.
        cites: Clause, clauses or chapter of the source: ``2.1``, ``5.1–5.12`` or ``7``.
        stage: Of which part of the business, (Chinese, English).
        text: What must be so, (Chinese, English).
        rule: A key of ``RULES``.
    """

    id: str
    cites: str
    stage: tuple[str, str]
    text: tuple[str, str]
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """A checklist in one version, which never changes once it was used."""

    name: str
    version: int
    title: tuple[str, str]
    source: tuple[str, str]
    items: tuple[Item, ...]

    def item(self, item_id: str) -> Item:
        """Return the item of that id.

        Raises:
            UnknownItem: There is none.
        """
        for one in self.items:
            if one.id == item_id:
                return one
        raise UnknownItem(f"{self.name} has no item {item_id}.", item=item_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFact:
    """A paper of the supplier."""

    kind: str
    number: str
    valid_from: date
    valid_until: date | None
    sha256: str
    lot_code: str = ""
    product_id: UUID | None = None

    def holds(self, on: date) -> bool:
        """Tell whether it holds on a day, both ends included."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotFact:
    """A lot of the supplier that arrived in the period.

    Attributes:
        shipment: The despatch advice it came under.
        usable: Quanta that are usable now.
        sold: Quanta that went to customers.
        sold_unnamed: Part of ``sold`` whose receiver the records do not name.
        faults: What keeps the lot from leaving, as codes; empty when it is fit.
        passport: Digest of its passport, hexadecimal; empty when it has none.
        traced: Steps of its way that were noted.
    """

    product_id: UUID
    sku: str
    lot_code: str
    shipment: str
    received_on: date
    made_on: date | None
    expires_on: date | None
    usable: int = 0
    sold: int = 0
    sold_unnamed: int = 0
    faults: tuple[str, ...] = ()
    passport: str = ""
    traced: int = 0
    recalled: bool = False

    @property
    def name(self) -> str:
        """Item number and lot, as people say it."""
        return f"{self.sku} {self.lot_code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All the portal holds that a checklist may ask for.

    Attributes:
        on: Day the papers must hold on.
        contacts: People of the supplier who may sign in.
        recalls: Lots of theirs that were recalled, with who was told: (name of the lot, firms told).
    """

    on: date
    supplier: str
    contacts: int
    papers: tuple[PaperFact, ...]
    lots: tuple[LotFact, ...]
    recalls: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an item is met by: a label, and where it can be looked at (``kind`` and ``ref``)."""

    kind: str
    label: str
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is said of an item, and why.

    Attributes:
        gaps: What is missing: item numbers and lots, or numbers of papers.
        why: A code that pages put in words, or empty.
        note: The auditor's own words, or empty.
        by: Who judged; empty while it is the portal's proposal.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    gaps: tuple[str, ...] = ()
    why: str = ""
    note: str = ""
    by: str = ""


def after(state: State, step: Step) -> State:
    """Return the state a step leads to.

    Raises:
        IllegalStep: It does not lead on from there.
    """
    left, reached = MOVES[step]
    if state is not left:
        raise IllegalStep(f"An audit that is {state} cannot {step}.", state=state.value, step=step.value)
    return reached


def check_period(starts: date, ends: date) -> None:
    """Check a period, both days included.

    Raises:
        PeriodReversed: It ends before it begins.
    """
    if ends < starts:
        raise PeriodReversed(f"{ends} is before {starts}.", starts=starts.isoformat(), ends=ends.isoformat())


def check_words(words: str, *, needed: bool = True) -> str:
    """Return words without the space around them.

    Raises:
        WordsNeeded: They are needed and empty, or longer than ``MAX_WORDS`` characters.
    """
    words = words.strip()
    if len(words) > MAX_WORDS or (needed and not words):
        raise WordsNeeded(f"Say it in 1 to {MAX_WORDS} characters.", max=MAX_WORDS)
    return words


def check_all_judged(judgements: Mapping[str, Judgement]) -> None:
    """Check that nothing is left open.

    Raises:
        ItemsOpen: Something is; the items are named.
    """
    left = [item for item, judgement in judgements.items() if judgement.verdict is Verdict.OPEN]
    if left:
        raise ItemsOpen(f"{len(left)} items are open.", items=left, count=len(left))


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Return how long something took, to the second."""
    return timedelta(seconds=round((end - start).total_seconds()))


def proposed(checklist: Checklist, facts: Facts) -> dict[str, Judgement]:
    """Return what the portal itself says of every item, by its id."""
    return {item.id: RULES[item.rule](facts) for item in checklist.items}


def _met(evidence: Iterable[Evidence], gaps: Iterable[str] = (), *, why: str = "") -> Judgement:
    missing = tuple(gaps)
    verdict = Verdict.GAP if missing else Verdict.FULFILLED
    return Judgement(verdict=verdict, evidence=tuple(evidence), gaps=missing, why=why)


def _of_lots(facts: Facts, holds: Callable[[LotFact], Iterable[Evidence] | None], *, why: str) -> Judgement:
    """Judge lot by lot: evidence of those that hold, the others named; without lots there is nothing to judge."""
    if not facts.lots:
        return Judgement(verdict=Verdict.NOT_APPLICABLE, why="nothing_arrived")
    found = [(lot, holds(lot)) for lot in facts.lots]
    evidence = [one for _, parts in found for one in parts or ()]
    return _met(dict.fromkeys(evidence), (lot.name for lot, parts in found if parts is None), why=why)


def _paper(paper: PaperFact) -> Evidence:
    return Evidence("document", paper.number, paper.sha256)


def _licence(facts: Facts) -> Judgement:
    licences = [p for p in facts.papers if p.kind == "certificate" and p.number.upper().startswith(LICENCES)]
    holding = [p for p in licences if p.holds(facts.on)]
    if holding:
        return _met(map(_paper, holding))
    return Judgement(verdict=Verdict.GAP, gaps=tuple(p.number for p in licences), why="no_licence_in_force")


def _reports(facts: Facts, lot: LotFact) -> list[PaperFact]:
    return [
        p
        for p in facts.papers
        if p.kind == "inspection_report" and (p.product_id, p.lot_code) == (lot.product_id, lot.lot_code)
    ]


def _lot_papers(facts: Facts) -> Judgement:
    def papers(lot: LotFact) -> list[Evidence] | None:
        certificates = [
            p
            for p in facts.papers
            if p.kind == "certificate" and p.product_id in {None, lot.product_id} and p.holds(lot.received_on)
        ]
        return [_paper(p) for p in (*_reports(facts, lot), *certificates)] or None

    return _of_lots(facts, papers, why="lots_without_papers")


def _lot_reports(facts: Facts) -> Judgement:
    def reports(lot: LotFact) -> list[Evidence] | None:
        return [_paper(p) for p in _reports(facts, lot)] or None

    return _of_lots(facts, reports, why="lots_without_report")


def _supplier_file(facts: Facts) -> Judgement:
    if not facts.contacts:
        return Judgement(verdict=Verdict.GAP, gaps=(facts.supplier,), why="nobody_to_contact")
    return _met([Evidence("partner", facts.supplier)])


def _acceptance_record(facts: Facts) -> Judgement:
    def recorded(lot: LotFact) -> list[Evidence] | None:
        return [Evidence("shipment", lot.shipment)] if lot.made_on and lot.expires_on else None

    return _of_lots(facts, recorded, why="dates_missing")


def _kept_apart(facts: Facts) -> Judgement:
    def apart(lot: LotFact) -> list[Evidence] | None:
        return None if lot.faults and lot.usable else []

    return _of_lots(facts, apart, why="unfit_but_usable")


def _expired_stock(facts: Facts) -> Judgement:
    def gone(lot: LotFact) -> list[Evidence] | None:
        return None if lot.usable and lot.expires_on is not None and lot.expires_on < facts.on else []

    return _of_lots(facts, gone, why="expired_lies")


def _sales_record(facts: Facts) -> Judgement:
    def named(lot: LotFact) -> list[Evidence] | None:
        return None if lot.sold_unnamed else [Evidence("trace", lot.name)]

    return _of_lots(facts, named, why="receiver_unknown")


def _traceable(facts: Facts) -> Judgement:
    def traced(lot: LotFact) -> list[Evidence] | None:
        if lot.passport:
            return [Evidence("passport", lot.name, lot.passport)]
        return [Evidence("trace", lot.name)] if lot.traced else None

    return _of_lots(facts, traced, why="no_trace")


def _recalls(facts: Facts) -> Judgement:
    if not facts.recalls:
        return Judgement(verdict=Verdict.NOT_APPLICABLE, why="nothing_recalled")
    return _met(Evidence("recall", f"{name} ({told})") for name, told in facts.recalls)


def _records(facts: Facts) -> Judgement:
    # Moves, papers and the audit log cannot be changed or taken out here, and all of them are searchable.
    return _met([Evidence("records", str(len(facts.lots)))])


def _by_hand(_facts: Facts) -> Judgement:
    return Judgement(verdict=Verdict.OPEN, why="by_hand")


RULES: Mapping[str, Callable[[Facts], Judgement]] = MappingProxyType(
    {
        "licence": _licence,
        "lot_papers": _lot_papers,
        "supplier_file": _supplier_file,
        "lot_reports": _lot_reports,
        "acceptance_record": _acceptance_record,
        "kept_apart": _kept_apart,
        "expired_stock": _expired_stock,
        "sales_record": _sales_record,
        "traceable": _traceable,
        "recalls": _recalls,
        "records": _records,
        "by_hand": _by_hand,
    }
)
"""What each rule of a checklist says of the facts."""
