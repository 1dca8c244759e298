from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery

from incidents import rules
from incidents.enums import MeasureStatus, Stage
from incidents.models import Countermeasure, EffectCheck, Incident, Person
from incidents.queries import sheet
from incidents.queries.calendar import day_here

LOOKED_BACK = timedelta(days=800)  # the longest window, a late check and a year between crack and measure
LOOKED_AT = 200
NO_CATEGORY = "-"  # fits no record


@dataclass(frozen=True)
class Links:
    """Other records that this one is tied to, as far as the reader may see them."""

    original: Incident | None = None
    recurs_from: Incident | None = None
    duplicates: list[Incident] = field(default_factory=list)
    recurrences: list[Incident] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.original or self.recurs_from or self.duplicates or self.recurrences)


def slots(incident: Incident) -> dict[str, object]:
    """What the rows below want filled in. Nothing recurs for a record that is settled, or without a category."""
    settled = incident.recurrence_of_id or incident.end or incident.stage == Stage.MENDED
    return {
        "incident": incident.pk,
        "duplicate_of": incident.duplicate_of_id or 0,
        "recurrence_of": incident.recurrence_of_id or 0,
        "team": incident.team_id,
        "category": NO_CATEGORY if settled else incident.category or NO_CATEGORY,
        "first": incident.noticed_at - LOOKED_BACK,
        "last": incident.noticed_at,
    }


def link_rows(by: Person) -> QuerySet[Incident]:
    """Duplicates and recurrences both ways, as far as the reader may see them."""
    incident, own = sheet.number("incident"), [sheet.number("duplicate_of"), sheet.number("recurrence_of")]
    tied = Q(duplicate_of=incident) | Q(recurrence_of=incident) | Q(pk=own[0]) | Q(pk=own[1])
    return Incident.objects.visible_to(by).filter(tied).order_by("number")


def links_of(incident: Incident, rows: list[Incident]) -> Links:
    return Links(
        original=next((row for row in rows if row.pk == incident.duplicate_of_id), None),
        recurs_from=next((row for row in rows if row.pk == incident.recurrence_of_id), None),
        duplicates=[row for row in rows if row.duplicate_of_id == incident.pk],
        recurrences=[row for row in rows if row.recurrence_of_id == incident.pk],
    )


def _likeness(incident: Incident) -> rules.Likeness:
    return rules.Likeness(incident.category, incident.process, incident.counterparty, incident.title)


def candidate_rows(by: Person) -> QuerySet[Countermeasure]:
    """Measures whose record may be the same again: done ones of the team and category in the years before."""
    return (
        Countermeasure.objects.visible_to(by)
        .filter(
            incident__team=sheet.number("team"),
            incident__category=sheet.text("category"),
            incident__noticed_at__gte=sheet.moment("first"),
            incident__noticed_at__lte=sheet.moment("last"),
            status__in=[MeasureStatus.DONE, MeasureStatus.EFFECTIVE],
            done_at__isnull=False,
        )
        .exclude(incident=sheet.number("incident"))
        .select_related("incident")
        .annotate(last_check=Subquery(_last_check()))
        .order_by("-incident__noticed_at", "pk")[:LOOKED_AT]
    )


def _last_check() -> QuerySet:
    return EffectCheck.objects.filter(measure=OuterRef("pk")).order_by("-check_on").values("check_on")[:1]


def candidates_of(incident: Incident, rows: list[Countermeasure], limit: int = 3) -> list[Incident]:
    """Earlier records of the team that this may be again, inside the window of a measure of theirs.

    Nothing is asked once a person has said what it is, or when no category says what to look for.
    """
    day = day_here(incident.noticed_at)
    found: dict[int, Incident] = {}
    for row in rows:
        watched = rules.holds_watch(
            status=row.status,
            done_on=day_here(row.done_at),
            last_check_on=row.last_check,
            severity=row.incident.severity,
            day=day,
        )
        if watched and rules.may_be_again(_likeness(incident), _likeness(row.incident)):
            found.setdefault(row.incident_id, row.incident)
    return list(found.values())[:limit]
