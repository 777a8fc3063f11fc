"""``tally reconcile``: prove that balances and serial numbers are what the moves say."""

import json
from dataclasses import fields

import click

from portal.cli.environment import installation, settings_here


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the drifts as JSON.")
def reconcile(*, as_json: bool) -> None:
    """Compare balances and serial numbers with the moves; exit status 0 agreed, 1 drifting. Repairs nothing."""
    from portal.inventory import reads  # noqa: PLC0415 - SQLAlchemy only where it is used
    from portal.inventory.reads import Drift  # noqa: PLC0415 - as above
    from portal.partners import reads as partners  # noqa: PLC0415 - as above
    from portal.platform.migrate import bring_up  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    with installation(settings_here()) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        try:
            with services.database.reading() as connection:
                company = partners.the_company(connection)
                drifts: tuple[Drift, ...] = ()
                if company is not None:
                    drifts = reads.reconcile(connection, org_id=company.id)
        finally:
            services.database.close()
    names = [field.name for field in fields(Drift)]
    if as_json:
        click.echo(json.dumps([{name: str(getattr(one, name)) for name in names} for one in drifts]))
    else:
        for one in drifts:
            click.echo(
                f"  ✗ {one.what:<8} {one.sku} · {one.place} · {one.lot or '-'} · {one.status}"
                f"{' · ' + one.serial if one.serial else ''}: {one.balance} kept, {one.moved} moved"
            )
        click.echo("The books drift. 账实不符" if drifts else "The books agree. 账实相符")
    raise click.exceptions.Exit(1 if drifts else 0)
