"""The product works as a wheel and as an editable install, without a network and without the source tree."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = (
    "app.py",
    "portal",
    "ledger",
    "graphql",
    "contracts",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "NOTICE",
)

pytestmark = pytest.mark.timeout(240)


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a release consists of, so that building leaves no trace in the checkout."""
    folder = tmp_path_factory.mktemp("source")
    keep_out = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in SHIPPED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=keep_out)
        else:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel, built by the locked hatchling itself: no isolation, no download."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist", cwd=source)
    [built] = (source / "dist").glob("*.whl")
    return built


def environment(folder: Path) -> Path:
    """Return the Python of a new environment that sees our locked packages but not our checkout."""
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    ours = Path(sysconfig.get_path("purelib"))
    # A plain path line adds the folder and does not read the .pth files in it, among them the checkout's.
    (site / "locked-packages.pth").write_text(f"{ours}\n")
    return folder / "bin" / "python"


def install(python: Path, *what: str, cwd: Path) -> None:
    run(
        str(python), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
        "--disable-pip-version-check", *what, cwd=cwd,
    )  # fmt: skip


PROBE = """
import app, graphql, ledger.contract, portal
print(portal.__file__)
print(graphql.__version__)
print(ledger.contract.load_artefact().solc_version)
from portal.cli import commands
print(*sorted(commands.commands))
"""


def test_the_wheel_holds_code_texts_and_templates_and_nothing_of_graphqls_own(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"app.py", "portal", "ledger", "tallystick-0.1.0.dist-info"}
    assert {name for name in names if name.startswith("portal/_graphql/") and name.endswith(".py")} == set()
    for needed in (
        "ledger/_contracts/AnchorRegistry.json",
        "portal/static/tally.css",
        "portal/translations/zh/LC_MESSAGES/messages.mo",
        "portal/web/templates/base.html",
        "portal/platform/migrations/env.py",
        "tallystick-0.1.0.dist-info/licenses/LICENSE",
    ):
        assert needed in names
    assert any(name.startswith("portal/_graphql/tier/") for name in names)


def test_the_wheel_runs_where_there_is_no_checkout(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    install(python, str(wheel), cwd=tmp_path)
    place, _version, solc, words = run(str(python), "-P", "-c", PROBE, cwd=tmp_path).splitlines()
    assert Path(place).is_relative_to(tmp_path / "venv")
    assert solc.startswith("0.8.")
    assert words.split()[:3] == ["audit", "conformance", "demo"]
    assert "符契" in run(str(tmp_path / "venv" / "bin" / "tally"), "--help", cwd=tmp_path)
    home = {"home": str(tmp_path / "home")}
    migrate = "import os, sys; os.environ['TALLY_HOME'] = sys.argv.pop(); import app; app.main()"
    run(str(python), "-P", "-c", migrate, "migrate", home["home"], cwd=tmp_path)


def test_an_editable_install_runs_from_the_sources(source: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    install(python, "--editable", str(source), cwd=tmp_path)
    place = run(str(python), "-P", "-c", PROBE, cwd=tmp_path).splitlines()[0]
    assert Path(place) == source / "portal" / "__init__.py"
