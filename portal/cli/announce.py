"""What a start says: a page of text with a QR code for people, one line of JSON for machines."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from unicodedata import east_asian_width

import segno

from portal.cli.logins import Login

_ROLES = {
    "customer": "customer 客户",
    "supplier": "supplier 供应商",
    "auditor": "auditor 审核员",
    "operator": "operator 运营",
}
_TIERS = {"": "", "ordinary": "ordinary 普通客户", "key": "key 重点客户", "strategic": "strategic 战略伙伴"}


@dataclass(frozen=True, slots=True)
class PassportLink:
    """Where one passport is shown, and where a verifier takes its bundle from."""

    url: str
    bundle_url: str


def as_json(origin: str, logins: Sequence[Login], passports: Sequence[PassportLink]) -> str:
    """Return the one line a machine reads once everything answers."""
    return json.dumps(
        {
            "url": origin,
            "graphql_url": f"{origin}/graphql",
            "logins": [asdict(login) for login in logins],
            "passports": [asdict(link) for link in passports],
        },
        ensure_ascii=False,
    )


def as_text(origin: str, logins: Sequence[Login], passports: Sequence[PassportLink], *, home: Path) -> str:
    """Return what a person sees once everything answers."""
    lines = ["", f"  Tallystick 符契 is ready 已就绪:  {origin}", ""]
    if logins:
        rows = [(_ROLES[x.role], _TIERS[x.tier], x.email, x.password) for x in logins]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        lines.append("  Demo data 演示数据. Sign in as 登录账号:")
        lines += ["    " + "  ".join(map(_padded, row, widths)).rstrip() for row in rows]
        lines.append("")
    for link in passports[:1]:
        lines += [f"  A passport anyone can check 扫码核验:  {link.url}", "", qr(link.url)]
    lines.append(f"  Logs 日志: {home / 'logs'}    Stop 停止: Ctrl-C")
    return "\n".join(lines)


def qr(text: str) -> str:
    """Return ``text`` as a QR code of half blocks for a terminal."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue()


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
