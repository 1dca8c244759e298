from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.models import EngineMark


def mark(name: str) -> None:
    """Leave a sign of life of one part of the reminder engine. Not a change of a record, so without a trace."""
    _write(name, at=timezone.now())


def mark_failed(name: str, error: str) -> None:
    """Note that a part did not work, with one word why; when it last worked stays. error: of our own, no server's words."""
    _write(name, failed_at=timezone.now(), error=error[:80])


def _write(name: str, **values: object) -> None:
    rows = EngineMark.objects.filter(name=name)
    if rows.update(**values):
        return
    try:
        with transaction.atomic():
            EngineMark.objects.create(name=name, **values)
    except IntegrityError:  # another process was the first a moment ago
        rows.update(**values)
