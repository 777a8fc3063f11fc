"""Languages: which one a reader gets, how it is switched, and texts that stand in both at once.

The catalogue folder is named ``zh``: ``best_match`` would answer "zh" to a browser's ``zh-CN`` while a
folder named ``zh_Hans_CN`` holds the texts, and the reader would get English. So every ``zh-*`` and
``en-*`` is reduced to its first part here, and nothing else decides. Order: ``?lang`` → the user's
setting → the cookie → ``Accept-Language`` → the company's default.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from babel import Locale
from flask import Blueprint, Flask, Response, current_app, g, has_request_context, redirect, request
from flask_babel import Babel, gettext
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept

LANGUAGES = ("zh", "en")
"""Catalogues we have, best first. English is the language of the message ids."""

TAGS = {"zh": "zh-CN", "en": "en"}
"""What ``<html lang>`` says; without the region Han glyphs may take another country's form."""

NAMES = {"zh": "中文", "en": "English"}
"""Each language in its own words."""

COOKIE = "tally_lang"
_YEAR_S = 365 * 24 * 3600
_TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"

blueprint = Blueprint("i18n", __name__)


def known(tag: str | None) -> str | None:
    """Return our language for a tag such as ``zh-Hans-CN``, ``zh_TW`` or ``en-US``; ``None`` when we have none."""
    first = (tag or "").replace("_", "-").split("-", 1)[0].strip().lower()
    return first if first in LANGUAGES else None


def from_header(accepted: LanguageAccept) -> str | None:
    """Return the reader's first language that we have, in the order of the header's weights."""
    for tag, weight in accepted:
        language = known(tag)
        if language and weight > 0:
            return language
    return None


def choose(
    *, query: str | None, user: str | None, cookie: str | None, header: LanguageAccept, default: str
) -> str:
    """Choose a language from all that is known about the reader.

    Args:
        query: ``?lang`` of this address.
        user: The signed-in user's own setting.
        cookie: What was last switched to in this browser.
        header: The browser's ``Accept-Language``.
        default: The company's default, one of ``LANGUAGES``.
    """
    return known(query) or known(user) or known(cookie) or from_header(header) or default


def language() -> str:
    """Return the language of this request (``zh`` or ``en``); outside a request the company's default."""
    settings: _Settings = current_app.extensions["tally_i18n"]
    if not has_request_context():
        return settings.default
    if "language" not in g:
        g.language = choose(
            query=request.args.get("lang"),
            user=settings.user_language(),
            cookie=request.cookies.get(COOKIE),
            header=request.accept_languages,
            default=settings.default,
        )
    return str(g.language)


def html_lang() -> str:
    """Return the value of ``<html lang>`` for this request."""
    return TAGS[language()]


def pair(msgid: str, **values: object) -> tuple[str, str]:
    """Return a text as (reader's language, English); both are the same for an English reader."""
    return str(gettext(msgid, **values)), (msgid % values if values else msgid)


def both(msgid: str, **values: object) -> Markup:
    """Write a text inline, Chinese then English, each with its own ``lang``; English alone for English."""
    return _two('<span lang="zh-CN">{}</span> <span lang="en">{}</span>', msgid, values)


def bi(msgid: str, **values: object) -> Markup:
    """Write a text as two blocks, Chinese over smaller English; one block for an English reader."""
    two = '<span class="bi" lang="zh-CN">{}</span><span class="bi" lang="en">{}</span>'
    return _two(two, msgid, values)


def _two(shape: str, msgid: str, values: dict[str, object]) -> Markup:
    here, english = pair(msgid, **values)
    if language() == "en" or here == english:
        return escape(here)
    return Markup(shape).format(here, english)  # noqa: S704 - the shape is ours, format escapes the texts


def safe_path(target: str | None) -> str:
    """Return ``target`` if it is a path on this site, else ``/``: a switch must not send people elsewhere."""
    text = target or "/"
    parts = urlsplit(text)
    plain = all(ch.isprintable() and ch != "\\" for ch in text)
    if not plain or parts.scheme or parts.netloc or text[:1] != "/" or text[:2] == "//":
        return "/"
    return text


def switch_to(code: str) -> str:
    """Return the address that shows this page in another language."""
    kept = [(k, v) for k, v in request.args.items(multi=True) if k != "lang"]
    here = request.path + (f"?{urlencode(kept)}" if kept else "")
    return "/lang?" + urlencode({"to": code, "next": here})


@blueprint.route("/lang", methods=["GET", "POST"])
def switch() -> Response:
    """Remember a language in a cookie (and in the user's setting) and go back to the page one came from."""
    code = known(request.values.get("to")) or language()
    current_app.extensions["tally_i18n"].remember(code)
    answer = redirect(safe_path(request.values.get("next")), code=303)
    answer.set_cookie(COOKIE, code, max_age=_YEAR_S, samesite="Lax", httponly=True, secure=request.is_secure)
    return answer  # type: ignore[return-value]


def label(answer: Response) -> Response:
    """Say which language an answer is in, and that it depends on who asked."""
    if "language" in g:
        answer.headers.setdefault("Content-Language", html_lang())
        answer.vary.update(("Accept-Language", "Cookie"))
    return answer


class _Settings:
    def __init__(
        self,
        default: str,
        user_language: Callable[[], str | None],
        remember: Callable[[str], None],
    ) -> None:
        self.default = known(default) or LANGUAGES[0]
        self.user_language = user_language
        self.remember = remember


def init_app(
    app: Flask,
    *,
    default_language: str = "zh",
    time_zone: str = "Asia/Shanghai",
    user_language: Callable[[], str | None] = lambda: None,
    remember: Callable[[str], None] = lambda _code: None,
) -> None:
    """Set up translations, the language choice and ``/lang``.

    Args:
        app: The application.
        default_language: The company's language, for readers whose browser names none we have.
        time_zone: IANA zone in which dates are shown.
        user_language: Returns the signed-in user's own setting, or ``None``.
        remember: Stores the setting of a signed-in user; called by ``/lang``.
    """
    app.extensions["tally_i18n"] = _Settings(default_language, user_language, remember)
    Babel(
        app,
        default_locale="en",
        default_timezone=time_zone,
        default_translation_directories=str(_TRANSLATIONS),
        locale_selector=lambda: Locale.parse(language()),
    )
    app.jinja_env.globals.update(
        language=language,
        html_lang=html_lang,
        switch_to=switch_to,
        both=both,
        bi=bi,
        LANGUAGES=LANGUAGES,
        LANGUAGE_NAMES=NAMES,
        LANGUAGE_TAGS=TAGS,
    )
    app.register_blueprint(blueprint)
    app.after_request(label)
