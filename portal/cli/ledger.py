"""``tally ledger``: how anchoring stands, and the deeds that need a person: another chain, a rebuilt list."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from portal.cli.environment import installation, settings_here

if TYPE_CHECKING:
    from portal.passports.anchoring import ChainSettings
    from portal.platform.services import Services

_WHAT = {
    "unknown": "only the chain has it",
    "missing": "final here, not on the chain",
    "unnoted": "on the chain, not final here",
    "moved": "another number or receipt here",
}


@click.group()
def ledger() -> None:
    """The chain that passports are anchored on."""


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(*, as_json: bool) -> None:
    """Compare chain and database without changing anything; exit status 1 when the writer is stopped."""
    from portal.flows.anchoring import chain_settings, extra_settings  # noqa: PLC0415 - web3 only where it is used
    from portal.passports.chain_status import chain_status  # noqa: PLC0415 - as above

    with _company() as (services, org_id, now):
        chains = [chain_settings(services.settings), extra_settings(services.settings)]
        found = [chain_status(services.database, one, org_id=org_id, now=now) for one in chains if one is not None]
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found]))
    else:
        for one in found:
            click.echo("\n".join(f"{name:<12} {value}" for name, value in one.to_json().items()))
    raise click.exceptions.Exit(0 if all(one.is_well for one in found) else 1)


@ledger.command()
@click.option(
    "--onto", required=True, help="The chain to take, as `tally ledger status` names it under `answers`."
)
@click.option("--extra", is_flag=True, help="Leave the extra chain behind, not the main one.")
def reanchor(*, onto: str, extra: bool) -> None:
    """Leave the pinned chain behind and anchor every sealed batch, in order, on the one that answers."""
    from portal.passports.rebuilding import reanchor as deed  # noqa: PLC0415 - web3 only where it is used

    with _company() as (services, org_id, now):
        chosen = _chosen(services, extra=extra)
        done = deed(services.database, chosen, org_id=org_id, onto=onto, now=now)
    click.echo(f"{done} batches anchored on {onto}; the old receipts are kept. 已在新链上重新锚定 {done} 批。")


@ledger.command()
@click.option("--apply", "apply", is_flag=True, help="Let the chain's account stand.")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def resync(*, apply: bool, as_json: bool) -> None:
    """Read every batch back from the chain and say what differs; exit status 1 when something still does."""
    from portal.passports.rebuilding import resync as deed  # noqa: PLC0415 - web3 only where it is used

    with _company() as (services, org_id, now):
        found = deed(services.database, _chosen(services), org_id=org_id, apply=apply, now=now)
    if as_json:
        click.echo(json.dumps([{"seq": one.seq, "root": one.root.hex(), "what": one.what} for one in found]))
    else:
        for one in found:
            click.echo(f"  ✗ batch {one.seq} {one.root.hex()[:16]}…: {_WHAT[one.what]}")
        click.echo(_outcome(len(found), apply=apply))
    raise click.exceptions.Exit(1 if found and not apply else 0)


@ledger.command()
@click.argument("kept", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("newer", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def compare(kept: Path, newer: Path) -> None:
    """Say whether a list of batches begins with one kept earlier, asking nobody; exit status 1 when not."""
    from ledger.history import check_extends  # noqa: PLC0415 - what is needed to compare and no more
    from ledger.listing import Listing  # noqa: PLC0415 - as above

    old, new = (Listing.from_json(file.read_bytes()) for file in (kept, newer))
    head = check_extends(old.head, new.batches)
    click.echo(f"The {old.head.count} batches kept are the first of {head.count}. 未被改写")
    click.echo(f"head {head.value.hex()}")


def _outcome(found: int, *, apply: bool) -> str:
    if not found:
        return "Chain and database agree. 链上与库中一致"
    if apply:
        return f"The chain's account stands now, {found} batches were changed. 已以链上为准，改动 {found} 批。"
    return (
        f"{found} batches differ; nothing was changed (--apply lets the chain stand). {found} 批不一致，未作改动。"
    )


def _chosen(services: "Services", *, extra: bool = False) -> "ChainSettings":
    from portal.flows.anchoring import chain_settings, extra_settings  # noqa: PLC0415 - web3 only where it is used

    settings = extra_settings(services.settings) if extra else chain_settings(services.settings)
    if settings is None:
        raise click.UsageError("TALLY_CHAIN_EXTRA_RPC_URL is not set.")
    return settings


@contextmanager
def _company() -> "Iterator[tuple[Services, UUID, datetime]]":
    """Lend the services of an installation that has a company."""
    from portal.partners import reads as partners  # noqa: PLC0415 - SQLAlchemy only where it is used
    from portal.platform.migrate import bring_up  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    with installation(settings_here()) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        try:
            with services.database.reading() as connection:
                company: Any = partners.the_company(connection)
            if company is None:
                raise click.ClickException("There is no company yet. 尚无公司。")
            yield services, company.id, services.clock.now()
        finally:
            services.database.close()
