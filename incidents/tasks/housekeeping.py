from __future__ import annotations

from celery import shared_task

from incidents.domain import engine
from incidents.gateways import filestore
from incidents.queries import attachment


@shared_task(name="housekeeping.beat_mark")
def beat_mark() -> None:
    """Beat rang and a worker answered: the engine lives."""
    engine.mark("beat")


@shared_task(name="housekeeping.sweep_files")
def sweep_files() -> None:
    """What an upload that came to nothing left on the disk goes an hour later."""
    filestore.sweep(attachment.is_known, older_than=filestore.ORPHAN_AFTER)
