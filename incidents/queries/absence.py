"""Who is away, and who hears instead of them (U5, U6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from incidents.enums import EDITING_ROLES, SPREAD_KINDS
from incidents.models import Absence, FollowUp, Membership, Person, ReminderDelivery
from incidents.queries.calendar import today_of
from incidents.queries.reader import escalation, readers

Away = dict[int, Absence]


def away_now(now: datetime | None = None) -> Away:
    """Everybody who is away at this moment, by their id; the days are those of each one's own wall. One query."""
    now = now or timezone.now()
    standing = Absence.objects.filter(
        taken_back_at=None,
        starts_on__lte=(now + timedelta(hours=14)).date(),
        ends_on__gte=(now - timedelta(hours=14)).date(),
    ).select_related("person", "stand_in")
    return {
        one.person_id: one
        for one in standing
        if one.person.is_active and one.starts_on <= today_of(one.person, now) <= one.ends_on
    }


def of_person(person: Person, *, now: datetime | None = None) -> list[Absence]:
    """The person's absences that run or are still to come, the nearest first."""
    ahead = Absence.objects.filter(person=person, taken_back_at=None, ends_on__gte=today_of(person, now))
    return list(ahead.select_related("stand_in").order_by("starts_on", "pk"))


def colleagues(person: Person) -> QuerySet[Person]:
    """Who can stand in for the person: active people who write in one of the teams where they do."""
    teams = Membership.objects.filter(person=person, role__in=EDITING_ROLES).values("team")
    return (
        Person.objects.filter(is_active=True, memberships__team__in=teams, memberships__role__in=EDITING_ROLES)
        .exclude(pk=person.pk)
        .distinct()
        .order_by("name", "pk")
    )


def able(follow_up: FollowUp, people: Iterable[int]) -> set[int]:
    """Those of the people who may work on this promise: active, writing in its team, and readers of the record."""
    found = set(
        Membership.objects.filter(
            team=follow_up.team_id, person__in=list(people), person__is_active=True, role__in=EDITING_ROLES
        ).values_list("person_id", flat=True)
    )
    if follow_up.incident.restricted and follow_up.kind not in SPREAD_KINDS:
        found &= readers(follow_up.incident)
    return found


def _stand_in_of(person_id: int, follow_up: FollowUp, away: Away) -> list[int]:
    """Whom the absent person has named, when they are here and may work on this promise."""
    named = away[person_id].stand_in_id
    return [named] if named and named not in away and able(follow_up, [named]) else []


def leads_here(follow_up: FollowUp, away: Away, *, without: int | None = None) -> list[int]:
    """The leads to whom a promise is told; for one who is away whom they have named. Each once."""
    told: dict[int, None] = {}
    for lead in escalation(follow_up.incident, follow_up.team_id):
        told.update(dict.fromkeys(_stand_in_of(lead, follow_up, away) if lead in away else [lead]))
    return [one for one in told if one != without]


def instead_of(person_id: int, follow_up: FollowUp, away: Away) -> list[int]:
    """Who hears of a promise while this person is away: whom they named, else the promise's backup, else the leads.

    Empty when nobody of them is here: then the absent person is told all the same, for nothing falls silent.
    """
    if named := _stand_in_of(person_id, follow_up, away):
        return named
    backup = follow_up.backup_id
    if person_id == follow_up.owner_id and backup and backup not in away and able(follow_up, [backup]):
        return [backup]
    return leads_here(follow_up, away, without=person_id)


# Why somebody else is told: mail to the person does not arrive (domain.unreached).
NO_ADDRESS = "no_address"


def no_address(row: ReminderDelivery, away: Away) -> str:
    """NO_ADDRESS when mail does not reach the row's recipient and a lead is there to hear it instead (U5)."""
    if row.recipient.mail_bounced_at is None:
        return ""
    return NO_ADDRESS if leads_reached(row, away) else ""


def leads_reached(row: ReminderDelivery, away: Away) -> list[int]:
    """The leads to whom a row is told instead of its recipient: those here, else all, whom mail reaches."""
    leads = leads_here(row.follow_up, away, without=row.recipient_id)
    leads = leads or leads_here(row.follow_up, {}, without=row.recipient_id)
    reached = set(Person.objects.filter(pk__in=leads, mail_bounced_at=None).values_list("pk", flat=True))
    return [one for one in leads if one in reached]


def covered_by(person_id: int, follow_up: FollowUp, away: Away) -> Absence | None:
    """The absence because of which this person hears of the promise although it is not theirs, or None."""
    if not away or person_id in away:
        return None
    concerned = [follow_up.owner_id, follow_up.backup_id]
    concerned += [pk for pk in escalation(follow_up.incident, follow_up.team_id) if pk not in concerned]
    for one in concerned:
        if one in away and person_id in instead_of(one, follow_up, away):
            return away[one]
    return None
