"""Messages to chat channels on their way: after the letters, never beside them, and never for long.

Celery rings for it and `manage.py deliver` calls it. A process that dies before the call has sent nothing, and the claim
runs out; between the channel's answer and the record the message goes out again with the same `X-Idempotency-Key`.
"""

from __future__ import annotations

import logging
import time
import uuid

from celery import shared_task
from django.utils import timezone

from incidents.domain import mirroring
from incidents.letters import mirror as words
from incidents.models import Mirror, MirrorPost
from incidents.queries import engine
from incidents.tasks import sending

log = logging.getLogger(__name__)

SECONDS = 20.0  # of one round; a call that has begun may last ten more
MOST = 200  # messages of one round


@shared_task(name="mirror.sweep")
def sweep() -> int:
    """Write the mornings that have come, and send what is due."""
    mirroring.write_due_mornings()
    return run()


def run(*, seconds: float = SECONDS) -> int:
    """Send what is due until nothing is left, the time is over, somebody wants to leave, or a letter waits to be sent.

    A channel that did not take a message is left alone for the rest of the round. Returns how many were taken.
    """
    end, taken, left_alone = time.monotonic() + seconds, 0, set()
    for _number in range(MOST):
        if sending.is_leaving() or time.monotonic() >= end or engine.letters_wait():
            break
        post = mirroring.claim(but=left_alone)
        if post is None:
            break
        if _send(post):
            taken += 1
        else:
            left_alone.add(post.mirror_id)
    return taken


def _send(post: MirrorPost) -> bool:
    """Whether the channel can be asked for more. No transaction is open here: a slow service must not hold the database."""
    try:
        told = mirroring.words_now(post, now=timezone.now())
    except Exception:  # one odd record must not stop the queue behind it (habit 7)
        log.exception("message %s to a mirror could not be written", post.pk)
        mirroring.mark_failed(post, word="not_written")
        return False
    if told is None:
        return True
    word, wait = _post(post.mirror, told, str(post.ident))
    if word:
        log.warning("message %s to mirror %s not taken: %s", post.pk, post.mirror_id, word)
        mirroring.mark_failed(post, word=word, wait=wait)
        return False
    mirroring.mark_sent(post, text=f"{told.title}\n{told.text}")
    return True


def try_out(mirror: Mirror) -> str:
    """Send a message that says that the channel is connected. Returns "" or one word for why it did not arrive."""
    ident = str(uuid.uuid4())
    word, _wait = _post(mirror, words.test(mirror, ident=ident), ident)
    return word


def _post(mirror: Mirror, told: words.Told, ident: str) -> tuple[str, int]:
    from incidents.gateways import chat  # heavy, and needed by few processes

    try:
        said = chat.send(
            mirror.kind,
            mirror.address,
            title=told.title,
            text=told.text,
            data=told.data,
            ident=ident,
            secret=mirror.secret,
        )
    except Exception as fault:  # noqa: BLE001  a fault of the library is this message's; its words may hold the address
        log.error("the library could not write to mirror %s: %s", mirror.pk, type(fault).__name__)  # noqa: TRY400  a traceback would tell the address
        return "not_written", 0
    return said.word, said.wait
