from __future__ import annotations

import logging

from celery import shared_task
from django.db import transaction

from incidents.domain import letter as letters
from incidents.domain import reminder
from incidents.gateways import mail
from incidents.models import Letter

log = logging.getLogger(__name__)
SWEEP_MOST = 500  # letters a sweep, so that one sweep ends before the next is due


@shared_task(name="letter.deliver")
def deliver(letter_id: int | None = None) -> bool:
    """Send one letter: this one, or the one that is due longest. False when there was nothing to send."""
    with transaction.atomic():
        one = letters.claim(letter_id)
        wanted = one is not None and reminder.still_wanted(one)
    if one is None:
        return False
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
    sent = 0
    while sent < SWEEP_MOST and deliver():
        sent += 1
    return sent
