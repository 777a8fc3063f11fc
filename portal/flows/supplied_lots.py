"""A supplier's lots and how far their passports are: what was shipped or reported on, what is missing.

A supplier is told of their own lots and their own papers only; a passport is public anyway.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.reads import Product, products_by_id
from portal.passports import reads
from portal.passports.reads import Passport

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedLot:
    """One lot of a supplier.

    Attributes:
        product: What it is of.
        lot_code: The lot.
        since: When it was first shipped or reported on.
        missing: What its passport still needs: ``inspection_report``, and ``certificate`` (none was ever in force)
            or ``certificate_over`` (the last one has ended); empty when nothing.
        passport: The newest passport, once issued.
    """

    product: Product
    lot_code: str
    since: datetime
    missing: tuple[str, ...]
    passport: Passport | None


def supplied_lots(
    connection: Connection, *, org_id: UUID, supplier_id: UUID, today: date
) -> tuple[SuppliedLot, ...]:
    """Return a supplier's newest lots, at most 20, those that lack something first.

    Args:
        connection: Any transaction.
        org_id: The host company.
        supplier_id: The supplier.
        today: Local date, for certificates in force.
    """
    asked = {"org": org_id, "supplier": supplier_id, "today": today, "most": _MOST}
    rows = connection.execute(text(_LOTS), asked).all()
    ids = frozenset(row.product_id for row in rows)
    products = products_by_id(connection, org_id=org_id, ids=ids)
    passports = reads.passports_of_lots(connection, org_id=org_id, product_ids=ids)
    lots = [
        SuppliedLot(
            product=products[row.product_id],
            lot_code=row.lot_code,
            since=row.since,
            missing=_missing(has_report=row.has_report, certified_until=row.certified_until, today=today),
            passport=passports.get((row.product_id, row.lot_code)),
        )
        for row in rows
    ]
    return tuple(sorted(lots, key=lambda lot: not lot.missing or lot.passport is not None))


def _missing(*, has_report: bool, certified_until: date | None, today: date) -> tuple[str, ...]:
    missing = () if has_report else ("inspection_report",)
    if certified_until is None:
        return (*missing, "certificate")
    return (*missing, "certificate_over") if certified_until < today else missing


_LOTS = """
WITH lots AS (
  SELECT product_id, lot_code, departed_at AS at FROM shipment
  WHERE org_id = :org AND supplier_id = :supplier AND lot_code <> ''
  UNION ALL
  SELECT product_id, lot_code, uploaded_at FROM document
  WHERE org_id = :org AND partner_id = :supplier AND product_id IS NOT NULL AND lot_code IS NOT NULL
)
SELECT product_id, lot_code, min(at) AS since,
  EXISTS (
    SELECT FROM document r
    WHERE r.org_id = :org AND r.partner_id = :supplier AND r.kind = 'inspection_report'
      AND r.product_id = lots.product_id AND r.lot_code = lots.lot_code
  ) AS has_report,
  (
    SELECT max(coalesce(c.valid_until, '9999-12-31')) FROM document c
    WHERE c.org_id = :org AND c.partner_id = :supplier AND c.kind = 'certificate'
      AND (c.product_id IS NULL OR c.product_id = lots.product_id)
      AND (c.lot_code IS NULL OR c.lot_code = lots.lot_code) AND c.valid_from <= :today
  ) AS certified_until
FROM lots GROUP BY product_id, lot_code
ORDER BY min(at) DESC, lot_code LIMIT :most
"""
