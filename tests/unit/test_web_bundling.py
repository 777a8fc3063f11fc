"""What travels to a visitor: sheets and modules made small without being changed."""

from pathlib import Path

import pytest

from portal.web.bundling import NotBundledError, bundle, excerpt, names_in, squeeze, squeeze_module


def test_a_sheet_is_sent_without_comments_and_spare_white_space() -> None:
    sheet = b"""/* tokens */
    :root { --ink: #000;  --gap: calc(1px + 2px); }
    @media (min-width: 60em) { .a > .b, .c:hover { color: var(--ink); } }
    """
    assert squeeze(sheet) == (
        b":root{--ink:#000;--gap:calc(1px + 2px)}@media (min-width:60em){.a > .b,.c:hover{color:var(--ink)}}"
    )


def test_our_modules_are_sent_without_comments_and_indentation() -> None:
    code = b"// why\n/**\n * how\n */\nexport function f() {\n  return 'a // b'; // kept\n}\n\n"
    assert squeeze_module(code) == b"export function f() {\nreturn 'a // b'; // kept\n}\n"


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        (".a{b:c}.t{b:c}", ".a{b:c}"),
        (".a,.t{b:c}", ".a{b:c}"),
        (".a .t{b:c}p{b:c}", "p{b:c}"),
        ("@media x{.t{b:c}}@media y{.a{b:c}.t{b:c}}", "@media y{.a{b:c}}"),
        ("@font-face{src:x}", "@font-face{src:x}"),
        (".a:not(.t){b:c}:is(.t,.a){b:c}", ".a:not(.t){b:c}:is(.t,.a){b:c}"),
    ],
)
def test_rules_about_what_a_page_never_names_are_left_out(tmp_path: Path, sheet: str, left: str) -> None:
    (tmp_path / "page.html").write_text('<p class="a">', encoding="utf-8")
    assert excerpt(sheet, names_in([tmp_path / "page.html"])) == left


def test_what_people_read_names_no_class(tmp_path: Path) -> None:
    page = """{#- .t, over
    two lines: t -#}<p class="a">{{ _('t, translated') }}{{ both('t') }}{{ bi('t') }}{{ state('u', _('t')) }}"""
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert excerpt(".a{b:c}.t{b:c}.u{b:c}", names_in([tmp_path / "page.html"])) == ".a{b:c}.u{b:c}"


def written(folder: Path, **modules: str) -> Path:
    for name, code in modules.items():
        (folder / f"{name}.mjs").write_text(code, encoding="utf-8")
    return folder


def test_modules_become_one_script_in_the_order_of_their_imports(tmp_path: Path) -> None:
    folder = written(
        tmp_path, one="export const y = 1;\n", two="import { y as z } from './one.mjs';\nexport const w = z;\n"
    )
    assert bundle(folder, ("one", "two"), alone=True) == (
        "\nconst m_one = (() => {\nconst y = 1;\nreturn { y };\n})();\n"
        "const m_two = (() => {\nconst { y: z } = m_one;\nconst w = z;\nreturn { w };\n})();\n"
    )


def test_a_module_outside_is_loaded_when_it_is_wanted_and_one_inside_is_there(tmp_path: Path) -> None:
    code = "const a = () => import('./one.mjs');\nconst b = () => import('./far.mjs');\n"
    script = bundle(written(tmp_path, one="export const y = 1;\n", two=code), ("one", "two"), alone=False)
    assert "const a = () => Promise.resolve().then(() => m_one);" in script
    assert "const b = () => import('./far.mjs');" in script


@pytest.mark.parametrize(
    "code",
    [
        "import { x } from './two.mjs';\n",
        "import x from './one.mjs';\n",
        "export default 1;\n",
        "const a = import(name);\n",
        "const a = '</script>';\n",
    ],
)
def test_what_the_bundler_does_not_know_is_refused(tmp_path: Path, code: str) -> None:
    folder = written(tmp_path, one="export const y = 1;\n", two=code)
    with pytest.raises(NotBundledError):
        bundle(folder, ("one", "two"), alone=True)
