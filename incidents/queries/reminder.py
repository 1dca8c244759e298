"""What is due, for whom. Always "up to today", never "on this day": a missed tick loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.models import FollowUp, Letter, Person, ReminderDelivery
from incidents.queries.calendar import zone_of
from tools.plain.holidays import BusinessCalendar


def people_with_due_rows(*, now: datetime, limit: int) -> list[Person]:
    """Active people whose digest hour has come today and who have pending rows and no letter of the day yet.

    now: aware. Two queries, however many people there are; the rest is decided per person.
    """
    tomorrow_anywhere = (now + timedelta(hours=14)).date()
    waiting = (
        ReminderDelivery.objects.filter(
            state=DeliveryState.PENDING, planned_at__isnull=True, planned_on__lte=tomorrow_anywhere
        )
        .values("recipient_id", "planned_on")
        .distinct()
    )
    first: dict[int, date] = {}
    for row in waiting:
        person_id, planned = row["recipient_id"], row["planned_on"]
        first[person_id] = min(planned, first.get(person_id, planned))
    people = Person.objects.filter(pk__in=first, is_active=True).order_by("pk")
    lettered = set(
        Letter.objects.filter(kind=LetterKind.DIGEST, recipient_id__in=first, created_at__gte=now - timedelta(hours=40))
        .exclude(state=LetterState.CANCELLED)
        .values_list("key", flat=True)
    )
    told_today = {tuple(key.split(":")[1:3]) for key in lettered}
    ready = []
    for person in people:
        local = now.astimezone(zone_of(person))
        if first[person.pk] > local.date() or local.hour < person.digest_hour:
            continue
        if (str(person.pk), str(local.date())) in told_today:
            continue
        ready.append(person)
        if len(ready) == limit:
            break
    return ready


def moments_due(*, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(follow-up, person) with a step of a minute that has come, the longest waiting first. One query."""
    rows = (
        ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_at__lte=now)
        .order_by("planned_at", "pk")
        .values_list("follow_up_id", "recipient_id")[: limit * 3]
    )
    return list(dict.fromkeys(rows))[:limit]


@dataclass(frozen=True)
class DueLine:
    """A promise as the Today page shows it. `days` is business days left; negative is past."""

    follow_up: FollowUp
    days: int

    @property
    def late_days(self) -> int:
        return -self.days

    @property
    def is_late(self) -> bool:
        return self.days < 0


def days_left(today: date, due_on: date, calendar: BusinessCalendar) -> int:
    """Business days from today to the due date; 0 on the day itself, negative after it. A closed due day counts as the next open one."""
    return calendar.business_days_between(today, calendar.roll_forward(due_on))
