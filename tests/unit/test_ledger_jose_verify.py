"""Tokens checked step by step, and that no single character of one can be changed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ledger.errors import EnvelopeInvalid, NotChecked
from ledger.jose.disclosing import seal_with_disclosures
from ledger.jose.envelope import seal_credential
from ledger.jose.verify import CHECKS, _check_signature, _check_status, _read, is_token, verify_token
from ledger.trust import TrustedIssuer, TrustList
from ledger.verification.report import Check, State, Verdict
from portal import cli
from support.envelopes import CREDENTIAL, DID, KEY, NOW, documents, token
from support.interop_cases import WEB, passport
from support.refusals import refused

PASSPORT: dict[str, Any] = {**CREDENTIAL, "type": ["DigitalProductPassport", "VerifiableCredential"]}
TRUST = TrustList((TrustedIssuer(DID, "Songyue", documents()(DID), ()),))
PLAIN = seal_credential(PASSPORT, KEY)
PARTED = seal_with_disclosures(PASSPORT, [("credentialSubject", "producer")], KEY)


def checks(text: str, **more: Any) -> dict[str, str]:
    report = verify_token(text.encode(), **{"as_of": NOW, "trust": TRUST, **more})
    return {check.id: check.code for check in report.checks}


@pytest.mark.parametrize(("text", "disclosure"), [(PLAIN, "not_asked"), (PARTED, "ok")])
def test_token_of_a_trusted_issuer_is_valid(text: str, disclosure: str) -> None:
    report = verify_token(f"{text}\n".encode(), as_of=NOW, trust=TRUST)
    assert report.verdict is Verdict.VALID
    assert report.credential == PASSPORT
    told = ["ok", disclosure, "ok", "ok", "ok", "ok"]
    assert list(checks(text).items()) == list(zip(CHECKS, told, strict=True))


def test_every_line_of_a_good_token_tells_what_it_was_judged_by() -> None:
    report = verify_token(PARTED.encode(), as_of=NOW, trust=TRUST)
    assert report.checks == (
        Check("envelope", State.OK, "ok"),
        Check("disclosure", State.OK, "ok"),
        Check("signature", State.OK, "ok", {"method": KEY.method_id}),
        Check("issuer", State.OK, "ok", {"did": DID, "name": "Songyue"}),
        Check(
            "validity",
            State.OK,
            "ok",
            {"from": "2026-03-01T08:00:00Z", "until": None, "asOf": "2026-11-23T02:24:00Z"},
        ),
        Check("status", State.OK, "ok"),
    )
    assert verify_token(PLAIN.encode(), as_of=NOW, trust=TRUST).checks[1:3] == (
        Check("disclosure", State.NOT_ASKED, "not_asked"),
        Check("signature", State.OK, "ok", {"method": KEY.method_id}),
    )


def test_every_line_of_a_token_that_cannot_be_read_says_so() -> None:
    report = verify_token(token(PASSPORT, alg="none").encode(), as_of=NOW, trust=TRUST)
    assert report.checks == (
        Check("envelope", State.FAILED, "algorithm_refused", {"alg": "none"}),
        Check("disclosure", State.NOT_CHECKED, "not_reached"),
        Check("signature", State.NOT_CHECKED, "not_reached"),
        Check("issuer", State.NOT_CHECKED, "not_reached"),
        Check("validity", State.NOT_CHECKED, "not_reached"),
        Check("status", State.NOT_CHECKED, "not_reached"),
    )


def test_a_token_is_judged_at_the_moment_asked_for() -> None:
    text = token({**PASSPORT, "exp": NOW.timestamp()})
    assert checks(text, as_of=NOW - timedelta(seconds=1))["signature"] == "ok"
    assert checks(text)["signature"] == "expired"
    assert checks(PLAIN, as_of=datetime(2026, 3, 1, 7, 59, 59, tzinfo=UTC))["validity"] == "not_yet_valid"


def test_bytes_outside_ascii_are_no_token() -> None:
    for data in (b"ey\xff.e30.AA", PLAIN.encode() + b"\xe9", "ey茶.e30.AA~".encode()):
        report = verify_token(data, as_of=NOW, trust=TRUST)
        assert report.checks[0] == Check("envelope", State.FAILED, "malformed_envelope")


def test_why_a_step_was_not_made_or_a_token_not_read_is_told_in_words() -> None:
    with refused(NotChecked, "no trust list was given, or it does not name the issuer", reason="no_trust"):
        _check_signature(PLAIN, None, NOW, parts=False)
    with refused(NotChecked, "no status list is at hand", reason="status_unknown"):
        _check_status({"credentialStatus": []})
    sentence = "credential: no object with a credentialSubject"
    with refused(EnvelopeInvalid, sentence, reason="not_a_credential"):
        _read(token({**PASSPORT, "credentialSubject": "L7"}), parts=False)


def test_without_a_trust_list_nothing_is_said_of_the_signature() -> None:
    report = verify_token(PLAIN.encode(), as_of=NOW)
    assert report.verdict is Verdict.PARTIAL
    assert checks(PLAIN, trust=None)["signature"] == "no_trust"


def test_issuer_nobody_trusts_is_refused() -> None:
    assert checks(seal_credential(passport(WEB), WEB))["issuer"] == "unknown_issuer"


def test_token_with_a_status_entry_says_that_no_list_is_at_hand() -> None:
    listed = {**PASSPORT, "credentialStatus": {"type": "BitstringStatusListEntry"}}
    assert checks(seal_credential(listed, KEY))["status"] == "status_unknown"


def test_first_refusal_is_told_and_the_rest_is_not_reached() -> None:
    report = verify_token(f"{PARTED}{PARTED.split('~')[1]}~".encode(), as_of=NOW, trust=TRUST)
    assert [(check.id, check.code) for check in report.checks] == [
        ("disclosure", "digest_twice"),
        ("envelope", "not_reached"),
        ("signature", "not_reached"),
        ("issuer", "not_reached"),
        ("validity", "not_reached"),
        ("status", "not_reached"),
    ]
    assert report.credential is None


def test_credential_that_is_no_passport_is_refused() -> None:
    assert checks(token({**CREDENTIAL, "credentialSubject": "L7"}))["envelope"] == "not_a_credential"


def test_signature_of_another_is_refused() -> None:
    header, _, signature = PLAIN.split(".")
    other = seal_credential({**PASSPORT, "id": "urn:other"}, KEY).split(".")[1]
    assert checks(f"{header}.{other}.{signature}")["signature"] == "signature_mismatch"


def test_tokens_and_documents_are_told_apart() -> None:
    assert is_token(PLAIN.encode())
    assert is_token(b"\n" + PARTED.encode())
    assert not is_token(b'{"bundle": "tallystick-bundle/1"}')


def test_command_line_checks_a_token(tmp_path: Path) -> None:
    (tmp_path / "passport.jwt").write_text(PLAIN)
    (tmp_path / "trust.json").write_bytes(TRUST.to_json())
    words = ["verify", str(tmp_path / "passport.jwt"), "--trust", str(tmp_path / "trust.json")]
    found = CliRunner().invoke(cli.commands, [*words, "--at", "2026-11-23T02:24:00+0000"])
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "valid 核验通过")


@pytest.mark.parametrize("text", [PLAIN, PARTED], ids=["vc+jwt", "vc+sd-jwt"])
def test_no_single_character_can_be_changed(text: str) -> None:
    accepted = []
    for place, old in enumerate(text):
        # The neighbour in the alphabet differs in the lowest bit: what a lenient reader would overlook.
        new = chr(ord(old) ^ 1)
        changed = text[:place] + new + text[place + 1 :]
        if verify_token(changed.encode(), as_of=NOW, trust=TRUST).verdict is Verdict.VALID:
            accepted.append((place, old, new))
    assert accepted == []
