"""The Celery app and the beat table. Task bodies live in incidents/tasks/.

The broker is a doorbell, never a store: each entry below only rings, and what is due stands in the
database. So a lost message costs one interval, and two beats at once cost nothing.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings")

app = Celery("ushiro")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# `expires` below the interval: after an hour without a worker one ring is left, not sixty.
app.conf.beat_schedule = {
    "digest": {"task": "reminder.digest", "schedule": 60.0, "options": {"expires": 50}},
    "sweep": {"task": "letter.sweep", "schedule": 20.0, "options": {"expires": 15}},
    "mark": {"task": "housekeeping.beat_mark", "schedule": 60.0, "options": {"expires": 50}},
}
