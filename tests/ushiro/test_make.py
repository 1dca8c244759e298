"""The commands of the Makefile that decide something before any Python of ours runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, folder: Path = ROOT, **values: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **values}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def tree(tmp_path) -> Path:
    """A checkout without packages: what install.sh and find-python.sh see of the project."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / "some.lock").write_text("", encoding="utf-8")
    return tmp_path


def fake_python(folder: Path, name: str, code: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\nexit {code}\n", encoding="ascii")
    (folder / name).chmod(0o755)


def test_help_lists_every_command():
    said = run("make", "help").stdout
    for name in ("install", "up", "test", "check", "fmt", "messages", "lock", "pictures", "soak"):
        assert f"  make {name} " in said


def test_without_a_new_enough_python_there_is_one_sentence(tree):
    # Names that answer, but not as Python >= 3.12: what pyenv's shims do for a version that is not installed.
    for name in ("python3.14", "python3.13", "python3.12", "python3"):
        fake_python(tree / "bin", name, 127)
    for name in ("sh", "cmp"):
        (tree / "bin" / name).symlink_to(shutil.which(name))
    result = run(
        "/bin/sh", "deploy/install.sh", "some.lock", "installed", folder=tree, PATH=str(tree / "bin"), HOME="/none"
    )
    assert result.returncode != 0
    assert result.stderr.startswith("Ushiro needs Python 3.12, 3.13 or 3.14 ")
    assert result.stderr.count("\n") == 1
    assert not (tree / ".venv").exists()


def test_an_installed_lock_is_not_installed_again(tree):
    (tree / ".venv").mkdir()
    fake_python(tree / ".venv" / "bin", "python", 0)
    (tree / ".venv" / "installed").write_text("", encoding="utf-8")
    result = run("sh", "deploy/install.sh", "some.lock", "installed", folder=tree)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_changed_lock_is_installed_and_noted_only_when_that_worked(tree):
    (tree / ".venv").mkdir()
    fake_python(tree / ".venv" / "bin", "python", 0)
    (tree / ".venv" / "installed").write_text("older", encoding="utf-8")
    assert run("sh", "deploy/install.sh", "some.lock", "installed", folder=tree).returncode == 0
    assert (tree / ".venv" / "installed").read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([], "up --port '8000'"),
        (["PORT=8080", "SAMPLE=0"], "up --port '8080' --no-sample"),
        (["HOST=0.0.0.0"], "up --port '8000' --host '0.0.0.0'"),
    ],
)
def test_make_up_passes_on_what_was_typed(typed, expected):
    # HOST from the environment is not ours: some shells export the machine's name under it.
    lines = run("make", "-n", "up", *typed, HOST="some-machine").stdout.splitlines()
    assert " ".join(lines[-1].split()) == f".venv/bin/python manage.py {expected}"
