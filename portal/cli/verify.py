"""``tally verify``: check a bundle, a token or an audit pack without the portal, its database or an account."""

import json
import re
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
_ZIP = b"PK"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("bundle", type=_FILE)
@click.option("--trust", "trust_file", type=_FILE, help="Trust file: the issuers you believe, with their keys.")
@click.option("--rpc", "rpc_url", help="Ethereum JSON-RPC endpoint to ask; default: the trust file's.")
@click.option("--file", "files", type=_FILE, multiple=True, help="A document to compare; may be repeated.")
@click.option("--block-hash", "block_hashes", multiple=True, help="A block's hash you know; for audit packs.")
@click.option("--hash", "expected_hash", help="The fingerprint behind #h= in the printed code.")
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Judge validity at this instant.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(*, bundle: Path, at: datetime | None, as_json: bool, **rest: Any) -> None:
    """Check a BUNDLE, a token or an audit pack; exit status 0 valid, 1 invalid, 3 not everything checked."""
    from ledger.jose.verify import is_token, verify_token  # noqa: PLC0415 - cryptography only where it is used
    from ledger.trust import TrustList  # noqa: PLC0415 - as above
    from ledger.verify import verify_bundle  # noqa: PLC0415 - as above

    trust_file: Path | None = rest["trust_file"]
    data, as_of = bundle.read_bytes(), at or SystemClock().now()
    trust = TrustList.from_json(trust_file.read_bytes()) if trust_file else None
    if data.startswith(_ZIP):
        report, words = _pack_report(data, as_of=as_of, trust=trust, rest=rest), pack_as_text
    elif is_token(data):
        report, words = verify_token(data, as_of=as_of, trust=trust).to_json(), as_text
    else:
        report, words = (
            verify_bundle(
                data,
                as_of=as_of,
                trust=trust,
                rpc_url=rest["rpc_url"],
                expected_hash=rest["expected_hash"],
                files=[(file.name, file.read_bytes()) for file in rest["files"]],
            ).to_json(),
            as_text,
        )
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else words(report))
    raise click.exceptions.Exit(_STATUS[report["verdict"]])


def _pack_report(data: bytes, *, as_of: datetime, trust: Any, rest: dict[str, Any]) -> dict[str, Any]:
    from ledger.verification.anchor import Endpoint  # noqa: PLC0415 - as above
    from ledger.verify_pack import verify_pack  # noqa: PLC0415 - as above

    if rest["files"] or rest["expected_hash"]:
        raise click.UsageError("an audit pack brings its own --file and --hash")
    return verify_pack(
        data,
        as_of=as_of,
        trust=trust,
        known_blocks=[block_hash(text) for text in rest["block_hashes"]],
        witness=Endpoint(rest["rpc_url"]) if rest["rpc_url"] else None,
    ).to_json()


def block_hash(text: str) -> bytes:
    """Read a block's hash: 64 hexadecimal digits, with or without ``0x``.

    Raises:
        click.BadParameter: It is none.
    """
    digits = text.removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise click.BadParameter(f"{text} is not a block's hash", param_hint="--block-hash")
    return bytes.fromhex(digits)


def as_text(report: dict[str, Any]) -> str:
    """Return the report as one line a check and the verdict below."""
    return "\n".join([*map(_line, report["checks"]), _WORDS[report["verdict"]]])


def pack_as_text(report: dict[str, Any]) -> str:
    """Return a pack's report: its own line, every passport's report under its name, the verdict below."""
    parts = [f"{bundle['name']}\n{as_text(bundle)}" for bundle in report["bundles"]]
    return "\n".join([_line(report["pack"]), *parts, _WORDS[report["verdict"]]])


def _line(check: dict[str, Any]) -> str:
    return (
        f"  {_MARKS[check['state']]} {check['id']:<12} {check['state'].replace('_', ' ')}"
        + ("" if check["code"] in {"ok", "not_asked"} else f": {check['code']}")
        + ("" if not check["params"] else f" {json.dumps(check['params'], ensure_ascii=False)}")
    )
