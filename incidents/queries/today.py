"""今日 in one sheet: my clocks, what of mine is due, what waits for my check, how the team stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from incidents.enums import FollowUpKind, RequestState, Role
from incidents.models import Countermeasure, DueRequest, FollowUp, Incident, Jotting, Organisation, Person
from incidents.queries import incident, insight, jotting, nameless, promise, sheet
from incidents.queries.calendar import business_calendars, today_of
from incidents.queries.frame import counted
from incidents.queries.reminder import DueLine, days_left
from incidents.queries.team import my_memberships, standing_key

SHOWN = 8


@dataclass(frozen=True)
class Today:
    clocks: list[Incident]
    promises: list[FollowUp]
    measures: list[DueLine]
    checks: list[DueLine]
    requests: list[DueRequest]  # dates that a lead is asked to move, the oldest first
    counts: dict[str, int]  # as far as frame.MOST
    bowl: insight.Bowl
    figures: insight.TeamFigures
    gold_this_week: int
    jottings: list[tuple[Jotting, bool]]
    old_jottings: bool
    notes_wait: bool


def today(person: Person, *, now: datetime | None = None) -> Today:
    """What 今日 shows this person, in two queries. now: aware, default the present."""
    now = now or timezone.now()
    day = today_of(person, now)
    found = sheet.ask(("today", standing_key(person)), lambda: _asked(person), **insight.slots(now))
    rows = [*found["measures"], *found["checks"]]
    calendars = business_calendars({row.team_id for row in rows})

    def lines(name: str) -> list[DueLine]:
        return [DueLine(row, days_left(day, row.due_on, calendars[row.team_id])) for row in found[name]]

    return Today(
        clocks=found["clocks"],
        promises=found["promises"],
        measures=lines("measures"),
        checks=lines("checks"),
        requests=found["requests"],
        counts=dict(zip(("measures", "checks"), found["counts"][0] if found["counts"] else (0, 0), strict=True)),
        bowl=insight.bowl_of(found),
        figures=insight.figures_of(found),
        gold_this_week=insight.gold_of(found),
        jottings=[(one, jotting.is_old(one, now)) for one in found["jottings"]],
        old_jottings=any(jotting.is_old(one, now) for one in found["jottings"]),
        notes_wait=bool(found["notes"]),
    )


def _asked(person: Person) -> dict[str, QuerySet]:
    mine = FollowUp.objects.visible_to(person).open().filter(owner=person)
    by_day = mine.select_related("incident").order_by("due_on", "pk")
    return {
        "clocks": incident.running_clocks(person),
        "promises": promise.my_promises(person),
        "measures": by_day.filter(kind=FollowUpKind.COUNTERMEASURE).select_related("incident", "measure__root__why")[
            :SHOWN
        ],
        "checks": by_day.filter(kind=FollowUpKind.EFFECT_CHECK).select_related(
            "incident", "check_plan__measure__owner"
        )[:SHOWN],
        "requests": DueRequest.objects.filter(
            state=RequestState.ASKED, measure__in=Countermeasure.objects.visible_to(person)
        )
        .filter(measure__incident__team__in=[m.team_id for m in my_memberships(person) if m.role == Role.LEAD])
        .select_related("measure__incident", "asked_by")
        .order_by("pk")[:SHOWN],
        "counts": Organisation.objects.filter(pk=1)
        .annotate(
            measures=counted(mine.filter(kind=FollowUpKind.COUNTERMEASURE)),
            checks=counted(mine.filter(kind=FollowUpKind.EFFECT_CHECK)),
        )
        .values_list("measures", "checks"),
        "jottings": jotting.latest(person),
        "notes": nameless.waiting(person),
        **insight.asked(person),
    }
