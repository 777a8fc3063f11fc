"""Audit packs: read strictly, judged without server and chain, against a block the auditor knows."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.archive import Entry, join_archive, read_archive, write_archive
from ledger.errors import Malformed, NotChecked, PackRefused
from ledger.pack import MANIFEST, Pack, PackFile, Role
from ledger.trust import TrustList
from ledger.verification.report import Verdict
from ledger.verify_pack import papers_of, verify_pack
from support.packs import AS_OF, REPORT, Packed, manifest_of, packed


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return packed(tmp_path_factory.mktemp("pack") / "chain.sqlite")


def judged(pack: Pack | bytes, here: Packed, **asked: Any) -> dict[str, Any]:
    data = pack if isinstance(pack, bytes) else pack.to_zip()
    asked = {"as_of": AS_OF, "trust": here.trust, "known_blocks": [here.block], **asked}
    return verify_pack(data, **asked).to_json()


def codes(report: dict[str, Any]) -> dict[str, str]:
    (bundle,) = report["bundles"]
    return {check["id"]: check["code"] for check in bundle["checks"] if check["state"] not in ("ok", "not_asked")}


def test_a_pack_is_valid_with_a_trust_file_and_a_blocks_hash_alone(here: Packed) -> None:
    report = judged(here.pack, here)
    assert report["verdict"] == "valid"
    assert report["pack"] == {
        "id": "pack",
        "state": "ok",
        "code": "ok",
        "params": {"bundles": 1, "files": 4, "made": "2026-06-01T00:00:00Z"},
    }
    (bundle,) = report["bundles"]
    checks = {check["id"]: check for check in bundle["checks"]}
    assert {name for name, check in checks.items() if check["state"] != "ok"} == {"status"}
    assert checks["status"]["state"] == "not_asked"
    assert checks["documents"]["params"] == {"matched": 1, "listed": 1}
    assert checks["anchor"]["params"]["provenAt"] == 5


def test_the_block_may_stand_in_the_trust_file(here: Packed) -> None:
    (issuer,) = here.trust.issuers
    anchor = replace(issuer.anchors[0], blocks=(here.block,))
    trust = TrustList.from_json(TrustList((replace(issuer, anchors=(anchor,)),)).to_json())
    assert judged(here.pack, here, trust=trust, known_blocks=[])["verdict"] == "valid"


def test_the_same_pack_gives_the_same_bytes_and_comes_back(here: Packed) -> None:
    data = here.pack.to_zip()
    again = Pack.from_zip(data)
    assert again.to_zip() == data
    assert again.made_at == AS_OF
    assert {file.name for file in again.files} == {file.name for file in here.pack.files}
    assert again.of_role(Role.EVIDENCE)[0].title == "检验报告.pdf"


@pytest.mark.parametrize(
    ("asked", "verdict", "wrong"),
    [
        ({"known_blocks": []}, "partial", {"anchor": "no_block_hash"}),
        ({"known_blocks": [bytes(32)]}, "partial", {"anchor": "other_block"}),
        ({"trust": None}, "partial", {"issuer": "no_trust", "anchor": "no_trust"}),
        ({"as_of": AS_OF.replace(year=2025)}, "invalid", {"validity": "not_yet_valid"}),
    ],
)
def test_what_the_auditor_does_not_bring_is_not_checked(
    here: Packed, asked: dict[str, Any], verdict: str, wrong: dict[str, str]
) -> None:
    report = judged(here.pack, here, **asked)
    assert (report["verdict"], codes(report)) == (verdict, wrong)


def test_a_chains_endpoint_may_be_asked_instead_of_the_state(here: Packed) -> None:
    class Silent:
        def record(self, _target: Any, _root: bytes) -> Any:
            raise NotChecked("rpc_unreachable", "no answer")

        def check_block(self, _target: Any, _anchor: Any, _root: bytes) -> Any:
            raise NotImplementedError

    assert codes(judged(here.pack, here, witness=Silent())) == {"anchor": "rpc_unreachable"}


def test_a_pack_without_a_state_leaves_the_anchor_open(here: Packed) -> None:
    pack = replace(here.pack, files=tuple(f for f in here.pack.files if f.role is not Role.STATE))
    report = judged(pack, here)
    assert (report["verdict"], codes(report)) == ("partial", {"anchor": "no_state"})


def test_a_changed_passport_is_invalid_and_says_where(here: Packed) -> None:
    bundle = here.bundle
    changed = dict(bundle.credential) | {"validFrom": "2026-03-02T08:00:00Z"}
    report = judged(here.with_bundle(replace(bundle, credential=changed)), here)
    assert report["verdict"] == "invalid"
    assert codes(report) == {
        "fingerprint": "fingerprint_mismatch",
        "signature": "signature_mismatch",
        "inclusion": "path_mismatch",
    }


def test_an_anchor_that_tells_other_facts_is_invalid(here: Packed) -> None:
    bundle, anchor = here.bundle, here.state.anchors[0]
    for change, code in (({"seq": 1}, "anchor_differs"), ({"block_hash": bytes(32)}, "block_differs")):
        made = here.with_bundle(replace(bundle, anchor=replace(anchor, **change)))  # type: ignore[arg-type]
        assert codes(judged(made, here)) == {"anchor": code}


def test_a_state_that_does_not_prove_itself_is_invalid(here: Packed) -> None:
    state = here.state.state
    cut = here.changed(state=replace(state, account=state.account[:-1]).to_json())
    assert codes(judged(cut, here)) == {"anchor": "state_mismatch"}


def test_a_verdict_of_several_is_the_worst(here: Packed) -> None:
    bundle = here.bundle
    other = dict(bundle.credential) | {"validFrom": "2026-03-02T08:00:00Z"}
    extra = PackFile(f"bundles/{'0' * 64}.json", Role.BUNDLE, replace(bundle, credential=other).to_json())
    report = judged(replace(here.pack, files=(*here.pack.files, extra)), here)
    assert [one["verdict"] for one in report["bundles"]] == ["invalid", "valid"]
    assert report["verdict"] == "invalid"


# what is refused whole


def refused(data: bytes, here: Packed) -> str:
    report = judged(data, here)
    assert (report["verdict"], report["bundles"], report["pack"]["state"]) == ("invalid", [], "failed")
    return str(report["pack"]["code"])


def rewritten(here: Packed, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The pack with a changed manifest; everything else as it was."""
    data = here.pack.to_zip()
    manifest = manifest_of(data)
    change(manifest)
    entries = read_archive(data) | {MANIFEST: Entry.stored(MANIFEST, json.dumps(manifest).encode())}
    return write_archive(list(entries.values()))


def line(manifest: dict[str, Any], role: str) -> dict[str, Any]:
    return next(one for one in manifest["files"] if one["role"] == role)


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "version": (lambda m: m.update(pack="tallystick-pack/2"), "pack_manifest"),
    "files": (lambda m: m.update(files={}), "pack_manifest"),
    "made": (lambda m: m.update(made="yesterday"), "pack_manifest"),
    "member": (lambda m: m.update(note=1), "pack_manifest"),
    "doubled": (lambda m: m["files"].append(m["files"][0]), "pack_manifest"),
    "name": (lambda m: m["files"][0].update(name=7), "pack_manifest"),
    "no_digest": (lambda m: m["files"][0].pop("packed"), "pack_manifest"),
    "role": (lambda m: line(m, "bundle").update(role="king"), "pack_manifest"),
    "title": (lambda m: line(m, "bundle").update(title=5), "pack_manifest"),
    "stray": (lambda m: m["files"].pop(0), "pack_stray_file"),
    "missing": (
        lambda m: m["files"].append(line(m, "bundle") | {"name": "bundles/none.json"}),
        "pack_missing_file",
    ),
    "sha256": (lambda m: line(m, "bundle").update(sha256="0" * 64), "pack_hash"),
    "packed": (lambda m: line(m, "bundle").update(packed="0" * 64), "pack_hash"),
    "size": (lambda m: line(m, "bundle").update(size=1), "pack_hash"),
    "place": (lambda m: line(m, "bundle").update(role="evidence"), "pack_content"),
    "wrong_role": (lambda m: line(m, "evidence").update(role="readme"), "pack_content"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_manifest_that_does_not_fit_refuses_the_pack(here: Packed, name: str) -> None:
    change, code = CHANGES[name]
    assert refused(rewritten(here, change), here) == code


def test_a_manifest_that_is_not_first_or_not_there_refuses_the_pack(here: Packed) -> None:
    entries = list(read_archive(here.pack.to_zip()).values())
    assert refused(join_archive([*entries[1:], entries[0]]), here) == "pack_manifest"
    assert refused(join_archive([]), here) == "pack_manifest"
    deflated = Entry.of(MANIFEST, entries[0].unpacked())
    assert refused(join_archive([deflated, *entries[1:]]), here) == "pack_manifest"
    assert refused(b"{}", here) == "pack_not_zip"


def test_papers_no_passport_cites_refuse_the_pack(here: Packed) -> None:
    assert refused(here.changed(evidence=b"%PDF forged").to_zip(), here) == "pack_content"


def test_a_state_that_cannot_be_read_refuses_the_pack(here: Packed) -> None:
    assert refused(here.changed(state=b"{}").to_zip(), here) == "pack_content"


def test_a_pack_without_passports_is_refused(here: Packed) -> None:
    files = tuple(file for file in here.pack.files if file.role is Role.README)
    assert refused(replace(here.pack, files=files).to_zip(), here) == "pack_content"


def test_a_file_in_a_place_where_it_does_not_belong_is_not_packed(here: Packed) -> None:
    for wrong in (
        PackFile("evidence/x.pdf", Role.EVIDENCE, REPORT),
        PackFile(f"evidence/{'0' * 64}.pdf", Role.EVIDENCE, REPORT),
        PackFile("README.md", Role.README, b""),
    ):
        with pytest.raises(PackRefused):
            replace(here.pack, files=(wrong,)).to_zip()


def test_an_unreadable_bundle_cites_nothing() -> None:
    for data in (b"{", b"{}", b'{"credential":{"relatedResource":5}}', b"[]"):
        assert papers_of(data) == frozenset()


def test_a_moment_without_a_zone_is_not_asked_about(here: Packed) -> None:
    with pytest.raises(Malformed):
        judged(here.pack, here, as_of=AS_OF.replace(tzinfo=None))


def test_single_byte_mutations_of_a_pack_are_all_refused(here: Packed) -> None:
    data = here.pack.to_zip()
    for at in range(0, len(data), len(data) // 500):
        changed = bytearray(data)
        changed[at] ^= 1 + at % 255
        report = verify_pack(bytes(changed), as_of=AS_OF, trust=here.trust, known_blocks=[here.block])
        assert report.verdict is Verdict.INVALID, at
