from __future__ import annotations

import logging
import time

from celery import shared_task

from incidents.domain import letter as letters
from incidents.domain import reminder
from incidents.gateways import mail
from incidents.models import Letter

log = logging.getLogger(__name__)
# A sweep ends by its own clock between two letters: a time limit from outside could strike between dot and 250.
SWEEP_SECONDS = 50.0


@shared_task(name="letter.deliver")
def deliver(letter_id: int | None = None) -> bool:
    """Send one letter: this one, or the one that is due longest. False when there was nothing to send."""
    one = letters.claim(letter_id)
    if one is None:
        return False
    try:
        wanted = reminder.still_wanted(one)
    except Exception as error:  # one odd letter is pushed ahead and must not stop the queue behind it (habit 7)
        log.exception("letter %s could not be checked again", one.pk)
        letters.mark_failed(one, error=f"{type(error).__name__}: {error}", for_good=False)
        return True
    if wanted:
        _send(one)
    return True


def _send(one: Letter) -> None:
    # No transaction is open here: a slow mail server must not hold the database.
    if not letters.mark_dot(one):
        return
    answer = mail.deliver(one)
    if answer.taken:
        letters.mark_sent(one)
    else:
        log.warning("letter %s not taken: %s", one.pk, answer.error)
        letters.mark_failed(one, error=answer.error, for_good=answer.for_good)


@shared_task(name="letter.sweep")
def sweep() -> int:
    """Send what nobody rang for: bells lost with the broker, second tries, claims of a worker that died."""
    sent, end = 0, time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < end and deliver():
        sent += 1
    return sent
