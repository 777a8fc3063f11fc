"""Headers of every answer."""

import pytest
from flask import Flask, Response, g

from portal.web import security

STRICT = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'"
)


@pytest.fixture
def app() -> Flask:
    made = Flask("security", static_folder=None)
    security.init_app(made)

    @made.get("/")
    def page() -> str:
        return "x"

    @made.get("/mine")
    def mine() -> str:
        g.who = object()
        return "x"

    @made.get("/chain")
    def chain() -> str:
        security.allow("connect-src", "http://127.0.0.1:8545")
        security.allow("connect-src", "https://rpc.example")
        return "x"

    @made.get("/own")
    def own() -> Response:
        return Response("x", headers={"Cache-Control": "max-age=60", "Content-Security-Policy": "sandbox"})

    return made


def test_the_policy_is_strict_and_its_companions_are_there(app: Flask) -> None:
    headers = app.test_client().get("/").headers
    assert headers["Content-Security-Policy"] == STRICT
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"
    assert "Strict-Transport-Security" not in headers


def test_an_error_page_has_the_headers_too(app: Flask) -> None:
    assert app.test_client().get("/nothing").headers["Content-Security-Policy"] == STRICT


def test_a_signed_in_page_is_never_stored(app: Flask) -> None:
    assert app.test_client().get("/mine").headers["Cache-Control"] == "no-store"


def test_https_is_remembered_once_it_was_used(app: Flask) -> None:
    headers = app.test_client().get("/", base_url="https://portal.example").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_one_answer_may_open_one_directive(app: Flask) -> None:
    client = app.test_client()
    opened = client.get("/chain").headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:8545 https://rpc.example;" in opened
    assert client.get("/").headers["Content-Security-Policy"] == STRICT


def test_what_a_view_has_set_is_kept(app: Flask) -> None:
    headers = app.test_client().get("/own").headers
    assert headers["Cache-Control"] == "max-age=60"
    assert headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize("source", ["", "a b", "x; script-src *", "a,b"])
def test_a_source_cannot_smuggle_in_another_directive(app: Flask, source: str) -> None:
    with app.test_request_context("/"), pytest.raises(ValueError, match="is not one CSP source"):
        security.allow("connect-src", source)


def test_only_directives_of_the_policy_can_be_opened(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(KeyError):
        security.allow("worker-src", "blob:")
