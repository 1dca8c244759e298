"""The holes of the seeded build fit the tree, and the scanners find theirs. `make seeded` runs the rest."""

from __future__ import annotations

import ast
import shlex

import pytest

from tests.seeded import ROOT, DoesNotFit, Hole, found_by_scanners, holes

# The classes of holes that really occurred elsewhere (docs/security.md); each is planted at least once.
KINDS = {
    "IDOR across teams", "side doors: search, suggest, notify, export, report", "ORM filter leak", "stored XSS by markdown",
    "stored XSS by file", "CSV/XLSX formula injection", "SSRF by webhook", "template injection",
    "mass assignment / property level", "invitation reuse", "token in URL / Referer / log", "Host-header poisoning",
    "e-mail header injection", "mail scanner acts on link", "user enumeration by timing/answer", "ReDoS / huge paste",
    "zip/XML bomb, memory", "n+1 / expensive query DoS", "race in state change", "privilege kept after change",
    "admin escalation", "log / result leakage", "pickle / forged task", "cache leak across users", "open redirect",
    "clickjacking / CORS", "Unicode/RTL spoofing", "secret defaults", "second delivery path forgets the guard",
}  # fmt: skip


def test_each_class_is_planted_and_has_somebody_to_find_it():
    found = holes()
    assert len(found) >= 20
    assert {hole.kind for hole in found} >= KINDS
    assert [hole.name for hole in found if not hole.found_by] == []


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The files that holes change, as they stand."""
    root = tmp_path_factory.mktemp("tree")
    for hole in holes():
        for name in hole.files():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
    return root


@pytest.mark.parametrize("hole", holes(), ids=lambda hole: hole.name)
def test_hole_fits_the_tree_and_leaves_python_that_can_be_read(hole, tree):
    for name in hole.files():
        if (ROOT / name).is_file():
            (tree / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    hole.dig(tree)
    for name in hole.files():
        if name.endswith(".py"):
            assert ast.parse((tree / name).read_text("utf-8"))


@pytest.mark.parametrize("hole", holes(), ids=lambda hole: hole.name)
def test_tests_that_have_to_find_it_are_there(hole):
    for node in hole.nodes():
        for part in shlex.split(node):
            file, _, name = part.partition("::")
            assert (ROOT / file).is_file()
            assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text("utf-8") if name else True


def test_a_hole_whose_place_is_gone_is_named(tmp_path):
    hole = Hole("gone", "", "", (), ({"file": "a.py", "old": "here", "new": "there"},))
    (tmp_path / "a.py").write_text("here and here", "utf-8")
    with pytest.raises(DoesNotFit, match=r"holes/gone\.toml does not fit: its text stands 2 times in a\.py"):
        hole.dig(tmp_path)


def test_scanners_find_every_hole_that_is_theirs(tmp_path):
    dug = [hole for hole in holes() if hole.scanners()]
    found, _ = found_by_scanners(dug, tmp_path / "all")
    missed = {
        hole.name: {f"{scanner} {rule}" for scanner, rule in hole.scanners()} - found[hole.name]
        for hole in dug
        if {f"{scanner} {rule}" for scanner, rule in hole.scanners()} - found[hole.name]
    }
    assert missed == {}
