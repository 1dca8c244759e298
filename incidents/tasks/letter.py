from __future__ import annotations

from celery import shared_task
from celery.signals import worker_shutting_down

from incidents.tasks import sending

worker_shutting_down.connect(sending.leave, weak=False)


@shared_task(name="letter.sweep")
def sweep() -> int:
    """Send what is due: what was just written, second tries, claims of a worker that died. The ring carries nothing."""
    return sending.Round().run()
