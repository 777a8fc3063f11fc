"""``tally health``: do the parts answer? For people, for containers, for monitors."""

import http.client
from collections.abc import Callable

import click

from ledger.errors import LedgerError
from ledger.rpc import HTTPRPC
from portal.cli.environment import embedded_chain_url, settings_here
from portal.kernel.errors import PortalError
from portal.platform.config import Settings


@click.command()
def health() -> None:
    """Ask database, chain and portal; exit status 1 when one does not answer."""
    settings = settings_here()
    questions: dict[str, Callable[[Settings], str]] = {
        "database": _database,
        "chain": _chain,
        "portal": _portal,
    }
    failed = 0
    for name, question in questions.items():
        try:
            answer = question(settings)
        except (OSError, PortalError, LedgerError) as error:
            failed += 1
            answer = f"failed: {error}"
        click.echo(f"{name}: {answer}")
    raise click.exceptions.Exit(1 if failed else 0)


def _database(settings: Settings) -> str:
    import psycopg  # noqa: PLC0415 - only this question needs it

    try:
        with psycopg.connect(_database_url(settings), connect_timeout=5) as connection:
            return f"ok, PostgreSQL {connection.info.server_version // 10000}"
    except psycopg.OperationalError as error:
        raise OSError(str(error).splitlines()[0]) from error


def _database_url(settings: Settings) -> str:
    from portal.platform.postgres import EmbeddedPostgres  # noqa: PLC0415 - psycopg only when needed

    return settings.database_url or EmbeddedPostgres(settings.home).url


def _chain(settings: Settings) -> str:
    url = settings.chain_rpc_url or embedded_chain_url(settings.home)
    if not url:
        raise OSError(f"it was never started in {settings.home}")
    rpc = HTTPRPC(url)
    chain_id = int(rpc.call("eth_chainId", []), 16)
    block = int(rpc.call("eth_blockNumber", []), 16)
    if stopped := _stopped_writers(settings):
        raise OSError(
            f"chain {chain_id} answers, but nothing is written to it: {stopped}; see tally ledger status"
        )
    return f"ok, chain {chain_id}, block {block}"


def _stopped_writers(settings: Settings) -> str:
    """Return what stopped the writers of the chains; empty when none is, or the database cannot say."""
    import psycopg  # noqa: PLC0415 - only this question needs it

    try:
        with psycopg.connect(_database_url(settings), connect_timeout=5) as connection:
            found = connection.execute("SELECT role, code, message FROM chain_standing WHERE state = 'stopped'")
            return "; ".join(f"{role}: {code}, {message}" for role, code, message in found)
    except psycopg.Error:
        return ""


def _portal(settings: Settings) -> str:
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP: {error!r}") from error
    finally:
        connection.close()
    if status >= http.client.INTERNAL_SERVER_ERROR:
        raise OSError(f"status {status}")
    return f"ok, status {status}"
