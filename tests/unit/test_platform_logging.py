"""Logs: JSON for machines, text for a person at a terminal."""

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from portal.platform.logging import set_up_logging


class Terminal(io.StringIO):
    """A stream somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def logged(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, log_format: str) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logging(log_format)
    log = structlog.get_logger()
    log.debug("unheard")
    log.info("job", task="outbox.deliver", outcome="ok")
    return stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "auto"])
def test_a_line_is_one_json_object_where_nobody_watches(monkeypatch: pytest.MonkeyPatch, log_format: str) -> None:
    line = json.loads(logged(monkeypatch, io.StringIO(), log_format))
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "job", "level": "info", "outcome": "ok", "task": "outbox.deliver"}


@pytest.mark.parametrize(("stream", "log_format"), [(io.StringIO(), "text"), (Terminal(), "auto")])
def test_a_line_is_text_for_a_person(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, log_format: str
) -> None:
    line = logged(monkeypatch, stream, log_format)
    assert not line.startswith("{")
    assert "outbox.deliver" in line
    assert "unheard" not in line
