from __future__ import annotations

from celery import shared_task

from incidents.domain import reminder


@shared_task(name="reminder.digest")
def digest() -> int:
    """Write the letters of those whose morning has come; each rings for its own delivery."""
    return len(reminder.write_due_digests())


@shared_task(name="reminder.moments")
def moments() -> int:
    """Tell the promises of a minute whose step has come."""
    return len(reminder.write_due_moments())
