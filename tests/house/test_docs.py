"""The documents keep pace with the code: links lead somewhere, and what the code can say or read is written down."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ROOT / "docs" / "features"
# Where in the arguments of each the code stands.
REFUSALS = {"Refused": 0, "NotAllowed": 0, "Gate": 1}
READERS = {"text", "flag", "number", "words"}


def pages() -> list[Path]:
    """Every page of the repository, packages and what is made again left aside."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    found = [ROOT / name for name in names] or [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(page for page in found if page.exists())


def prose(page: Path) -> str:
    """The page without its code blocks and inline code, where brackets mean other things."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", text, flags=re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"\s", "-", re.sub(r"[^\w\- ]", "", plain)))
    return found


@pytest.mark.parametrize("path", [str(page.relative_to(ROOT)) for page in pages()])
def test_every_relative_link_leads_somewhere(path):
    page = ROOT / path
    dead = []
    for link in re.findall(r"\]\(\s*<?([^)\s>]+)", prose(page)):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            yield name, node


def refusal_codes() -> dict[str, str]:
    """Every code with which a step can be refused, and one place where it is said.

    A class made from Refused gives its code to `super().__init__`.
    """
    codes: dict[str, str] = {}
    for file in sorted((ROOT / "incidents").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found = [(call, REFUSALS[name]) for name, call in calls(tree) if name in REFUSALS]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and REFUSALS.keys() & {getattr(base, "id", "") for base in node.bases}:
                found += [(call, 0) for name, call in calls(node) if name == "__init__"]
        for call, place in found:
            if len(call.args) > place and isinstance(call.args[place], ast.Constant) and call.args[place].value:
                codes[call.args[place].value] = f"{file.relative_to(ROOT)}:{call.lineno}"
    return codes


def test_every_refusal_code_is_listed_with_its_feature():
    codes = refusal_codes()
    assert len(codes) > 40, "the search has gone blind"
    listed = {code for page in FEATURES.glob("*.md") for code in re.findall(r"`(\w+)`", page.read_text("utf-8"))}
    assert {code: place for code, place in codes.items() if code not in listed} == {}


def settings_read() -> set[str]:
    """Names of the environment that settings are read from, by the readers of ushiro/env.py or from os.environ."""
    names: set[str] = set()
    for file in (ROOT / "ushiro" / "settings.py", ROOT / "ushiro" / "env.py", ROOT / "gunicorn.conf.py"):
        for name, call in calls(ast.parse(file.read_text(encoding="utf-8"))):
            owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            reads = (owner == "env" and name in READERS) or (owner in {"os.environ", "environ"} and name == "get")
            first = call.args[0] if call.args else None
            if reads and isinstance(first, ast.Constant) and isinstance(first.value, str):
                names.add(first.value)
    return names


def test_every_setting_is_told_to_the_operator():
    read = settings_read()
    assert len(read) > 20, "the search has gone blind"
    told = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs" / "operation.md").read_text("utf-8")))
    assert read - told == set()


def commands(page: Path) -> list[str]:
    """What stands in code on a page, inline or as a block."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.S | re.M)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def test_documents_name_only_make_targets_that_exist():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    named = {
        (str(page.relative_to(ROOT)), target)
        for page in pages()
        for code in commands(page)
        for target in re.findall(r"(?:^|&& )make ([a-z][a-z-]*)", code, flags=re.M)
    }
    assert {("README.md", "up"), ("README.md", "test")} <= named
    assert {(page, target) for page, target in named if target not in targets} == set()


def test_documents_name_only_files_that_exist():
    """A path in inline code is a promise. Placeholders (<noun>, *, …, {}) promise nothing."""
    tops = ("incidents/", "ushiro/", "tools/", "templates/", "static/", "tests/", "deploy/", "docs/")
    missing = {
        (str(page.relative_to(ROOT)), name)
        for page in pages()
        for name in re.findall(r"`([\w./@-]+)`", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.S | re.M))
        if name.startswith(tops) and not (ROOT / name).exists()
    }
    assert missing == set()


@pytest.mark.parametrize(
    "name", ["docs/architecture.md", *(f"docs/features/{page.name}" for page in FEATURES.glob("*.md"))]
)
def test_a_feature_names_only_what_the_code_knows(name):
    """Each `snake_case` name in a feature's page stands somewhere in the code: verbs, constraints, columns, codes."""
    code = "".join(
        file.read_text("utf-8")
        for top in ("incidents", "ushiro", "tools", "templates", "static/js", "static/css", "tests")
        for file in (ROOT / top).rglob("*")
        if file.suffix in {".py", ".html", ".txt", ".js", ".css", ".toml"}
    )
    spans = re.findall(r"`([^`\n]+)`", (ROOT / name).read_text("utf-8"))
    words = {word for span in spans if "/" not in span for word in re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", span)}
    assert {word for word in words if word not in code} == set()


def test_what_stands_beside_a_file_is_defined_in_it():
    """`incidents/queries/frame.py` `around`, `shown`: each name until other words come is one of that file."""
    unknown = set()
    for page in pages():
        for line in page.read_text("utf-8").split("\n"):
            text = ""
            for code, words in re.findall(r"`([^`]+)`|([^`]+)", line):
                if words.strip(" ,") not in {"", "and"}:
                    text = ""
                elif re.fullmatch(r"[\w./-]+\.py", code):
                    text = (ROOT / code).read_text("utf-8") if (ROOT / code).exists() else ""
                elif text and re.fullmatch(r"[A-Za-z_]\w*", code):
                    if not re.search(rf"\b(?:def|class) {code}\b|^\s*{code} *[:=]", text, re.M):
                        unknown.add((page.name, code))
    assert unknown == set()


def test_every_decision_is_in_the_list_and_has_its_parts():
    folder = ROOT / "docs" / "adr"
    listed = set(re.findall(r"\]\((\d{4}[^)]*\.md)\)", (folder / "README.md").read_text("utf-8")))
    found = {page.name for page in folder.glob("[0-9]*.md")}
    assert listed == found
    for page in sorted(found):
        headings = re.findall(r"^## (.+)$", (folder / page).read_text("utf-8"), flags=re.M)
        assert [heading.partition(",")[0] for heading in headings] == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives",
        ]
