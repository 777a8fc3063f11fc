"""Which language a reader gets, how it is switched, and texts that stand in both at once."""

import pytest
from flask import Flask
from werkzeug.datastructures import LanguageAccept

from portal.web import i18n, shell
from support.front import front_app


@pytest.fixture(scope="module")
def app() -> Flask:
    made = front_app()

    @made.get("/words")
    def words() -> str:
        return f"{i18n.html_lang()} {i18n.gettext('On hand')}"

    return made


def asked(app: Flask, path: str = "/words", **headers: str) -> str:
    return app.test_client().get(path, headers=headers).get_data(as_text=True)


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("zh-CN", "zh-CN 在库"),
        ("zh-Hans-CN", "zh-CN 在库"),
        ("zh-TW", "zh-CN 在库"),
        ("zh", "zh-CN 在库"),
        ("en-US", "en On hand"),
        ("en", "en On hand"),
        ("de", "zh-CN 在库"),
        ("de, en;q=0.8, zh;q=0.9", "zh-CN 在库"),
        ("de, en;q=0.8", "en On hand"),
        ("en;q=0, de", "zh-CN 在库"),
        ("*", "zh-CN 在库"),
    ],
)
def test_the_browsers_language_is_respected(app: Flask, header: str, shown: str) -> None:
    assert asked(app, **{"Accept-Language": header}) == shown


def test_a_company_may_default_to_english() -> None:
    app = front_app(default_language="en_US")
    with app.test_request_context("/", headers={"Accept-Language": "de"}):
        assert i18n.language() == "en"


def test_a_default_we_do_not_have_becomes_chinese() -> None:
    app = front_app(default_language="fr")
    with app.app_context():
        assert i18n.language() == "zh"


def test_the_address_wins_over_the_setting_the_cookie_and_the_header() -> None:
    header = LanguageAccept([("zh", 1)])
    known = {"header": header, "default": "zh"}
    assert i18n.choose(query="en", user="zh", cookie="zh", **known) == "en"
    assert i18n.choose(query=None, user="en", cookie="zh", **known) == "en"
    assert i18n.choose(query="fr", user=None, cookie="en-GB", **known) == "en"
    assert i18n.choose(query=None, user=None, cookie=None, **known) == "zh"


def test_a_signed_in_persons_own_setting_is_used() -> None:
    app = front_app()
    with app.test_request_context("/", headers={"Accept-Language": "zh"}):
        i18n.g.who = shell.Who(name="L", role="customer", language="en")
        assert i18n.language() == "en"


def test_the_language_of_a_request_is_chosen_once(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert i18n.language() == "en"
        i18n.g.who = shell.Who(name="L", role="customer", language="zh")
        assert i18n.language() == "en"


@pytest.mark.parametrize("method", ["get", "post"])
def test_switching_sets_a_cookie_tells_the_setting_and_keeps_the_page(method: str) -> None:
    app = front_app()
    remembered: list[str] = []
    app.extensions["tally_shell"].remember_language = remembered.append
    client = app.test_client()
    answer = getattr(client, method)("/lang?to=en&next=/inventory?q=tea")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/inventory?q=tea")
    assert remembered == ["en"]
    cookie = client.get_cookie("tally_lang")
    assert cookie is not None
    assert (cookie.value, cookie.same_site, cookie.http_only) == ("en", "Lax", True)


def test_switching_to_a_language_we_do_not_have_keeps_the_one_shown(app: Flask) -> None:
    client = app.test_client()
    client.get("/lang?to=fr", headers={"Accept-Language": "en"})
    cookie = client.get_cookie("tally_lang")
    assert cookie is not None
    assert cookie.value == "en"


@pytest.mark.parametrize(
    ("target", "safe"),
    [
        ("/orders?page=2#h=abc", "/orders?page=2#h=abc"),
        (None, "/"),
        ("", "/"),
        ("orders", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
    ],
)
def test_only_paths_of_this_site_are_returned_to(target: str | None, safe: str) -> None:
    assert i18n.safe_path(target) == safe


def test_the_switch_keeps_everything_but_the_language(app: Flask) -> None:
    with app.test_request_context("/orders?lang=zh&page=2&tag=a&tag=b"):
        assert i18n.switch_to("en") == ("/lang?to=en&next=%2Forders%3Fpage%3D2%26tag%3Da%26tag%3Db")
    with app.test_request_context("/orders"):
        assert i18n.switch_to("zh") == "/lang?to=zh&next=%2Forders"


def test_both_tongues_stand_side_by_side_for_a_chinese_reader(app: Flask) -> None:
    with app.test_request_context("/?lang=zh"):
        assert i18n.both("On hand") == ('<span lang="zh-CN">在库</span> <span lang="en">On hand</span>')
        assert i18n.bi("Agreement %(number)s", number="<1>") == (
            '<span class="bi" lang="zh-CN">协议 &lt;1&gt;</span>'
            '<span class="bi" lang="en">Agreement &lt;1&gt;</span>'
        )
        assert i18n.both("FSC 2026") == "FSC 2026"
    with app.test_request_context("/?lang=en"):
        assert i18n.bi("On hand") == "On hand"


def test_an_answer_says_its_language_and_that_it_depends_on_the_reader(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/words", headers={"Accept-Language": "zh-TW"}).headers
    assert page["Content-Language"] == "zh-CN"
    assert {v.strip() for v in page["Vary"].split(",")} >= {"Accept-Language", "Cookie"}
    assert "Content-Language" not in client.get("/static/mark.svg").headers


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ZH_hans", "zh"), ("en-GB", "en"), ("de", None), ("", None), (None, None), ("zho", None)],
)
def test_a_tag_is_reduced_to_its_first_part(tag: str | None, language: str | None) -> None:
    assert i18n.known(tag) == language
