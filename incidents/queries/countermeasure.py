from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from incidents.enums import COVERING_STATUSES, RUNNING_STATUSES, MeasureStatus
from incidents.models import Countermeasure, EffectCheck, Person
from incidents.queries.calendar import business_calendars, today_of
from incidents.queries.reminder import days_left

PAGE_SIZE = 50
VIEWS = ("mine", "running", "checking", "gold", "all")


@dataclass(frozen=True)
class SeamLine:
    """A countermeasure in the list; `days` is business days left, None when nothing is due any more."""

    measure: Countermeasure
    days: int | None

    @property
    def late_days(self) -> int:
        return -self.days if self.days is not None else 0

    @property
    def is_late(self) -> bool:
        return self.days is not None and self.days < 0


def seam_list(*, by: Person, view: str, page: int) -> tuple[Page, list[SeamLine]]:
    """One page of the person's teams' countermeasures, by due date; view is one of VIEWS."""
    rows: QuerySet[Countermeasure] = Countermeasure.objects.visible_to(by).select_related(
        "incident__team", "owner", "root__why"
    )
    if view == "mine":
        rows = rows.running().filter(owner=by)
    elif view == "running":
        rows = rows.running()
    elif view == "checking":
        rows = rows.filter(status=MeasureStatus.DONE)
    elif view == "gold":
        rows = rows.filter(status=MeasureStatus.EFFECTIVE)
    else:
        rows = rows.filter(status__in=COVERING_STATUSES)
    found = Paginator(rows.order_by("due_on", "pk"), PAGE_SIZE).get_page(page)
    today = today_of(by)
    calendars = business_calendars({m.incident.team_id for m in found.object_list})
    return found, [
        SeamLine(
            m,
            days_left(today, m.due_on, calendars[m.incident.team_id])
            if m.status in RUNNING_STATUSES and m.due_on
            else None,
        )
        for m in found.object_list
    ]


def open_check(measure: Countermeasure) -> EffectCheck | None:
    return EffectCheck.objects.filter(measure=measure, outcome="").select_related("checker").first()
