"""Bringing a database to this release's schema, by alembic, forwards only."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from portal.platform.roles import let_in

_SCRIPTS = Path(__file__).with_name("migrations")


def bring_up(url: str, *, home: Path) -> None:
    """Bring a database to this release: its schema, and the logins the portal serves requests with.

    Args:
        url: The address of the owner of the tables, who may create tables and roles.
        home: The installation's home folder, which holds the secret of the logins' passwords.

    Raises:
        RolesRefused: The owner may not make logins.
    """
    migrate(url)
    let_in(url, home=home)


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest revision; nothing happens when it is there already.

    Args:
        url: ``postgresql://…`` with a role that may create tables and roles.
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
