from __future__ import annotations

from celery import shared_task

from incidents.domain import engine


@shared_task(name="housekeeping.beat_mark")
def beat_mark() -> None:
    """Beat rang and a worker answered: the engine lives."""
    engine.mark("beat")
