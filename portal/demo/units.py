"""Units of the demo's goods: pallets of all that comes in cases, and walnut kernels by the portion."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from uuid import UUID

from portal.demo.catalogue import Item
from portal.inventory.units.model import UnitDraft
from portal.kernel.units import Level

_CASES_ON_A_PALLET = 40
_PORTIONS = {"NT-405": Fraction(35, 1000)}
"""Kilograms in a portion: a case of 10 kg is 285 portions and 25 g."""


def drafts(items: Iterable[Item], products: Mapping[str, UUID], *, since: date) -> list[UnitDraft]:
    """Return the units of the goods, valid from a day on."""
    listed = list(items)
    pallets = [
        UnitDraft(
            product_id=products[item.sku],
            code="XPX",
            per_base=Fraction(item.pack * _CASES_ON_A_PALLET),
            level=Level.PALLET,
            valid_from=since,
        )
        for item in listed
    ]
    portions = [
        UnitDraft(product_id=products[sku], code="PTN", per_base=kilograms, valid_from=since)
        for sku, kilograms in _PORTIONS.items()
    ]
    return pallets + portions
