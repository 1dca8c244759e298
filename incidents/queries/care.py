"""Who may be written to this morning, and where somebody can talk. Nothing here counts anybody (P4, invariant 8)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from incidents.enums import HelpLineKind
from incidents.models import CareCheckIn, HelpLine, Incident, Membership, Person
from incidents.queries.calendar import business_calendars, zone_of


def has_just_recorded(person: Person, incident: Incident) -> bool:
    """Whether the person wrote this record within the days of the words; they alone are shown the way to the page."""
    return incident.recorded_by_id == person.pk and timezone.now() - incident.created_at < timedelta(days=8)


def help_lines(person: Person) -> list[HelpLine]:
    """Where this person can talk: what is there for everybody, and their own teams' contacts. One query."""
    teams = Membership.objects.filter(person=person).values("team_id")
    return list(HelpLine.objects.filter(Q(team=None) | Q(team_id__in=teams)).select_related("team"))


def people_to_write_to(*, now: datetime, limit: int) -> list[Person]:
    """People whose check-in has come: the day is there or past, their hour has struck, and their house is open.

    now: aware. The organisation's closed days hold for everybody; a day on which all of somebody's teams are closed
    is closed for them as well. A constant number of queries.
    """
    tomorrow_anywhere = (now + timedelta(hours=14)).date()
    due = CareCheckIn.objects.filter(day__lte=tomorrow_anywhere).order_by("day", "pk")
    first: dict[int, date] = {}
    for who, day in due.values_list("person_id", "day"):
        first.setdefault(who, day)
    if not first:
        return []
    teams: dict[int, set[int]] = {}
    for who, team in Membership.objects.filter(person_id__in=first).values_list("person_id", "team_id"):
        teams.setdefault(who, set()).add(team)
    calendars = business_calendars({team for several in teams.values() for team in several})
    ready = []
    for person in Person.objects.filter(pk__in=first).order_by("pk"):
        local = now.astimezone(zone_of(person))
        today = local.date()
        if first[person.pk] > today or local.hour < person.digest_hour or person.quiet.hold(local):
            continue
        own = teams.get(person.pk, set())
        if calendars[None].is_business_day(today) and (
            not own or any(calendars[team].is_business_day(today) for team in own)
        ):
            ready.append(person)
        if len(ready) == limit:
            break
    return ready


def grouped(lines: list[HelpLine]) -> list[tuple[str, list[HelpLine]]]:
    """(heading, lines) in the order of HelpLineKind: what is there at once stands first, whatever happened (B-11)."""
    groups = [(str(kind.label), [line for line in lines if line.kind == kind]) for kind in HelpLineKind]
    return [(label, found) for label, found in groups if found]
