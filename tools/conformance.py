"""Run the W3C's conformance suites against ``tally conformance`` and print how many tests pass, as JSON.

The suites are not part of this project. ``SUITES`` names a folder that holds checkouts of
``w3c/vc-data-model-2.0-test-suite`` and ``w3c/vc-di-eddsa-test-suite`` with their npm packages installed
(``docs/conformance.md``); needs Node. Every test must pass, else the exit status is 1.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from bars import report

ROOT = Path(__file__).resolve().parent.parent
MOCHA = ("tests/", "--reporter", "json", "--timeout", "15000", "--preserve-symlinks")
HELD = {"vc_data_model": 59, "vc_data_model_enveloped": 65, "vc_di_eddsa": 57}
"""Tests each suite holds: all must pass. The enveloped run repeats the 59 and adds six."""


def config(base: str, did: str, tags: tuple[str, ...], *, envelope: bool) -> str:
    """Return a suite's ``localConfig.cjs``: which endpoint answers for which tag."""
    issuers = [
        {"id": did, "endpoint": f"{base}/issuers/{how}/credentials/issue", "tags": [tag], "options": {}}
        for tag, how in zip(
            tags, (tag if tag.startswith("eddsa") else "eddsa-rdfc-2022" for tag in tags), strict=True
        )
    ]
    shared = [*tags, "EnvelopingProof"] if envelope else list(tags)
    if envelope:
        issuers.append(
            {"id": did, "endpoint": f"{base}/issuers/vc+jwt/credentials/issue", "tags": ["EnvelopingProof"]}
        )
    for issuer in issuers:
        issuer["supports"] = {"vc": ["1.1", "2.0"]}
    verifier = {"id": did, "endpoint": f"{base}/verifiers/credentials/verify", "tags": shared}
    presented = {"id": did, "endpoint": f"{base}/verifiers/presentations/verify", "tags": shared}
    implementation = {
        "name": "Tallystick",
        "implementation": "Tallystick",
        "issuers": issuers,
        "verifiers": [verifier],
        "vpVerifiers": [presented],
    }
    settings = {"enableInteropTests": False, "testAllImplementations": False}
    return "module.exports = " + json.dumps({"settings": settings, "implementations": [implementation]}) + ";\n"


def run_suite(folder: Path, text: str) -> tuple[int, list[str]]:
    """Return how many tests of a suite pass, and the titles of those that do not."""
    names = ("localConfig.cjs", ".localConfig.cjs")
    for name in names:
        (folder / name).write_text(text, encoding="utf-8")
    try:
        done = subprocess.run(
            [str(folder / "node_modules/.bin/mocha"), *MOCHA],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
    finally:
        for name in names:
            (folder / name).unlink()
    start = re.search(r"^\{\s*\"stats\"", done.stdout, re.MULTILINE)
    if start is None:
        sys.exit(f"{folder.name} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    report, _ = json.JSONDecoder().raw_decode(done.stdout[start.start() :])
    for one in report["failures"]:
        print(f"{one['fullTitle'][:200]}\n    {one['err'].get('message', '')[:300]}", file=sys.stderr)
    return report["stats"]["passes"], [one["fullTitle"] for one in report["failures"]]


def main() -> None:
    """Start the server, run the suites, print the figures."""
    where = os.environ.get("SUITES")
    if not where:
        sys.exit(
            "SUITES=folder make conformance: the folder holds checkouts of the W3C's suites; docs/conformance.md"
        )
    suites = Path(where).resolve()
    command = [sys.executable, str(ROOT / "app.py"), "conformance", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None  # noqa: S101 - it was asked for
        base, did = server.stdout.readline().split()
        try:
            model = suites / "vc-data-model-2.0-test-suite"
            eddsa = suites / "vc-di-eddsa-test-suite"
            found = {
                "vc_data_model": run_suite(model, config(base, did, ("vc2.0",), envelope=False)),
                "vc_data_model_enveloped": run_suite(model, config(base, did, ("vc2.0",), envelope=True)),
                "vc_di_eddsa": run_suite(
                    eddsa, config(base, did, ("eddsa-rdfc-2022", "eddsa-jcs-2022"), envelope=False)
                ),
            }
        finally:
            server.terminate()
    measured = {f"{name}_passed": passed for name, (passed, _) in found.items()}
    measured["failed"] = sum(len(titles) for _, titles in found.values())
    bars = {f"{name}_passed": ("==", held) for name, held in HELD.items()}
    sys.exit(report(measured, {**bars, "failed": ("==", 0)}))


if __name__ == "__main__":
    main()
