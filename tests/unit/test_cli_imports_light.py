"""What is not needed is not imported: the portal never pays for web3, a verifier never for a database driver."""

import subprocess
import sys

import pytest


def loaded(statement: str) -> set[str]:
    """Return the top-level modules that ``statement`` brings in."""
    script = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import app", "import app; app.wiring", "import portal.cli"])
def test_web3_is_not_the_portals(statement: str) -> None:
    assert loaded(statement) & {"web3", "eth", "eth_account"} == set()


def test_commands_start_without_a_database_driver_or_a_web_framework() -> None:
    assert loaded("import portal.cli") & {"psycopg", "sqlalchemy", "flask", "procrastinate"} == set()
