"""Whether the reminder engine lives."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, Q
from django.utils import timezone

from incidents.enums import LetterKind, LetterState
from incidents.models import EngineMark, Letter, Organisation
from incidents.queries.sheet import Slot

STANDSTILL = timedelta(hours=2)


def lives() -> bool:
    """Whether the database answers and the engine runs; never raises for a database that is away."""
    try:
        return not stands_still()
    except (DatabaseError, OSError):
        return False


def stands_still() -> bool:
    """True when no worker has answered beat for two hours, or a letter that is due has waited that long.

    An installation younger than two hours may still be without a first answer.
    """
    return Organisation.objects.filter(silence()).exists()


def silence(past: datetime | Slot | None = None) -> Q:
    """The same as a condition on the organisation's row, because every page asks it.

    past: aware, since when nothing has moved; default two hours ago.
    """
    past = past or timezone.now() - STANDSTILL
    marks = EngineMark.objects.filter(name="beat")
    silent = Q(~Exists(marks.filter(at__gte=past))) & Q(Q(created_at__lt=past) | Q(Exists(marks)))
    if settings.MAIL_CONFIGURED:
        silent |= Q(Exists(Letter.objects.filter(state=LetterState.WAITING, next_try_at__lt=past)))
    return silent


def letters_failed_lately() -> int:
    """How many letters were given up in the last 24 hours."""
    since = timezone.now() - timedelta(hours=24)
    mine_to_look_after = Letter.objects.exclude(kind=LetterKind.CARE)  # nobody is to learn who gets those
    return mine_to_look_after.filter(state=LetterState.FAILED, updated_at__gte=since).count()
