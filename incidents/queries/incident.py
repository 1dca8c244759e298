"""Reads of incidents, shaped for the pages. Each list costs the same for 1, 3 and 1,000 rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from incidents import rules
from incidents.enums import COVERING_STATUSES, OPEN_STAGES, MeasureStatus, Role, Track
from incidents.models import (
    Countermeasure,
    Incident,
    Person,
    RootCause,
    Why,
)
from incidents.models.incident import severity_rank, stage_rank
from incidents.models.index import NO_DAY
from incidents.queries import search, sheet, team
from incidents.queries.calendar import today_of
from incidents.queries.paging import BY_DAY, BY_MOMENT, COUNTED, Order, Slice, counted, paged


def record_facts(incident: Incident) -> rules.RecordFacts:
    """What decides the stage of an incident, in two queries."""
    return facts_of(
        incident,
        list(RootCause.objects.filter(incident=incident)),
        list(Countermeasure.objects.filter(incident=incident).only("status", "strength", "root_id", "weak_reason")),
    )


def facts_of(incident: Incident, roots: list[RootCause], measures: list[Countermeasure]) -> rules.RecordFacts:
    """The same out of rows that are already read."""
    return rules.RecordFacts(
        end=incident.end,
        someone_waits=rules.first_report_expected(incident.kind, someone_waits=bool(incident.who_waits)),
        first_reported=incident.first_reported_at is not None,
        first_report_waived=bool(incident.first_report_waived),
        severity=incident.severity,
        roots=[
            rules.RootFacts(r.pk, r.reopened_at is not None, r.risk_review_on is not None)
            for r in roots
            if r.withdrawn_at is None
        ],
        measures=[rules.MeasureFacts(m.status, m.strength, m.root_id, bool(m.weak_reason)) for m in measures],
    )


SORTS = {
    "new": Order("noticed_at", "number", BY_MOMENT, down=True),
    "old": Order("noticed_at", "number", BY_MOMENT, unique_down=False),
    "number": Order("number", "number", down=True),
    "severity": Order("severity_place", "number"),
    "stage": Order("stage_place", "number"),
    "due": Order("index__next_due_on", "number", BY_DAY),
}
# What a row of the list shows, and its place. The long texts of a record stay where they are.
SHOWN = (
    *("number", "title", "kind", "category", "counterparty", "stage", "severity", "noticed_at"),
    *("customer_closed_at", "team__name", "owner__name", "owner__email"),
)
DUES = ("late", "week", "none")


@dataclass(frozen=True)
class Filters:
    """What the list may be narrowed by: fixed names, never a look-up from the address line."""

    q: str = ""
    stage: str = ""
    team: str = ""
    category: str = ""
    severity: str = ""
    kind: str = ""
    owner: int | None = None
    gone: bool = False  # their owner works in the team no longer
    due: str = ""
    restricted: bool = False
    outside: str = ""
    sort: str = "new"

    @property
    def order(self) -> Order:
        return SORTS.get(self.sort, SORTS["new"])


def incident_rows(*, by: Person, filters: Filters, found: search.Found | None) -> QuerySet[Incident]:
    """The person's incidents, narrowed; sorted by `filters.order`. found: what `search.found_by` says of the same two."""
    rows = Incident.objects.visible_to(by).select_related("team", "owner")
    if filters.stage == "open":
        rows = rows.open()
    elif filters.stage:
        rows = rows.filter(stage=filters.stage)
    if filters.team:
        rows = rows.filter(team__slug=filters.team)
    if filters.category:
        rows = rows.filter(category=filters.category)
    if filters.severity:
        rows = rows.filter(severity=filters.severity)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.owner:
        rows = rows.filter(owner_id=filters.owner)
    if filters.gone:
        rows = team.left_behind(rows, "team")
    if filters.restricted:
        rows = rows.filter(restricted=True)
    if filters.outside == "closed":
        rows = rows.filter(customer_closed_at__isnull=False)
    elif filters.outside:
        rows = rows.unsettled()
    if filters.due:
        rows = _due(rows, filters.due, today_of(by))
    if found:
        rows = found.narrow(rows)
    if filters.sort == "severity":
        rows = rows.annotate(severity_place=severity_rank())
    elif filters.sort == "stage":
        rows = rows.annotate(stage_place=stage_rank())
    elif filters.sort == "due":
        rows = rows.filter(index__isnull=False).select_related("team", "owner", "index")
    return rows


def _due(rows: QuerySet[Incident], due: str, today: date) -> QuerySet[Incident]:
    """By the day of the next open promise: past, or up to this week's Sunday, or none at all."""
    if due == "late":
        return rows.filter(index__next_due_on__lt=today)
    if due == "week":
        return rows.filter(index__next_due_on__range=(today, today + timedelta(days=6 - today.weekday())))
    return rows.filter(index__next_due_on=NO_DAY)


def incident_list(*, by: Person, filters: Filters, after: str = "", before: str = "") -> Slice:
    """One page of the person's incidents, in three queries (four and the index with words).

    A word that stands in very many records needs no count of its own: the index has seen enough that everybody may see.
    """
    found = search.found_by(by, filters.q)
    rows = incident_rows(by=by, filters=filters, found=found)
    shown = (*SHOWN, "index__next_due_on") if filters.sort == "due" else SHOWN
    page = paged(rows.only(*shown), filters.order, after=after, before=before)
    with_seams(page.rows)
    words_alone = filters == Filters(q=filters.q, sort=filters.sort)
    if found and words_alone and found.unrestricted >= COUNTED:
        page.count = COUNTED
    else:
        likely = search.among(rows, found.some) if found and found.some else None
        page.count = counted(rows, filters.order, likely=likely)
    return page


def with_seams(rows: list[Incident]) -> list[Incident]:
    """These rows carry their seams; counting them over a whole list would cost with its length. One query."""
    seams = seam_counts([incident.pk for incident in rows])
    for incident in rows:
        incident.seams = seams.get(incident.pk, SeamCount(0, 0))
    return rows


def next_due_on(incident: Incident) -> date | None:
    """The day of the next open promise, out of the index that was read with the record."""
    day = incident.index.next_due_on if hasattr(incident, "index") else NO_DAY
    return None if day == NO_DAY else day


@dataclass(frozen=True)
class SeamCount:
    gold: int
    promised: int


def seam_counts(incident_ids: list[int]) -> dict[int, SeamCount]:
    """Promised and proven countermeasures by incident, one query."""
    if not incident_ids:
        return {}
    found = sheet.ask("seam counts", _seam_counts, incidents=incident_ids)["seams"]
    return {incident_id: SeamCount(gold, promised) for incident_id, gold, promised in found}


def _seam_counts() -> dict[str, QuerySet]:
    of_these = sheet.one_of('"incidents_countermeasure"."incident_id"', "incidents")
    rows = Countermeasure.objects.filter(of_these, status__in=COVERING_STATUSES).values("incident_id")
    counts = {"gold": Count("pk", filter=Q(status=MeasureStatus.EFFECTIVE)), "promised": Count("pk")}
    return {"seams": rows.annotate(**counts).values_list("incident_id", "gold", "promised")}


@dataclass(frozen=True)
class WhyNode:
    """A why with its depth on its track, in reading order."""

    why: Why
    depth: int
    number: str


def why_tree(whys: list[Why]) -> list[WhyNode]:
    """The whys in reading order: track by track, each answer under its question. A loop cannot occur (parent is older)."""
    children: dict[int | None, list[Why]] = {}
    for why in sorted(whys, key=lambda w: (w.parent_id is None and w.track != Track.OCCURRENCE, w.pk)):
        children.setdefault(why.parent_id, []).append(why)
    nodes: list[WhyNode] = []
    place: dict[tuple[int | None, str], int] = {}
    waiting = [(why, 0, "") for why in reversed(children.get(None, []))]
    while waiting:  # a loop, not a recursion: a chain of whys may be longer than Python's stack
        why, depth, prefix = waiting.pop()
        key = (why.parent_id, why.track)
        place[key] = place.get(key, 0) + 1
        number = f"{prefix}{place[key]}"
        nodes.append(WhyNode(why, depth, number))
        waiting += [(child, depth + 1, f"{number}.") for child in reversed(children.get(why.pk, []))]
    return nodes


def open_count(by: Person) -> int:
    return Incident.objects.visible_to(by).filter(stage__in=OPEN_STAGES).count()


def running_clocks(by: Person) -> QuerySet[Incident]:
    """First reports that somebody waits for: those of owner and backup, all of a team for its leads. The oldest first."""
    lead_of = [m.team_id for m in team.my_memberships(by) if m.role == Role.LEAD]
    return (
        Incident.objects.visible_to(by)
        .awaiting_first_report()
        .filter(Q(owner=by) | Q(owner=None, recorded_by=by) | Q(backup=by) | Q(team__in=lead_of))
        .select_related("owner", "team")
        .order_by("first_report_due_at", "pk")
    )


def whys_of(incident: Incident) -> QuerySet[Why]:
    """The whys that stand; what was withdrawn takes no further why."""
    return Why.objects.filter(incident=incident, withdrawn_at__isnull=True)


def roots_of(incident: Incident) -> QuerySet[RootCause]:
    """The root causes that stand, for the countermeasures to lean on."""
    return RootCause.objects.filter(incident=incident, withdrawn_at__isnull=True).select_related("why")
