"""The verifier in one file: built from the modules themselves, the same for everybody, named by its hashes."""

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path

from ledger.dataintegrity import contexts
from portal.web import offline_verifier, verifier_words
from portal.web.assets import STATIC
from portal.web.offline_verifier import MODULES, digest, page

HTML = page().decode()


def inline(tag: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag.partition(' ')[0]}>", HTML, re.DOTALL)
    assert found
    return found[1]


def test_the_same_sources_give_the_same_bytes_and_hash() -> None:
    assert page() == offline_verifier.page.__wrapped__()
    assert digest() == hashlib.sha256(page()).hexdigest()


def test_it_loads_nothing_and_names_its_own_parts_only() -> None:
    assert re.findall(r'(?:src|href)="(?!#|data:)([^"]*)"', HTML) == []
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', HTML)
    assert policy
    for directive, *tags in (("script-src", 'script type="module"', "script"), ("style-src", "style")):
        digests = [b64encode(hashlib.sha256(inline(tag).encode()).digest()).decode() for tag in tags]
        sources = " ".join(f"&#39;sha256-{digest}&#39;" for digest in digests)
        assert f"{directive} {sources};" in policy[1]
    assert policy[1].startswith("default-src 'none'; ")


def test_every_module_is_inside_and_no_import_is_left() -> None:
    script = inline('script type="module"')
    assert [name for name in MODULES if f"const m_{name} = " in script] == list(MODULES)
    assert not re.search(r"^\s*(?:import|export)\b|\bimport\(", script, re.MULTILINE)


def test_the_library_and_every_pinned_context_are_inside_byte_for_byte() -> None:
    folder = Path(contexts.__file__).parents[1] / "contexts"
    inside = json.loads(re.search(r'id="contexts">(.*?)</script>', HTML, re.DOTALL)[1])  # type: ignore[index]
    assert inside == {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.jsonld")}
    assert inline("script") == (STATIC / "vendor" / "jsonld-9.0.0" / "jsonld.esm.min.js").read_text()


def test_every_code_of_a_pack_or_state_has_its_words() -> None:
    words = json.loads(re.search(r'id="words">(.*?)</script>', HTML, re.DOTALL)[1])  # type: ignore[index]
    sources = (STATIC / "pack.mjs").read_text() + (STATIC / "stateproof.mjs").read_text()
    codes = set(re.findall(r"(?:fail|gap|need)\((?:[^\n']*, )?'(\w+)'", sources)) | {"pack_damaged"}
    assert {"pack_not_zip", "no_block_hash", "state_mismatch", "pack_content"} <= codes
    assert {code for code in codes if code not in words} == set()
    used = set(re.findall(r"words\[?\.?'?([a-z]+\.[a-z]+)'?\]", (STATIC / "verifier.mjs").read_text()))
    assert used - set(words) == set()


def test_every_text_stands_in_chinese_and_in_english() -> None:
    own = {**verifier_words._page(), **verifier_words._pack(), **verifier_words._state()}
    assert "核验工具" in HTML
    assert len(own) > 20
