"""``tally verify``: check a passport's bundle without the portal, without its database, without an account."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from portal.platform.clock import SystemClock

_STATUS = {"valid": 0, "invalid": 1, "partial": 3}
_MARKS = {"ok": "✓", "failed": "✗", "not_checked": "?", "not_asked": "·"}
_WORDS = {
    "valid": "valid 核验通过",
    "invalid": "INVALID 核验不通过",
    "partial": "partly checked 部分核验",
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("bundle", type=_FILE)
@click.option("--trust", "trust_file", type=_FILE, help="Trust file: the issuers you believe, with their keys.")
@click.option("--rpc", "rpc_url", help="Ethereum JSON-RPC endpoint to ask; default: the trust file's.")
@click.option("--file", "files", type=_FILE, multiple=True, help="A document to compare; may be repeated.")
@click.option("--hash", "expected_hash", help="The fingerprint behind #h= in the printed code.")
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Judge validity at this instant.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(*, bundle: Path, at: datetime | None, as_json: bool, **rest: Any) -> None:
    """Check a passport's BUNDLE; exit status 0 valid, 1 invalid, 3 not everything could be checked."""
    from ledger.trust import TrustList  # noqa: PLC0415 - cryptography only where it is used
    from ledger.verify import verify_bundle  # noqa: PLC0415 - as above

    trust_file: Path | None = rest["trust_file"]
    report = verify_bundle(
        bundle.read_bytes(),
        as_of=at or SystemClock().now(),
        trust=TrustList.from_json(trust_file.read_bytes()) if trust_file else None,
        rpc_url=rest["rpc_url"],
        expected_hash=rest["expected_hash"],
        files=[(file.name, file.read_bytes()) for file in rest["files"]],
    ).to_json()
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else as_text(report))
    raise click.exceptions.Exit(_STATUS[report["verdict"]])


def as_text(report: dict[str, Any]) -> str:
    """Return the report as one line a check and the verdict below."""
    lines = [
        f"  {_MARKS[check['state']]} {check['id']:<12} {check['state'].replace('_', ' ')}"
        + ("" if check["code"] in {"ok", "not_asked"} else f": {check['code']}")
        + ("" if not check["params"] else f" {json.dumps(check['params'], ensure_ascii=False)}")
        for check in report["checks"]
    ]
    return "\n".join([*lines, _WORDS[report["verdict"]]])
