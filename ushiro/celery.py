"""The Celery app and the beat table. Task bodies live in incidents/tasks/.

The broker is a doorbell, never a store: each entry below only rings, and what is due stands in the
database. So a lost message costs one interval, and two beats at once cost nothing.
"""

import os

from celery import Celery, Task
from celery.signals import beat_init, celeryd_init

from ushiro import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings")


@celeryd_init.connect
@beat_init.connect
def refuse_test_mode(**_: object) -> None:
    """A worker or beat in the tests' mode would work on something nobody secured."""
    from django.conf import settings

    env.refuse_test_mode(settings.MODE)


class Job(Task):
    Request = "ushiro.worker:Request"


app = Celery("ushiro", task_cls=Job)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Seconds between two rings of an entry. USHIRO_TICK makes all of them quick; tests use it, a small team may.
TICK = env.number("USHIRO_TICK", 0)


def _every(seconds: int, task: str) -> dict[str, object]:
    # `expires` below the interval: after an hour without a worker one ring is left, not sixty.
    interval = TICK or seconds
    return {"task": task, "schedule": float(interval), "options": {"expires": max(interval * 0.8, 1)}}


app.conf.beat_schedule = {
    "digest": _every(60, "reminder.digest"),
    "moments": _every(20, "reminder.moments"),
    "care": _every(60, "care.check_in"),
    "sweep": _every(20, "letter.sweep"),
    "mirror": _every(60, "mirror.sweep"),
    "nameless": _every(600, "nameless.publish"),
    "audit": _every(3600, "reminder.audit"),
    "heads": _every(3600, "housekeeping.audit_heads"),
    "files": _every(3600, "housekeeping.sweep_files"),
    "retention": _every(3600, "housekeeping.retention"),
    "mark": _every(60, "housekeeping.beat_mark"),
    "heartbeat": _every(60, "housekeeping.heartbeat"),
}
if env.text("IMAP_HOST", ""):
    app.conf.beat_schedule["mailbox"] = _every(60, "inbound.poll")
