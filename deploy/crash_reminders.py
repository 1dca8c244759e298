"""Kill what sends the letters, again and again, and count: `make crash-reminders`.

    .venv/bin/python deploy/crash_reminders.py [--only worker hold postgres celery broker …] [--rounds N]

Each round makes 300 letters due, sends them with real processes to a mail server that writes down what it took, kills
at a chance moment or at a named point, lets the engine come back by itself, and reads the server's list: what is missing
there was lost, what stands there twice was doubled. Nobody lends a hand. Half of the scenarios send by `manage.py
deliver`, the others by a Celery worker with two processes, a beat and a broker.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy.crash_house import DUE, Database, House, Round  # noqa: E402
from tests.servers import Postgres, Program, until  # noqa: E402

# What each scenario may cost: (rounds, doubled in all). None: at most one a round, where the server itself died with its
# answer or said that it did not take what it took: the gap that no protocol closes (RFC 1047).
LIMITS: dict[str, tuple[int, int | None]] = {
    "worker": (50, 15),
    "hold": (50, 0),
    "points": (20, None),
    "postgres": (30, 0),
    "smtp": (25, 0),
    "term": (50, 0),
    "sqlite": (50, 15),
    "faults": (3, None),
    "writer": (20, None),
    "celery": (50, 15),
    "celery-term": (50, 0),
    "broker": (20, 0),
    "beat": (20, 0),
    "crowd": (5, 0),
}
WITH_BROKER = {"celery", "celery-term", "broker", "beat", "crowd"}
# Where the mail server stops in the middle of a letter, so that its sender can be killed right there.
POINTS = ("mail", "recipient", "body", "dot", "unanswered", "taken")
IN_THE_GAP = {"unanswered", "taken"}


def somewhere(one: Round) -> None:
    """All are due, and a chance moment in their middle has come."""
    one.due()
    one.wait_for(random.randint(1, DUE - 60))
    time.sleep(random.uniform(0, 0.004))


def kill_worker(one: Round) -> None:
    sender = one.house.sender()
    somewhere(one)
    sender.kill()
    one.house.sender()
    one.wait_for_end()


# Everybody's morning has come, whatever day and hour it is; what else the engine does is done.
PREPARED = """
from django.utils import timezone
from incidents.domain import engine
from incidents.models import Closure, Person, ReminderDelivery
from incidents.queries.calendar import today_here
from incidents.tasks import signs
Person.objects.update(digest_hour=0, quiet_from=None)
Closure.objects.create(day=today_here(), name="-", works=True)
ReminderDelivery.objects.filter(planned_at=None).update(planned_on=today_here())
for name in signs.rings():
    engine.mark(name)
"""


def kill_writer(one: Round) -> None:
    """Who writes the letters of the morning and sends them dies in the midst of both; nobody is told twice or forgotten."""
    if old := one.house.standing("deliver"):
        end(old)
    one.database.unwritten()
    sender = one.house.sender(writes=True)
    if one.number % 2:  # while the letters are written
        written = "SELECT count(*) FROM incidents_letter"
        until(lambda: one.database.ask(written)[0][0] > random.randint(0, DUE - 60), 60, "letters are written")
    else:
        one.wait_for(random.randint(1, DUE - 60))
    sender.kill()
    one.house.sender(writes=True)
    one.wait_until_told()
    if (doubled := one.count()["doubled"]) > 1:
        raise AssertionError(f"{doubled} doubled in one round")


def kill_at_points(one: Round) -> None:
    """The sender dies while the server waits at a point: at MAIL, …, after the dot, after its 250."""
    point = POINTS[one.number % len(POINTS)]
    reached = one.house.folder / "reached"
    reached.unlink(missing_ok=True)
    if old := one.house.standing("deliver"):
        end(old)
    one.house.restart_sink("--stop-at", f"{point}:{random.randint(1, DUE - 60)}", "--reached", str(reached))
    one.due()
    sender = one.house.sender()
    until(reached.exists, 60, f"the server stands at {point}")
    sender.kill()
    one.house.restart_sink()
    one.house.sender()
    one.wait_for_end()
    doubled = one.count()["doubled"]
    if doubled > (point in IN_THE_GAP):
        raise AssertionError(f"{doubled} doubled at {point}")


def kill_postgres(one: Round, postgres: Any) -> None:
    one.house.sender()
    somewhere(one)
    postgres.crash()
    one.wait_for_end()


def kill_sink(one: Round) -> None:
    one.house.sender()
    somewhere(one)
    one.house.sink.kill()
    time.sleep(random.uniform(0, 0.5))
    one.house.start_sink()
    one.wait_for_end()


def terminate(one: Round) -> None:
    sender = one.house.sender()
    somewhere(one)
    end(sender)
    in_nobodys_hand(one)
    one.house.sender()
    one.wait_for_end()


def kill_celery(one: Round) -> None:
    """The worker and its processes at once, as the system does when memory runs out."""
    one.house.supervise()
    somewhere(one)
    one.house.worker().kill()
    one.house.supervise()
    one.wait_for_end()


def terminate_celery(one: Round) -> None:
    """SIGTERM to the worker's main process alone, as systemd, Docker and Kubernetes send it at a deploy."""
    one.house.supervise()
    somewhere(one)
    end(one.house.worker())
    in_nobodys_hand(one)
    one.house.supervise()
    one.wait_for_end()


def kill_broker(one: Round) -> None:
    """The bell itself; every third time with all that stood in it."""
    broker = one.house.broker
    assert broker is not None
    one.house.supervise()
    somewhere(one)
    broker.kill() if one.number % 3 else broker.lose_everything()
    time.sleep(random.uniform(0, 1))
    broker.start()
    one.wait_for_end(meanwhile=one.house.supervise)


def kill_beat(one: Round) -> None:
    one.house.supervise()
    somewhere(one)
    one.house.beat().kill()
    one.house.supervise()
    one.wait_for_end()


def crowd(one: Round) -> None:
    """Two of everything at once: beats, workers, senders without a broker."""
    house = one.house
    starts = {"deliver": house.sender}
    if house.broker is not None:
        starts |= {"worker": house.worker, "beat": house.beat}
    for name, start in starts.items():
        while len(house.all_standing(name)) < 2:
            start(another=True)
    one.begin_here()
    one.due()
    one.wait_for_end()


def faults(one: Round) -> None:
    one.house.restart_sink("--faults", "4xx=0.1,before=0.03,after=0.03,421=0.03,5xx=0.03,slow=0.05")
    one.house.sender()
    one.due()
    one.wait_for_end(180)


def end(sender: Program) -> None:
    begin = time.monotonic()
    sender.process.send_signal(signal.SIGTERM)
    sender.process.wait(30)
    if time.monotonic() - begin > 10:
        raise AssertionError(f"gone only after {time.monotonic() - begin:.0f} s")


def in_nobodys_hand(one: Round) -> None:
    """Who was told to end has given back what it had not sent."""
    doubt = one.database.states()["sending"]
    if doubt:
        raise AssertionError(f"{doubt} letters are still in somebody's hand after SIGTERM")


@contextlib.contextmanager
def scenario(name: str) -> Iterator[tuple[House, Database, Callable[[Round], None]]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ushiro-crash-")))
        more = {"REMINDER_POLICY": "hold"} if name == "hold" else {}
        if name == "sqlite":
            url, postgres = f"sqlite:///{folder / 'one.sqlite3'}", None
        else:
            postgres = Postgres(durable=True)
            stack.callback(postgres.stop)
            postgres.run("CREATE DATABASE crash")
            url = postgres.url("crash")
        seed = ("1", "0", "--mornings", str(DUE)) if name == "writer" else (str(DUE), str(DUE))
        house = House(folder, url, seed=seed, **more)
        stack.callback(house.stop)
        if name == "writer":
            house.manage("shell", "-c", PREPARED)
        if name in WITH_BROKER:
            house.start_broker()
        act: dict[str, Callable[[Round], None]] = {
            "worker": kill_worker,
            "hold": kill_worker,
            "sqlite": kill_worker,
            "points": kill_at_points,
            "writer": kill_writer,
            "celery": kill_celery,
            "celery-term": terminate_celery,
            "broker": kill_broker,
            "beat": kill_beat,
            "postgres": lambda one: kill_postgres(one, postgres),
            "smtp": kill_sink,
            "term": terminate,
            "crowd": crowd,
            "faults": faults,
        }
        yield house, Database(url), act[name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=sorted(LIMITS), default=list(LIMITS))
    parser.add_argument("--rounds", type=int, help="instead of each scenario's own number")
    options = parser.parse_args()
    failures = []
    print(
        f"{'scenario':<12}{'rounds':>7}{'lost':>6}{'doubled':>9}{'stuck':>7}{'held':>6}{'dead':>6}{'other bytes':>13}",
        flush=True,
    )
    for name in options.only:
        rounds, may_double = LIMITS[name]
        rounds = options.rounds or rounds
        total: Counter[str] = Counter()
        with scenario(name) as (house, database, act):
            for number in range(rounds):
                one = Round(house, database, number)
                try:
                    act(one)
                except AssertionError as error:
                    failures.append(f"{name}: {error}")
                total.update(one.count())
        print(
            f"{name:<12}{rounds:>7}{total['lost']:>6}{total['doubled']:>9}{total['stuck']:>7}{total['held']:>6}"
            f"{total['dead']:>6}{total['other_bytes']:>13}",
            flush=True,
        )
        if total["lost"] > 0 or total["stuck"] or total["other_bytes"]:
            failures.append(f"{name}: {json.dumps(total)}")
        if may_double is not None and total["doubled"] > may_double:
            failures.append(f"{name}: {total['doubled']} doubled")
        if total["dead"] and name != "faults":
            failures.append(f"{name}: {total['dead']} given up")
    if failures:
        print("\nNot reached:\n  " + "\n  ".join(failures))
        sys.exit(1)


if __name__ == "__main__":
    main()
