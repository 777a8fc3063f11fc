"""The scan page: no account, camera from a button, photos, typed codes, a list of verdicts.

Reading pictures and judging passports happen in the visitor's own browser (``portal/static/scan.mjs``); nothing of
it is sent here. The reader of codes is WebAssembly, so this page alone allows ``wasm-unsafe-eval``.
"""

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from portal.web import security
from portal.web.context import services
from portal.web.passport_words import in_script
from portal.web.scan_words import scan_words

blueprint = Blueprint("scan", __name__)


@blueprint.get("/scan")
def scan() -> ResponseReturnValue:
    """Show the page."""
    security.allow("script-src", "'wasm-unsafe-eval'")
    settings = services().settings
    return render_template(
        "home/scan.html", origin=settings.origin, zone=settings.time_zone, words=in_script(scan_words())
    )


def register(app: Flask) -> None:
    """Hang the page into ``app``."""
    app.register_blueprint(blueprint)
