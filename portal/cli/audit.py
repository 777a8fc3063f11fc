"""``tally audit``: whether the audit log still says what was written into it."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from portal.cli.environment import installation, settings_here

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from portal.passports.audit_heads import HeadsFound
    from portal.platform.services import Services

_WHY = {
    "head_gone": "the head itself is gone",
    "entry_gone": "the log ends before it",
    "entry_differs": "the log has another hash there",
    "head_changed": "the head is not the one that was sealed",
    "not_anchored": "the chain does not know its batch",
    "anchor_differs": "the chain knows other facts about its batch",
    "block_differs": "the block of its batch is another one",
}


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command("verify")
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A trust list kept elsewhere: it says which contract to believe, whatever the database says.",
)
@click.option("--rpc", help="The chain's endpoint; by default the one this portal anchors on.")
def verify_(trust: Path | None, rpc: str | None) -> None:
    """Walk the whole chain of entries, and compare it with the heads anchored on the chain of blocks.

    Exit status 1 names the first entry that does not fit, or the first anchored head the log does not lead to.
    """
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
                if company is None:
                    click.echo("There is no company yet, and nothing in the log. 尚无公司，日志为空。")
                    return
                found = verify(connection, org_id=company.id)
                if found.broken_at is not None:
                    at = found.broken_at
                    click.echo(f"BROKEN at entry {at}: {found.reason}. 审计链在第 {at} 条断开。")
                    raise click.exceptions.Exit(1)
                heads = _heads(connection, services, company.id, trust, rpc)
        finally:
            services.database.close()
    click.echo(f"intact up to entry {found.head.seq}, head {found.head.digest.hex()} 审计链完整")
    _tell(heads)


def _heads(
    connection: "Connection", services: "Services", org_id: UUID, trust: Path | None, rpc: str | None
) -> "HeadsFound":
    from ledger.trust import TrustList  # noqa: PLC0415 - only where it is used
    from portal.passports.audit_heads import compare  # noqa: PLC0415 - as above
    from portal.passports.reads import trust_list  # noqa: PLC0415 - as above

    kept = (
        trust_list(connection, org_id=org_id, name="")
        if trust is None
        else TrustList.from_json(trust.read_bytes())
    )
    asked = rpc or services.settings.chain_rpc_url or None
    return compare(connection, org_id=org_id, trust=kept, rpc_url=asked, now=services.clock.now())


def _tell(heads: "HeadsFound") -> None:
    if heads.wrong is not None:
        wrong = heads.wrong
        entry = f" (entry {wrong.seq})" if wrong.seq else ""
        click.echo(
            f"REWRITTEN: anchored head {wrong.version}{entry} does not fit: {_WHY[wrong.why]}."
            f" 第 {wrong.version} 个存证头与日志不符，日志曾被改写。"
        )
        raise click.exceptions.Exit(1)
    if heads.proven:
        click.echo(f"{heads.proven} anchored heads fit, the newest at entry {heads.last} 与链上存证一致")
    if heads.open:
        click.echo(f"{heads.open} heads not compared with the chain: {heads.open_why} 尚未与链上比对")
    if not heads.proven and not heads.open:
        click.echo("No head of the log was sealed yet. 日志头尚未存证")
