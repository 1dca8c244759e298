"""What the engine's parts leave behind by themselves: beat that it rings, a worker that a ring was answered.

Tied to Celery's own signals, so that a new entry of the beat table has its sign of life without another line.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import current_app
from celery.signals import after_task_publish, beat_init, task_postrun
from django.db import close_old_connections

from incidents.domain import engine

log = logging.getLogger(__name__)
BELL = "bell"
BELL_EVERY = 20.0  # seconds between two signs of beat itself
_beat: dict[str, float] = {}  # empty but in a process of beat; then when it last left its sign


def rings() -> dict[str, float]:
    """Each task that beat rings for, and the seconds between two rings."""
    return {entry["task"]: float(entry["schedule"]) for entry in current_app.conf.beat_schedule.values()}


@beat_init.connect
def is_beat(**_: Any) -> None:
    _beat["at"] = -BELL_EVERY


@after_task_publish.connect
def has_rung(**_: Any) -> None:
    """Beat has handed a ring to the broker. Not said while the broker refuses it."""
    if not _beat or time.monotonic() - _beat["at"] < BELL_EVERY:
        return
    _beat["at"] = time.monotonic()
    try:
        close_old_connections()
        engine.mark(BELL)
        close_old_connections()
    except Exception:  # beat rings whether or not the database hears of it
        log.warning("beat could not leave its sign of life", exc_info=True)


@task_postrun.connect
def was_answered(sender: Any = None, state: str = "", retval: Any = None, **_: Any) -> None:
    """A worker has done what beat rang for, or has failed at it."""
    if sender is None or sender.name not in rings():
        return
    try:
        if state == "SUCCESS":
            engine.mark(sender.name)
        elif state == "FAILURE":
            engine.mark_failed(sender.name, type(retval).__name__)
    except Exception:  # a sign that cannot be written is late by one interval, and the task is done all the same
        log.warning("%s could not leave its sign of life", sender.name, exc_info=True)
