"""Settings are read from the environment, and what cannot be read is named."""

from pathlib import Path

import pytest

from portal.platform.config import BadSetting, Settings


def test_each_kind_of_setting_is_read() -> None:
    settings = Settings.from_env(
        {"TALLY_HOME": "/srv/tally", "TALLY_PORT": "8080", "TALLY_DEBUG": "Yes", "PATH": "/bin"}
    )
    assert (settings.home, settings.port, settings.debug) == (Path("/srv/tally"), 8080, True)
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(("word", "value"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_yes_and_no_may_be_said_in_several_ways(word: str, value: bool) -> None:  # noqa: FBT001
    assert Settings.from_env({"TALLY_DEBUG": word}).debug is value


@pytest.mark.parametrize(("variable", "text"), [("TALLY_PORT", "many"), ("TALLY_DEBUG", "perhaps")])
def test_a_value_that_cannot_be_read_is_named(variable: str, text: str) -> None:
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env({variable: text})
    assert refusal.value.values == {"variable": variable, "text": text}


def test_a_setting_nobody_knows_is_refused() -> None:
    with pytest.raises(BadSetting, match="TALLY_PROT is not a setting of Tallystick") as refusal:
        Settings.from_env({"TALLY_PROT": "8000"})
    assert refusal.value.values == {"variable": "TALLY_PROT"}


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [("", "http://localhost:8000"), ("https://tally.example/", "https://tally.example")],
)
def test_the_origin_has_no_slash_at_its_end(base_url: str, origin: str) -> None:
    assert Settings(base_url=base_url).origin == origin
