"""Name a job for after the commit. The only place above `tasks` that meets Celery.

Ringing is a hint: the row already stands in the database and the sweep finds it. So a broker that is
away must not turn a saved form into an error page; the failure is logged and that is all.
"""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def later(task_name: str, **ids: int) -> None:
    """Ring for `task_name` with ids after the running transaction has committed.

    task_name: a registered name such as "letter.deliver"; tests/house asserts that it exists.
    ids: primary keys only; the task reads everything else from the database.
    """

    def ring() -> None:
        try:
            current_app.signature(task_name, kwargs=ids).apply_async()
        except Exception:  # the sweep of the beat table delivers it within its interval
            log.warning("broker away, %s %s waits for the sweep", task_name, ids, exc_info=True)

    transaction.on_commit(ring)
