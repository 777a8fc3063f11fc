"""Small parts of the command line: settings for children, passwords, what a start says, columns by name."""

import io
import json
import os
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from portal import cli
from portal.cli import announce, environment, imports, logins, run, verify
from portal.flows.imports.faults import Fault
from portal.flows.imports.run import Outcome
from portal.kernel.errors import Refused
from portal.platform.config import Settings

PEOPLE = [("customer", "key", "li@example.com"), ("auditor", "", "audit@example.com")]


def test_a_child_gets_exactly_our_settings_and_finds_the_product(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, port=8123, debug=True)
    child = environment.child_environ(
        settings,
        {"PATH": "/bin", "TALLY_HOST": "0.0.0.0", "PYTHONPATH": "/x"},  # noqa: S104 - is to be dropped
    )
    root = str(Path(environment.__file__).parents[2])
    assert child["PATH"] == "/bin"
    assert child["TALLY_HOST"] == "127.0.0.1"
    assert child["TALLY_PORT"] == "8123"
    assert child["TALLY_DEBUG"] == "1"
    assert child["PYTHONPATH"] == f"{root}{os.pathsep}/x"
    assert Settings.from_env(child) == settings


def test_the_home_folder_is_absolute_wherever_a_command_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TALLY_HOME", "there")
    assert environment.settings_here().home == tmp_path / "there"


def test_the_embedded_chains_address_is_known_once_it_was_started(tmp_path: Path) -> None:
    assert environment.embedded_chain_url(tmp_path) == ""
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain" / "port").write_text("4711\n")
    assert environment.embedded_chain_url(tmp_path) == "http://127.0.0.1:4711"


def test_a_database_of_ones_own_is_used_as_it_is(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url="postgresql://x", chain_rpc_url="http://y")
    with environment.installation(settings) as ready:
        assert ready == settings
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_demo_passwords_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    assert not logins.has_logins(tmp_path)
    first = logins.demo_logins(tmp_path, PEOPLE)
    assert [(x.role, x.tier, x.email) for x in first] == PEOPLE
    assert len({x.password for x in first}) == 2
    assert [len(part) for part in first[0].password.split("-")] == [4, 4, 4, 4]
    assert logins.has_logins(tmp_path)
    assert stat.S_IMODE((tmp_path / "demo-logins.json").stat().st_mode) == 0o600
    assert logins.demo_logins(tmp_path, []) == first


def test_a_machine_reads_one_line() -> None:
    line = announce.as_json(
        "http://localhost:1",
        [logins.Login("customer", "key", "li@example.com", "p")],
        [announce.PassportLink("http://localhost:1/01/1/10/2", "http://localhost:1/b")],
    )
    assert json.loads(line) == {
        "url": "http://localhost:1",
        "graphql_url": "http://localhost:1/graphql",
        "logins": [{"role": "customer", "tier": "key", "email": "li@example.com", "password": "p"}],
        "passports": [{"url": "http://localhost:1/01/1/10/2", "bundle_url": "http://localhost:1/b"}],
    }
    assert "\n" not in line


def test_a_person_reads_logins_in_columns_and_one_code(tmp_path: Path) -> None:
    text = announce.as_text(
        "http://localhost:1",
        [
            logins.Login("customer", "key", "li@example.com", "aaaa"),
            logins.Login("operator", "", "o@x.cn", "bbbb"),
        ],
        [announce.PassportLink("http://localhost:1/p", ""), announce.PassportLink("http://localhost:1/q", "")],
        home=tmp_path,
    )
    assert "    customer 客户  key 重点客户  li@example.com  aaaa" in text.splitlines()
    assert "    operator 运营                o@x.cn          bbbb" in text.splitlines()
    assert "http://localhost:1/p" in text
    assert "http://localhost:1/q" not in text
    assert text.count("█") > 20


def test_an_empty_installation_announces_no_login(tmp_path: Path) -> None:
    assert announce.as_text("http://localhost:1", [], [], home=tmp_path).splitlines() == [
        "",
        "  Tallystick 符契 is ready 已就绪:  http://localhost:1",
        "",
        f"  Logs 日志: {tmp_path / 'logs'}    Stop 停止: Ctrl-C",
    ]


def test_columns_are_named_by_heading_or_letter() -> None:
    headers = ["编码", "Name", "B"]
    assert imports.to_mapping(["sku=编码", "name=b"], headers) == {"sku": 0, "name": 1}
    assert imports.to_mapping(["unit=B"], headers) == {"unit": 2}
    assert imports.to_mapping(["x=AA"], ["h"] * 27) == {"x": 26}


@pytest.mark.parametrize("pair", ["sku", "sku=D", "sku=价格", "sku="])
def test_a_column_the_file_does_not_have_is_refused(pair: str) -> None:
    with pytest.raises(click.BadParameter):
        imports.to_mapping([pair], ["a", "b", "c"])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_for_those_who_watch() -> None:
    out, silent = Terminal(), io.StringIO()
    for target in (out, silent):
        bar = imports.Bar(target)
        bar("reading", 1, 2)
        bar("reading", 1, 2)
        bar("saving", 0, 0)
    assert silent.getvalue() == ""
    assert out.getvalue() == f"\rreading    {'█' * 15}{'░' * 15}  50%\rsaving     {'█' * 30} 100%\n"


def test_an_outcome_names_what_was_left_out_and_where_the_list_lies() -> None:
    outcome = Outcome(
        kind="orders",
        file="o.csv",
        profile="retail",
        mapping={},
        rows=1234,
        new=5,
        changed=0,
        unchanged=1,
        products=2,
        partners=3,
        refused={"cancelled": 7},
        applied=True,
        report=Path("/r.csv"),
    )
    assert imports.as_text(outcome).splitlines() == [
        "o.csv: 1,234 rows, imported 已导入",
        "  new 新增 5   changed 变更 0   unchanged 未变 1",
        "  made on the way 随单新建: 2 products, 3 partners",
        "  refused 拒收        7  cancelled",
        "  every line of them 明细: /r.csv",
    ]


def test_faults_are_shown_by_cell_and_the_rest_is_counted() -> None:
    fault = Fault(row=3, column="编码", letter="A", value="x", code="unknown_product")
    whole = Fault(row=4, column="", letter="", value="", code="unknown_product")
    outcome = Outcome(
        kind="stock",
        file="s.csv",
        profile="",
        mapping={},
        rows=2,
        new=0,
        changed=0,
        unchanged=0,
        fault_count=23,
        faults=(fault, whole, *[fault] * 18),
    )
    lines = imports.as_text(outcome).splitlines()
    assert lines[0] == "s.csv: 2 rows, nothing written 未写入"
    assert lines[2] == "  A3 编码: 'x': No product has this number."
    assert lines[3] == "  row 4: '': No product has this number."
    assert lines[-1] == "  … and 3 more faults 等错误"


def test_a_report_is_one_line_a_check() -> None:
    report = {
        "verdict": "partial",
        "checks": [
            {"id": "structure", "state": "ok", "code": "ok", "params": {}},
            {"id": "anchor", "state": "not_checked", "code": "unreachable", "params": {"url": "x"}},
        ],
    }
    assert verify.as_text(report).splitlines() == [
        "  ✓ structure    ok",
        '  ? anchor       not checked: unreachable {"url": "x"}',
        "partly checked 部分核验",
    ]


def test_an_unreadable_bundle_is_invalid(tmp_path: Path) -> None:
    bundle = tmp_path / "b.json"
    bundle.write_text("{")
    trust = tmp_path / "trust.json"
    trust.write_text('{"trust": "tallystick-trust-1", "issuers": []}')
    result = CliRunner().invoke(cli.commands, ["verify", str(bundle), "--json", "--file", str(bundle)])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["verdict"] == "invalid"
    text = CliRunner().invoke(cli.commands, ["verify", str(bundle), "--at", "2026-01-24T00:00:00+0800"])
    assert text.exit_code == 1
    assert text.stdout.splitlines()[-1] == "INVALID 核验不通过"


@pytest.mark.parametrize(
    ("environ", "platform", "screen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_only_where_there_is_a_screen(
    environ: dict[str, str], platform: str, *, screen: bool
) -> None:
    assert run.can_browse(environ, platform) is screen


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["tally", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def test_status_0_is_done(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, "--help") == 0
    assert "符契" in capsys.readouterr().out


def test_status_2_is_called_wrongly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, "verify") == 2
    assert "Missing argument 'BUNDLE'" in capsys.readouterr().err


def test_status_1_is_refused_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALLY_PROT", "1")
    assert called(monkeypatch, "health") == 1
    assert capsys.readouterr().err == "tally: TALLY_PROT is not a setting of Tallystick.\n"


@pytest.mark.parametrize(("error", "status"), [(click.Abort(), 130), (Refused("no"), 1)])
def test_an_interrupted_command_has_a_status_of_its_own(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Settings:
        raise error

    monkeypatch.setattr("portal.cli.health.settings_here", refuse)
    assert called(monkeypatch, "health") == status
