"""Putting what was stamped now back to the moment of the story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.db import models
from django.db.models import Case, F, Value, When
from django.utils import timezone

from incidents.domain import ledger, search
from incidents.domain.ladder import ladder
from incidents.models import (
    AuditEntry,
    Containment,
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Letter,
    Membership,
    Mending,
    Organisation,
    Person,
    ReminderDelivery,
    RootCause,
    Team,
    TimelineEntry,
    Why,
)
from tools.plain.holidays import BusinessCalendar

Stamps = dict[type[models.Model], tuple[str, ...]]
PEOPLE: Stamps = {
    # The installation itself is as young as it is: by its age the engine knows whether it should have lived by now.
    Organisation: ("updated_at",),
    Person: ("date_joined",),
    Team: ("created_at", "updated_at"),
    Membership: ("created_at", "updated_at"),
    AuditEntry: ("at",),
}
RECORDS: Stamps = {
    Incident: ("created_at", "updated_at", "mended_at"),
    TimelineEntry: ("recorded_at", "event_at"),
    Why: ("created_at", "updated_at"),
    RootCause: ("created_at", "updated_at", "reopened_at"),
    Containment: ("created_at", "updated_at"),
    Mending: ("created_at", "updated_at"),
    Countermeasure: ("created_at", "updated_at", "committed_at", "done_at"),
    EffectCheck: ("created_at", "updated_at", "decided_at"),
    FollowUp: ("created_at", "updated_at", "closed_at"),
    ReminderDelivery: ("created_at", "updated_at", "settled_at"),
    AuditEntry: ("at",),
}
LETTERS: Stamps = {
    Letter: ("created_at", "updated_at", "next_try_at", "due_at"),
    ReminderDelivery: ("created_at", "updated_at"),
}


@contextmanager
def happened(at: datetime, touched: Stamps) -> Iterator[None]:
    """What is stamped inside happened at `at`: every stamp set since the block began is moved there.

    touched: the tables that the block writes, with their stamps.
    """
    began = timezone.now()
    yield
    moment = Value(at, output_field=models.DateTimeField())
    for model, stamps in touched.items():
        newest = stamps[1] if stamps[0] == "created_at" else stamps[0]
        model.objects.filter(**{f"{newest}__gte": began}).update(
            **{name: Case(When(**{f"{name}__gte": began}, then=moment), default=F(name)) for name in stamps}
        )


def plan_as_on(day: date, follow_up: FollowUp, due_on: date, calendar: BusinessCalendar) -> None:
    """Give a promise the date and the ledger that it would have had when it was given on `day`.

    The verbs plan from the present and refuse a date that has passed, so they were given a date that lies ahead.
    """
    follow_up.deliveries.all().delete()  # made a moment ago in this transaction; nobody has been told anything
    steps = ladder(due_on, calendar, today=day)
    follow_up.due_on, follow_up.first_step = due_on, steps[0].name
    follow_up.save(update_fields=["due_on", "first_step"])
    search.refresh_due(follow_up.incident_id)
    ledger.add_rows(follow_up, steps)
