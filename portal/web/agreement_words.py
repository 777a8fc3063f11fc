"""Agreements in words: what one opens, what a change changes for the people of the partner, who may infer what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import flask_babel
from flask_babel import lazy_gettext as _l

from portal.inventory.reads import Location, Product
from portal.kernel.disclosure import Basis, Tier
from portal.kernel.grain import Grain, GrainKind
from portal.partners.model import Agreement
from portal.web import filters
from portal.web.shell import TIERS
from portal.web.stock_words import place_name

BASES = {
    Basis.UNALLOCATED_AND_OWN: _l("Free stock and what is kept for them"),
    Basis.OWN_ONLY: _l("Only what is kept for them"),
}
GRAINS = {
    GrainKind.EXACT: _l("Exact figures"),
    GrainKind.CAP: _l("Up to a cap, above it “≥ cap”"),
    GrainKind.BUCKETS: _l("In steps, as “≥ step”"),
    GrainKind.YES_NO: _l("Available or not, against one size"),
}
_NAMED = 4


def gettext(text: str, **values: object) -> str:
    """Return a text in the reader's language, with its values."""
    return str(flask_babel.gettext(text, **values))


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of an agreement are called.

    Attributes:
        products: Every product by id.
        nodes: Every warehouse by id.
    """

    products: Mapping[UUID, Product]
    nodes: Mapping[UUID, Location]

    def warehouses(self, ids: Iterable[UUID]) -> str:
        """Name warehouses in the reader's language, by code."""
        found = sorted((self.nodes[one] for one in ids if one in self.nodes), key=lambda node: node.code)
        return gettext(", ").join(place_name(node) for node in found)

    def skus(self, ids: Iterable[UUID]) -> str:
        """Name the first few products by SKU, and how many more there are."""
        found = sorted(self.products[one].sku for one in ids if one in self.products)
        listed = gettext(", ").join(found[:_NAMED])
        rest = len(found) - _NAMED
        return listed if rest <= 0 else gettext("%(listed)s and %(rest)s more", listed=listed, rest=rest)


def grain_words(grain: Grain) -> str:
    """Say how figures are told: ``≥ 500 above 500``."""
    sizes = [filters.quantity(step) for step in grain.steps]
    if grain.kind is GrainKind.CAP:
        return gettext("exact below %(cap)s, “≥ %(cap)s” from there on", cap=sizes[0])
    if grain.kind is GrainKind.BUCKETS:
        return gettext(
            "in steps: %(steps)s", steps=gettext(", ").join(f"≥\N{NO-BREAK SPACE}{size}" for size in sizes)
        )
    if grain.kind is GrainKind.YES_NO:
        return gettext("available or not, at %(size)s", size=sizes[0])
    return gettext("exact")


def scope_words(agreement: Agreement, names: Names) -> list[tuple[str, str]]:
    """Return an agreement as facts: label and value."""
    products = agreement.products
    nodes = names.warehouses(agreement.nodes) or gettext("all, counted together")
    return [
        (gettext("Tier"), str(TIERS[agreement.tier])),
        (gettext("Items"), gettext("all items") if products is None else names.skus(products) or gettext("none")),
        (gettext("Warehouses"), nodes),
        (gettext("Basis"), str(BASES[agreement.basis])),
        (gettext("Figures"), grain_words(agreement.grain)),
        (gettext("Questions a day"), filters.quantity(agreement.daily_questions)),
        (gettext("Purpose"), agreement.purpose),
        (
            gettext("Validity"),
            gettext(
                "%(first)s to %(last)s",
                first=filters.day(agreement.valid_from, True),  # noqa: FBT003 - as the filter is written
                last=filters.day(agreement.valid_until, True),  # noqa: FBT003 - as above
            ),
        ),
    ]


def changes(before: Agreement | None, after: Agreement, names: Names, *, today: date) -> list[str]:
    """Say what an agreement changes for the partner's people, most restrictive facts first.

    Args:
        before: What they have now, or had until this one begins; ``None`` for nothing.
        after: What they will have.
        names: What the ids are called.
        today: The host's local date.
    """
    when = (
        gettext("From their next request on")
        if after.valid_from <= today
        else gettext("From %(day)s on", day=filters.day(after.valid_from))
    )
    if after.valid_until < today:
        return [gettext("It is over: they see nothing under it.")]
    if before is None:
        return [
            gettext(
                "%(when)s they see stock as a partner of the tier “%(tier)s”.", when=when, tier=TIERS[after.tier]
            ),
            gettext("Figures are told like this: %(grain)s.", grain=grain_words(after.grain)),
        ]
    said = _tier_changes(before, after, when) + _scope_changes(before, after, names, when)
    said += _figure_changes(before, after, when)
    return said or [gettext("Nothing changes in what they see.")]


def _tier_changes(before: Agreement, after: Agreement, when: str) -> list[str]:
    said: list[str] = []
    if before.tier is not after.tier:
        said.append(
            gettext(
                "%(when)s their tier is “%(after)s” and no longer “%(before)s”.",
                when=when,
                after=TIERS[after.tier],
                before=TIERS[before.tier],
            )
        )
    if before.tier is Tier.STRATEGIC and after.tier is not Tier.STRATEGIC:
        said.append(gettext("%(when)s they no longer see the demand board.", when=when))
    if before.tier is not Tier.ORDINARY and after.tier is Tier.ORDINARY:
        said.append(gettext("%(when)s they no longer see warehouses and lots, only totals.", when=when))
    return said


def _scope_changes(before: Agreement, after: Agreement, names: Names, when: str) -> list[str]:
    said: list[str] = []
    if lost := names.warehouses(before.nodes - after.nodes if after.nodes else ()):
        said.append(gettext("%(when)s they no longer see warehouse %(places)s.", when=when, places=lost))
    if won := names.warehouses(after.nodes - before.nodes if before.nodes else ()):
        said.append(gettext("%(when)s they also see warehouse %(places)s.", when=when, places=won))
    if not before.nodes and after.nodes:
        only = names.warehouses(after.nodes)
        said.append(gettext("%(when)s only the stock at %(places)s counts.", when=when, places=only))
    if before.nodes and not after.nodes:
        said.append(gettext("%(when)s the stock of all warehouses counts.", when=when))
    everything = frozenset(names.products)
    had = everything if before.products is None else before.products
    have = everything if after.products is None else after.products
    if gone := names.skus(had - have):
        said.append(gettext("%(when)s they no longer see: %(items)s.", when=when, items=gone))
    if new := names.skus(have - had):
        said.append(gettext("%(when)s they also see: %(items)s.", when=when, items=new))
    return said


def _figure_changes(before: Agreement, after: Agreement, when: str) -> list[str]:
    said: list[str] = []
    if before.basis is not after.basis:
        basis = BASES[after.basis]
        said.append(gettext("%(when)s the figures are made of: %(basis)s.", when=when, basis=basis))
    if before.grain != after.grain:
        grain = grain_words(after.grain)
        said.append(gettext("%(when)s figures are told like this: %(grain)s.", when=when, grain=grain))
    if before.daily_questions != after.daily_questions:
        said.append(
            flask_babel.ngettext(
                "%(when)s they may ask %(num)d question a day.",
                "%(when)s they may ask %(num)d questions a day.",
                after.daily_questions,
                when=when,
            )
        )
    if before.number == after.number and before.valid_until != after.valid_until:
        day = filters.day(after.valid_until, True)  # noqa: FBT003 - as the filter is written
        said.append(gettext("It now ends with %(day)s.", day=day))
    return said
