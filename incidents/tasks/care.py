from __future__ import annotations

from celery import shared_task

from incidents.domain import care


@shared_task(name="care.check_in")
def check_in() -> None:
    """Write the words whose morning has come. The worker's log learns no number."""
    care.write_due()
