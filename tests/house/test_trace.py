"""Every write of a person leaves its entry: read from the code, for the verbs that a test has not been written for yet."""

from __future__ import annotations

import ast
import re

from incidents.queries.audit import VERBS
from tests.house.test_code import sources

WRITES = re.compile(r"^(save|update|delete|create|bulk_create|bulk_update|get_or_create|update_or_create)$")
NOTES = {"audit.note", "audit.keep"}

# Verbs by somebody that leave no entry, and why.
WITHOUT = {
    "handed.tell": "a letter about what the verb that calls it has noted",
    "inbound.forget": "mail of machines and strangers, by age; nobody is asked and no record is touched",
    "jotting.drop": "まず一言 is a private draft: nobody else is to learn of it",
    "jotting.jot": "the same",
    "reply.helpers_of": "reads; a dictionary's update looks like a write",
}

# Parts of a verb with an entry of their own, in the transaction of whoever calls them.
INNER = {
    "clock.follow",
    "feed.end",
    "further_report.follow_report",
    "gain.keep",
    "incident.refresh_stage",
    "promise.close_reports",
    "review.fail",
    "unreached.clear",
}


def functions() -> dict[str, ast.FunctionDef]:
    """Each function and method of the domain as module.name."""
    found = {}
    for file in sources("incidents/domain"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(f"{file.stem}.{node.name}", node)
    return found


def called(module: str, function: ast.FunctionDef) -> set[str]:
    """What a function calls, or gives to somebody to be called, as module.name as far as the names tell."""
    names = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
    names |= {ast.unparse(node) for node in ast.walk(function) if isinstance(node, (ast.Name, ast.Attribute))}
    return names | {f"{module}.{name.rpartition('.')[2]}" for name in names}


def reaches(name: str, wanted, known: dict[str, ast.FunctionDef], seen: set[str]) -> bool:
    if name in seen or name not in known:
        return False
    seen.add(name)
    calls = called(name.partition(".")[0], known[name])
    if any(wanted(one) for one in calls):
        return True
    bare = {one for one in calls if "." not in one}
    further = calls | {other for other in known if other.partition(".")[2] in bare}
    return any(reaches(one, wanted, known, seen) for one in further)


def verbs() -> list[str]:
    """Public functions of the domain that are given who does it, and that write."""
    known = functions()
    return sorted(
        name
        for name, node in known.items()
        if not node.name.startswith("_")
        and "by" in {one.arg for one in node.args.kwonlyargs + node.args.args}
        and reaches(name, lambda call: bool(WRITES.match(call.rpartition(".")[2])), known, set())
    )


def test_every_verb_of_a_person_leaves_its_entry():
    known = functions()
    found = verbs()
    assert len(found) > 100
    without = {name for name in found if not reaches(name, NOTES.__contains__, known, set())}
    assert without == set(WITHOUT)


def test_every_entry_is_written_within_a_transaction():
    """`note` and `keep` open one where none is open; so change and entry share one exactly where the verb has its own."""
    known = functions()
    noting = [
        name
        for name, node in known.items()
        if not node.name.startswith("_")
        and "by" in {one.arg for one in node.args.kwonlyargs}
        and any(ast.unparse(call.func) in NOTES for call in ast.walk(node) if isinstance(call, ast.Call))
    ]
    assert len(noting) > 60
    bare = [
        name
        for name in noting
        if "transaction.atomic" not in " ".join(map(ast.unparse, known[name].decorator_list))
        and "transaction.atomic" not in ast.unparse(known[name])
    ]
    assert set(bare) == INNER


def test_entries_are_written_by_nobody_else():
    """No code makes an entry past `note` and `keep`, which seal it."""
    found = [
        file.name
        for file in sources("incidents")
        if file.name not in {"audit.py", "seal.py"}
        and re.search(r"AuditEntry(\.objects\.(bulk_)?create|\()|AuditSeal\(", file.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert "audit.erased" in VERBS
