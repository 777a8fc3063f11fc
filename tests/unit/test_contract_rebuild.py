import os
import shutil
import subprocess
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
FILES = ("package.json", "package-lock.json", "compile.mjs", "solc-input.json")
# Without the binaries of forge and anvil, which are optional dependencies of their packages.
NPM_CI = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional")


@pytest.mark.timeout(300)
def test_compiling_again_gives_the_same_bytes(tmp_path: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js here: the contract is not compiled again (its hashes are checked)")
    for name in FILES:
        shutil.copy(CONTRACTS / name, tmp_path)
    installed = subprocess.run([npm, *NPM_CI], cwd=tmp_path, capture_output=True, text=True, check=False)
    if installed.returncode and "CI" not in os.environ:
        pytest.skip(f"npm cannot fetch the compiler: {installed.stderr.strip()[-200:]}")
    assert installed.returncode == 0, installed.stderr

    subprocess.run([node, "compile.mjs", "solc-input.json", "AnchorRegistry.json"], cwd=tmp_path, check=True)

    built = (tmp_path / "AnchorRegistry.json").read_bytes()
    assert built == (CONTRACTS / "AnchorRegistry.json").read_bytes()
