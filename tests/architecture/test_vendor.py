"""Vendored files are the ones the manifest names, byte by byte, and their licences are told."""

import base64
import hashlib
import json
from pathlib import Path

from portal.web.assets import STATIC

VENDOR = STATIC / "vendor"
ROOT = Path(__file__).resolve().parents[2]
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))


def test_every_vendored_file_has_the_hash_of_the_manifest() -> None:
    named = {name: want for package in MANIFEST for name, want in package["files"].items()}
    found = {
        path.relative_to(VENDOR).as_posix(): "sha384-"
        + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == named


def test_every_vendored_package_is_told_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for package in MANIFEST:
        assert f"{package['name']} {package['version']} " in notice
        assert f"licence {package['licence']}" in notice


def test_the_manifest_names_no_host() -> None:
    assert "://" not in (VENDOR / "manifest.json").read_text(encoding="utf-8")
