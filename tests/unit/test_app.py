"""The front door for web servers and for the command line."""

from pathlib import Path

import pytest

import app
from portal.platform.config import Settings


def test_a_web_server_gets_the_portal_and_no_connection_is_opened_yet(tmp_path: Path) -> None:
    nowhere = "postgresql://nobody:x@127.0.0.1:9/none"

    portal = app.create_app(Settings(home=tmp_path, database_url=nowhere))

    assert portal.test_client().get("/healthz").status_code == 200


def test_settings_come_from_the_environment_when_none_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLY_HOME", str(tmp_path))
    monkeypatch.setenv("TALLY_DATABASE_URL", "postgresql://nobody:x@127.0.0.1:9/none")
    monkeypatch.setenv("TALLY_BASE_URL", "https://portal.example")

    assert app.create_app().config["SESSION_COOKIE_SECURE"] is True


def test_the_command_line_says_what_it_can_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tally", "--help"])

    with pytest.raises(SystemExit) as ended:
        app.main()

    assert ended.value.code == 0
    assert "verify" in capsys.readouterr().out
