"""Takes each permission check and each scope out of the product in turn, and asks whether the matrix notices.

One traced run tells which cells go through which function; a mutant is asked those alone, until one of them is wrong.
Mutants live in processes of their own, made from the one that holds the world; no file is changed.
"""

from __future__ import annotations

import ast
import copy
import gc
import importlib
import inspect
import re
import sys
import time
import types
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.matrix import run

FOLDERS = ("views", "queries", "domain", "admin", "models")
CHECKS = re.compile(r"_require|_?refuse_unless_\w+|_refuse_others|editor|_refuse_excuse|_lead|_administrator")
SCOPES = {"visible_to", "of", "addressed_to"}
PARTS = {"open_to", "of_teams"}
GUARDS = {
    "page",
    "linked",
    "_unseen",
    "login_required",
    "require_safe",
    "require_POST",
    "require_http_methods",
    "posted",
}
MOST_CELLS = 600
EVERYTHING = "__import__('django.db.models', fromlist=['Q']).Q(pk__isnull=False)"
PYTHON = sys.monitoring.PROFILER_ID if hasattr(sys, "monitoring") else 0


@dataclass(frozen=True)
class Mutant:
    """number: which of the module's spots. function: where it stands, as code objects name it; "" for a decorator."""

    module: str
    number: int
    line: int
    function: str
    what: str

    @property
    def is_scope(self) -> bool:
        return self.what.startswith("scope")

    def __str__(self) -> str:
        return f"{self.module.removeprefix('incidents.')}:{self.line} {self.function} {self.what}"


class Spots(ast.NodeTransformer):
    """Walks a module; counts its spots, and takes the one numbered `wanted` out."""

    def __init__(self, module: str, wanted: int = -1):
        self.module, self.wanted = module, wanted
        self.found: list[Mutant] = []
        self.names: list[str] = []
        self.defs: list[str] = []

    def _spot(self, node: ast.AST, what: str, function: str | None = None) -> bool:
        where = ".".join(self.names) if function is None else function
        self.found.append(Mutant(self.module, len(self.found), node.lineno, where, what))
        return len(self.found) - 1 == self.wanted

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.names.append(node.name)
        self.generic_visit(node)
        self.names.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer = ".".join(self.names)
        if re.fullmatch(r"has_\w+_permission", node.name):
            self.names += [node.name]
            if self._spot(node, "permission → True"):
                kept = ast.copy_location(ast.If(ast.Constant(False), node.body, []), node.body[0])
                node.body = [ast.copy_location(ast.Return(ast.Constant(True)), node.body[0]), kept]
            self.names.pop()
            return node
        kept = []
        for one in node.decorator_list:
            name = _name(one.func if isinstance(one, ast.Call) else one)
            if name in GUARDS and self._spot(one, f"@{name} gone", f"@{outer}{node.name}"):
                continue
            kept.append(one)
        node.decorator_list = kept
        if outer:
            self.names.append(node.name)
        else:
            self.names.append(node.name)
        self.names_locals(node)
        self.names.pop()
        return node

    def names_locals(self, node: ast.FunctionDef) -> None:
        self.names.append("<locals>")
        inner = self.names.pop()
        body = []
        for one in node.body:
            if isinstance(one, ast.FunctionDef):
                self.names.append(inner)
                body.append(self.visit(one))
                self.names.pop()
            else:
                body.append(self.visit(one))
        node.body = body

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and CHECKS.fullmatch(_name(node.value.func)):
            if self._spot(node, f"check {_name(node.value.func)}() gone"):
                return ast.copy_location(ast.If(ast.Constant(False), [node], []), node)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = _name(node.func)
        self.generic_visit(node)
        new: ast.expr | None = None
        if isinstance(node.func, ast.Attribute) and name in SCOPES and len(node.args) == 1:
            if self._spot(node, f"scope .{name}() → .all()"):
                new = ast.Call(ast.Attribute(node.func.value, "all", ast.Load()), [], [])
        elif name in PARTS and self._spot(node, f"scope {name}() → everything"):
            new = ast.parse(EVERYTHING, mode="eval").body
        elif name == "admin_view" and isinstance(node.func, ast.Attribute) and "super" not in ast.dump(node.func.value):
            if self._spot(node, "admin_view() gone"):
                new = node.args[0]
        elif name.startswith("get_") and any(one.arg == "to" for one in node.keywords):
            if self._spot(node, f"{name}(to=…) → read"):
                new = copy.deepcopy(node)
                for one in new.keywords:
                    if one.arg == "to":
                        one.value = ast.Constant("read")
        if new is None:
            return node
        chosen = ast.IfExp(ast.Constant(True), new, node)  # the old one stays, so that the names in it are the same
        return ast.fix_missing_locations(ast.copy_location(chosen, node))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _source(module: str) -> tuple[Path, ast.Module]:
    path = Path(importlib.import_module(module).__file__)
    return path, ast.parse(path.read_text())


def mutants() -> list[Mutant]:
    found = []
    for folder in FOLDERS:
        for path in sorted(Path("incidents", folder).glob("*.py")):
            module = f"incidents.{folder}.{path.stem}"
            spots = Spots(module)
            spots.visit(_source(module)[1])
            found += spots.found
    return found


def _mutated(one: Mutant) -> types.CodeType:
    path, tree = _source(one.module)
    changed = ast.fix_missing_locations(Spots(one.module, one.number).visit(tree))
    return compile(changed, str(path), "exec", dont_inherit=True)


def apply(one: Mutant) -> None:
    """Put the mutant into this process."""
    code = _mutated(one)
    if one.module.startswith("incidents.views."):
        _import_views_anew(one.module, code)
        return
    codes = {found.co_qualname: found for found in _codes(code)}
    path = str(Path(importlib.import_module(one.module).__file__))
    changed = 0
    for found in gc.get_objects():
        if isinstance(found, types.FunctionType) and found.__code__.co_filename == path:
            new = codes.get(found.__code__.co_qualname)
            if new is not None and found.__code__.co_qualname == one.function:
                found.__code__ = new
                changed += 1
    outer = one.function.rpartition(".<locals>.")[0]
    for found in gc.get_objects() if outer and not changed else ():  # it is made anew each time that the outer one runs
        if isinstance(found, types.FunctionType) and found.__code__.co_filename == path:
            if found.__code__.co_qualname == outer:
                found.__code__ = codes[outer]
                changed += 1
    if not changed:
        raise LookupError(f"no function {one.function} in {path}")
    if one.module.startswith("incidents.admin."):
        _console_anew()


def _codes(code: types.CodeType) -> list[types.CodeType]:
    inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
    return [code, *(deep for one in inner for deep in _codes(one))]


def _import_views_anew(target: str, code: types.CodeType) -> None:
    from django.urls import get_resolver

    import incidents.views

    for name in [one for one in sys.modules if one.startswith("incidents.views.")]:
        del sys.modules[name]
        vars(incidents.views).pop(name.rpartition(".")[2], None)
    module = types.ModuleType(target)
    module.__file__, module.__package__ = code.co_filename, "incidents.views"
    sys.modules[target] = module
    setattr(incidents.views, target.rpartition(".")[2], module)
    exec(code, vars(module))
    del sys.modules["incidents.urls"]
    fresh = {one.name: one.callback for one in importlib.import_module("incidents.urls").urlpatterns}
    for one in get_resolver().url_patterns[0].url_patterns:
        one.callback = fresh[one.name]


def _console_anew() -> None:
    from django.contrib import admin
    from django.urls import get_resolver

    console = next(one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "admin")
    fresh = {str(one.pattern): one for one in admin.site.get_urls()}
    for place, one in enumerate(console.url_patterns):
        console.url_patterns[place] = fresh.get(str(one.pattern), one)


# Which cells go where --------------------------------------------------------------------------


def _cells(world: Any, pairs: list) -> list:
    from tests.matrix.cells import cells_of

    who = {"anonymous", "without a team", "viewer", "member", "lead", "organisation admin", "lead of another team",
           "superuser without a second factor"}  # fmt: skip
    return [
        cell
        for route, rule in pairs
        for cell in cells_of(route, rule, world)
        if cell.who.name in who and not cell.htmx and cell.method in {"GET", "POST", "PUT"}
    ]


def _trace(world: Any, share: int, of: int) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """By function, the cells that go through it, as (share, place in the share)."""
    from tests.matrix.cells import Asking

    asking, seen = Asking(world), set()
    root = str(Path("incidents").resolve())
    sys.monitoring.use_tool_id(PYTHON, "matrix")
    sys.monitoring.register_callback(
        PYTHON,
        sys.monitoring.events.PY_START,
        lambda code, _offset: (
            seen.add((code.co_filename, code.co_qualname))
            if code.co_filename.startswith(root)
            else sys.monitoring.DISABLE
        ),
    )
    sys.monitoring.set_events(PYTHON, sys.monitoring.events.PY_START)
    through = defaultdict(list)
    for place, cell in enumerate(_cells(world, run.share_of(share, of))):
        seen.clear()
        asking.ask(cell)
        for one in seen:
            through[one].append((share, place))
    sys.monitoring.free_tool_id(PYTHON)
    return dict(through)


def _order(cell: Any) -> tuple[int, int]:
    """Who must be refused first: those are the ones who notice."""
    from tests.matrix.cells import expected

    return (expected(cell)[0], cell.method == "POST")


def _chosen(cells: list) -> list:
    """So many cells of all those that go through a function, of each route some."""
    by_route = defaultdict(list)
    for one in sorted(cells, key=_order):
        by_route[one.route.name].append(one)
    rows = [row for turn in range(60) for row in (found[turn : turn + 1] for found in by_route.values()) if row]
    return [row[0] for row in rows][:MOST_CELLS]


def _try(one: Mutant, cells: list, world: Any) -> str:
    """How the mutant was noticed; "" when it was not."""
    from tests.matrix import unmoved, verbs
    from tests.matrix.cells import Asking

    try:
        apply(one)
    except Exception as fault:
        return f"cannot be made: {fault!r}"
    asking = Asking(world)
    for cell in cells:
        if wrong := asking.judge(cell):
            return f"{cell}: {wrong}"
    if found := unmoved.moved(world, [cell for cell in cells if cell.method == "GET"]):
        return found[0]
    if one.module.startswith(("incidents.domain.", "incidents.queries.access")):
        noun = one.module.rpartition(".")[2]
        _calls, wrong = verbs.ask(
            world, lambda name: noun in {"access", "incident", "standing"} or name.startswith(f"{noun}.")
        )
        if wrong:
            return wrong[0]
    return ""


def main(at_once: int = 2, only: str = "") -> int:
    began = time.perf_counter()
    with run.world_at_rest() as world:
        shares = at_once * 2
        maps = run.in_processes([partial(_trace, world, n, shares) for n in range(shares)], at_once)
        cells = {n: _cells(world, run.share_of(n, shares)) for n in range(shares)}
        through = defaultdict(list)
        for one in maps:
            for function, places in one.items():
                through[function] += [cells[share][place] for share, place in places]
        print(
            f"mutants: traced {sum(map(len, cells.values()))} cells in {time.perf_counter() - began:.0f} s", flush=True
        )
        found = [one for one in mutants() if only in str(one)]
        answers = run.in_processes(
            [partial(_try, one, _chosen(_of(one, through, cells)), world) for one in found], at_once
        )
    survivors = [one for one, answer in zip(found, answers, strict=True) if not answer]
    broken = [
        (one, answer) for one, answer in zip(found, answers, strict=True) if answer and "cannot be made" in answer
    ]
    for one in survivors:
        print(f"not noticed: {one}")
    for one, answer in broken:
        print(f"{one}: {answer}")
    scopes = [one for one in found if one.is_scope]
    missed = [one for one in survivors if one.is_scope]
    noticed = len(found) - len(survivors) - len(broken)
    share = 100 * noticed / max(1, len(found))
    took = time.perf_counter() - began
    print(
        f"mutants: {len(found)}, noticed {noticed} ({share:.1f} %), of {len(scopes)} scopes {len(scopes) - len(missed)}, "
        f"{took:.0f} s"
    )
    return bool(survivors or broken)


def _of(one: Mutant, through: dict, cells: dict) -> list:
    path = str(Path(importlib.import_module(one.module).__file__))
    if one.function.startswith("@"):
        name = one.function.removeprefix("@")
        mine = [cell for share in cells.values() for cell in share if _is_of(cell, path, name)]
        return mine or [cell for share in cells.values() for cell in share]
    if one.function.endswith("get_urls"):  # asked when the console is put together, and by no request
        return [cell for share in cells.values() for cell in share if cell.route.name.startswith("admin:")]
    return through.get((path, one.function), [])


def _is_of(cell: Any, path: str, name: str) -> bool:
    view = inspect.unwrap(cell.route.callback)
    return getattr(view, "__name__", "") == name and inspect.getsourcefile(view) == path
