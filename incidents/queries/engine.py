"""Whether the reminder engine lives."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from incidents.enums import LetterState
from incidents.models import EngineMark, Letter

STANDSTILL = timedelta(hours=2)


def lives() -> bool:
    """Whether the database answers and the engine runs; never raises for a database that is away."""
    try:
        return not stands_still()
    except (DatabaseError, OSError):
        return False


def stands_still() -> bool:
    """True when no worker has answered beat for two hours although one once did, or a due letter waits that long."""
    past = timezone.now() - STANDSTILL
    if EngineMark.objects.filter(name="beat", at__lt=past).exists():
        return True
    return (
        settings.MAIL_CONFIGURED
        and Letter.objects.filter(Q(state=LetterState.WAITING, next_try_at__lt=past, attempts=0)).exists()
    )
