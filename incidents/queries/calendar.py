"""The business calendar of a team, out of the organisation's settings and the closure days."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents.models import Closure, Organisation, Person
from incidents.queries import sheet
from tools.plain.holidays import BusinessCalendar


def organisation() -> Organisation:
    """The organisation's row; an unsaved one with the defaults before the set-up has been made."""
    return Organisation.objects.filter(pk=1).first() or Organisation(id=1, name="")


def business_calendars(team_ids: set[int] | None = None) -> dict[int | None, BusinessCalendar]:
    """Calendars by team id in one query; key None is the organisation's own, for teams without days of their own.

    team_ids: read the days of these teams; None reads the organisation's alone.
    """
    teams = sorted(team_ids or ())
    return calendars_of(sheet.ask(("calendar", *teams), lambda: calendar_rows(teams)), teams)


def house(team_id: int | None) -> tuple[BusinessCalendar, list]:
    """The calendar of one team (None: the organisation's) and the organisation's own rungs (empty: the usual ones)."""
    teams = [] if team_id is None else [team_id]
    found = sheet.ask(("calendar", *teams), lambda: calendar_rows(teams))
    return calendars_of(found, teams)[team_id], found["org"][0].ladder if found["org"] else []


def calendars_of(found: dict[str, list], teams: list[int]) -> dict[int | None, BusinessCalendar]:
    """The same out of a sheet's rows."""
    org = found["org"][0] if found["org"] else Organisation(id=1, name="")
    common: dict[bool, set[date]] = {True: set(), False: set()}
    own: dict[int, dict[bool, set[date]]] = {team: {True: set(), False: set()} for team in teams}
    for team_id, day, works in found["days"]:
        (common if team_id is None else own[team_id])[works].add(day)

    def build(extra: dict[bool, set[date]]) -> BusinessCalendar:
        return BusinessCalendar(
            closed=frozenset(common[False] | extra[False]),
            opened=frozenset(common[True] | extra[True]),
            year_end=org.closed_year_end,
            obon=org.closed_obon,
        )

    plain = build({True: set(), False: set()})
    return {None: plain} | {team: build(extra) if extra[True] or extra[False] else plain for team, extra in own.items()}


def calendar_rows(teams: list[int]) -> dict[str, QuerySet]:
    """For a sheet that asks for more than the calendars of these teams."""
    days = Closure.objects.filter(Q(team=None) | Q(team_id__in=teams))
    return {"org": Organisation.objects.filter(pk=1), "days": days.values_list("team_id", "day", "works")}


def business_calendar(team_id: int) -> BusinessCalendar:
    """The calendar of one team."""
    return business_calendars({team_id})[team_id]


def zone_of(person: Person) -> zoneinfo.ZoneInfo:
    """The person's time zone; the installation's when the stored name is unknown to this machine."""
    try:
        return zoneinfo.ZoneInfo(person.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def today_of(person: Person, now: datetime | None = None) -> date:
    """The date on the person's wall at `now` (aware; default the present)."""
    return (now or timezone.now()).astimezone(zone_of(person)).date()


def house_zone() -> zoneinfo.ZoneInfo:
    """The organisation's time zone (Organisation.time_zone): the one truth for what day it is in the house.

    The installation's (TIME_ZONE) before the set-up, and where this machine does not know the name.
    """
    if not Organisation.zone_seen:
        Organisation.objects.filter(pk=1).first()  # reading it is enough
    try:
        return zoneinfo.ZoneInfo(Organisation.zone_seen or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def day_here(moment: datetime) -> date:
    """The date of an aware instant in the organisation's zone."""
    return moment.astimezone(house_zone()).date()


def today_here() -> date:
    """The date in the organisation's zone: what "due in the past" is measured against."""
    return day_here(timezone.now())
