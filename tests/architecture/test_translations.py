"""No text is without its Chinese, and what is shipped is what was written."""

import gettext
import io
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from portal.web import errors

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "portal" / "translations" / "zh" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
KEYWORDS = {
    **dict.fromkeys(("_", "_l", "gettext", "lazy_gettext", "both", "bi", "pair")),
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
METHODS = [
    ("portal/web/templates/**.html", "jinja2"),
    ("portal/**.py", "python"),
    ("app.py", "python"),
]


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def test_every_text_of_code_and_templates_is_in_the_catalogue(catalogue: Catalog) -> None:
    options = {"portal/web/templates/**.html": {"trimmed": "true"}}
    found = extract_from_dir(ROOT, METHODS, options, keywords=KEYWORDS)
    missing = {
        f"{name}:{line} {text!r}"
        for name, line, text, _comments, _context in found
        if text and catalogue.get(text if isinstance(text, str) else text[0]) is None
    }
    assert missing == set()


def test_no_text_stands_twice_for_the_later_would_silently_win() -> None:
    ids = re.findall(r'^msgid "(.+)"$', (FOLDER / "messages.po").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(text for text, times in Counter(ids).items() if times > 1) == []


def test_no_text_is_empty_or_fuzzy(catalogue: Catalog) -> None:
    bad = [m.id for m in catalogue if m.id and (m.fuzzy or not all(m.string if m.pluralizable else (m.string,)))]
    assert bad == []


def test_every_translation_has_the_placeholders_of_its_original(catalogue: Catalog) -> None:
    bad = []
    for message in catalogue:
        many = message.pluralizable
        ids, texts = (message.id, message.string) if many else ((message.id,), (message.string,))
        known = {name for text in ids for name in PLACEHOLDER.findall(text)}
        used = {name for text in texts for name in PLACEHOLDER.findall(text)}
        if message.id and known != used:
            bad.append(message.id)
    assert bad == []


def test_the_shipped_catalogue_is_the_written_one(catalogue: Catalog) -> None:
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    written = gettext.GNUTranslations(buffer)._catalog  # type: ignore[attr-defined]
    with (FOLDER / "messages.mo").open("rb") as file:
        shipped = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    written.pop("")
    shipped.pop("")
    assert shipped == written


def test_every_refusal_a_person_may_meet_has_a_sentence() -> None:
    """Programs and operators read the others: the API, the command line, the platform's own start."""
    elsewhere = ("portal/api/", "portal/cli/", "portal/flows/imports/", "portal/platform/")
    sources = [p.read_text(encoding="utf-8") for p in (ROOT / "portal" / "web").glob("*.py")]
    said = set(errors.SENTENCES) | set(re.findall(r"\b(\w+)(?:=|\"\] = )_l\(", "".join(sources)))
    wordless = set()
    for path in (ROOT / "portal").rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        codes = re.findall(r'^    code = "(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
        if not name.startswith(elsewhere):
            wordless |= {(name, code) for code in codes if code not in said}
    assert wordless == set()
