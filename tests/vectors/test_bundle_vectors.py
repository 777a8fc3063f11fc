"""The Python verifier says of every bundle in the shared folder what the folder says it must."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.keys import from_instant
from ledger.trust import TrustList
from ledger.verify import CHECKS, verify_bundle
from support.scripted_chain import scripted_chain
from support.vector_files import made_by, written_in

HERE = Path(__file__).parent
FILES = sorted((HERE / "bundles").glob("*.json"))


def judged(given: dict[str, Any]) -> dict[str, Any]:
    trust = TrustList.from_json(json.dumps(given["trust"]).encode()) if given["trust"] else None
    with scripted_chain(given["rpc"]) as url:
        report = verify_bundle(
            given["bundle"].encode(),
            as_of=from_instant(given["asOf"]),
            trust=trust,
            rpc_url=url,
            expected_hash=given["expectedHash"],
            files=[(file["name"], file["text"].encode()) for file in given["files"]],
        )
    found = report.to_json()
    assert tuple(check["id"] for check in found["checks"]) == CHECKS
    checks = {check["id"]: {"state": check["state"], "code": check["code"]} for check in found["checks"]}
    return {"verdict": found["verdict"], "checks": checks}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_bundle_is_judged_as_written_down(file: Path) -> None:
    vector = json.loads(file.read_text(encoding="utf-8"))
    assert vector["name"] == file.stem
    assert judged(vector["given"]) == vector["expect"]


def test_folder_is_what_the_generator_makes() -> None:
    assert made_by(HERE / "make_bundles.py") == written_in(HERE / "bundles")
