"""What the digests of many people are written from, read at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from incidents.enums import EDITING_ROLES, DeliveryState
from incidents.models import Membership, Person, ReminderDelivery
from incidents.queries import absence
from incidents.queries.calendar import business_calendars, today_of
from tools.plain.holidays import BusinessCalendar


@dataclass(frozen=True)
class Morning:
    """Rows by recipient, with all that their words ask for; the same five queries for one person and for fifty."""

    rows: dict[int, list[ReminderDelivery]]
    roles: dict[int, dict[int, str]]  # recipient -> team -> role
    working: frozenset[tuple[int, int]]  # (owner, team): the owner may still work on a promise there
    calendars: dict[int | None, BusinessCalendar]
    away: absence.Away


def due_by(today: date) -> Q:
    """The steps of the digest that have come."""
    return Q(state=DeliveryState.PENDING, planned_at__isnull=True, planned_on__lte=today)


def of(people: Sequence[Person], *, now: datetime, today: date | None = None) -> Morning:
    """What may be told to these people. now: aware. today: their date; default that on each one's wall, the latest."""
    until = today or max(today_of(person, now) for person in people)
    rows: dict[int, list[ReminderDelivery]] = {person.pk: [] for person in people}
    for row in _rows().filter(due_by(until), recipient__in=list(rows)):
        rows[row.recipient_id].append(row)
    every = [row for some in rows.values() for row in some]
    roles: dict[int, dict[int, str]] = {}
    memberships = Membership.objects.filter(person__in=list(rows))
    for person_id, team_id, role in memberships.values_list("person_id", "team_id", "role"):
        roles.setdefault(person_id, {})[team_id] = role
    return Morning(
        rows=rows,
        roles=roles,
        working=_working({row.follow_up.owner_id for row in every}),
        calendars=business_calendars({row.follow_up.team_id for row in every}),
        away=absence.away_now(now),
    )


def _rows():
    return ReminderDelivery.objects.select_related(
        "follow_up__incident",
        "follow_up__team",
        "follow_up__owner",
        "follow_up__measure__root__why",
        "follow_up__check_plan__measure__owner",
        "follow_up__question",
        "follow_up__incident__team",
        "follow_up__spread_answer__spread",
        "follow_up__spread_action__spread",
        "follow_up__review_of",
        "follow_up__root__why",
        "recipient",
    ).order_by("follow_up__due_on", "follow_up_id", "-planned_on")


def _working(people: set[int]) -> frozenset[tuple[int, int]]:
    return frozenset(
        Membership.objects.filter(person__in=people, person__is_active=True, role__in=EDITING_ROLES).values_list(
            "person_id", "team_id"
        )
    )
