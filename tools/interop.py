"""Let verifiers of others check what we issue: do they accept it, and refuse every changed copy?

Digital Bazaar's ``vc`` (embedded proofs), ``jose`` (``vc+jwt``) and ``@sd-jwt/core`` (``vc+sd-jwt``) run under
Node from ``tests/interop``, PyJWT here. What each said goes to standard error, then one line of JSON is printed;
exit status 1 when a bar is broken, or Node is missing.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jwt
from bars import report
from jwt.exceptions import PyJWTError

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))  # what is checked is shared with a test that needs no Node

from support.interop_cases import AS_OF, BY_PYJWT, Case, cases, contexts, documents  # noqa: E402 - see above

FOLDER = TESTS / "interop"
NEEDS = ("node", "npm")


def install() -> None:
    """Fetch the packages of the lock file, by their hashes and without running anything of theirs."""
    lock, stamp = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".tallystick-lock"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=FOLDER, check=True, stdout=sys.stderr)
    stamp.write_bytes(lock.read_bytes())


def said_under_node(made: Sequence[Case]) -> dict[str, list[Any]]:
    """Return what the verifiers under Node say, per case and document: ``True``, or why not."""
    question = {
        "contexts": contexts(),
        "documents": documents(),
        "now": AS_OF,
        "cases": [{"name": one.name, "verifier": one.verifier, "documents": one.given} for one in made],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(question, file, ensure_ascii=False)
        file.flush()
        command = ["node", "check.mjs", file.name]
        run = subprocess.run(command, cwd=FOLDER, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, list[Any]] = json.loads(run.stdout)
    return answer


def said_by_pyjwt(document: Mapping[str, Any]) -> Any:
    """Return what PyJWT says of a token: ``True``, or why not."""
    try:
        claims = jwt.decode(document["token"], document["key"], algorithms=["EdDSA"])
    except PyJWTError as refusal:
        return str(refusal)
    return claims == document["expected"] or "another content"


def main() -> int:
    """Ask everybody and report: per verifier, whether ours verifies and whether every changed copy is refused."""
    made = cases()
    bars = {f"{one.name}_{what}": ("==", 1.0) for one in made for what in ("verifies", "tampered_refused")}
    said: dict[str, list[Any]] = {
        one.name: [said_by_pyjwt(document) for document in one.given] for one in made if one.verifier == BY_PYJWT
    }
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if missing:
        print(
            f"{' and '.join(missing)} not found: only PyJWT was asked, all other bars count as broken.",
            file=sys.stderr,
        )
    else:
        install()
        said |= said_under_node([one for one in made if one.verifier != BY_PYJWT])
    for name, answers in said.items():
        for place, answer in enumerate(answers):
            print(f"{name}: {'ours' if place == 0 else f'changed copy {place}'}: {answer}", file=sys.stderr)
    measured = dict.fromkeys(bars, 0.0)
    for name, (ours, *changed) in said.items():
        measured[f"{name}_verifies"] = float(ours is True)
        measured[f"{name}_tampered_refused"] = float(all(answer is not True for answer in changed))
    return report(measured, bars, missing=missing, changed_copies={one.name: len(one.given) - 1 for one in made})


if __name__ == "__main__":
    sys.exit(main())
