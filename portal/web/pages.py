"""Lists by numbered pages: which page the address asks for, and the links to the pages beside it."""

from urllib.parse import urlencode

from flask import request
from flask_babel import gettext

_DIGITS = 7


def page_number() -> int:
    """Return the page the address asks for; 1 where it asks for none that can be read."""
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 1


def page_links(page: int, pages: int) -> list[tuple[str, str]]:
    """Return the links to the previous and the next page of this list, where there are any.

    Args:
        page: Number of this page from 1.
        pages: Number of pages.
    """
    links = []
    if page > 1:
        links.append((gettext("Previous page"), _at(page - 1)))
    if page < pages:
        links.append((gettext("Next page"), _at(page + 1)))
    return links


def _at(page: int) -> str:
    asked = {name: value for name, value in request.args.items() if name != "page"}
    if page > 1:
        asked["page"] = str(page)
    return request.path + (f"?{urlencode(asked)}" if asked else "")
