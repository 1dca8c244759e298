"""Letters on their way: claimed in batches, sent on one connection, each recorded as soon as the server has answered.

Celery rings for it and `manage.py deliver` calls it; nothing of it needs a broker. A process may die at any point of it:
before the mark nothing was sent, and the claim runs out; between the mark and the answer nobody can know, and the policy
decides; after the record it is done. What such a death costs was measured (`make crash-reminders`, docs/operation.md).
"""

from __future__ import annotations

import logging
import mmap
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from incidents.domain import engine, reminder, unreached
from incidents.domain import letter as letters
from incidents.domain.surely import surely_wanted
from incidents.gateways import mail
from incidents.gateways.sentlog import SentLog, left_behind
from incidents.models import Letter
from incidents.queries.mailway import SIGN

log = logging.getLogger(__name__)

BATCH = 100  # letters of one claim
CHUNK = 20  # letters whose standing is asked at once, and after which what was recorded is on the disk
MOST = 2_000  # letters of one round: then others of the worker's tasks have their turn
# Letters one after the other at which the line ended: then it is the server that cannot be had, and no recipient's matter.
CUT = 3
# A round ends by its own clock between two letters: a time limit from outside could strike between dot and 250.
SECONDS = 50.0

# One byte that a worker's main process shares with the processes it forks: set when it is told to end.
_leaving = mmap.mmap(-1, 1)


def leave(*_: object, **__: object) -> None:
    """Finish the letter in hand and give the others back. For a signal, or for whoever runs the rounds."""
    _leaving[0] = 1


def is_leaving() -> bool:
    return bool(_leaving[0])


def stay() -> None:
    """A new life: a process that was told to end and did not, such as a test's."""
    _leaving[0] = 0


class Round:
    """One round of sending. Any number may run at once, in any number of processes and machines."""

    def __init__(self, *, seconds: float = SECONDS, most: int = MOST):
        self._end = time.monotonic() + seconds
        self._left = most
        self._noted = SentLog(notes_folder())
        self._unwritten: list[Letter] = []  # taken by the server, and perhaps not yet on the database's disk
        self._took, self._away = False, ""
        self._cut = 0  # letters one after the other at which the line ended
        self.settled = 0

    def run(self) -> int:
        """Send what is due until nothing is left, the time is over or somebody wants to leave.

        Returns how many letters were settled one way or another. Never raises for what a mail server does.
        """
        with _quick_commits(), mail.Post() as post, self._noted:
            self._asking(settle_left_behind)
            while self._left > 0 and not self._over():
                batch = self._asking(lambda: letters.claim_batch(min(BATCH, self._left)))
                if not batch:
                    break
                if not self._send_all(batch, post):
                    break
            self._leave_sign()
        return self.settled

    def _leave_sign(self) -> None:
        """Once a round: when the mail server last took a letter, or that it cannot be had."""
        if not (self._took or self._away):
            return
        try:
            if self._took:
                engine.mark(SIGN)
            if self._away:
                engine.mark_failed(SIGN, self._away)
        except (OperationalError, InterfaceError):  # a sign that cannot be written is late by one round
            log.warning("the mail server's sign could not be left", exc_info=True)

    def _over(self) -> bool:
        return is_leaving() or time.monotonic() >= self._end

    def _send_all(self, batch: list[Letter], post: mail.Post) -> bool:
        """Whether the server can be asked for more."""
        # Well before the claims run out: nobody else is to take a letter that this one is about to send.
        until = time.monotonic() + settings.REMINDER_LEASE_SECONDS / 2
        for at in range(0, len(batch), CHUNK):
            chunk = batch[at : at + CHUNK]
            sure = self._asking(lambda chunk=chunk: surely_wanted(chunk))
            for number, one in enumerate(chunk):
                rest = chunk[number:] + batch[at + CHUNK :]
                if self._over() or time.monotonic() >= until:
                    self._asking(lambda rest=rest: letters.give_back(rest))
                    self._flush()
                    return False
                answer = self._send(one, one.pk in sure, post)
                if answer is not None and self._is_away(answer):
                    rest = rest[0 if answer.away else 1 :]  # whoever was cut off has had their try
                    log.warning("mail server away: %s", answer.error)
                    self._away = _word(answer.error)
                    self._asking(lambda rest=rest, error=answer.error: letters.give_back(rest, error=error))
                    self._flush()
                    return False
                self.settled += 1
                self._left -= 1
            self._flush()
        return True

    def _is_away(self, answer: mail.Answer) -> bool:
        """Whether the server as a whole cannot be had: it says so, or ends the line at each letter it is given."""
        self._cut = self._cut + 1 if answer.cut or answer.in_doubt else 0
        return answer.away or self._cut >= CUT

    def _send(self, one: Letter, sure: bool, post: mail.Post) -> mail.Answer | None:
        try:
            if not (sure or self._asking(lambda: reminder.still_wanted(one))):
                return None
        except Exception as error:  # one odd letter is pushed ahead and must not stop the queue behind it (habit 7)
            log.exception("letter %s could not be checked again", one.pk)
            said = f"{type(error).__name__}: {error}"
            self._asking(lambda: unreached.not_taken(one, error=said, for_good=False))
            return None
        # No transaction is open here: a slow mail server must not hold the database.
        answer = post.send(one, before_dot=lambda: self._asking(lambda: letters.mark_dot(one)))
        if answer is None:  # the claim was lost: somebody else sends it
            return None
        if answer.taken:
            self._took = True
            self._noted.note(one.pk, one.claim)
            self._unwritten.append(one)
            self._asking(lambda: letters.mark_sent(one))
        elif answer.in_doubt:
            log.warning("letter %s in doubt: %s", one.pk, answer.error)
            self._asking(lambda: letters.mark_in_doubt(one, error=answer.error))
        elif not answer.away:
            log.warning("letter %s not taken: %s", one.pk, answer.error)
            self._not_taken(one, answer)
        return answer

    def _not_taken(self, one: Letter, answer: mail.Answer) -> None:
        try:
            self._asking(
                lambda: unreached.not_taken(one, error=answer.error, for_good=answer.for_good, nobody=answer.nobody)
            )
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # who hears of it could not be settled; the letters behind it go out all the same (habit 7)
            log.exception("letter %s was not taken, and nobody could be told", one.pk)
            self._asking(lambda: letters.mark_failed(one, error=answer.error, for_good=answer.for_good))

    def _flush(self) -> None:
        """What was recorded is on the disk from here on."""
        if self._unwritten:
            self._asking(lambda: letters.to_disk(self._unwritten[-1]))
            self._unwritten.clear()
            self._noted.clear()

    def _asking[Found](self, ask: Callable[[], Found]) -> Found:
        """Ask the database; when it is away, wait for it, and first say again what it may have forgotten.

        A server that was killed forgets the last commits that did not wait for the disk: letters that were taken would
        be sent once more.
        """
        until = time.monotonic() + max(self._end - time.monotonic(), 0) + settings.REMINDER_LEASE_SECONDS / 2
        pause = 0.1
        while True:
            try:
                return ask()
            except (OperationalError, InterfaceError):
                if connection.in_atomic_block or time.monotonic() >= until:
                    raise
                log.warning("database away; what was sent is said again when it is back", exc_info=True)
                time.sleep(pause)
                pause = min(pause * 2, 5)
                self._say_again(until)

    def _say_again(self, until: float) -> None:
        while time.monotonic() < until:
            connection.close()
            try:
                letters.quick_commits(True)
                for one in self._unwritten:
                    letters.mark_sent(one)
            except (OperationalError, InterfaceError):
                time.sleep(0.5)
            else:
                return


def _word(error: str) -> str:
    """The code of an answer or the kind of a fault, without a server's words: 535, ConnectionRefusedError."""
    return error.partition(" ")[0].rstrip(":")


def notes_folder() -> Path:
    """Where a sending process notes what the server took, beside the other files of this installation."""
    return settings.DATA_DIR / "sending"


def settle_left_behind() -> int:
    """What processes that died on this machine had seen taken is sent, and not in doubt. Returns how many letters."""
    return sum(letters.was_taken(pk, claim) for lines in left_behind(notes_folder()) for pk, claim in lines)


class _quick_commits:
    """Marks do not wait for the disk one by one; `Round._flush` waits for all of them."""

    def __enter__(self) -> None:
        letters.quick_commits(True)

    def __exit__(self, *_: object) -> None:
        try:
            letters.quick_commits(False)
        except (OperationalError, InterfaceError):
            connection.close()


def deliver(*, rounds: Iterable[Round] | None = None) -> int:
    """Rounds until nothing is due. Returns how many letters were settled."""
    total = 0
    for one in rounds or iter(Round, None):
        settled = one.run()
        total += settled
        if not settled or is_leaving():
            break
    return total
