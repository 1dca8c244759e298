"""Figures of a team and the bowl, out of the rows of one sheet. No figure has a person in it (invariant 8)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from incidents.enums import COVERING_STATUSES, FollowUpKind, FollowUpState, IncidentKind, MeasureStatus, Outcome, Stage
from incidents.models import Countermeasure, EffectCheck, FollowUp, Incident, Person
from incidents.models.incident import of_teams, open_to, reference_of
from incidents.queries import sheet
from tools.plain import bowl

BOWL_DAYS = 92
BOWL_MOST = 60  # drawn cracks; the numbers beside the bowl count all
# A figure looks at the newest so many rows of the quarter, and the page stays as quick in a large house.
FIGURES_MOST = 120
WEEK = 7


@dataclass(frozen=True)
class BowlCrack:
    """One incident in the bowl: its course comes from its id alone, so it never moves."""

    main: str
    branches: tuple[str, ...]
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


@dataclass(frozen=True)
class TeamFigures:
    """None where nothing has been recorded yet: an empty team has no median and no share."""

    first_report_minutes: int | None
    on_time_percent: int | None
    strong_percent: int | None
    mended: int


def bowl_state(stage: str) -> str:
    """Gold only for a mended record; lacquer once the first report is out; a hair crack before it."""
    if stage == Stage.MENDED:
        return "gold"
    if stage in {Stage.RECORDED, Stage.WITHDRAWN, Stage.DUPLICATE}:
        return "open"
    return "urushi"


def slots(now: datetime) -> dict[str, datetime]:
    """What `asked` and `proven` want filled in. now: aware."""
    return {"quarter": now - timedelta(days=BOWL_DAYS), "week": now - timedelta(days=WEEK)}


def asked(person: Person) -> dict[str, QuerySet]:
    """The last quarter of the person's teams, for a sheet; figures are counted where the rows are."""
    quarter = sheet.moment("quarter")
    incidents = Incident.objects.visible_to(person)
    promises = FollowUp.objects.visible_to(person)
    measures = Countermeasure.objects.visible_to(person)
    drawn = (
        incidents.filter(noticed_at__gte=quarter)
        .exclude(stage__in=[Stage.WITHDRAWN, Stage.DUPLICATE])
        .exclude(kind=IncidentKind.CONCERN)
    )
    reported = incidents.filter(first_reported_at__gte=quarter).order_by("-first_reported_at")
    kept = promises.filter(kind=FollowUpKind.COUNTERMEASURE, state=FollowUpState.KEPT, closed_at__gte=quarter)
    promised = measures.filter(status__in=COVERING_STATUSES, committed_at__gte=quarter)
    return {
        "bowl_counts": drawn.order_by().values_list("stage").annotate(n=Count("pk")),
        "bowl_rows": drawn.order_by("-noticed_at").values_list("number", "stage", "title", "noticed_at")[:BOWL_MOST],
        # The one or two rows in the middle: the median without reading the others.
        "middle": Incident.objects.filter(pk__in=reported.values("pk")[:FIGURES_MOST])
        .order_by()
        .annotate(
            place=Window(RowNumber(), order_by=[F("first_reported_at") - F("noticed_at"), "pk"]),
            of=Window(Count("pk")),
        )
        .filter(place__gte=F("of") / 2.0, place__lte=F("of") / 2.0 + 1)
        .values_list("noticed_at", "first_reported_at"),
        "kept": FollowUp.objects.filter(pk__in=kept.order_by("-closed_at").values("pk")[:FIGURES_MOST])
        .order_by()
        .values_list("kind")
        .annotate(n=Count("pk"), on_time=Count("pk", filter=Q(closed_at__date__lte=F("due_on")))),
        "strong": Countermeasure.objects.filter(pk__in=promised.order_by("-committed_at").values("pk")[:FIGURES_MOST])
        .order_by()
        .annotate(one=Value(1))
        .values_list("one")
        .annotate(n=Count("pk"), strong=Count("pk", filter=Q(strength__gte=4))),
        "mended": incidents.filter(mended_at__gte=quarter, stage=Stage.MENDED)
        .order_by()
        .values_list("stage")
        .annotate(n=Count("pk")),
    }


def proven(person: Person) -> QuerySet:
    """Checks since the slot `week` that have made gold of their countermeasure, the newest first.

    From the few checks of the week, not from the many measures that hold; in the order of their index, because a kept
    plan knows nothing of how long a week is.
    """
    checks = EffectCheck.objects.filter(open_to(person, "measure__incident"), of_teams(person, "measure__incident"))
    effective = checks.filter(outcome=Outcome.EFFECTIVE, measure__status=MeasureStatus.EFFECTIVE)
    return effective.filter(decided_at__gte=sheet.moment("week")).order_by("-decided_at").values("pk")


def bowl_of(found: dict[str, list]) -> Bowl:
    """The last three months of the person's teams as a bowl, out of the sheet's rows."""
    counts = {"gold": 0, "urushi": 0, "open": 0}
    for stage, count in found["bowl_counts"]:
        counts[bowl_state(stage)] += count
    cracks = []
    address = reverse("incident", args=["K-0"])  # once, not for each of sixty
    for number, stage, title, noticed_at in sorted(found["bowl_rows"]):
        drawn = bowl.crack(str(number))
        reference = reference_of(number)
        cracks.append(
            BowlCrack(
                main=drawn.main,
                branches=tuple(drawn.branches),
                state=bowl_state(stage),
                title=title,
                reference=reference,
                url=address.replace("K-0", reference),
                noticed_at=noticed_at,
            )
        )
    return Bowl(cracks, counts["gold"], counts["urushi"], counts["open"], sum(counts.values()) - len(cracks))


def figures_of(found: dict[str, list]) -> TeamFigures:
    """How the person's teams stood in the last quarter, out of the sheet's rows."""
    took = [(reported - noticed).total_seconds() / 60 for noticed, reported in found["middle"]]
    return TeamFigures(
        first_report_minutes=round(statistics.median(took)) if took else None,
        on_time_percent=_percent(found["kept"]),
        strong_percent=_percent(found["strong"]),
        mended=sum(count for _stage, count in found["mended"]),
    )


def _percent(rows: list[tuple]) -> int | None:
    """The share in one counted row (group, all, part); None without any."""
    return round(100 * rows[0][2] / rows[0][1]) if rows and rows[0][1] else None
