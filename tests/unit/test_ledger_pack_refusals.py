"""Why a pack is refused, word by word; and what its manifest is, byte by byte."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger import verify_pack as module
from ledger.archive import Entry, join_archive, read_archive, write_archive
from ledger.canonical import sha256
from ledger.errors import PackRefused
from ledger.pack import MANIFEST, Pack, PackFile, Role
from ledger.verification.report import Check, State
from ledger.verify_pack import _bundles, _check_papers, _states, verify_pack
from support.packs import AS_OF, REPORT, Packed, manifest_of, packed
from support.refusals import refused

EN = PackFile("README.en.txt", Role.README, b"tea")
ZH = PackFile("README.zh.txt", Role.README, "茶".encode())
PAPER = PackFile(f"evidence/{sha256(b'1').hex()}.pdf", Role.EVIDENCE, b"1", "检验报告.pdf")
SMALL = Pack(AS_OF, (PAPER, ZH, EN))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return packed(tmp_path_factory.mktemp("pack") / "chain.sqlite")


def test_manifest_is_written_for_people_with_the_readmes_first() -> None:
    entries = read_archive(SMALL.to_zip())
    assert list(entries) == [MANIFEST, "README.en.txt", "README.zh.txt", PAPER.name]
    tea, leaf, one = (sha256(data).hex() for data in (b"tea", "茶".encode(), b"1"))
    assert (
        entries[MANIFEST].packed.decode()
        == f"""{{
 "pack": "tallystick-pack/1",
 "made": "2026-06-01T00:00:00Z",
 "files": [
  {{
   "name": "README.en.txt",
   "role": "readme",
   "title": "",
   "size": 3,
   "sha256": "{tea}",
   "packed": "{tea}"
  }},
  {{
   "name": "README.zh.txt",
   "role": "readme",
   "title": "",
   "size": 3,
   "sha256": "{leaf}",
   "packed": "{leaf}"
  }},
  {{
   "name": "evidence/{one}.pdf",
   "role": "evidence",
   "title": "检验报告.pdf",
   "size": 1,
   "sha256": "{one}",
   "packed": "{one}"
  }}
 ]
}}
"""
    )
    assert Pack.from_zip(SMALL.to_zip()) == Pack(AS_OF, (EN, ZH, PAPER))


def test_a_manifest_may_be_larger_than_a_document() -> None:
    pack = Pack(AS_OF, (replace(PAPER, title="x" * (1 << 20)),))
    assert Pack.from_zip(pack.to_zip()) == pack


def rewritten(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The small pack with a changed manifest; everything else as it was."""
    data = SMALL.to_zip()
    manifest = manifest_of(data)
    change(manifest)
    entries = read_archive(data) | {MANIFEST: Entry.stored(MANIFEST, json.dumps(manifest).encode())}
    return write_archive(list(entries.values()))


def line(manifest: dict[str, Any], **change: object) -> None:
    """Change the line of the English read-me."""
    manifest["files"][0].update(change)


LINE = "manifest.json: not an object of name, role, title, size, sha256, packed"
NOT_THE_FILE = "README.en.txt is not the file the manifest names"
NO_ROLE = "README.en.txt: no role of a pack's file"
README: dict[str, str] = {"file": "README.en.txt"}


@pytest.mark.parametrize(
    ("change", "code", "sentence", "values"),
    [
        (lambda m: m.update(pack="x"), "pack_manifest", "manifest.json: not a tallystick-pack/1", {}),
        (lambda m: m.update(files={}), "pack_manifest", "manifest.json: not a tallystick-pack/1", {}),
        (lambda m: m.update(note=1), "pack_manifest", "manifest.json: not an object of pack, made, files", {}),
        (
            lambda m: m.update(made="yesterday"),
            "pack_manifest",
            "manifest.json: not an instant like 2026-03-01T08:00:00Z",
            {},
        ),
        (lambda m: m["files"].append({}), "pack_manifest", LINE, {}),
        (lambda m: m["files"].append(m["files"][0]), "pack_manifest", "manifest.json: a file stands twice", {}),
        (lambda m: line(m, name=7), "pack_manifest", "manifest.json: a file stands twice", {}),
        (lambda m: line(m, role="king"), "pack_manifest", NO_ROLE, README),
        (lambda m: line(m, role=["readme"]), "pack_manifest", NO_ROLE, README),
        (lambda m: line(m, title=5), "pack_manifest", NO_ROLE, README),
        (lambda m: line(m, sha256="0" * 64), "pack_hash", NOT_THE_FILE, README),
        (lambda m: line(m, packed="0" * 64), "pack_hash", NOT_THE_FILE, README),
        (lambda m: line(m, size=2), "pack_hash", NOT_THE_FILE, README),
        (lambda m: line(m, role="bundle"), "pack_content", "README.en.txt does not belong there", README),
        (
            lambda m: m.update(files=m["files"][2:]),
            "pack_stray_file",
            "README.en.txt is not in the manifest",
            README,
        ),
        (
            lambda m: m["files"].extend([m["files"][0] | {"name": "b"}, m["files"][0] | {"name": "a"}]),
            "pack_missing_file",
            "a is not there",
            {"file": "a"},
        ),
    ],
)
def test_why_a_manifest_refuses_the_pack_is_told(
    change: Callable[[dict[str, Any]], object], code: str, sentence: str, values: dict[str, str]
) -> None:
    with refused(PackRefused, sentence, reason=code, **values):
        Pack.from_zip(rewritten(change))


def test_why_a_pack_without_a_manifest_in_front_is_refused_is_told() -> None:
    entries = list(read_archive(SMALL.to_zip()).values())
    deflated = Entry.of(MANIFEST, entries[0].unpacked())
    for files in ([*entries[1:], entries[0]], [], [deflated, *entries[1:]]):
        with refused(PackRefused, "the first file is not a plain manifest.json", reason="pack_manifest"):
            Pack.from_zip(join_archive(files))


@pytest.mark.parametrize(
    "file",
    [
        PackFile("evidence/x.pdf", Role.EVIDENCE, REPORT),
        PackFile(f"evidence/{'0' * 64}.pdf", Role.EVIDENCE, REPORT),
        PackFile("README.md", Role.README, b""),
    ],
)
def test_where_a_file_does_not_belong_is_told(file: PackFile) -> None:
    with refused(PackRefused, f"{file.name} does not belong there", reason="pack_content", file=file.name):
        Pack(AS_OF, (file,)).to_zip()


def test_a_bundles_digits_are_its_credentials_and_not_its_own() -> None:
    bundle = PackFile(f"bundles/{'0' * 64}.json", Role.BUNDLE, b"{}")
    assert Pack.from_zip(Pack(AS_OF, (bundle,)).to_zip()).files == (bundle,)


# what is inside


def test_the_line_of_a_refused_pack_says_why(here: Packed) -> None:
    data = here.changed(evidence=b"%PDF forged").to_zip()
    report = verify_pack(data, as_of=AS_OF, trust=here.trust, known_blocks=[here.block])
    name = f"evidence/{sha256(b'%PDF forged').hex()}.pdf"
    assert report.pack == Check("pack", State.FAILED, "pack_content", {"reason": "pack_content", "file": name})
    assert report.bundles == ()


def test_every_passport_is_told_by_the_name_of_its_file(here: Packed) -> None:
    report = verify_pack(here.pack.to_zip(), as_of=AS_OF, trust=here.trust, known_blocks=[here.block])
    name = here.pack.of_role(Role.BUNDLE)[0].name
    assert [one["name"] for one in report.to_json()["bundles"]] == [name]


def test_a_paper_nobody_cites_is_told(here: Packed) -> None:
    forged = here.changed(evidence=b"%PDF forged")
    name = forged.of_role(Role.EVIDENCE)[0].name
    with refused(PackRefused, f"no passport cites {name}", reason="pack_content", file=name):
        _check_papers(forged)


def test_a_state_that_cannot_be_read_is_told(here: Packed) -> None:
    broken = here.changed(state=b"{}")
    name = broken.of_role(Role.STATE)[0].name
    sentence = f"{name}: not an object of state, contract, header, code, account, records"
    with refused(PackRefused, sentence, reason="pack_content", file=name):
        _states(broken)


def test_a_pack_holds_one_passport_at_least_and_so_many_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (PackFile(f"bundles/{digit * 64}.json", Role.BUNDLE, b"{}") for digit in "01")
    monkeypatch.setattr(module, "MAX_BUNDLES", 1)
    assert _bundles(Pack(AS_OF, (EN, one))) == (one,)
    for files, count in (((EN,), 0), ((one, two), 2)):
        with refused(PackRefused, f"{count} passports, 1 to 1 allowed", reason="pack_content"):
            _bundles(Pack(AS_OF, files))
