"""Static files with a hash in the address, and compression."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask, Response

from portal.web import assets

LONG = "ledger " * 200


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "tally.css").write_text("a{color:red}\n" * 100, encoding="utf-8")
    (tmp_path / "vendor" / "x.mjs").write_text("1", encoding="utf-8")
    (tmp_path / "seal.bin").write_bytes(b"\x00\x01")
    made = Flask("assets", static_folder=None)
    assets.init_app(made, folder=tmp_path)

    @made.get("/long")
    def long() -> Response:
        answer = Response(LONG, content_type="text/html; charset=utf-8")
        answer.set_etag("abc")
        return answer

    @made.get("/plain")
    def plain() -> Response:
        return Response(LONG, content_type="text/html")

    @made.get("/short")
    def short() -> str:
        return "short"

    @made.get("/stream")
    def stream() -> Response:
        return Response((part for part in (LONG, LONG)), content_type="text/event-stream")

    @made.get("/picture")
    def picture() -> Response:
        return Response(LONG, content_type="image/png")

    @made.get("/bare")
    def bare() -> Response:
        answer = Response(LONG)
        del answer.headers["Content-Type"]
        return answer

    return made


def version(app: Flask) -> str:
    return str(app.extensions["tally_assets"].version)


def test_a_hashed_address_may_be_cached_for_ever(app: Flask) -> None:
    answer = app.test_client().get(f"/static/{version(app)}/tally.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.data == b"a{color:red}" * 100


def test_a_plain_address_is_checked_again_each_time(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/static/tally.css")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/tally.css", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_yesterdays_hash_gets_todays_file_but_not_for_ever(app: Flask) -> None:
    answer = app.test_client().get("/static/0123456789ab/vendor/x.mjs")
    assert (answer.status_code, answer.data) == (200, b"1")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("name", ["nothing.css", "0123456789ab/nothing.css", "../assets.py", "short/x"])
def test_what_is_not_there_is_not_found(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/static/{name}").status_code == 404


def test_a_static_text_is_sent_compressed_to_who_takes_it(app: Flask) -> None:
    answer = app.test_client().get(f"/static/{version(app)}/tally.css", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.data) == b"a{color:red}" * 100


def test_a_small_or_binary_file_is_sent_as_it_is(app: Flask) -> None:
    client = app.test_client()
    for name in ("vendor/x.mjs", "seal.bin"):
        answer = client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.headers
    assert client.get("/static/seal.bin").headers["Content-Type"] == "application/octet-stream"


def test_a_template_cannot_name_a_file_that_is_not_there(app: Flask) -> None:
    found = app.extensions["tally_assets"]
    assert found.url("tally.css") == f"/static/{version(app)}/tally.css"
    with pytest.raises(KeyError):
        found.url("nothing.css")


def test_the_version_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("1", encoding="utf-8")
    before = assets.Assets(tmp_path).version
    (tmp_path / "a.css").write_text("2", encoding="utf-8")
    assert assets.Assets(tmp_path).version != before


def test_a_page_is_compressed_and_its_tag_becomes_weak(app: Flask) -> None:
    answer = app.test_client().get("/long", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["ETag"] == 'W/"abc"'
    assert gzip.decompress(answer.data).decode() == LONG
    untagged = app.test_client().get("/plain", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(untagged.data).decode() == LONG


def test_a_page_is_left_alone_for_who_does_not_take_gzip(app: Flask) -> None:
    client = app.test_client()
    for encodings in ("identity", "gzip;q=0"):
        answer = client.get("/long", headers={"Accept-Encoding": encodings})
        assert answer.get_data(as_text=True) == LONG
        assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/short", "/stream", "/picture", "/bare"])
def test_short_streamed_and_binary_answers_are_not_compressed(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_the_sheet_of_the_portal_is_small_enough() -> None:
    sheet = assets.Assets().find("tally.css")
    assert sheet is not None
    assert len(sheet.packed) <= 10 * 1024


def test_no_module_of_ours_has_a_text_over_several_lines() -> None:
    for path in assets.STATIC.glob("*.mjs"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.count("`") % 2] == []


def test_no_rule_is_left_out_that_speaks_of_something_on_the_passport_page() -> None:
    sheet, mine = (assets.Assets().data(name).decode() for name in ("tally.css", "passport.css"))
    left_out = set(re.findall(r"\.([a-z][a-z0-9-]*)", sheet)) - set(re.findall(r"\.([a-z][a-z0-9-]*)", mine))
    templates = assets.STATIC.parent / "web" / "templates"
    parts = ("public/passport.html", "public.html", "components/verdict.html", "components/brand.html")
    used = " ".join((templates / part).read_text(encoding="utf-8") for part in parts)
    assert {"boards", "logins", "tabs"} & left_out
    assert left_out & set(re.findall(r"[a-z][a-z0-9-]*", " ".join(re.findall(r'class="([^"]*)"', used)))) == set()


def test_the_passport_page_names_every_icon_it_shows() -> None:
    templates = assets.STATIC.parent / "web" / "templates"
    sources = [templates / part for part in ("public/passport.html", "components/verdict.html")]
    text = " ".join(path.read_text(encoding="utf-8") for path in (*sources, assets.STATIC / "passport.mjs"))
    named = re.search(r"set icons = \[([^]]*)\]", text)
    assert named
    shown = set(re.findall(r"icon\('(\w+)'\)|#i-(\w+)", text))
    assert {one or other for one, other in shown} <= set(re.findall(r"\w+", named[1]))
