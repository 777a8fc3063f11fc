"""``tally keys``: the keys that sign passports; which one signs, rotation, revocation."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from portal.cli.environment import installation, settings_here

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from portal.passports.keyring import Keyring


@click.group()
def keys() -> None:
    """The keys that sign passports."""


@keys.command("list")
def list_() -> None:
    """Show every key, newest first: since when, until when, and which one signs."""
    from portal.passports import keyring  # noqa: PLC0415 - SQLAlchemy only where it is used

    with _at_work() as (connection, ring, _):
        org_id = ring.actor.org_id
        found = keyring.lines(connection, org_id=org_id, safe=ring.safe, did=ring.did)
    if not found:
        click.echo("There is no key yet; the first passport makes one. 尚无密钥，签发第一份护照时生成。")
    for line in found:
        ends = line.revoked_at or line.expires_at
        word = "revoked 已吊销" if line.revoked_at else "ends 停用" if ends else ""
        state = (
            "signs 在用" if line.signs else f"{word} {ends:%Y-%m-%d %H:%M}" if ends else "file missing 文件缺失"
        )
        click.echo(f"{line.multikey}  {line.made_at:%Y-%m-%d %H:%M}  {state}")


@keys.command()
@click.option("--grace", default=24, show_default=True, help="Hours until the old key ends.")
def rotate(grace: int) -> None:
    """Let a new key sign from now on; what the old one signed counts as before."""
    from portal.passports import keyring  # noqa: PLC0415 - as above

    with _at_work() as (connection, ring, now):
        new = keyring.rotate(connection, ring=ring, now=now, grace=timedelta(hours=grace))
    click.echo(f"{new} signs from now on 新密钥已启用")


@keys.command()
@click.argument("key")
@click.option("--reason", required=True, help="Why; kept in the audit log.")
def revoke(key: str, reason: str) -> None:
    """Let KEY count no more from now on; what it signed and is anchored stays valid."""
    from portal.passports import keyring  # noqa: PLC0415 - as above

    with _at_work() as (connection, ring, now):
        word = "is revoked 密钥已吊销"
        try:
            lost = keyring.revoke(connection, ring=ring, multikey=key, reason=reason, now=now)
        except keyring.KeyRevokedAlready:
            # Whoever was cut off behind the commit asks again, and is told what it cost all the same.
            lost = keyring.unanchored(connection, ring=ring, multikey=key)
            word = "was revoked before 密钥此前已吊销"
    click.echo(f"{key} {word}")
    if lost:
        click.echo(f"{lost} credentials were not anchored yet: issue them anew. 尚未存证，请重新签发。")
        raise click.exceptions.Exit(1)


@contextmanager
def _at_work() -> "Iterator[tuple[Connection, Keyring, datetime]]":
    from portal.kernel.actor import Actor  # noqa: PLC0415 - as above
    from portal.partners import service  # noqa: PLC0415 - as above
    from portal.passports.issuer import issuer_did, open_safe  # noqa: PLC0415 - as above
    from portal.passports.keyring import Keyring  # noqa: PLC0415 - as above
    from portal.platform.migrate import bring_up  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    with installation(settings_here()) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        try:
            with services.database.transaction() as connection:
                company = service.the_company(connection)
                if company is None:
                    raise click.ClickException("There is no company yet. 尚无公司。")
                actor = Actor(org_id=company.id, label="tally keys")
                ring = Keyring(actor=actor, safe=open_safe(ready), did=issuer_did(ready.origin))
                yield connection, ring, services.clock.now()
        finally:
            services.database.close()
