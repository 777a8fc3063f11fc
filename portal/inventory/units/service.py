"""What can be done with the units of products, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.reads import products_by_id
from portal.inventory.service.books import locked_products
from portal.inventory.store import note_bulk
from portal.inventory.units.model import UnitDraft, check_unit, others_of
from portal.inventory.units.reads import product_units
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id


def save_units(connection: Connection, *, actor: Actor, drafts: Sequence[UnitDraft], now: datetime) -> None:
    """Add ratios, or bring them up to date by product, unit and first day; all of them or none.

    A ratio that changes gets a row of its own from the day of the change on, after the one before has been ended:
    what was ordered in cases of 12 stays so. Of two drafts for the same product, unit and day the last one counts.

    Raises:
        UnknownProduct: A product is not in the books.
        BadRatio: A ratio is zero, negative or too large.
        UnitByStandard: A ratio is a matter of definition.
        ValidityReversed: One would end before it begins.
        UnitOverlaps: Two ratios of a unit, or two units of a level, would hold on one day.
    """
    skus = locked_products(connection, org_id=actor.org_id, product_ids={draft.product_id for draft in drafts})
    products = products_by_id(connection, org_id=actor.org_id, ids=skus)
    standing = product_units(connection, org_id=actor.org_id, product_ids=skus)
    wanted = {(draft.product_id, draft.code, draft.valid_from): draft for draft in drafts}
    for (product_id, _, _), draft in wanted.items():
        check_unit(
            draft,
            sku=skus[product_id],
            base=products[product_id].base_unit,
            others=others_of(draft, standing=standing.get(product_id, ()), drafts=wanted.values()),
        )
    _write(connection, actor.org_id, list(wanted.values()), now)
    note_bulk(connection, rows=len(wanted), tables=("product_unit",))


_SAVE = text("""
    INSERT INTO product_unit (org_id, id, product_id, code, numerator, denominator, level, valid_from, valid_until,
                              label_zh, label_en, created_at)
    SELECT :org, u.id, u.product_id, u.code, u.numerator, u.denominator, u.level, u.valid_from, u.valid_until,
           u.label_zh, u.label_en, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:products AS uuid[]), CAST(:codes AS text[]),
                CAST(:numerators AS bigint[]), CAST(:denominators AS bigint[]), CAST(:levels AS text[]),
                CAST(:froms AS date[]), CAST(:untils AS date[]), CAST(:zh AS text[]), CAST(:en AS text[]))
         AS u (id, product_id, code, numerator, denominator, level, valid_from, valid_until, label_zh, label_en)
    ON CONFLICT (org_id, product_id, code, valid_from) DO UPDATE
    SET numerator = EXCLUDED.numerator, denominator = EXCLUDED.denominator, level = EXCLUDED.level,
        valid_until = EXCLUDED.valid_until, label_zh = EXCLUDED.label_zh, label_en = EXCLUDED.label_en
""")


def _write(connection: Connection, org_id: UUID, drafts: Sequence[UnitDraft], now: datetime) -> None:
    connection.execute(
        _SAVE,
        {
            "org": org_id,
            "now": now,
            "ids": [new_id(now) for _ in drafts],
            "products": [draft.product_id for draft in drafts],
            "codes": [draft.code for draft in drafts],
            "numerators": [draft.per_base.numerator for draft in drafts],
            "denominators": [draft.per_base.denominator for draft in drafts],
            "levels": [draft.level.value if draft.level else None for draft in drafts],
            "froms": [draft.valid_from for draft in drafts],
            "untils": [draft.valid_until for draft in drafts],
            "zh": [draft.label_zh for draft in drafts],
            "en": [draft.label_en for draft in drafts],
        },
    )
