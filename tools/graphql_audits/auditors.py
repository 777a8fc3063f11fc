"""The auditors: how each is installed and run, and what it found.

Those in Python get an environment of their own in ``build/graphql-audits``: what they pin is none of the portal's.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from graphql_bars import others

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PLACE = ROOT / "build" / "graphql-audits"
LOCK = FOLDER / "python.lock"
HTTP_AUDITS = 61
CHECKS = ("answered_or_refused", "response_schema_conformance", "content_type_conformance")
"""The first is ours (``grown.py``), in the place of ``not_a_server_error``."""

PATIENCE_S = 540
"""A token is good for ten minutes."""

Audit = Callable[[str, str, str], float]
"""Given the address, a token and its audience: the value of the bar."""


def install() -> None:
    """Install the auditors in Python by their hashes."""
    stamp = PLACE / ".installed"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    venv.create(PLACE / "venv", with_pip=True)
    pip = [str(PLACE / "venv/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(LOCK)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    stamp.write_bytes(LOCK.read_bytes())


def of(wanted: argparse.Namespace) -> Iterator[tuple[str, Audit, tuple[str, float]]]:
    """Yield the audits to be run: name, what runs it, its bar."""
    yield "http_audits_kept", http_audits_kept, ("==", HTTP_AUDITS)
    if wanted.cop:
        yield "cop_findings", partial(cop_findings, Path(wanted.cop)), ("==", 0)
    yield "fuzz_failures", partial(fuzz_failures, wanted.examples), ("==", 0)


def http_audits_kept(url: str, token: str, audience: str) -> float:
    """Return how many audits of ``graphql-http`` find nothing that a server must or should do otherwise.

    Its notices are of what a server MAY do: three of them ask for queries by GET, which we refuse, and which
    ``graphql-cop`` would report as a finding.
    """
    run = subprocess.run(
        [others.node(), "audits.mjs", url],
        cwd=others.PLACE,
        env=os.environ | {"AUDIT_TOKEN": token},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(run.stdout)
    for one in said:
        if one["status"] != "ok":
            print(f"{audience}: {one['id']} {one['status']}: {one['name']}: {one['reason']}", file=sys.stderr)
    return float(sum(one["status"] in {"ok", "notice"} for one in said))


def cop_findings(checkout: Path, url: str, token: str, audience: str) -> float:
    """Return how many of its tests ``graphql-cop`` is not content with, introspection excepted."""
    header = json.dumps({"Authorization": f"Bearer {token}"})
    run = subprocess.run(
        [str(PLACE / "venv/bin/python"), "graphql-cop.py", "-t", url, "-H", header, "-o", "json"],
        cwd=checkout,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = [one for one in json.loads(run.stdout) if one["result"] and one["title"] != "Introspection"]
    for one in found:
        print(f"{audience}: {one['title']}: {one['description']}", file=sys.stderr)
    return float(len(found))


def fuzz_failures(examples: int, url: str, token: str, audience: str) -> float:
    """Return how many failures ``schemathesis`` finds in so many documents a field of the root; -1 if it broke."""
    command = [str(PLACE / "venv/bin/schemathesis"), "run", str(ROOT / f"graphql/tier/{audience}.graphql")]
    command += ["--url", url, "-H", f"Authorization: Bearer {token}", "--max-examples", str(examples)]
    command += ["--phases", "fuzzing", "--checks", ",".join(CHECKS), "--continue-on-failure", "--seed", "1"]
    command += ["--generation-database", "none", "--no-color", "--warnings", "off"]
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "grown", "PYTHONPATH": str(FOLDER)}
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            command,
            cwd=folder,
            env=environ,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_S,
        )
    grown = re.search(r"(\d+) generated", run.stdout)
    print(f"{audience}: {grown[0] if grown else 'nothing generated'}", file=sys.stderr)
    if run.returncode == 0 and grown:
        return 0.0
    print(run.stdout[-8000:], file=sys.stderr)
    found = re.search(r"(\d+) unique failures?", run.stdout)
    return float(found[1]) if found else -1.0


def versions() -> dict[str, str]:
    """Return the auditors' versions, as they are locked."""
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    packages = json.loads((others.FOLDER / "package.json").read_text())["dependencies"]
    return {"graphql-http": packages["graphql-http"], "schemathesis": locked["schemathesis"]}
