"""The offline verifier: the verifier's modules, words and style in one file that works from a disk.

Built from the very modules the portal serves, so there is no second verifier. The same sources always give the
same bytes: the page knows no company, reader or day. Its policy lets it run its own script and style only, which
it names by their hashes; the script then forbids itself every connection but the endpoint its reader names.
"""

import base64
import hashlib
import json
from functools import cache

from flask import Flask, render_template

from portal.passports.contexts import pinned_files
from portal.web import i18n
from portal.web.assets import STATIC, TEMPLATES
from portal.web.bundling import bundle, excerpt, names_in, squeeze
from portal.web.verifier_words import words

MODULES = ("status", "verify", "curves", "stateproof", "pack", "linkeddata", "verifier")
"""In the order of their imports: each needs only those before it. The last one runs the page."""

LIBRARY = "vendor/jsonld-9.0.0/jsonld.esm.min.js"
"""What reads linked data; a classic script, which the page's own finds as ``jsonld``."""

_SWITCH = (
    'html[lang="en"] [lang="zh-CN"]:not(.zh){display:none}'
    'html[lang="en"] [lang="en"][lang][lang][lang]{font:inherit;color:inherit;margin-inline-start:0}'
)
"""The reader who wants English alone: Chinese is hidden, English takes its place."""

_PARTS = ("public/verifier.html", "components/verdict.html", "components/brand.html", "components/icons.html")


@cache
def page() -> bytes:
    """Return the whole page."""
    app = Flask("portal.web", template_folder="templates", static_folder=None)
    i18n.init_app(app)
    sheet = style() + _SWITCH
    script = bundle(STATIC, MODULES, alone=True)
    library = (STATIC / LIBRARY).read_text(encoding="utf-8")
    # Chinese stands beside English in every text; the page's own switch hides one of them.
    with app.test_request_context("/?lang=zh"):
        html = render_template(
            "public/verifier.html",
            sheet=sheet,
            script=script,
            style_hash=hash_source(sheet),
            script_hash=hash_source(script),
            library=library,
            library_hash=hash_source(library),
            words=_in_page(words()),
            contexts=_in_page({name: data.decode() for name, data in pinned_files().items()}),
        )
    return html.encode()


def _in_page(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def style() -> str:
    """Return the rules of the sheet that the page can use."""
    names = names_in([*(TEMPLATES / part for part in _PARTS), STATIC / "verifier.mjs"])
    return excerpt(squeeze((STATIC / "tally.css").read_bytes()).decode(), names)


def digest() -> str:
    """Return the page's SHA-256 in hexadecimal, as ``sha256sum`` prints it."""
    return hashlib.sha256(page()).hexdigest()


def hash_source(text: str) -> str:
    """Return a source of a content security policy that allows exactly this inline text (CSP 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
