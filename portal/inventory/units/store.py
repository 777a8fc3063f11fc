"""Rows of the units of products: one ratio, one time of validity each."""

from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, Row, Text, UniqueConstraint

from portal.inventory.units.model import ProductUnit
from portal.kernel.units import Level
from portal.platform.db import identifier, instant, org_table, reference

unit_table = org_table(
    "product_unit",
    identifier("product_id"),
    # UN/ECE Recommendation 20 code, or an own one.
    Column("code", Text, nullable=False),
    # Base units in one unit, as a fraction in lowest terms: never a rounded number.
    Column("numerator", BigInteger, nullable=False),
    Column("denominator", BigInteger, nullable=False),
    # each, inner, case, pallet; empty for a unit that is no package.
    Column("level", Text),
    Column("valid_from", Date, nullable=False),
    # Inclusive; empty while no end is known.
    Column("valid_until", Date),
    Column("label_zh", Text, nullable=False),
    Column("label_en", Text, nullable=False),
    instant("created_at"),
    reference("product_id", "product"),
    UniqueConstraint("org_id", "product_id", "code", "valid_from"),
    CheckConstraint("numerator > 0 AND denominator > 0", name="ratio_positive"),
    CheckConstraint("level IN ('each', 'inner', 'case', 'pallet')", name="level_known"),
    CheckConstraint("valid_from <= valid_until", name="validity"),
)

COLUMNS = "code, numerator, denominator, level, valid_from, valid_until, label_zh, label_en"
"""What ``to_unit`` needs of a row."""


def to_unit(row: Row[Any]) -> ProductUnit:
    """Turn a row with ``COLUMNS`` into a unit."""
    return ProductUnit(
        code=row.code,
        per_base=Fraction(row.numerator, row.denominator),
        level=Level(row.level) if row.level else None,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        label_zh=row.label_zh,
        label_en=row.label_en,
    )
