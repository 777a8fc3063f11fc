"""Products and places: what the stock is of, and where it can lie."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from portal.inventory.model import (
    REAL_KINDS,
    VIRTUAL_KINDS,
    GtinTaken,
    ProductDraft,
    UnitFixed,
    UnknownLocation,
    UnknownProduct,
)
from portal.inventory.store import lock_products, note_bulk, virtual_places
from portal.kernel.actor import Actor
from portal.kernel.ids import new_id


def ensure_virtual_locations(connection: Connection, *, org_id: UUID, now: datetime) -> dict[str, UUID]:
    """Make the virtual places that balance the moves, where they are missing; returns their ids by kind."""
    connection.execute(
        text("""
            INSERT INTO location (org_id, id, code, name_zh, name_en, kind, created_at)
            SELECT :org, u.id, '@' || u.kind, u.kind, u.kind, u.kind, :now
            FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[])) AS u (id, kind)
            ON CONFLICT (org_id, code) DO NOTHING
        """),
        {"org": org_id, "ids": [new_id(now) for _ in VIRTUAL_KINDS], "kinds": list(VIRTUAL_KINDS), "now": now},
    )
    return virtual_places(connection, org_id=org_id)


def save_products(
    connection: Connection, *, actor: Actor, drafts: Sequence[ProductDraft], now: datetime
) -> dict[str, UUID]:
    """Add products, or bring them up to date by SKU, in a handful of statements; returns the ids by SKU.

    Of two drafts with the same SKU the last one counts. What is unchanged is not written.

    Raises:
        GtinTaken: Another product carries a GTIN of the drafts; nothing has changed.
        UnitFixed: The unit or decimals of a product whose stock has moved, or the unit of one whose other units
            are told in it, would change; nothing has changed.
    """
    wanted = {draft.sku: draft for draft in drafts}
    columns = _product_columns(actor.org_id, list(wanted.values()), now)
    _check_gtins(connection, list(wanted.values()), columns)
    fixed = connection.execute(_FIXED_UNITS, columns).first()
    if fixed is not None:
        raise UnitFixed(
            f"The unit of {fixed.sku} cannot change: its stock has moved, or other units are told in it.",
            sku=fixed.sku,
        )
    connection.execute(_SAVE_PRODUCTS, columns)
    note_bulk(connection, rows=len(wanted), tables=("product",))
    return ids_by_key(connection, "product", "sku", actor.org_id, list(wanted))


def locked_products(connection: Connection, *, org_id: UUID, product_ids: set[UUID]) -> dict[UUID, str]:
    """Lock products in the order of their ids; returns their SKUs.

    Raises:
        UnknownProduct: One of them is not in the books.
    """
    skus = lock_products(connection, org_id=org_id, product_ids=product_ids)
    missing = product_ids - skus.keys()
    if missing:
        raise UnknownProduct(f"No product {min(missing)} is known.", product=str(min(missing)))
    return skus


def real_places(connection: Connection, *, org_id: UUID, location_ids: set[UUID]) -> dict[UUID, str]:
    """Return the codes of real nodes by id.

    Raises:
        UnknownLocation: One of them is not in the books, or is a virtual place.
    """
    rows = connection.execute(
        text(
            "SELECT id, code FROM location WHERE org_id = :org AND id = ANY(CAST(:ids AS uuid[]))"
            " AND kind = ANY(CAST(:real AS text[])) AND level = 'node'"
        ),
        {"org": org_id, "ids": list(location_ids), "real": list(REAL_KINDS)},
    )
    codes = {row.id: row.code for row in rows}
    missing = location_ids - codes.keys()
    if missing:
        raise UnknownLocation(f"No node {min(missing)} is known.", location=str(min(missing)))
    return codes


_PRODUCTS = """
    unnest(CAST(:ids AS uuid[]), CAST(:skus AS text[]), CAST(:gtins AS text[]), CAST(:zh AS text[]),
           CAST(:en AS text[]), CAST(:categories AS text[]), CAST(:units AS text[]), CAST(:decimals AS integer[]),
           CAST(:packs AS bigint[]), CAST(:trackings AS text[]), CAST(:shelf AS integer[]))
    AS u (id, sku, gtin, name_zh, name_en, category, base_unit, decimals, pack_quanta, tracking, shelf_life_days)
"""

_FIXED_UNITS = text(f"""
    SELECT p.sku FROM {_PRODUCTS} JOIN product p ON p.org_id = :org AND p.sku = u.sku
    WHERE (p.base_unit, p.decimals) IS DISTINCT FROM (u.base_unit, u.decimals)
      AND (EXISTS (SELECT 1 FROM stock_move m WHERE m.org_id = :org AND m.product_id = p.id)
           OR p.base_unit <> u.base_unit
              AND EXISTS (SELECT 1 FROM product_unit r WHERE r.org_id = :org AND r.product_id = p.id))
    ORDER BY p.sku LIMIT 1
""")  # noqa: S608 - no input in it

_TAKEN_GTINS = text(f"""
    SELECT u.gtin, p.sku FROM {_PRODUCTS} JOIN product p ON p.org_id = :org AND p.gtin = u.gtin AND p.sku <> u.sku
    ORDER BY u.gtin LIMIT 1
""")  # noqa: S608 - no input in it

_SAVE_PRODUCTS = text(f"""
    INSERT INTO product (org_id, id, sku, gtin, name_zh, name_en, category, base_unit, decimals, pack_quanta,
                         tracking, shelf_life_days, active, created_at)
    SELECT :org, u.id, u.sku, u.gtin, u.name_zh, u.name_en, u.category, u.base_unit, u.decimals, u.pack_quanta,
           u.tracking, u.shelf_life_days, TRUE, :now
    FROM {_PRODUCTS}
    ON CONFLICT (org_id, sku) DO UPDATE
    SET gtin = EXCLUDED.gtin, name_zh = EXCLUDED.name_zh, name_en = EXCLUDED.name_en, category = EXCLUDED.category,
        base_unit = EXCLUDED.base_unit, decimals = EXCLUDED.decimals, pack_quanta = EXCLUDED.pack_quanta,
        tracking = EXCLUDED.tracking, shelf_life_days = EXCLUDED.shelf_life_days, active = TRUE
    WHERE (product.gtin, product.name_zh, product.name_en, product.category, product.base_unit, product.decimals,
           product.pack_quanta, product.tracking, product.shelf_life_days, product.active)
          IS DISTINCT FROM
          (EXCLUDED.gtin, EXCLUDED.name_zh, EXCLUDED.name_en, EXCLUDED.category, EXCLUDED.base_unit,
           EXCLUDED.decimals, EXCLUDED.pack_quanta, EXCLUDED.tracking, EXCLUDED.shelf_life_days, TRUE)
""")  # noqa: S608 - no input in it


def _product_columns(org_id: UUID, drafts: Sequence[ProductDraft], now: datetime) -> dict[str, object]:
    return {
        "org": org_id,
        "now": now,
        "ids": [new_id(now) for _ in drafts],
        "skus": [draft.sku for draft in drafts],
        "gtins": [draft.gtin for draft in drafts],
        "zh": [draft.name_zh for draft in drafts],
        "en": [draft.name_en for draft in drafts],
        "categories": [draft.category for draft in drafts],
        "units": [draft.base_unit for draft in drafts],
        "decimals": [draft.decimals for draft in drafts],
        "packs": [draft.pack_quanta for draft in drafts],
        "trackings": [draft.tracking for draft in drafts],
        "shelf": [draft.shelf_life_days for draft in drafts],
    }


def _check_gtins(connection: Connection, drafts: Sequence[ProductDraft], columns: dict[str, object]) -> None:
    owners: dict[str, str] = {}
    for draft in drafts:
        if draft.gtin is not None:
            other = owners.setdefault(draft.gtin, draft.sku)
            if other != draft.sku:
                raise _taken(draft.gtin, other)
    row = connection.execute(_TAKEN_GTINS, columns).first()
    if row is not None:
        raise _taken(row.gtin, row.sku)


def _taken(gtin: str, sku: str) -> GtinTaken:
    return GtinTaken(f"GTIN {gtin} belongs to {sku} already.", gtin=gtin, sku=sku)


def ids_by_key(
    connection: Connection, table: str, column: str, org_id: UUID, keys: Sequence[str]
) -> dict[str, UUID]:
    """Return the ids of rows by the keys people know them by; table and column are names from code."""
    rows = connection.execute(
        text(
            f"SELECT {column} AS key, id FROM {table}"  # noqa: S608 - names from code
            f" WHERE org_id = :org AND {column} = ANY(CAST(:keys AS text[]))"
        ),
        {"org": org_id, "keys": list(keys)},
    )
    return {row.key: row.id for row in rows}
