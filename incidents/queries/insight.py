"""Figures of a team, one query each, and the bowl. No figure has a person in it (invariant 8)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q
from django.utils import timezone

from incidents.enums import COVERING_STATUSES, FollowUpKind, FollowUpState, IncidentKind, MeasureStatus, Stage
from incidents.models import Countermeasure, FollowUp, Incident, Person
from tools.plain import bowl

BOWL_DAYS = 92
BOWL_MOST = 60  # drawn cracks; the numbers beside the bowl count all


@dataclass(frozen=True)
class BowlCrack:
    """One incident in the bowl: its course comes from its id alone, so it never moves."""

    main: str
    branches: list[str]
    state: str  # open, urushi, gold
    title: str
    reference: str
    url: str
    noticed_at: datetime


@dataclass(frozen=True)
class Bowl:
    cracks: list[BowlCrack]
    gold: int
    urushi: int
    open: int
    left_out: int

    @property
    def total(self) -> int:
        return self.gold + self.urushi + self.open


def bowl_state(stage: str) -> str:
    """Gold only for a mended record; lacquer once the first report is out; a hair crack before it."""
    if stage == Stage.MENDED:
        return "gold"
    if stage in {Stage.RECORDED, Stage.WITHDRAWN, Stage.DUPLICATE}:
        return "open"
    return "urushi"


def team_bowl(person: Person, *, now: datetime | None = None) -> Bowl:
    """The last three months of the person's teams as a bowl."""
    since = (now or timezone.now()) - timedelta(days=BOWL_DAYS)
    found = (
        Incident.objects.visible_to(person)
        .filter(noticed_at__gte=since)
        .exclude(stage__in=[Stage.WITHDRAWN, Stage.DUPLICATE])
        .exclude(kind=IncidentKind.CONCERN)
    )
    stages = dict(found.order_by().values_list("stage").annotate(Count("pk")))
    counts = {"gold": 0, "urushi": 0, "open": 0}
    for stage, count in stages.items():
        counts[bowl_state(stage)] += count
    shown = list(found.order_by("-noticed_at")[:BOWL_MOST])
    cracks = []
    for incident in sorted(shown, key=lambda i: i.number):
        drawn = bowl.crack(str(incident.number))
        cracks.append(
            BowlCrack(
                main=drawn.main,
                branches=list(drawn.branches),
                state=bowl_state(incident.stage),
                title=incident.title,
                reference=incident.reference,
                url=incident.get_absolute_url(),
                noticed_at=incident.noticed_at,
            )
        )
    total = sum(counts.values())
    return Bowl(cracks, counts["gold"], counts["urushi"], counts["open"], total - len(shown))


@dataclass(frozen=True)
class TeamFigures:
    """None where nothing has been recorded yet: an empty team has no median and no share."""

    first_report_minutes: int | None
    on_time_percent: int | None
    strong_percent: int | None
    mended: int


def team_figures(person: Person, *, now: datetime | None = None) -> TeamFigures:
    """How the person's teams stood in the last quarter."""
    since = (now or timezone.now()) - timedelta(days=BOWL_DAYS)
    visible = Incident.objects.visible_to(person)
    took = [
        (reported - noticed).total_seconds() / 60
        for reported, noticed in visible.filter(first_reported_at__gte=since).values_list(
            "first_reported_at", "noticed_at"
        )
    ]
    kept = (
        FollowUp.objects.visible_to(person)
        .filter(kind=FollowUpKind.COUNTERMEASURE, state=FollowUpState.KEPT, closed_at__gte=since)
        .aggregate(all=Count("pk"), on_time=Count("pk", filter=Q(closed_at__date__lte=F("due_on"))))
    )
    measures = (
        Countermeasure.objects.visible_to(person)
        .filter(status__in=COVERING_STATUSES, committed_at__gte=since)
        .aggregate(all=Count("pk"), strong=Count("pk", filter=Q(strength__gte=4)))
    )
    return TeamFigures(
        first_report_minutes=round(statistics.median(took)) if took else None,
        on_time_percent=round(100 * kept["on_time"] / kept["all"]) if kept["all"] else None,
        strong_percent=round(100 * measures["strong"] / measures["all"]) if measures["all"] else None,
        mended=visible.filter(mended_at__gte=since, stage=Stage.MENDED).count(),
    )


def gold_this_week(person: Person, *, now: datetime | None = None) -> int:
    """Countermeasures proven in the last seven days."""
    since = (now or timezone.now()) - timedelta(days=7)
    return (
        Countermeasure.objects.visible_to(person)
        .filter(status=MeasureStatus.EFFECTIVE, checks__decided_at__gte=since)
        .distinct()
        .count()
    )
