"""Promises of a minute: on the record's page, on 今日, in the strip of every page."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents.enums import FollowUpKind, FollowUpState, Role, Severity
from incidents.models import FollowUp, Incident, Person
from incidents.queries.calendar import business_calendar, organisation
from incidents.queries.sheet import Slot
from incidents.queries.team import my_memberships

SHOWN = frozenset({FollowUpKind.PROMISE, FollowUpKind.NEXT_REPORT})


def promise_rows(incident: Slot) -> QuerySet[FollowUp]:
    """Open and past promises of the record, and its final report among them."""
    kinds = [*sorted(SHOWN), FollowUpKind.FINAL_REPORT]
    return FollowUp.objects.filter(incident=incident, kind__in=kinds).select_related("owner", "closed_by")


def in_order(found: list[FollowUp]) -> list[FollowUp]:
    """Those of a minute by their time; the open ones first."""
    timed = [one for one in found if one.kind in SHOWN]
    return sorted(timed, key=lambda one: (one.state != FollowUpState.OPEN, one.due_at, one.pk))


def final_report_of(found: list[FollowUp]) -> FollowUp | None:
    """The record's promise of a final report."""
    return next((one for one in found if one.kind == FollowUpKind.FINAL_REPORT), None)


STRIP = 3  # clocks above each page; two more are asked for, because the page may show one itself, and to know of others


def clock_rows(person: Person) -> QuerySet[FollowUp]:
    """First reports that run out and concern the person as owner, backup or lead; the nearest end first."""
    lead_of = [m.team_id for m in my_memberships(person) if m.role == Role.LEAD]
    return (
        FollowUp.objects.visible_to(person)
        .filter(kind=FollowUpKind.FIRST_REPORT, state=FollowUpState.OPEN)
        .filter(Q(owner=person) | Q(backup=person) | Q(team__in=lead_of))
        .select_related("incident")
        .order_by("due_at", "pk")[: STRIP + 2]
    )


def my_promises(person: Person, limit: int = 8) -> QuerySet[FollowUp]:
    """The person's open promises of a minute, the nearest first."""
    return (
        FollowUp.objects.visible_to(person)
        .filter(owner=person, state=FollowUpState.OPEN, kind__in=SHOWN)
        .select_related("incident")
        .order_by("due_at", "pk")[:limit]
    )


def next_report_default(incident: Incident, *, now: datetime | None = None) -> datetime:
    """When the next report is due by custom (B-3): after two hours for S1 and S2, else on the next business day.

    now: aware, default the present. A time outside the house's hours moves to the next opening, S1 excepted.
    """
    here = timezone.localtime(now)
    org, calendar = organisation(), business_calendar(incident.team_id)
    if incident.severity in {Severity.S1, Severity.S2}:
        at = here + timedelta(hours=2)
        if incident.severity == Severity.S1:
            return at
    else:
        at = datetime.combine(calendar.add_business_days(here.date(), 1), max(here.time(), time(0)), here.tzinfo)
    if not calendar.is_business_day(at.date()) or at.time() >= org.report_closes_at:
        at = datetime.combine(calendar.add_business_days(at.date(), 1), org.report_opens_at, here.tzinfo)
    if at.time() < org.report_opens_at:
        at = datetime.combine(at.date(), org.report_opens_at, here.tzinfo)
    return at.replace(second=0, microsecond=0)


def final_report(incident: Incident) -> FollowUp | None:
    """The record's promise of a final report, with whom it belongs to."""
    rows = FollowUp.objects.filter(incident=incident, kind=FollowUpKind.FINAL_REPORT)
    return rows.select_related("owner").first()


def final_report_is_open(incident: Incident) -> bool:
    """Whether a final report is still to come."""
    return FollowUp.objects.open().filter(incident=incident, kind=FollowUpKind.FINAL_REPORT).exists()
