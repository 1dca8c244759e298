from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from incidents.enums import RUNNING_STATUSES, MeasureStatus, Strength
from incidents.models import Countermeasure, EffectCheck, Person
from incidents.models.countermeasure import due_place
from incidents.queries import reader, search, team
from incidents.queries.calendar import business_calendars, today_of
from incidents.queries.paging import BY_DAY, Order, Slice, counted, paged
from incidents.queries.reminder import days_left
from tools.plain.holidays import BusinessCalendar

VIEWS = ("mine", "running", "checking", "gold", "ideas", "dropped", "all")
SORTS = {
    "due": Order("due_place", "pk", BY_DAY, unique_down=False),
    "far": Order("due_place", "pk", BY_DAY, down=True),
    "new": Order("pk", "pk", down=True),
    "strong": Order("strength", "pk", down=True),
    "weak": Order("strength", "pk", unique_down=False),
}
WEAK, MIDDLE, STRONG = "weak", "middle", "strong"
STRENGTHS = {WEAK: (0, 1), MIDDLE: (2, 3), STRONG: (4, max(Strength))}


@dataclass(frozen=True)
class Filters:
    """What the list may be narrowed by: fixed names, never a look-up from the address line."""

    q: str = ""
    view: str = "mine"
    team: str = ""
    category: str = ""
    severity: str = ""
    strength: str = ""
    owner: int | None = None
    gone: bool = False  # their owner works in the team no longer
    due: str = ""
    sort: str = "due"

    @property
    def order(self) -> Order:
        return SORTS.get(self.sort, SORTS["due"])


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


def _in_view(rows: QuerySet[Countermeasure], view: str, by: Person) -> QuerySet[Countermeasure]:
    if view == "mine":
        return rows.filter(status__in=RUNNING_STATUSES, owner=by)
    if view == "running":
        return rows.filter(status__in=RUNNING_STATUSES)
    of_status = {
        "checking": MeasureStatus.DONE,
        "gold": MeasureStatus.EFFECTIVE,
        "ideas": MeasureStatus.PROPOSED,
        "dropped": MeasureStatus.NOT_DOING,
    }
    return rows.filter(status=of_status[view]) if view in of_status else rows


def _last_late_day(today: date, calendar: BusinessCalendar) -> date:
    """The latest due day that is late today: what lies on closed days since then is not late yet (U3)."""
    day = today - timedelta(days=1)
    while days_left(today, day, calendar) >= 0:
        day -= timedelta(days=1)
    return day


def _due(rows: QuerySet, due: str, today: date, calendars: dict[int | None, BusinessCalendar]) -> QuerySet:
    """By the due date of what is still running: late, up to this week's Sunday; or without any date."""
    if due == "none":
        return rows.filter(due_on__isnull=True)
    rows = rows.filter(status__in=RUNNING_STATUSES)
    if due == "week":
        return rows.filter(due_on__range=(today, today + timedelta(days=6 - today.weekday())))
    late = Q(pk__in=[])
    days: dict[date, list[int]] = {}
    for team_id, calendar in calendars.items():
        if team_id is not None:
            days.setdefault(_last_late_day(today, calendar), []).append(team_id)
    for day, teams in days.items():
        late |= Q(due_on__lte=day, incident__team__in=teams)
    return rows.filter(late)


def seam_rows(
    *, by: Person, filters: Filters, calendars: dict[int | None, BusinessCalendar], found: search.Found | None
) -> QuerySet[Countermeasure]:
    """The countermeasures of the person's teams, narrowed; sorted by `filters.order`.

    calendars: those of the person's teams, for what is late. found: what `search.found_by` says of the same person and filters.
    """
    rows = Countermeasure.objects.visible_to(by).select_related("incident__team", "owner", "root__why")
    rows = _in_view(rows, filters.view, by)
    if filters.team:
        rows = rows.filter(incident__team__slug=filters.team)
    if filters.category:
        rows = rows.filter(incident__category=filters.category)
    if filters.severity:
        rows = rows.filter(incident__severity=filters.severity)
    if filters.strength:
        rows = rows.filter(strength__range=STRENGTHS[filters.strength])
    if filters.owner:
        rows = rows.filter(owner_id=filters.owner)
    if filters.gone:
        rows = team.left_behind(rows, "incident__team")
    if filters.due:
        rows = _due(rows, filters.due, today_of(by), calendars)
    if found:
        rows = found.narrow(rows, "incident")
    if filters.order.by == "due_place":
        rows = rows.annotate(due_place=due_place())
    return rows


def calendars_of(by: Person) -> dict[int | None, BusinessCalendar]:
    """The calendars of all the person's teams, two queries."""
    return business_calendars(set(team.ids_of(by)))


def seam_lines(
    measures: list[Countermeasure], by: Person, calendars: dict[int | None, BusinessCalendar]
) -> list[SeamLine]:
    today = today_of(by)
    return [
        SeamLine(
            m,
            days_left(today, m.due_on, calendars[m.incident.team_id])
            if m.status in RUNNING_STATUSES and m.due_on
            else None,
        )
        for m in measures
    ]


# What a line of the list shows, and its place.
SHOWN = (
    *("title", "strength", "status", "due_on", "owner__name", "owner__email"),
    *("incident__number", "incident__title", "incident__team__name", "root__why__text"),
)


def seam_list(*, by: Person, filters: Filters, after: str = "", before: str = "") -> Slice:
    """One page of the person's teams' countermeasures as SeamLines, in four queries (and the index with words)."""
    calendars = calendars_of(by)
    found = search.found_by(by, filters.q)
    rows = seam_rows(by=by, filters=filters, calendars=calendars, found=found)
    page = paged(rows.only(*SHOWN), filters.order, after=after, before=before)
    page.rows = seam_lines(page.rows, by, calendars)
    likely = search.among(rows, found.some, "incident") if found and found.some else None
    page.count = counted(rows, filters.order, likely=likely)
    return page


def open_check(measure: Countermeasure) -> EffectCheck | None:
    return EffectCheck.objects.filter(measure=measure, outcome="").select_related("checker").first()


def helpers_of(measure: Countermeasure) -> QuerySet[Person]:
    """Who helps with the measure and can still be chosen: active people who may write in its team."""
    return reader.workers(measure.incident).filter(pk__in=measure.helpers.values("pk"))


def may_help(measure: Countermeasure) -> QuerySet[Person]:
    """Who can be asked to help: whoever may work in the team, without the owner and the backup."""
    return reader.workers(measure.incident).exclude(pk__in={measure.owner_id, measure.backup_id} - {None})
