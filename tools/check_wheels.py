"""Prove that every locked package installs without a compiler, on every platform we name.

For each Python and architecture, ``pip download`` takes the locked versions, wheels only, with their hashes.
Prints a table and what cannot be had; exit status 1 when anything cannot.
"""

import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13")
ARCHITECTURES = ("x86_64", "aarch64")
GLIBCS = tuple(f"2_{minor}" for minor in range(36, 16, -1))
"""Debian 12 has glibc 2.36, the oldest system we name; older wheels run on it as well."""
LOCK = Path(__file__).parents[1] / "requirements.lock"


def locked(lock: Path) -> dict[str, str]:
    """Return every requirement of a lock file with its hashes, by ``name==version``."""
    text = lock.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    return {line.split()[0]: line for line in lines}


def download(lines: list[str], python: str, architecture: str) -> str:
    """Download wheels for one platform; return pip's complaint, empty when there is none."""
    platforms = [f"manylinux_{glibc}_{architecture}" for glibc in GLIBCS]
    platforms += [f"manylinux2014_{architecture}", f"linux_{architecture}"]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("\n".join(lines))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", folder]
        command += ["--implementation", "cp", "--python-version", python]
        command += [part for platform in platforms for part in ("--platform", platform)]
        done = subprocess.run(
            [*command, "--requirement", str(wanted)], check=False, capture_output=True, text=True
        )
    return "" if done.returncode == 0 else done.stderr.strip()


def missing(python: str, architecture: str) -> dict[str, str]:
    """Return what cannot be had on one platform, with pip's last word on it."""
    wanted = locked(LOCK)
    if not download(list(wanted.values()), python, architecture):
        return {}
    complaints = {name: download([line], python, architecture) for name, line in wanted.items()}
    return {name: text.splitlines()[-1] for name, text in complaints.items() if text}


def main() -> int:
    """Check every platform and say what was found."""
    failed = 0
    for python, architecture in product(PYTHONS, ARCHITECTURES):
        gone = missing(python, architecture)
        failed += len(gone)
        total = len(locked(LOCK))
        print(f"CPython {python} {architecture}: {total - len(gone)} of {total} packages as wheels", flush=True)
        for name, complaint in gone.items():
            print(f"    {name}: {complaint}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
