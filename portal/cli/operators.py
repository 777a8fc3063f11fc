"""``tally operator``: the first people of a real installation, who then let the others in."""

import click

from portal.cli.environment import installation, settings_here

_ASKED = ("Company name (Chinese) 公司名称", "Company name (English)")


@click.group()
def operator() -> None:
    """The host's own people."""


@operator.command()
@click.argument("email")
@click.option("--name", help="How histories show them; default: the part before the @.")
@click.option("--company-zh", help="The company's Chinese name; asked for the first time.")
@click.option("--company-en", help="The company's English name; asked for the first time.")
@click.password_option(help="8 to 256 characters; asked for when not given.")
def create(email: str, *, name: str | None, company_zh: str | None, company_en: str | None, password: str) -> None:
    """Let EMAIL sign in as an operator; the first time, also name the company."""
    from portal.kernel.actor import Actor  # noqa: PLC0415 - SQLAlchemy only where it is used
    from portal.kernel.disclosure import Role  # noqa: PLC0415 - as above
    from portal.partners import service  # noqa: PLC0415 - as above
    from portal.platform.migrate import bring_up  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    with installation(settings_here()) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        now = services.clock.now()
        try:
            with services.database.transaction() as connection:
                company = service.the_company(connection)
                org_id = company.id if company else None
                if org_id is None:
                    zh, en = (
                        given or click.prompt(ask)
                        for given, ask in zip((company_zh, company_en), _ASKED, strict=True)
                    )
                    org_id = service.save_company(connection, name_zh=zh, name_en=en, is_demo=False, now=now)
                service.add_person(
                    connection,
                    actor=Actor(org_id=org_id, label="tally operator create"),
                    email=email,
                    name=name or email.partition("@")[0],
                    role=Role.OPERATOR,
                    partner_id=None,
                    password=password,
                    language=None,
                    now=now,
                )
        finally:
            services.database.close()
    click.echo(f"{email} may sign in as an operator.")
