"""The logins of an installation: one for the portal and its worker; one per tier and one for suppliers to read.

Nobody logs in as the owner of the tables but who migrates. A login is named after its database (``tally_portal``,
``tally_key``), so that installations which share a server never meet; what it may do it has from a group of the
whole server (``tallystick_portal``, ``tallystick_key``), which the migration makes and which cannot log in. The
password is the HMAC of its name under a secret of the home folder: nothing to store, nothing to hand around.
"""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from portal.kernel.disclosure import Tier
from portal.kernel.errors import Refused
from portal.platform.secrets import home_secret

PORTAL = "portal"
SUPPLIER = "supplier"
SECRET = "database.key"  # noqa: S105 - the name of a file
READERS = (*(str(tier) for tier in Tier), SUPPLIER)
_LOCK = 0x7A11_1572


class RolesRefused(Refused):
    """The account of the database's address may not make the logins the portal needs."""

    code = "roles_refused"


def login_of(database: str, part: str) -> str:
    """Return the login of a part (``portal``, a tier, ``supplier``) of the installation in a database."""
    return f"{database}_{part}"


def group_of(part: str) -> str:
    """Return the group a part's login belongs to."""
    return f"tallystick_{part}"


def url_of(url: str, part: str, *, home: Path) -> str:
    """Return a database's address for a part's login.

    Args:
        url: The address as the owner of the tables uses it.
        part: ``portal`` or one of ``READERS``.
        home: The installation's home folder, which holds the secret.
    """
    address = make_url(url)
    login = login_of(address.database or "", part)
    return address.set(username=login, password=_password(login, home)).render_as_string(hide_password=False)


def urls_of_readers(url: str, *, home: Path) -> Mapping[str, str]:
    """Return a database's address for each login that only reads."""
    return {reader: url_of(url, reader, home=home) for reader in READERS}


def let_in(url: str, *, home: Path) -> None:
    """Make the installation's logins, or give them this home's passwords again; close the database to all others.

    Called after every migration, by any number of processes at once.

    Args:
        url: The owner's address.
        home: The installation's home folder.

    Raises:
        RolesRefused: The address's account has no right to make logins; the message says which it needs.
    """
    database = make_url(url).database or ""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        try:
            for part in (PORTAL, *READERS):
                _let_in(connection, database, part, home)
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        except psycopg.errors.InsufficientPrivilege as error:
            account = str(make_url(url).username)
            raise RolesRefused(
                f"PostgreSQL does not let {account} make the portal's logins ({_words(error)})."
                f" As its administrator: ALTER ROLE {account} CREATEROLE;"
                " and let it own the database and the tallystick_ groups, if somebody else made those.",
                account=account,
            ) from error


def _let_in(connection: psycopg.Connection, database: str, part: str, home: Path) -> None:
    login = login_of(database, part)
    name, group = sql.Identifier(login), sql.Identifier(group_of(part))
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone()
    if found is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN INHERIT PASSWORD {}").format(name, sql.Literal(_password(login, home)))
    )
    connection.execute(sql.SQL("GRANT {} TO {}").format(group, name))
    rights = sql.SQL("CONNECT, TEMPORARY" if part == PORTAL else "CONNECT")
    connection.execute(sql.SQL("GRANT {} ON DATABASE {} TO {}").format(rights, sql.Identifier(database), name))


def _password(login: str, home: Path) -> str:
    return hmac.new(home_secret(home, SECRET), login.encode(), hashlib.sha256).hexdigest()


def _words(error: psycopg.Error) -> str:
    return str(error).splitlines()[0]
