"""A database of an earlier release is brought to this one with everything in it."""

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from portal.platform import migrate as newest

BEFORE_TAKING_OVER = "0006_roles"
ORG = "01900000-0000-7000-8000-000000000001"
FIRM = "01900000-0000-7000-8000-000000000004"
NOBODY = "00000000-0000-0000-0000-000000000000"
_FILL = f"""
    INSERT INTO org VALUES ('{ORG}', 'x', 'x', FALSE, now());
    INSERT INTO product (org_id, id, sku, name_zh, name_en, base_unit, decimals, pack_quanta, tracking, active,
                         created_at)
        VALUES ('{ORG}', '{ORG}', 'TEA', 'x', 'x', 'C62', 0, 1, 'lot', TRUE, now());
    INSERT INTO location (org_id, id, code, name_zh, name_en, kind, created_at)
        VALUES ('{ORG}', '{ORG}', 'N1', 'x', 'x', 'own', now()), ('{ORG}', '{FIRM}', 'N2', 'x', 'x', 'own', now());
    INSERT INTO lot (org_id, id, product_id, code, status, created_at)
        VALUES ('{ORG}', '{ORG}', '{ORG}', 'L', 'available', now());
    INSERT INTO stock_move (org_id, id, product_id, lot_id, from_location_id, to_location_id, quantity, kind,
                            document, reason, actor, at, idempotency_key, from_status, to_status, owner_id)
        SELECT '{ORG}', gen_random_uuid(), '{ORG}', '{ORG}', '{ORG}', '{FIRM}', 7, 'opening', '', '', 'x', now(),
               key, 'available', 'available', CAST(owner AS uuid)
        FROM (VALUES ('a', '{FIRM}'), ('b', '{NOBODY}')) AS moved (key, owner)
"""  # noqa: S608 - constants


def test_moves_of_consigned_stock_keep_their_owner_on_both_sides(empty_database_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(newest._SCRIPTS))
    engine = create_engine(make_url(empty_database_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE_TAKING_OVER)
        connection.exec_driver_sql(_FILL)
    engine.dispose()
    newest.migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as read:
        owners = read.execute(
            "SELECT from_owner_id::text, to_owner_id::text FROM stock_move ORDER BY idempotency_key"
        ).fetchall()
        consigned, nobody = "01900000-0000-7000-8000-000000000004", "00000000-0000-0000-0000-000000000000"
        assert owners == [(consigned, consigned), (nobody, nobody)]
        closed = read.execute("SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'stock_move_is_append_only'")
        assert closed.fetchall() == [("O",)]
