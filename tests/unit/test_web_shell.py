"""The shell around pages, error pages inside it, and the style guide that shows everything."""

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask, abort, g
from werkzeug.exceptions import Locked, Unauthorized

from portal.kernel.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    PortalError,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from portal.kernel.quantity import NotAQuantity
from portal.web import errors, shell
from support.front import front_app

BUYER = shell.Who(
    name="Leila Okafor",
    role="customer",
    firm="Meridian Stores",
    tier="key",
    agreement="AG-0112",
    agreement_until=date(2027, 3, 31),
)


class BareError(PortalError):
    code = "made_up"


class Strange(NotFound):
    code = "strange_value"


def page(app: Flask, who: shell.Who | None, path: str = "/inventory") -> str:
    with app.test_request_context(f"{path}?lang=en"):
        g.who = who
        return app.jinja_env.get_template("shell.html").render(get_flashed_messages=lambda **_: [])


def served(*paths: str, **settings: Any) -> Flask:
    app = front_app(**settings)
    for path in paths:
        app.add_url_rule(path, path, lambda: "x")
    return app


def links(html: str) -> list[tuple[str, str]]:
    side = html.split('<nav class="side"', 1)[1].split("</nav>", 1)[0]
    return re.findall(r'<a href="([^"]+)"[^>]*><span>([^<]+)</span>', side)


def test_the_side_list_holds_only_what_is_served_and_open_to_the_tier() -> None:
    app = served("/inventory", "/orders", "/board", "/transit")
    html = page(app, BUYER)
    assert links(html) == [
        ("/inventory", "Availability"),
        ("/orders", "Orders"),
        ("/transit", "In transit"),
    ]
    strategic = shell.Who(name="Mei", role="customer", tier="strategic")
    assert ("/board", "Board") in links(page(app, strategic))


def test_the_page_one_is_on_is_marked_once_also_below_it() -> None:
    app = served("/ops", "/ops/import")
    html = page(app, shell.Who(name="Z", role="operator"), "/ops/import/7")
    assert re.findall(r'href="([^"]+)" aria-current="page"', html) == ["/ops/import"]
    assert re.findall(r'href="([^"]+)" aria-current="page"', page(app, BUYER)) == []


def test_counts_and_notices_stand_beside_their_links() -> None:
    app = served("/inventory", "/orders", "/notices")
    app.extensions["tally_shell"].counts = lambda who: {"/orders": len(who.name)}
    app.extensions["tally_shell"].notices = lambda _who: 2
    html = page(app, BUYER)
    assert "<span>Orders</span><span>12</span>" in html
    assert 'aria-label="2 notices"' in html


def test_the_counts_are_asked_for_once_a_page() -> None:
    app = served("/inventory", "/notices")
    asked: list[str] = []

    def counts(_who: shell.Who) -> dict[str, int]:
        asked.append("counts")
        return {}

    def notices(_who: shell.Who) -> int:
        asked.append("notices")
        return 0

    app.extensions["tally_shell"].counts = counts
    app.extensions["tally_shell"].notices = notices
    page(app, BUYER)
    assert sorted(asked) == ["counts", "notices"]


def test_a_buyer_reads_the_agreement_below_the_list() -> None:
    html = page(served("/inventory"), BUYER)
    assert "<b>Key customer</b>" in html
    assert "Agreement AG-0112" in html
    assert "valid to 31 Mar 2027" in html
    assert "<b>Operator</b>" in page(served(), shell.Who(name="Z", role="operator"))


def test_a_stranger_sees_no_list_and_no_sign_out() -> None:
    html = page(served("/inventory"), None)
    assert links(html) == []
    assert "/logout" not in html


def test_the_brand_leads_to_ones_first_page() -> None:
    assert '<a class="brand" href="/inventory">' in page(served("/inventory"), BUYER)
    assert '<a class="brand" href="/">' in page(served(), None)


def test_demo_data_and_previews_are_announced() -> None:
    app = served()
    hooks = app.extensions["tally_shell"]
    hooks.company = lambda: shell.Company(name_zh="港岭商贸", name_en="Harbour", is_demo=True)
    hooks.view_as = lambda: "Meridian"
    html = page(app, BUYER)
    assert '<b lang="zh-CN">演示数据</b><b lang="en">demo data</b>' in html
    assert "You see what Meridian sees" in html
    assert '<span class="host">Harbour</span>' in html
    plain = page(served(), BUYER)
    assert "演示数据" not in plain
    assert 'class="host"' not in plain


def test_the_companys_name_follows_the_language() -> None:
    app = front_app()
    both = shell.Company(name_zh="港岭商贸", name_en="Harbour")
    with app.test_request_context("/?lang=zh"):
        assert both.name == "港岭商贸"
        assert shell.Company(name_en="Harbour").name == "Harbour"


def test_no_page_has_an_inline_style_or_script() -> None:
    client = front_app().test_client()
    for path in ("/styleguide", "/styleguide/public", "/styleguide/phone"):
        html = client.get(path).get_data(as_text=True)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", html)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/styleguide", "/styleguide/public", "/styleguide/phone"])
def test_the_style_guide_shows_every_component(path: str, language: str) -> None:
    answer = front_app().test_client().get(f"{path}?lang={language}")
    assert answer.status_code == 200
    assert 'class="top"' in answer.get_data(as_text=True)


def test_the_style_guide_can_be_seen_as_a_stranger() -> None:
    html = front_app().test_client().get("/styleguide?as=stranger").get_data(as_text=True)
    assert "Leila Okafor" not in html


def test_the_style_guide_is_not_there_in_production() -> None:
    assert front_app(testing=False).test_client().get("/styleguide").status_code == 404
    assert front_app(testing=False, debug=True).test_client().get("/styleguide").status_code == 200


# Error pages


@pytest.fixture(scope="module")
def app() -> Flask:
    made = front_app(testing=False)
    raised: dict[str, Exception] = {
        "gone": NotFound("Lot L-7 is unknown.", lot="L-7"),
        "tier": Forbidden("Not yours."),
        "late": Conflict("Answered."),
        "rule": Refused("No."),
        "input": NotAQuantity("'12x' is not a number.", text="12x"),
        "torn": Malformed("Torn."),
        "chain": Unavailable("No chain."),
        "often": TooMany("Slow down."),
        "stranger": Unauthenticated("Who?"),
        "bare": BareError("Nobody knows."),
        "strange": Strange("Odd %."),
        "crash": RuntimeError("secret detail"),
        "own": Locked(response=made.response_class("own words", 423)),
    }

    @made.route("/raise/<name>", methods=["GET", "POST"])
    def throw(name: str) -> str:
        raise raised[name]

    @made.route("/status/<int:code>", methods=["GET", "POST"])
    def status(code: int) -> str:
        if code == 401:
            raise Unauthorized
        abort(code)

    return made


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("gone", 404, "What you asked for does not exist, or is not yours to see."),
        ("tier", 403, "Your role or agreement does not allow this."),
        ("late", 409, "Someone has answered or changed this before you."),
        ("rule", 422, "A rule of the trade said no."),
        ("input", 422, "“12x” is not a number."),
        ("torn", 422, "The input cannot be read."),
        ("chain", 503, "A part we lean on does not answer just now."),
        ("often", 429, "Asked too often. Try again later."),
        ("bare", 500, "Something broke on our side"),
        ("strange", 404, "What you asked for does not exist, or is not yours to see."),
    ],
)
def test_each_refusal_has_its_status_and_its_sentence(app: Flask, name: str, status: int, sentence: str) -> None:
    answer = app.test_client().get(f"/raise/{name}?lang=en")
    html = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert f"<b>{sentence}</b>" in html
    assert answer.headers.get("Retry-After") == {503: "15", 429: "60"}.get(status)


def test_a_refusal_told_outside_a_request_is_noted_nowhere(app: Flask) -> None:
    with app.app_context():
        errors.note(NotAQuantity("'12x' is not a number."))
        assert errors.refusals() == []


def test_a_sentence_whose_values_do_not_fit_falls_back_to_the_refusals_own(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert errors.sentence_of(NotAQuantity("'12x' is not a number.")) == "'12x' is not a number."


@pytest.mark.parametrize(
    ("code", "title"),
    [
        (400, "请求无法识别"),
        (403, "看不到这里"),
        (405, "不能这样操作"),
        (413, "太大了"),
        (415, "无法读取"),
        (418, "请求无法识别"),
        (429, "次数太多"),
        (500, "出了故障"),
        (502, "出了故障"),
        (503, "没有响应"),
    ],
)
def test_http_errors_are_told_in_chinese(app: Flask, code: int, title: str) -> None:
    answer = app.test_client().get(f"/status/{code}?lang=zh")
    html = answer.get_data(as_text=True)
    assert answer.status_code == code
    assert title in html
    assert re.search(r'<span class="mono">[0-9a-f-]{36}</span>', html)


def test_a_crash_shows_an_id_and_nothing_of_the_cause(app: Flask) -> None:
    answer = app.test_client().get("/raise/crash?lang=en")
    html = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "Something broke on our side" in html
    assert "secret detail" not in html
    assert "Traceback" not in html


def test_an_error_page_stands_when_the_company_cannot_be_read() -> None:
    made = front_app(testing=False)

    def gone() -> shell.Company:
        raise ConnectionError

    made.extensions["tally_shell"].company = gone
    answer = made.test_client().get("/nothing?lang=en")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.get_data(as_text=True)
    with made.test_request_context("/"), pytest.raises(ConnectionError):
        shell.company()


def test_a_stranger_is_sent_to_sign_in_and_back(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/status/401?a=1")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/login?next=%2Fstatus%2F401%3Fa%3D1",
    )
    assert client.post("/status/401").status_code == 401
    assert client.get("/raise/stranger").headers["Location"] == "/login?next=%2Fraise%2Fstranger"
    assert client.post("/raise/stranger").status_code == 401
    assert client.get("/raise/stranger", headers={"HX-Request": "true"}).status_code == 401
    asked = client.get("/status/401", headers={"Accept": "application/json"})
    assert (asked.status_code, asked.get_json()["code"]) == (401, "http_401")


def test_a_program_gets_problem_json(app: Flask) -> None:
    answer = app.test_client().get("/raise/input?lang=zh", headers={"Accept": "application/json"})
    body = answer.get_json()
    assert answer.content_type == "application/problem+json"
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", body.pop("instance"))
    assert body == {
        "type": "about:blank",
        "title": "这样做不成",
        "status": 422,
        "detail": "“12x”不是数字。",
        "code": "not_a_quantity",
        "values": {"text": "12x"},
    }
    below_api = app.test_client().get("/api/nothing?lang=en").get_json()
    assert below_api["detail"].startswith("The address may be mistyped")


def test_htmx_gets_a_fragment_not_a_page(app: Flask) -> None:
    html = app.test_client().get("/raise/late?lang=en", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert html.startswith('<div class="tell bad"')
    assert "<html" not in html


def test_the_id_of_the_log_is_the_one_quoted(app: Flask) -> None:
    with app.test_request_context("/"):
        g.request_id = "r-1"
        assert errors.quote_id() == "r-1"


def test_a_method_that_is_not_allowed_names_those_that_are(app: Flask) -> None:
    answer = app.test_client().delete("/status/400")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_response_raised_as_an_error_passes_through(app: Flask) -> None:
    answer = app.test_client().get("/raise/own")
    assert (answer.status_code, answer.data) == (423, b"own words")


def test_the_style_guide_shows_the_error_pages() -> None:
    client = front_app().test_client()
    assert client.get("/styleguide/error/422").status_code == 422
    assert client.get("/styleguide/error/404").status_code == 404
