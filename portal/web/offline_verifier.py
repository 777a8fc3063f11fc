"""The offline verifier: the verifier's modules, words and style in one file that works from a disk.

Built from the very modules the portal serves, so there is no second verifier. The same sources always give the
same bytes: the page knows no company, reader or day. Its policy lets it run its own script and style only, which
it names by their hashes; the script then forbids itself every connection but the endpoint its reader names.
"""

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from flask import Flask, render_template

from portal.web import i18n
from portal.web.assets import STATIC, excerpt, squeeze, squeeze_module
from portal.web.verifier_words import words

MODULES = ("status", "verify", "curves", "stateproof", "pack", "verifier")
"""In the order of their imports: each needs only those before it. The last one runs the page."""

_SWITCH = (
    'html[lang="en"] [lang="zh-CN"]:not(.zh){display:none}'
    'html[lang="en"] [lang="en"][lang][lang][lang]{font:inherit;color:inherit;margin-inline-start:0}'
)
"""The reader who wants English alone: Chinese is hidden, English takes its place."""

_IMPORT = re.compile(r"^import \{([^}]*)\} from '\./(\w+)\.mjs';\n", re.MULTILINE)
_LAZY = re.compile(r"import\('\./(\w+)\.mjs'\)")
_EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function\*?) (\w+))", re.MULTILINE)


class NotBundledError(RuntimeError):
    """A module imports or exports in a way the bundler does not know, or one that comes later."""


@cache
def page() -> bytes:
    """Return the whole page."""
    app = Flask("portal.web", template_folder="templates", static_folder=None)
    i18n.init_app(app)
    sheet = squeeze(excerpt((STATIC / "tally.css").read_bytes())).decode() + _SWITCH
    script = bundle(STATIC)
    # Chinese stands beside English in every text; the page's own switch hides one of them.
    with app.test_request_context("/?lang=zh"):
        html = render_template(
            "public/verifier.html",
            sheet=sheet,
            script=script,
            style_hash=hash_source(sheet),
            script_hash=hash_source(script),
            words=json.dumps(words(), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        )
    return html.encode()


def digest() -> str:
    """Return the page's SHA-256 in hexadecimal, as ``sha256sum`` prints it."""
    return hashlib.sha256(page()).hexdigest()


def hash_source(text: str) -> str:
    """Return a source of a content security policy that allows exactly this inline text (CSP 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def bundle(folder: Path) -> str:
    """Return the modules as one script: each a function that returns its exports, in order.

    Raises:
        NotBundledError: A module does what the bundler does not know.
    """
    parts = [_wrapped(name, squeeze_module((folder / f"{name}.mjs").read_bytes()).decode()) for name in MODULES]
    return "\n" + "".join(parts)


def _wrapped(name: str, code: str) -> str:
    known = MODULES[: MODULES.index(name)]
    exports = _EXPORT.findall(code)
    body = _EXPORT.sub("", code)
    if {name for _, name in _IMPORT.findall(body)} - set(known):
        raise NotBundledError(f"{name}.mjs imports what comes later")
    body = _IMPORT.sub(lambda found: f"const {{{_renamed(found[1])}}} = m_{found[2]};\n", body)
    body = _LAZY.sub(lambda found: f"Promise.resolve().then(() => m_{found[1]})", body)
    if re.search(r"^(?:import|export)\b|\bimport\(", body, re.MULTILINE) or "</script" in body:
        raise NotBundledError(f"{name}.mjs imports or exports in an unknown way")
    return f"const m_{name} = (() => {{\n{body}return {{ {', '.join(exports)} }};\n}})();\n"


def _renamed(names: str) -> str:
    return re.sub(r"(\w+) as (\w+)", r"\1: \2", names)
