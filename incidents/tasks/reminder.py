from __future__ import annotations

from celery import shared_task

from incidents.domain import letter, reminder, replan


@shared_task(name="reminder.digest")
def digest() -> int:
    """Write the letters of those whose morning has come; each rings for its own delivery."""
    letter.follow_clock()
    return len(reminder.write_due_digests())


@shared_task(name="reminder.moments")
def moments() -> int:
    """Tell the promises of a minute whose step has come."""
    return len(reminder.write_due_moments())


# What is mended is locked and asked again first, so a second run beside it does no harm, and none is owed to a worker that
# died: the next hour looks anew.
@shared_task(name="reminder.audit", acks_late=False, time_limit=3000)
def audit() -> int:
    """Compare the ledger with what the open promises ask for; what is wrong is logged, and mended where a plan can."""
    return replan.audit_and_mend()
