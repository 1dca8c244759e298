"""The whole matrix: made up once, asked by two processes, counted."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.matrix import rules, walk

NOW = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)  # a Tuesday morning in Tokyo, as `clock` in tests/conftest.py


@dataclass
class Result:
    routes: int = 0
    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    kinds: Counter = field(default_factory=Counter)
    calls: int = 0
    pages: int = 0

    def add(self, other: Result) -> None:
        self.routes += other.routes
        self.cells += other.cells
        self.wrong += other.wrong
        self.kinds += other.kinds
        self.calls += other.calls
        self.pages += other.pages


@contextmanager
def database() -> Iterator[None]:
    """A database in memory with all migrations, outside pytest."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings_test")
    os.environ["DATABASE_URL"] = "sqlite:///:memory:"
    django.setup()
    from django.db import connection
    from django.test.utils import setup_test_environment

    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    yield


@contextmanager
def world_at_rest() -> Iterator[Any]:
    """The world, in a transaction that is rolled back, while the clock stands."""
    import time_machine
    from django.db import transaction
    from django.test import override_settings

    from tests.matrix import world

    with (
        tempfile.TemporaryDirectory() as media,
        override_settings(MEDIA_ROOT=Path(media)),
        time_machine.travel(NOW, tick=False),
        transaction.atomic(),
    ):
        yield world.build()
        transaction.set_rollback(True)


def ruled() -> list[tuple[walk.Route, rules.Rule]]:
    return [(one, rules.ROUTES[one.name]) for one in walk.routes() if one.name in rules.ROUTES]


def share_of(number: int, of: int) -> list[tuple[walk.Route, rules.Rule]]:
    return ruled()[number::of]


def task_modules() -> list[str]:
    return [f"incidents.tasks.{one.stem}" for one in sorted(Path("incidents/tasks").glob("[a-z]*.py"))]


def ask_all(world: Any, pairs: list[tuple[walk.Route, rules.Rule]], *, short: bool = False) -> Result:
    """Every cell of these routes; `short`: GET and POST without htmx alone."""
    from tests.matrix.cells import Asking, cells_of

    asking, result = Asking(world), Result()
    for route, rule in pairs:
        result.routes += 1
        for cell in cells_of(route, rule, world):
            if short and (cell.htmx or cell.method not in {"GET", "POST"}):
                continue
            result.cells += 1
            result.kinds[f"{cell.method}{' htmx' if cell.htmx else ''}"] += 1
            if wrong := asking.judge(cell):
                result.wrong.append(f"{cell}: {wrong}")
        asking.forget()
    return result


def in_processes(work: list[Callable[[], Any]], at_once: int = 2) -> list[Any]:
    """What each piece of work returns; each runs in a process of its own, which has all that this one has made up."""
    with tempfile.TemporaryDirectory() as folder:
        waiting, running = list(enumerate(work)), {}
        while waiting or running:
            while waiting and len(running) < at_once:
                number, job = waiting.pop(0)
                running[_fork(job, Path(folder) / str(number))] = number
            pid, _status = os.wait()
            running.pop(pid, None)
        return [_read(Path(folder) / str(number)) for number in range(len(work))]


def _fork(job: Callable[[], Any], file: Path) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            file.write_bytes(pickle.dumps(job()))
            code = 0
        finally:
            os._exit(code)  # nothing that the parent has open is closed twice
    return pid


def _read(file: Path) -> Any:
    return pickle.loads(file.read_bytes()) if file.exists() else None


def past_the_cells(world: Any) -> Result:
    """The verbs called directly, and the pages that a record out of sight must not move."""
    from tests.matrix import unmoved, verbs

    calls, wrong = verbs.ask(world)
    pages = list(unmoved.pages(world, ruled()))
    return Result(wrong=wrong + unmoved.moved(world, pages), calls=calls, pages=len(pages))


def whole(at_once: int = 2, *, short: bool = False) -> Result:
    """Every cell, in so many processes."""
    total = Result()
    with world_at_rest() as world:
        jobs = [lambda n=n: ask_all(world, share_of(n, at_once * 2), short=short) for n in range(at_once * 2)]
        jobs.append(lambda: past_the_cells(world))
        for one in in_processes(jobs, at_once):
            if one is None:
                total.wrong.append("a process of the matrix ended without an answer")
            else:
                total.add(one)
    return total


def main() -> int:
    only = [one for one in sys.argv[1:] if not one.startswith("-")]
    began = time.perf_counter()
    with database():
        if "--mutate" in sys.argv:
            from tests.matrix import mutate

            return mutate.main(only=only[0] if only else "")
        if only:
            with world_at_rest() as world:
                total = ask_all(world, [(r, rule) for r, rule in ruled() if r.name in only])
        else:
            total = whole(short="--short" in sys.argv)
    for one in sorted(total.wrong):
        print(one)
    took = time.perf_counter() - began
    print(
        f"matrix: {total.routes} routes, {total.cells} cells, {total.calls} calls of verbs, "
        f"{total.pages} pages asked twice, {len(total.wrong)} wrong, {took:.0f} s"
    )
    return bool(total.wrong)
