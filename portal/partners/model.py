"""Rules of who is who: names, roles, agreements in force, and what an agreement opens.

Pure: values in, values out. An agreement holds from its first to its last day, both inclusive, by the host
company's local date (``domain.md`` 4b-14); on any other day the partner has no tier and sees nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.kernel.actor import Actor
from portal.kernel.disclosure import Basis, Disclosure, Role, Tier
from portal.kernel.errors import Conflict, Forbidden, Malformed, NotFound, Refused
from portal.kernel.grain import EXACT, Grain, GrainKind

PASSWORD_LENGTHS = (8, 256)
"""Shortest and longest password taken, in characters (OWASP ASVS 5.0 6.2.1, 6.2.9)."""

DAILY_QUESTIONS = 20
"""Threshold questions a day where an agreement does not say otherwise."""

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")
_EMAIL_CHARS = 254
LANGUAGES = frozenset({"zh", "en"})


class Scope(StrEnum):
    """What a program may do in the name of its person (RFC 6749 section 3.3)."""

    READ = "read"
    ACT = "act"


class NotAnEmail(Malformed):
    """The text cannot be an e-mail address."""

    code = "not_an_email"


class WeakPassword(Refused):
    """The password is shorter or longer than passwords may be."""

    code = "weak_password"


class EmailTaken(Conflict):
    """Somebody of this company already signs in with that e-mail."""

    code = "email_taken"


class NoSuchPerson(NotFound):
    """The person does not exist, or may no longer sign in."""

    code = "no_such_person"


class NoSuchPartner(NotFound):
    """The company has no partner of that code or id."""

    code = "no_such_partner"


class WrongFirm(Refused):
    """A customer, supplier or auditor needs a partner that has that role; an operator has none."""

    code = "wrong_firm"


class UnknownRole(Malformed):
    """A partner's role is none of customer, supplier, auditor, carrier."""

    code = "unknown_role"


class AgreementBackwards(Malformed):
    """The agreement's last day lies before its first."""

    code = "agreement_backwards"


class AgreementOverlaps(Conflict):
    """Another agreement of the partner is in force on one of these days."""

    code = "agreement_overlaps"


class AgreementWithoutNodes(Refused):
    """A tier that shows warehouses must name them."""

    code = "agreement_without_nodes"


class NoSuchAgreement(NotFound):
    """The company has no agreement of that number."""

    code = "no_such_agreement"


class AgreementEnded(Conflict):
    """The agreement was ended; what was agreed after it is a new agreement."""

    code = "agreement_ended"


class BadGrain(Malformed):
    """The cap or the steps of an agreement are none, not rising, or no positive whole numbers."""

    code = "bad_grain"


class NoAgreement(Forbidden):
    """No agreement of the partner is in force today, so nothing is open to them."""

    code = "no_agreement"


class Previewing(Forbidden):
    """Nothing can be done, and no question used up, while looking through a customer's eyes."""

    code = "previewing"


@dataclass(frozen=True, slots=True)
class Company:
    """The host company.

    Attributes:
        is_demo: Whether every page must say that its data is invented.
    """

    id: UUID
    name_zh: str
    name_en: str
    is_demo: bool


@dataclass(frozen=True, slots=True)
class PartnerName:
    """A partner as others name it."""

    id: UUID
    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerDraft:
    """A partner as it is handed in.

    Attributes:
        code: The host's own code, unique within the company.
        roles: Any of ``customer``, ``supplier``, ``auditor``, ``carrier``; at least one.
        uscc: 统一社会信用代码, 18 characters, if known.
        gln: GS1 Global Location Number, 13 digits, if known.
        country: ISO 3166-1 alpha-2 code or the country's name, if known.
    """

    code: str
    name_zh: str
    name_en: str
    roles: tuple[str, ...]
    uscc: str | None = None
    gln: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a partner and the host have agreed to open.

    Attributes:
        valid_from: First day, by the host's local date.
        valid_until: Last day, inclusive.
        products: Product ids in scope; ``None`` means every product.
        nodes: Warehouses in scope; empty means every own node, counted but (by tier) never shown.
        basis: Whose stock the partner's figures are made of.
        grain: How fine figures may be told.
        daily_questions: Threshold questions a day that cost something; repeating one is free.
        note: For the host's own staff.
        ended_at: Instant at which it was ended before its last day.
    """

    number: str
    tier: Tier
    purpose: str
    valid_from: date
    valid_until: date
    products: frozenset[UUID] | None = None
    nodes: frozenset[UUID] = frozenset()
    basis: Basis = Basis.UNALLOCATED_AND_OWN
    grain: Grain = EXACT
    daily_questions: int = DAILY_QUESTIONS
    note: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is asking, resolved at one instant.

    Attributes:
        org: The host company.
        partner: The person's firm; ``None`` for the host's own staff.
        agreement: The one in force; ``None`` when there is none today.
        disclosure: What reads may answer with.
        session_version: The number a session or token must carry to be good.
        read_in: Packaging level in which the person likes to read quantities; ``None`` for cases.
        scopes: What a program may do here; all that the person may where no key says less.
        key: Open part of the API key a program's token was made with; empty without one.
    """

    actor: Actor
    role: Role
    name: str
    email: str
    language: str | None
    org: Company
    partner: PartnerName | None
    agreement: Agreement | None
    disclosure: Disclosure
    session_version: int
    read_in: str | None = None
    scopes: frozenset[Scope] = frozenset(Scope)
    key: str = ""

    @property
    def previewing(self) -> bool:
        """Whether one of the host's staff looks through a customer's eyes."""
        return self.role is Role.CUSTOMER and self.actor.role is Role.OPERATOR

    @property
    def tier(self) -> Tier | None:
        """The tier in force; ``None`` for anybody but a customer with an agreement in force."""
        return self.disclosure.tier


def to_email(text: str) -> str:
    """Return an e-mail address as it is stored: trimmed, in lower case.

    Raises:
        NotAnEmail: No address, or longer than 254 characters (RFC 5321 section 4.5.3.1.3).
    """
    email = text.strip().lower()
    if len(email) > _EMAIL_CHARS or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise NotAnEmail(f"{text[:80]!r} is not an e-mail address.", text=text[:80])
    return email


def check_password_strength(password: str) -> None:
    """Refuse a password of an impossible length.

    Raises:
        WeakPassword: Shorter than 8 or longer than 256 characters.
    """
    shortest, longest = PASSWORD_LENGTHS
    if not shortest <= len(password) <= longest:
        raise WeakPassword(
            f"A password has {shortest} to {longest} characters, this one {len(password)}.",
            shortest=shortest,
            longest=longest,
        )


def check_firm(role: Role, *, partner_roles: Iterable[str] | None) -> None:
    """Refuse a person whose role does not fit their firm.

    Args:
        role: The person's.
        partner_roles: Roles of the person's firm; ``None`` when the person belongs to the host.

    Raises:
        WrongFirm: An operator of a partner, or a customer or supplier whose firm is none.
    """
    roles = None if partner_roles is None else tuple(partner_roles)
    fits = roles is None if role is Role.OPERATOR else role in (roles or ())
    if role is Role.AUDITOR and roles is None:
        fits = True
    if not fits:
        raise WrongFirm(f"A {role} cannot belong to a firm with the roles {roles}.", role=str(role))


_PARTNER_ROLES = frozenset({"customer", "supplier", "auditor", "carrier"})


def check_partner_roles(draft: PartnerDraft) -> None:
    """Refuse a partner with no role or one nobody knows.

    Raises:
        UnknownRole: Naming the partner and the role.
    """
    unknown = sorted(set(draft.roles) - _PARTNER_ROLES)
    if unknown or not draft.roles:
        role = ", ".join(unknown)
        raise UnknownRole(f"Partner {draft.code} has the unknown role {role!r}.", partner=draft.code, role=role)


def check_agreement(agreement: Agreement) -> None:
    """Refuse an agreement that cannot hold.

    Raises:
        AgreementBackwards: It would end before it begins.
        AgreementWithoutNodes: Its tier shows warehouses and it names none.
    """
    if agreement.valid_until < agreement.valid_from:
        raise AgreementBackwards(
            f"Agreement {agreement.number} runs from {agreement.valid_from} until {agreement.valid_until}.",
            number=agreement.number,
            valid_from=agreement.valid_from.isoformat(),
            valid_until=agreement.valid_until.isoformat(),
        )
    if agreement.tier is not Tier.ORDINARY and not agreement.nodes:
        raise AgreementWithoutNodes(
            f"Agreement {agreement.number} has the tier {agreement.tier} and names no warehouse.",
            number=agreement.number,
            tier=str(agreement.tier),
        )


def check_grain(agreement: Agreement) -> None:
    """Refuse an agreement whose cap or steps cannot be.

    Raises:
        BadGrain: A cap or yes-or-no without exactly one size, steps that do not rise, or a size below 1.
    """
    steps, kind = agreement.grain.steps, agreement.grain.kind
    counts = {GrainKind.EXACT: steps == (), GrainKind.BUCKETS: len(steps) > 0}
    fits = counts.get(kind, len(steps) == 1)
    if not fits or any(step < 1 for step in steps) or list(steps) != sorted(set(steps)):
        shown = ", ".join(map(str, steps))
        raise BadGrain(f"Figures cannot be told as {kind} by the steps ({shown}).", kind=str(kind), steps=shown)


def local_date(moment: datetime, *, time_zone: str) -> date:
    """Return the date of an instant where the host company is.

    Args:
        moment: Aware.
        time_zone: IANA name.
    """
    return moment.astimezone(ZoneInfo(time_zone)).date()


def disclosure_of(role: Role, *, partner_id: UUID | None, agreement: Agreement | None) -> Disclosure:
    """Return what a person may see of the stock.

    Args:
        role: Only an operator sees everything, only a customer sees by agreement, others see no stock.
        partner_id: The person's firm.
        agreement: The firm's agreement in force, if any.
    """
    if role is Role.OPERATOR:
        return Disclosure(tier=None, everything=True)
    if role is not Role.CUSTOMER or agreement is None:
        return Disclosure(tier=None, partner_id=partner_id, products=frozenset(), nodes=frozenset())
    return Disclosure(
        tier=agreement.tier,
        partner_id=partner_id,
        products=agreement.products,
        nodes=agreement.nodes or None,
        basis=agreement.basis,
        grain=agreement.grain,
    )
