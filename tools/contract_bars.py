"""The contract against its bars: forge's tests, coverage, gas, the artefact from two front ends, static analysis.

Needs Node.js. What ``contracts/package-lock.json`` pins is installed beside the sources unless it is there, and
what ``contracts/slither.lock`` pins into an environment of its own, because slither wants an older web3 than the
product. Prints one line of JSON; exit status 1 when a bar is broken, 2 when there is no Node.js.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bars import report

CONTRACTS = Path(__file__).parents[1] / "contracts"
FORGE = CONTRACTS / "node_modules" / ".bin" / "forge"
SLITHER = CONTRACTS / ".slither"
PINNED = CONTRACTS / "slither.lock"
ARTEFACT = CONTRACTS / "AnchorRegistry.json"
SNAPSHOT = CONTRACTS / "gas-snapshot.txt"
BARS = {
    "forge_tests_failed": ("==", 0),
    "forge_tests_passed": (">=", 22),
    "contract_lines_covered": (">=", 1.0),
    "contract_branches_covered": (">=", 1.0),
    "gas_snapshot_differences": ("==", 0),
    "artefact_differences_npm_solc": ("==", 0),
    "artefact_differences_forge": ("==", 0),
    "slither_findings": ("==", 0),
    "slither_detectors": (">=", 100),
}


def forge(*words: str) -> str:
    """Run forge; what it prints is returned, whatever its status says."""
    done = subprocess.run([FORGE, *words], cwd=CONTRACTS, capture_output=True, text=True, check=False)
    return done.stdout


def built(folder: Path) -> tuple[str, ...]:
    """Return where forge keeps what it compiled, so that it compiles once."""
    return ("--out", str(folder / "out"), "--cache-path", str(folder / "cache"))


def tests(folder: Path) -> dict[str, float]:
    """Run unit, fuzz and invariant tests."""
    suites: dict[str, Any] = json.loads(forge("test", "--json", *built(folder)))
    states = [one["status"] for suite in suites.values() for one in suite["test_results"].values()]
    passed = states.count("Success")
    return {"forge_tests_passed": passed, "forge_tests_failed": len(states) - passed}


def coverage(folder: Path) -> dict[str, float]:
    """Measure what the unit and fuzz tests reach of the contract's own lines and branches."""
    into = folder / "lcov.info"
    which = ("--no-match-contract", "Invariants", "--fuzz-runs", "64")
    forge("coverage", *which, "--report", "lcov", "--report-file", str(into))
    own = next(part for part in into.read_text().split("end_of_record") if "SF:src/AnchorRegistry.sol" in part)
    counted = {name: int(value) for name, value in re.findall(r"^(LF|LH|BRF|BRH):(\d+)$", own, re.MULTILINE)}
    return {
        "contract_lines_covered": counted["LH"] / counted["LF"],
        "contract_branches_covered": counted["BRH"] / counted["BRF"],
    }


def gas(folder: Path) -> dict[str, float]:
    """Compare the gas of every plain test with the committed snapshot."""
    into = folder / "gas.txt"
    forge("snapshot", "--match-test", "^test_", "--snap", str(into), *built(folder))
    then, now = (set(place.read_text().splitlines()) for place in (SNAPSHOT, into))
    return {"gas_snapshot_differences": len(then ^ now)}


def artefact(folder: Path) -> dict[str, float]:
    """Compile with both front ends and compare with the committed artefact."""
    npm = folder / "AnchorRegistry.json"
    node = str(shutil.which("node"))
    subprocess.run([node, "compile.mjs", "solc-input.json", str(npm)], cwd=CONTRACTS, check=True)
    forge("build", *built(folder))
    theirs = json.loads((folder / "out" / "AnchorRegistry.sol" / "AnchorRegistry.json").read_bytes())
    ours: Mapping[str, Any] = json.loads(ARTEFACT.read_bytes())
    pairs = (
        (ours["bytecode"], theirs["bytecode"]["object"]),
        (ours["runtimeBytecode"], theirs["deployedBytecode"]["object"]),
    )
    return {
        "artefact_differences_npm_solc": int(npm.read_bytes() != ARTEFACT.read_bytes()),
        "artefact_differences_forge": sum(one != other for one, other in pairs),
    }


def analysed(folder: Path) -> dict[str, float]:
    """Let slither's detectors look at the contract; what they find goes to standard error."""
    into = folder / "slither.json"
    done = subprocess.run(
        [SLITHER / "bin" / "slither", ".", "--json", str(into)],
        cwd=CONTRACTS,
        env=os.environ | {"PATH": f"{FORGE.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(into.read_bytes())
    ran = re.search(r"with (\d+) detectors", done.stderr)
    if not told["success"] or ran is None:
        raise SystemExit(f"slither did not run: {told['error']}\n{done.stderr[-2000:]}")
    found = told["results"].get("detectors", [])
    for one in found:
        print(one["description"], file=sys.stderr)
    return {"slither_findings": len(found), "slither_detectors": int(ran[1])}


def install(npm: str) -> None:
    """Install what the two lock files pin, unless it is there."""
    if not FORGE.exists():
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=CONTRACTS, check=True)
    stamp = SLITHER / ".lock"
    if not stamp.exists() or stamp.read_bytes() != PINNED.read_bytes():
        venv.create(SLITHER, clear=True, with_pip=True)
        switches = (
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
        )
        pip = [SLITHER / "bin" / "python", "-m", "pip", "install"]
        subprocess.run([*pip, *switches, "--requirement", PINNED], check=True, stdout=sys.stderr)
        stamp.write_bytes(PINNED.read_bytes())


def main() -> int:
    """Measure everything and judge it; with ``--snapshot`` write the gas snapshot anew instead."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("No Node.js here: the contract's tests do not run.", file=sys.stderr)
        return 2
    install(npm)
    if "--snapshot" in sys.argv:
        forge("snapshot", "--match-test", "^test_", "--snap", str(SNAPSHOT))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured = {**tests(folder), **coverage(folder), **gas(folder), **artefact(folder), **analysed(folder)}
    return report(measured, BARS, forge=forge("--version").splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
