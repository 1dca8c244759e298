from __future__ import annotations

from celery import shared_task

from incidents.domain import nameless


@shared_task(name="nameless.publish")
def publish() -> None:
    """Publish what is held, on the morning of each team. Says nothing: a count would stand in the worker's log."""
    nameless.publish_due()
