"""``tally audit``: whether the audit log still says what was written into it."""

import click

from portal.cli.environment import installation, settings_here


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command("verify")
def verify_() -> None:
    """Walk the whole chain; exit status 0 when it is intact, 1 naming the first entry that is not."""
    from portal.partners import service  # noqa: PLC0415 - SQLAlchemy only where it is used
    from portal.platform.audit import verify  # noqa: PLC0415 - as above
    from portal.platform.migrate import bring_up  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    with installation(settings_here()) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        try:
            with services.database.reading() as connection:
                company = service.the_company(connection)
                found = None if company is None else verify(connection, org_id=company.id)
        finally:
            services.database.close()
    if found is None:
        click.echo("There is no company yet, and nothing in the log. 尚无公司，日志为空。")
        return
    if found.broken_at is not None:
        click.echo(f"BROKEN at entry {found.broken_at}: {found.reason}. 审计链在第 {found.broken_at} 条断开。")
        raise click.exceptions.Exit(1)
    click.echo(f"intact up to entry {found.head.seq}, head {found.head.digest.hex()} 审计链完整")
