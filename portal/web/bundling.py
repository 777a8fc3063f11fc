"""Make what travels to a visitor small: one script of several modules, a style sheet of what its page can use.

Pure: texts in, texts out. A text is never changed inside; what a browser would do is the same before and after.
"""

import re
from collections.abc import Sequence
from pathlib import Path

_IMPORT = re.compile(r"^import \{([^}]*)\} from '\./(\w+)\.mjs';\n", re.MULTILINE)
_LAZY = re.compile(r"import\('\./(\w+)\.mjs'\)")
_EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function\*?) (\w+))", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_SENTENCE = re.compile(r"\b(?:_|both|bi)\('[^']*'")
_CLASS = re.compile(r"\.([A-Za-z_][\w-]*)")
_IN_BRACKETS = re.compile(r"\([^()]*\)")


class NotBundledError(RuntimeError):
    """A module imports or exports in a way the bundler does not know, or one that comes later."""


def squeeze(sheet: bytes) -> bytes:
    """Return a style sheet without comments and the white space nobody reads."""
    text = re.sub(rb"/\*.*?\*/", b"", sheet, flags=re.DOTALL)
    text = re.sub(rb"\s+", b" ", text)
    text = re.sub(rb" ?([{};]) ?", rb"\1", text)
    return text.replace(b": ", b":").replace(b", ", b",").replace(b";}", b"}").strip()


def squeeze_module(code: bytes) -> bytes:
    """Return a module of ours without indentation and whole-line comments; none has a text over several lines."""
    lines = (line.strip() for line in code.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith((b"//", b"/**", b"*"))) + b"\n"


def names_in(files: Sequence[Path]) -> frozenset[str]:
    """Return every word of a page's sources that could be the name of a class.

    Left out is what people read: comments of templates, and sentences that are translated.
    """
    sources = (_SENTENCE.sub("", _COMMENT.sub("", file.read_text(encoding="utf-8"))) for file in files)
    return frozenset(name for text in sources for name in _NAME.findall(text))


def excerpt(sheet: str, names: frozenset[str]) -> str:
    """Return a squeezed sheet without the rules about classes that a page never names.

    Args:
        sheet: Rules, and rules inside ``@media``; other at-rules stay as they are.
        names: Every word of the page's sources.
    """
    kept, at = [], 0
    while (start := sheet.find("{", at)) >= 0:
        end = _closing(sheet, start)
        head, body = sheet[at:start], sheet[start + 1 : end]
        at = end + 1
        if head.startswith(("@media", "@supports")):
            body = excerpt(body, names)
        elif not head.startswith("@"):
            head = ",".join(part for part in _selectors(head) if _can_match(part, names))
        if head and body:
            kept.append(f"{head}{{{body}}}")
    return "".join(kept)


def _closing(sheet: str, start: int) -> int:
    depth, at = 1, start
    while depth:
        at += 1
        depth += {"{": 1, "}": -1}.get(sheet[at], 0)
    return at


def _selectors(head: str) -> list[str]:
    return [head] if "(" in head else head.split(",")


def _can_match(selector: str, names: frozenset[str]) -> bool:
    # What stands in brackets may be an alternative or a denial, so it rules nothing out.
    return names.issuperset(_CLASS.findall(_IN_BRACKETS.sub("", selector)))


def bundle(folder: Path, modules: Sequence[str], *, alone: bool) -> str:
    """Return modules as one script: each a function that returns its exports, in order.

    Args:
        folder: Where ``<module>.mjs`` lie.
        modules: In the order of their imports: each needs only those before it. The last one runs the page.
        alone: The script may load nothing later on; else modules outside it are loaded when they are wanted.

    Raises:
        NotBundledError: A module does what the bundler does not know.
    """
    parts = [
        _wrapped(name, squeeze_module((folder / f"{name}.mjs").read_bytes()).decode(), modules, alone=alone)
        for name in modules
    ]
    return "\n" + "".join(parts)


def _wrapped(name: str, code: str, modules: Sequence[str], *, alone: bool) -> str:
    known = modules[: modules.index(name)]
    exports = _EXPORT.findall(code)
    body = _EXPORT.sub("", code)
    if {name for _, name in _IMPORT.findall(body)} - set(known):
        raise NotBundledError(f"{name}.mjs imports what comes later")
    body = _IMPORT.sub(lambda found: f"const {{{_renamed(found[1])}}} = m_{found[2]};\n", body)
    body = _LAZY.sub(lambda found: _lazily(found, modules), body)
    unknown = r"^(?:import|export)\b|\bimport\(" if alone else r"^(?:import|export)\b(?!\()"
    if re.search(unknown, body, re.MULTILINE) or "</script" in body:
        raise NotBundledError(f"{name}.mjs imports or exports in an unknown way")
    return f"const m_{name} = (() => {{\n{body}return {{ {', '.join(exports)} }};\n}})();\n"


def _lazily(found: re.Match[str], modules: Sequence[str]) -> str:
    return f"Promise.resolve().then(() => m_{found[1]})" if found[1] in modules else found[0]


def _renamed(names: str) -> str:
    return re.sub(r"(\w+) as (\w+)", r"\1: \2", names)
