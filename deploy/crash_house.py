"""A house that is built to be broken: one database, one mail server that counts, and real processes that send.

`deploy/crash_reminders.py` says what is done to it.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers import Broker, Program, base_environ, free_port, manage, until  # noqa: E402

DUE = 300
LEASE = 3


class House:
    """One database and one mail server, and the processes that send.

    What stands at a round's end sends in the next round as well: a start costs seconds, a kill is meant for the letters.
    """

    def __init__(self, folder: Path, database: str, *, seed: tuple[str, ...] = (str(DUE), str(DUE)), **environ: str):
        self.folder, self.taken, self.port = folder, folder / "taken", free_port()
        self.environ = base_environ(
            folder,
            DATABASE_URL=database,
            SMTP_URL=f"smtp://127.0.0.1:{self.port}",
            REMINDER_LEASE_SECONDS=str(LEASE),
            REMINDER_BACKOFF=",".join(["1"] * 20),
            USHIRO_SECRET_KEY="crash-" + "0123456789abcdefghij" * 3,
            **environ,
        )
        self.broker: Broker | None = None
        self.programs: list[Program] = []
        self.start_sink()
        manage("migrate", "-v0", environ=self.environ)
        self.manage("bench_seed", *seed)

    def manage(self, *arguments: str) -> str:
        return manage(*arguments, environ=self.environ).strip()

    def _run(self, name: str, command: list[str]) -> Program:
        log = self.folder / f"{name}-{len(self.programs)}.log"
        started = Program([sys.executable, *command], log=log, environ=self.environ)
        self.programs.append(started)
        return started

    def start_sink(self, *more: str) -> None:
        sink = [str(ROOT / "deploy" / "mail_sink.py"), "--port", str(self.port), "--log", str(self.taken)]
        self.sink = self._run("sink", [*sink, *more])

    def restart_sink(self, *more: str) -> None:
        self.sink.kill()
        self.start_sink(*more)

    def sender(self, *, another: bool = False, writes: bool = False) -> Program:
        """`manage.py deliver`, which needs no broker. Returns the one that is there, else a new one.

        writes: it writes the letters as well that it sends.
        """
        if not another and (found := self.standing("deliver")):
            return found
        more = [] if writes else ["--no-write"]
        return self._run("deliver", ["manage.py", "deliver", "--forever", "--every", "0.2", *more])

    def standing(self, name: str) -> Program | None:
        """The newest of this name that runs."""
        return next(reversed(self.all_standing(name)), None)

    def all_standing(self, name: str) -> list[Program]:
        return [one for one in self.programs if one.log.name.startswith(name) and one.process.poll() is None]

    def start_broker(self) -> None:
        self.broker = Broker(self.folder)
        self.environ["CELERY_BROKER_URL"] = self.broker.url

    def worker(self, *, another: bool = False) -> Program:
        """A Celery worker with two processes; when it ends by itself, `supervise` starts the next."""
        if not another and (found := self.standing("worker")):
            return found
        celery = [
            "-m",
            "celery",
            "-A",
            "ushiro",
            "worker",
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
        ]
        started = self._run("worker", [*celery, "-P", "prefork", "-c", "2", "-n", f"w{len(self.programs)}@%h"])
        until(lambda: "ready." in started.said or started.process.poll() is not None, 60, "the worker is ready")
        return started

    def beat(self, *, another: bool = False) -> Program:
        """Celery beat, which rings each entry every second."""
        if not another and (found := self.standing("beat")):
            return found
        self.environ["USHIRO_TICK"] = "1"
        place = str(self.folder / f"beat-{len(self.programs)}.schedule")
        return self._run("beat", ["-m", "celery", "-A", "ushiro", "beat", "--pidfile=", "--schedule", place])

    def supervise(self) -> None:
        """As systemd and `make up` do: a worker or beat that has ended by itself is started anew."""
        self.worker()
        self.beat()

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.taken.read_text().splitlines()] if self.taken.exists() else []

    def stop(self) -> None:
        for program in self.programs:
            program.kill()
        if self.broker is not None:
            self.broker.stop()


class Database:
    """The house's tables, asked from outside; it waits while the server is away."""

    def __init__(self, url: str):
        self.url = url

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        end = time.monotonic() + 60
        while True:
            try:
                return self._ask(sql)
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        if self.url.startswith("sqlite"):
            import sqlite3

            with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30)) as link, link:
                return link.execute(sql).fetchall()
        import psycopg

        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as link:
            found = link.execute(sql)
            return found.fetchall() if found.description else []

    def again(self) -> None:
        """All letters are due once more."""
        now = "datetime('now')" if self.url.startswith("sqlite") else "now()"
        # The rows first: a sender that stands there would find a letter due whose rows are settled, and take it back.
        self.ask(
            "UPDATE incidents_reminderdelivery SET state = 'written', settled_at = NULL WHERE letter_id IS NOT NULL"
        )
        self.ask(
            f"UPDATE incidents_letter SET state = 'waiting', next_try_at = {now}, attempts = 0, dot_at = NULL, "  # a number of our own  # nosec B608
            "claim = '', error = '', sent_at = NULL"
        )

    def unwritten(self) -> None:
        """All steps have come once more, and no letter tells of them."""
        self.ask(
            "UPDATE incidents_reminderdelivery SET state = 'pending', settled_at = NULL, letter_id = NULL "
            "WHERE planned_at IS NULL"
        )
        self.ask("DELETE FROM incidents_letter")

    def states(self) -> Counter[str]:
        return Counter(dict(self.ask("SELECT state, count(*) FROM incidents_letter GROUP BY state")))


class Round:
    """One round: what the server had taken before, and what it took since."""

    def __init__(self, house: House, database: Database, number: int = 0):
        self.house, self.database, self.number = house, database, number
        self.before = len(house.lines())

    def begin_here(self) -> None:
        """What was due when the processes started is sent, and is none of this round."""
        self.wait_for_end()
        self.before = len(self.house.lines())

    def due(self) -> None:
        """All letters are due now."""
        self.database.again()

    def taken(self) -> list[list[str]]:
        return self.house.lines()[self.before :]

    def wait_for(self, count: int, patience: float = 60) -> None:
        end = time.monotonic() + patience
        while len(self.taken()) < count and time.monotonic() < end:
            time.sleep(0.002)

    def wait_until_told(self, patience: float = 90) -> None:
        """Until each step that has come is told."""
        end = time.monotonic() + patience
        steps = "SELECT count(*) FROM incidents_reminderdelivery WHERE state <> 'sent' AND planned_at IS NULL"
        while self.database.ask(steps)[0][0] and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.3)  # whoever sent the last one puts it on the disk

    def wait_for_end(self, patience: float = 90, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Until no letter waits and none is in anybody's hand. meanwhile: asked again and again, such as a supervisor."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            states = self.database.states()
            if not states["waiting"] and not states["sending"]:
                time.sleep(0.3)  # whoever sent the last one puts it on the disk
                return
            meanwhile()
            time.sleep(0.1)

    def _lost(self, taken: set[str]) -> int:
        """Who was told nothing, and whose letter lies nowhere where somebody looks at it. taken: recipients."""
        rows = self.database.ask("SELECT to_email, state FROM incidents_letter")
        looked_at = {to for to, state in rows if state in {"unconfirmed", "failed"}}
        return len({to for to, _state in rows} - taken - looked_at) + max(DUE - len({to for to, _state in rows}), 0)

    def count(self) -> dict[str, int]:
        ids = Counter(line[0] for line in self.taken())
        states = self.database.states()
        keys: dict[str, set[str]] = {}
        for line in self.taken():
            keys.setdefault(line[2], set()).add(line[0] + line[3])
        return {
            "lost": self._lost(set(keys)),
            "doubled": sum(ids.values()) - len(ids),
            "stuck": states["waiting"] + states["sending"],
            "held": states["unconfirmed"],
            "dead": states["failed"],
            "other_bytes": sum(len(found) > 1 for found in keys.values()),
        }
