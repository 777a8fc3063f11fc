"""Security headers of every answer: a strict content security policy and its companions.

No page has an inline script or style, so the policy needs no nonce. A page that must speak to another origin (the
passport page to the chain it verifies against) widens one directive for its own answer with ``allow``.
"""

from flask import Flask, Response, g, request

POLICY: dict[str, tuple[str, ...]] = {
    "default-src": ("'self'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "object-src": ("'none'",),
    "frame-ancestors": ("'none'",),
    "base-uri": ("'none'",),
    "form-action": ("'self'",),
}

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PRIVATE = "no-store"
_HSTS = "max-age=31536000"


def allow(directive: str, *sources: str) -> None:
    """Add sources to one directive of this answer's policy, for example the chain's origin to ``connect-src``.

    Raises:
        KeyError: The directive is none of ``POLICY``.
        ValueError: A source holds white space, a semicolon or a comma and could smuggle in another directive.
    """
    for source in sources:
        if not source or any(ch.isspace() or ch in ";," for ch in source):
            raise ValueError(f"{source!r} is not one CSP source.")
    extra: dict[str, tuple[str, ...]] = g.setdefault("csp_extra", {})
    extra[directive] = (*extra.get(directive, ()), *sources)
    _ = POLICY[directive]


def policy(extra: dict[str, tuple[str, ...]]) -> str:
    """Write the policy as a header's text, with ``extra`` sources added."""
    return "; ".join(
        " ".join((directive, *sources, *extra.get(directive, ()))) for directive, sources in POLICY.items()
    )


def plain(*, secure: bool) -> list[tuple[str, str]]:
    """Return the headers of an answer that widens no directive.

    Args:
        secure: The request came over TLS.
    """
    fixed = [("Content-Security-Policy", policy({})), *_ALWAYS.items()]
    return [*fixed, ("Strict-Transport-Security", _HSTS)] if secure else fixed


def headers(answer: Response) -> Response:
    """Set the headers; what a view has set itself is kept."""
    answer.headers.setdefault("Content-Security-Policy", policy(g.get("csp_extra", {})))
    for name, value in _ALWAYS.items():
        answer.headers.setdefault(name, value)
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", _HSTS)
    if "Cache-Control" not in answer.headers:
        signed_in = bool(g.get("who"))
        answer.headers["Cache-Control"] = _PRIVATE if signed_in else "no-cache"
    return answer


def init_app(app: Flask) -> None:
    """Set the headers on every answer of ``app``."""
    app.after_request(headers)
