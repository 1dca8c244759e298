"""What stands in static/vendor is exactly what vendor.json says: pinned, licensed, unchanged, and listed in full."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
PACKAGES = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))
SHA256 = {path: digest for package in PACKAGES for path, digest in package["files"].items()}


@pytest.mark.parametrize("path", sorted(SHA256))
def test_file_is_the_one_that_was_reviewed(path: str) -> None:
    assert hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == SHA256[path]


def test_nothing_unlisted_stands_beside_them() -> None:
    found = {file.relative_to(VENDOR).as_posix() for file in VENDOR.rglob("*") if file.is_file()}

    assert found == {*SHA256, "vendor.json"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_package_names_version_and_licence_and_brings_its_text(package: dict[str, object]) -> None:
    folder = f"{package['name']}/{package['version']}"

    assert package["licence"]
    assert f"{folder}/LICENSE" in package["files"]
    assert {str(path).rsplit("/", 1)[0] for path in package["files"]} == {folder}


@pytest.mark.parametrize("path", sorted(path for path in SHA256 if path.endswith((".css", ".js"))))
def test_no_source_map_is_promised_that_is_not_there(path: str) -> None:
    assert "sourceMappingURL" not in (VENDOR / path).read_text(encoding="utf-8")
