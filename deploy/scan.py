"""What looks for holes without running Ushiro; `make check` runs it. No scanner here needs a network or asks for one.

    deploy/scan.py                     all of them, two at a time; exit code 1 when one finds something
    deploy/scan.py semgrep floor       some of them
    deploy/scan.py --root FOLDER --json     another tree (the seeded build, tests/seeded); what was found as JSON
    deploy/scan.py --write-baseline    take over what the secret scan finds now, after somebody has looked at it

Each finding is told as file, line, rule and sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
OWN = ("ushiro", "incidents", "tools", "deploy", "manage.py", "gunicorn.conf.py")
BASELINE = ".secrets.baseline"


@dataclass(frozen=True)
class Found:
    """One thing that a scanner names. line: 0 when it is about the whole file."""

    scanner: str
    rule: str
    file: str
    line: int
    text: str


def run(root: Path, *command: str, **more: str) -> str:
    """Standard output of a program of the environment, in the tree. Raises: RuntimeError when it answers nothing."""
    environ = {"PATH": f"{BIN}:{os.environ.get('PATH', '')}", "HOME": os.environ.get("HOME", "/nonexistent"), **more}
    program = str(BIN / command[0]) if (BIN / command[0]).exists() else command[0]
    answer = subprocess.run(
        [program, *command[1:]], cwd=root, env=environ, capture_output=True, text=True, check=False, timeout=300
    )
    if not answer.stdout.strip() and answer.returncode:
        raise RuntimeError(f"{command[0]} gave no answer: {answer.stderr.strip()[-500:]}")
    return answer.stdout


def relative(root: Path, name: str) -> str:
    return str(Path(name).resolve().relative_to(root)) if Path(name).is_absolute() else name.removeprefix("./")


def bandit(root: Path) -> list[Found]:
    """Medium and worse; what is fine stands in its line as `# nosec NUMBER` with a reason."""
    said = json.loads(run(root, "bandit", "-q", "-ll", "-f", "json", "-c", "pyproject.toml", "-r", *OWN))
    return [
        Found("bandit", one["test_id"], relative(root, one["filename"]), one["line_number"], one["issue_text"])
        for one in said["results"]
    ]


def ruff(root: Path) -> list[Found]:
    said = json.loads(run(root, "ruff", "check", "--no-cache", "--output-format", "json", "."))
    return [
        Found("ruff", one["code"] or "syntax", relative(root, one["filename"]), one["location"]["row"], one["message"])
        for one in said
    ]


def semgrep(root: Path, rules: Path | None = None, folders: tuple[str, ...] = ()) -> list[Found]:
    """Our own rules, deploy/semgrep/. Without metrics and without asking for a newer version it opens no connection."""
    folders = folders or ("incidents", "ushiro", "tools", "deploy", "templates", "static/js")
    options = ("--metrics", "off", "--disable-version-check", "--no-git-ignore", "--project-root", ".")
    options += ("--quiet", "--json", "--jobs", "2", "--exclude", "incidents/migrations")
    out = run(root, "semgrep", "scan", *options, "--config", str(rules or root / "deploy/semgrep"), *folders)
    said = json.loads(out)
    if said["errors"]:
        raise RuntimeError(f"semgrep could not read something: {said['errors'][0]}")
    return [
        Found("semgrep", one["check_id"].rpartition(".")[2], one["path"], one["start"]["line"], one["extra"]["message"])
        for one in said["results"]
    ]


# Neither code nor text of ours: hashes of packages, what others wrote, pictures, texts that stand in the code as well.
NO_SECRETS_IN = re.compile(r"^(static/vendor/|tests/vendor/|docs/pictures/|locale/|tests/seeded/)|\.lock$|\.baseline$")


def kept_files(root: Path) -> list[str]:
    """Files that git keeps; in a copy without git all that are not made again."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.split("\0")
    else:
        made = {".venv", "var", "staticfiles", "__pycache__", ".git"}
        names = [str(file.relative_to(root)) for file in root.rglob("*") if not made & set(file.parts)]
    return [name for name in names if name and not NO_SECRETS_IN.search(name) and (root / name).is_file()]


def _secrets_of(names: list[str]) -> list[tuple[str, str, str, int]]:
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    with default_settings():
        return [(name, one.type, one.secret_hash, one.line_number) for name in names for one in scan_file(name)]


def found_secrets(root: Path) -> list[tuple[str, str, str, int]]:
    """(file, kind, hash, line) of all that looks like a secret; one half of the files in a process of its own."""
    names = kept_files(root)
    halves = [names[0::2], names[1::2]]
    command = [sys.executable, str(Path(__file__).resolve()), "--secrets-of"]
    children = [
        subprocess.Popen([*command], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in halves
    ]
    with ThreadPoolExecutor(2) as pool:
        outs = list(
            pool.map(lambda pair: pair[0].communicate("\n".join(pair[1]))[0], zip(children, halves, strict=True))
        )
    return sorted(tuple(one) for out in outs for one in json.loads(out))  # type: ignore[misc]


def secrets(root: Path) -> list[Found]:
    """What looks like a secret and is not in the baseline. Lines may move; a secret is known by file, kind and hash."""
    known = json.loads((root / BASELINE).read_text("utf-8"))["results"]
    seen = {(name, one["type"], one["hashed_secret"]) for name, all_of in known.items() for one in all_of}
    return [
        Found("secrets", kind, name, line, f"looks like a secret ({kind}); see CONTRIBUTING.md")
        for name, kind, hashed, line in found_secrets(root)
        if (name, kind, hashed) not in seen
    ]


def write_baseline(root: Path) -> None:
    results: dict[str, list[dict[str, str]]] = {}
    for name, kind, hashed, _ in found_secrets(root):
        entry = {"type": kind, "hashed_secret": hashed}
        if entry not in results.setdefault(name, []):
            results[name].append(entry)
    text = json.dumps({"results": results}, indent=1, ensure_ascii=False, sort_keys=True)
    (root / BASELINE).write_text(text + "\n", "utf-8")


IN_TESTS = {
    "USHIRO_MODE": "test",
    "DATABASE_URL": "sqlite:///:memory:",
    "DJANGO_SETTINGS_MODULE": "ushiro.settings_test",
}


def migrations(root: Path) -> list[Found]:
    """Migrations of Ushiro that take something away and are not in deploy/migrations.toml."""
    rules = tomllib.loads((root / "deploy/migrations.toml").read_text("utf-8"))
    out = run(root, "python", "deploy/scan.py", "--migrations-of", rules["looked_at"], **IN_TESTS)
    return [
        Found("migrations", code, f"incidents/migrations/{name}.py", 0, text)
        for name, code, text in json.loads(out.splitlines()[-1])
        if name not in rules["known"]
    ]


def _lint_migrations(begin_behind: str) -> list[tuple[str, str, str]]:
    """(migration, code, sentence) of the migrations behind one, which is named.

    SQLite makes a table anew to change a column, and names every column and every constraint when it does; so what is
    said of NOT NULL and of unique constraints is left out.
    """
    import logging

    import django

    sys.path.insert(0, str(Path.cwd()))
    django.setup()
    logging.disable(logging.INFO)
    from django_migration_linter import MigrationLinter
    from django_migration_linter.sql_analyser.analyser import analyse_sql_statements

    linter = MigrationLinter(
        str(Path.cwd()),
        include_apps=["incidents"],
        no_cache=True,
        no_output=True,
        exclude_migration_tests=["NOT_NULL", "ADD_UNIQUE"],
    )
    found = []
    for (app, name), migration in sorted(linter.migration_loader.disk_migrations.items()):
        if app != "incidents" or not migration.operations or name <= begin_behind:
            continue
        statements = linter.get_sql(app, name)
        errors, _, _ = analyse_sql_statements(linter.sql_analyser_class, statements, linter.exclude_migration_tests)
        found += [(name, error.code, f"{error.message} ({error.table}, {error.column})") for error in errors]
    return found


PRODUCTION = {
    "USHIRO_MODE": "production",
    "USHIRO_URL": "https://ushiro.example.jp",
    "ALLOWED_HOSTS": "ushiro.example.jp",
    "DATABASE_URL": "postgres://ushiro@127.0.0.1:1/ushiro",
    "CELERY_BROKER_URL": "rediss://127.0.0.1:1/0",
    "CACHE_URL": "redis://127.0.0.1:1/1",
    "SMTP_URL": "smtp+tls://127.0.0.1:1",
    "MAIL_FROM": "Ushiro <ushiro@example.jp>",
    "HSTS_INCLUDE_SUBDOMAINS": "1",
    "HSTS_PRELOAD": "1",
    "USHIRO_DATA": "/nonexistent",
}


def deploy(root: Path) -> list[Found]:
    """`manage.py check --deploy --fail-level WARNING` with settings as docs/operation.md asks for them."""
    import secrets as random

    answer = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=root,
        env={"PATH": os.environ.get("PATH", ""), "USHIRO_SECRET_KEY": random.token_urlsafe(50), **PRODUCTION},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in answer.stderr.splitlines() if re.search(r"\([\w.]+\.[WE]\d+\)", line)]
    if answer.returncode and not said:
        said = [answer.stderr.strip()[-300:] or "check --deploy failed without a word"]
    return [
        Found("deploy", (re.findall(r"\(([\w.]+)\)", line) or ["check"])[0], "ushiro/settings.py", 0, line.strip())
        for line in said
    ]


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers to compare; what follows a letter is left out.

    >>> numbers("6.1.3") > numbers("6.0.10"), numbers("9.1.2.post2")
    (True, (9, 1, 2))
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def floor(root: Path) -> list[Found]:
    """Packages of the locks that are older than deploy/floor.toml says, and those that must be there and are not."""
    asked = tomllib.loads((root / "deploy/floor.toml").read_text("utf-8"))
    found = []
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (root / lock).read_text("utf-8")
        pinned = dict(re.findall(r"^([a-z0-9][\w.-]*)(?:\[[\w,-]+\])?==(\S+)", text, re.MULTILINE))
        for name, (least, why) in asked["packages"].items():
            if name in pinned and numbers(pinned[name]) < numbers(least):
                found.append(Found("floor", name, lock, 0, f"{name} {pinned[name]} is below {least} ({why})"))
        for name in asked["must"]["packages"]:
            if name not in pinned:
                found.append(Found("floor", name, lock, 0, f"{name} must be in the lock"))
    return found


SCANNERS: dict[str, Callable[[Path], list[Found]]] = {
    "semgrep": semgrep,
    "secrets": secrets,
    "migrations": migrations,
    "bandit": bandit,
    "ruff": ruff,
    "deploy": deploy,
    "floor": floor,
}


def scan(root: Path, names: list[str]) -> tuple[list[Found], dict[str, float]]:
    """What the named scanners find in a tree, and the seconds of each; two at a time."""
    seconds: dict[str, float] = {}

    def one(name: str) -> list[Found]:
        begin = time.monotonic()
        found = SCANNERS[name](root)
        seconds[name] = round(time.monotonic() - begin, 1)
        return found

    with ThreadPoolExecutor(2) as pool:
        return [found for all_of in pool.map(one, names) for found in all_of], seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="SCANNER", help=", ".join(SCANNERS))
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write-baseline", action="store_true")
    parser.add_argument("--secrets-of", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--migrations-of", metavar="BEHIND", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.secrets_of:
        print(json.dumps(_secrets_of(sys.stdin.read().split("\n"))))
        return 0
    if chosen.migrations_of:
        print(json.dumps(_lint_migrations(chosen.migrations_of)))
        return 0
    root = chosen.root.resolve()
    if chosen.write_baseline:
        write_baseline(root)
        return 0
    if unknown := set(chosen.names) - SCANNERS.keys():
        parser.error(f"no scanner named {', '.join(sorted(unknown))}; there are {', '.join(SCANNERS)}")
    found, seconds = scan(root, chosen.names or list(SCANNERS))
    if chosen.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return 0
    for one in found:
        print(f"{one.file}:{one.line}: {one.scanner} {one.rule}: {one.text}")
    took = ", ".join(f"{name} {seconds[name]} s" for name in sorted(seconds))
    print(f"Scanned: {took}. {len(found) or 'Nothing'} found.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
