"""What stands in the tables, how to undo what a test did to them, and what a verb says when it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from incidents.enums import DeliveryState, LetterState
from incidents.errors import Refused
from incidents.models import Letter, ReminderDelivery


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables of the app."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("incidents").get_models()
    }


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what is done within; the rows are then as they were. Objects in memory are the caller's to copy."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fresh[Row: models.Model](row: Row) -> Row:
    """The row as it stands now, without what this object remembers."""
    return type(row).objects.get(pk=row.pk)


def arrive() -> None:
    """The mail server takes every letter that is written."""
    now = timezone.now()
    ReminderDelivery.objects.filter(state=DeliveryState.WRITTEN).update(state=DeliveryState.SENT, settled_at=now)
    Letter.objects.filter(state=LetterState.WAITING).update(state=LetterState.SENT, sent_at=now)


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The code with which the verb refuses; the test fails when it does not."""
    with pytest.raises(Refused) as kept:
        call(*arguments, **named)
    return kept.value.code
