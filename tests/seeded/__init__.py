"""The seeded build: a clean scan counts only where the same scan finds holes that somebody has planted.

`holes/` holds one hole a file, each of a kind that really occurred elsewhere. A hole says what it is, where it is dug
(a text that stands in the tree exactly once, and what is put in its place; or a text at the end of a file; or a new
file) and which jobs have to notice it: `scanner rule`, or `pytest node`. A hole whose text is not there any more fails
by name, so that it is renewed when the code moves on.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOLES = Path(__file__).parent / "holes"


class DoesNotFit(Exception):
    """A hole whose place is not in the tree any more."""


@dataclass(frozen=True)
class Hole:
    """One planted hole. kind: its class in the table of docs/security.md. found_by: the jobs that have to notice it."""

    name: str
    what: str
    kind: str
    found_by: tuple[str, ...]
    changes: tuple[dict[str, str], ...]

    def files(self) -> set[str]:
        return {change["file"] for change in self.changes}

    def scanners(self) -> set[tuple[str, str]]:
        pairs = (job.partition(" ") for job in self.found_by)
        return {(scanner, rule) for scanner, _, rule in pairs if scanner != "pytest"}

    def nodes(self) -> list[str]:
        return [job.removeprefix("pytest ") for job in self.found_by if job.startswith("pytest ")]

    def dig(self, root: Path) -> None:
        """Plant it in a tree. Raises: DoesNotFit, and names the file to renew."""
        for change in self.changes:
            file = root / change["file"]
            if "create" in change:
                file.write_text(change["create"], "utf-8")
                continue
            text = file.read_text("utf-8") if file.is_file() else ""
            if "append" in change and text:
                file.write_text(f"{text}\n{change['append']}", "utf-8")
                continue
            count = text.count(change.get("old", "\0"))
            if count != 1:
                raise DoesNotFit(
                    f"tests/seeded/holes/{self.name}.toml does not fit: its text stands {count} times in "
                    f"{change['file']}. Renew it, so that the hole is planted again."
                )
            file.write_text(text.replace(change["old"], change["new"]), "utf-8")


def holes(names: Iterable[str] = ()) -> list[Hole]:
    wanted = set(names)
    found = []
    for file in sorted(HOLES.glob("*.toml")):
        if wanted and file.stem not in wanted:
            continue
        said: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        found.append(Hole(file.stem, said["what"], said["kind"], tuple(said["found_by"]), tuple(said["change"])))
    return found


def copy_to(folder: Path) -> Path:
    """A copy of the tree as it stands, without what is made again."""
    skipped = shutil.ignore_patterns(".git", ".venv", "var", "staticfiles", ".pytest_cache", ".ruff_cache", "build")
    shutil.copytree(ROOT, folder, ignore=skipped, symlinks=True)
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    return folder


def scan_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_scan", ROOT / "deploy/scan.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def found_by_scanners(dug: list[Hole], folder: Path) -> tuple[dict[str, set[str]], dict[str, float]]:
    """All holes that scanners have to find, in one copy, scanned once.

    Returns: for each hole the scanners' jobs that did find it, and the seconds of each scanner.
    """
    dug = [hole for hole in dug if hole.scanners()]
    root = copy_to(folder)
    for hole in dug:
        hole.dig(root)
    needed = sorted({scanner for hole in dug for scanner, _ in hole.scanners()})
    found, seconds = scan_module().scan(root.resolve(), needed)
    hits = {(one.scanner, one.rule, one.file) for one in found}
    answer = {
        hole.name: {
            f"{scanner} {rule}"
            for scanner, rule in hole.scanners()
            for file in hole.files()
            if (scanner, rule, file) in hits
        }
        for hole in dug
    }
    return answer, seconds


def run_tests(root: Path, nodes: list[str]) -> int:
    """pytest's exit code for some tests of a tree: 0 all passed, 1 one failed."""
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("USHIRO_", "PYTEST_", "DATABASE_"))
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        *(part for node in nodes for part in shlex.split(node)),
    ]
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, check=False, timeout=280).returncode


def found_by_tests(hole: Hole, folder: Path) -> tuple[set[str], float]:
    """One hole in a copy of its own, and the tests that fail there; seconds."""
    begin = time.monotonic()
    root = copy_to(folder)
    hole.dig(root)
    found = {f"pytest {node}" for node in hole.nodes() if run_tests(root, [node]) == 1}
    shutil.rmtree(root, ignore_errors=True)
    return found, time.monotonic() - begin


def all_tests(dug: list[Hole], folder: Path) -> dict[str, tuple[set[str], float]]:
    """What tests find, two holes at a time."""
    dug = [hole for hole in dug if hole.nodes()]
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda hole: found_by_tests(hole, folder / hole.name), dug)
        return dict(zip([hole.name for hole in dug], answers, strict=True))
