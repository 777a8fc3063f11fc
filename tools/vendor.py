"""Re-create ``portal/static/vendor`` from npm tarballs, and write its manifest.

Run by a person when a vendored version changes; never at install, never in tests. Needs ``npm``::

    python tools/vendor.py

Every file lands in ``<name>-<version>/``; ``manifest.json`` says name, version, licence, tarball and SHA-384.
"""

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "portal" / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Package:
    """What is taken from one npm package.

    Attributes:
        name: How it is called here.
        npm: Its name on npm.
        version: Exact version.
        licence: SPDX identifier; its text stands in ``NOTICE``.
        files: Paths inside the tarball → names here.
    """

    name: str
    npm: str
    version: str
    licence: str
    files: dict[str, str]


PACKAGES = (
    Package("htmx", "htmx.org", "4.0.1", "0BSD", {"package/dist/htmx.min.js": "htmx.min.js"}),
    Package(
        "graphiql",
        "graphiql",
        "3.9.0",
        "MIT",
        {"package/graphiql.min.js": "graphiql.min.js", "package/graphiql.min.css": "graphiql.min.css"},
    ),
    Package("react", "react", "18.3.1", "MIT", {"package/umd/react.production.min.js": "react.production.min.js"}),
    Package(
        "react-dom",
        "react-dom",
        "18.3.1",
        "MIT",
        {"package/umd/react-dom.production.min.js": "react-dom.production.min.js"},
    ),
    Package("jsonld", "jsonld", "9.0.0", "BSD-3-Clause", {"package/dist/jsonld.esm.min.js": "jsonld.esm.min.js"}),
    Package(
        "zxing-wasm",
        "zxing-wasm",
        "3.1.4",
        "MIT",
        {
            "package/dist/es/share.js": "share.js",
            "package/dist/es/reader/index.js": "reader/index.js",
            "package/dist/reader/zxing_reader.wasm": "reader/zxing_reader.wasm",
        },
    ),
    Package(
        "noto-sans-sc",
        "@fontsource/noto-sans-sc",
        "5.3.0",
        "OFL-1.1",
        {
            "package/files/noto-sans-sc-chinese-simplified-400-normal.woff": (
                "noto-sans-sc-chinese-simplified-400-normal.woff"
            )
        },
    ),
)


def sri(data: bytes) -> str:
    """Return the SHA-384 of ``data`` as a subresource integrity value."""
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def fetch(package: Package, folder: Path) -> dict[str, bytes]:
    """Return the wanted files of a package, by their names here."""
    packed = subprocess.run(
        ["npm", "pack", f"{package.npm}@{package.version}", "--silent"],  # noqa: S607 - npm of the PATH
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as tarball:
        found = {}
        for inside, name in package.files.items():
            member = tarball.extractfile(inside)
            if member is None:
                raise FileNotFoundError(inside)
            found[name] = member.read()
    return found


def main() -> None:
    """Write the files and the manifest."""
    manifest = []
    for package in PACKAGES:
        target = VENDOR / f"{package.name}-{package.version}"
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            files = fetch(package, Path(folder))
        for name, data in files.items():
            (target / name).parent.mkdir(exist_ok=True)
            (target / name).write_bytes(data)
        manifest.append(
            {
                "name": package.name,
                "version": package.version,
                "licence": package.licence,
                "tarball": f"{package.npm}-{package.version}.tgz",
                "files": {f"{package.name}-{package.version}/{name}": sri(data) for name, data in files.items()},
            }
        )
        print(f"{package.name} {package.version}: {len(files)} file(s)")
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (VENDOR / "manifest.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
