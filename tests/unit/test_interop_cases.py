"""What ``make interop`` shows to verifiers of others, shown to ours: no Node is needed for that."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError
from ledger.jose.disclosing import open_disclosed
from ledger.jose.envelope import open_credential
from ledger.keys import key_in_document
from ledger.proof import check_proof, proofs_of, read_proof
from support.interop_cases import NOW, Case, cases, documents

FOLDER = Path(__file__).parents[1] / "interop"


def check(case: Case, given: Any) -> None:
    here = documents()
    if case.verifier == "sd-jwt":
        assert open_disclosed(given["token"], here.get, as_of=NOW) == given["expected"]
    elif "token" in given:
        assert open_credential(given["token"], here.get, as_of=NOW) == given["expected"]
    else:
        document = here[given["issuer"]["id"]]
        for proof in map(partial(read_proof, given), proofs_of(given)):
            check_proof(given, proof, key_in_document(document, proof.method_id).public)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_ours_verifies_and_every_changed_copy_is_refused(case: Case) -> None:
    ours, *changed = case.given
    check(case, ours)
    assert len(changed) == 5
    for copy in changed:
        with pytest.raises((LedgerError, AssertionError)):
            check(case, copy)


def test_lock_file_of_the_other_verifiers_names_hashes_and_no_place_to_fetch_from() -> None:
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert len(packages) == 30
    assert {name for name, one in packages.items() if "resolved" in one or "integrity" not in one} == set()
    assert re.findall(r"https?://\S*(?:registry|npm|index)\S*", (FOLDER / "package-lock.json").read_text()) == []


@pytest.mark.parametrize(
    ("name", "detail", "open_parts"),
    [
        ("sd_jwt_core_public", set(), {"producedByParty"}),
        ("sd_jwt_core_key_tier", {"registration", "handedIn"}, {"producedByParty"}),
        ("sd_jwt_core_left_out", {"registration", "handedIn", "delivery"}, set()),
    ],
)
def test_presentations_disclose_what_the_policy_opens(name: str, detail: set[str], open_parts: set[str]) -> None:
    [case] = [case for case in cases() if case.name == name]
    subject = case.given[0]["expected"]["credentialSubject"]
    assert set(subject["partnerDetail"]) == detail
    assert set(subject["product"]) & {"producedByParty"} == open_parts
