from __future__ import annotations

import logging
import signal
import time
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from incidents.domain import engine, letter, mirroring, reminder
from incidents.queries.engine import ESSENTIAL, rings_due
from incidents.queries.reminder import what_waits
from incidents.tasks import mirror, sending, signs

log = logging.getLogger(__name__)
# Done above, at each turn.
OF_LETTERS = frozenset(
    {"reminder.digest", "reminder.moments", "letter.sweep", "mirror.sweep", "housekeeping.beat_mark"}
)


class Command(BaseCommand):
    help = "Write and send what is due, as the worker does, without a broker. Any number may run beside any worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="look again every few seconds until it is stopped")
        parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS", help="how often (default: 5)")
        parser.add_argument("--no-write", action="store_true", help="send what is written, and write no new letters")

    def handle(self, *, forever: bool, every: float, no_write: bool, **options: Any) -> None:
        sending.stay()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, sending.leave)
        total = 0
        while True:
            try:
                total += _once(write=not no_write)
            except (OperationalError, InterfaceError):
                if not forever:
                    raise
                log.warning("database away; looked for again at the next turn", exc_info=True)
                connection.close()
            if not forever or sending.is_leaving():
                break
            until = time.monotonic() + every
            while time.monotonic() < until and not sending.is_leaving():
                time.sleep(0.1)
        self.stdout.write(f"{total}")


def _once(*, write: bool) -> int:
    """Everything that is due now. Returns how many letters were settled."""
    letter.follow_clock()
    waits, settled = what_waits(now=timezone.now()), 0
    if write and waits.moments:
        reminder.write_due_moments()
    if write and waits.mornings:
        reminder.write_due_digests()
    if waits.letters or (write and (waits.moments or waits.mornings)):
        settled = sending.deliver()
    if write:
        mirroring.write_due_mornings()
    mirror.run()  # after the letters: no chat channel keeps a mail waiting
    if write:  # whoever looks whether the engine lives sees that it does, without beat and worker too
        for name in ESSENTIAL:
            engine.mark(name)
        if _ring_the_rest():  # some of them write letters
            settled += sending.deliver()
    return settled


def _ring_the_rest() -> list[str]:
    """What beat rings for beside the letters (care, mail that comes in, the hourly audit …), each at its own interval.

    By the engine's marks, so that a worker and any number of these commands do it once between them. One that fails is
    noted and does not stop the others (habit 7). Returns what was done.
    """
    due = rings_due(signs.rings(), but=OF_LETTERS, now=timezone.now())
    for name in due:
        if sending.is_leaving():
            break
        try:
            current_app.tasks[name].run()
        except (OperationalError, InterfaceError):
            raise
        except Exception as trouble:
            log.exception("%s could not be done", name)
            engine.mark_failed(name, type(trouble).__name__)
        else:
            engine.mark(name)
    return due
