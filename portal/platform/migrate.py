"""Bringing a database to this release's schema, by alembic, forwards only."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

_SCRIPTS = Path(__file__).with_name("migrations")


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest revision; nothing happens when it is there already.

    Args:
        url: ``postgresql://…`` with a role that may create tables.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
