from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db.models import Max, Q

from incidents import rules
from incidents.enums import MeasureStatus, Stage
from incidents.models import Countermeasure, Incident, Person

LOOKED_BACK = timedelta(days=800)  # the longest window, a late check and a year between crack and measure
LOOKED_AT = 200


@dataclass(frozen=True)
class Links:
    """Other records that this one is tied to, as far as the reader may see them."""

    original: Incident | None = None
    recurs_from: Incident | None = None
    duplicates: list[Incident] = field(default_factory=list)
    recurrences: list[Incident] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.original or self.recurs_from or self.duplicates or self.recurrences)


def links_of(incident: Incident, by: Person) -> Links:
    """Duplicates and recurrences both ways; one query."""
    tied = Q(duplicate_of=incident) | Q(recurrence_of=incident)
    own = [pk for pk in (incident.duplicate_of_id, incident.recurrence_of_id) if pk]
    if own:
        tied |= Q(pk__in=own)
    rows = list(Incident.objects.visible_to(by).filter(tied).order_by("number"))
    return Links(
        original=next((row for row in rows if row.pk == incident.duplicate_of_id), None),
        recurs_from=next((row for row in rows if row.pk == incident.recurrence_of_id), None),
        duplicates=[row for row in rows if row.duplicate_of_id == incident.pk],
        recurrences=[row for row in rows if row.recurrence_of_id == incident.pk],
    )


def _likeness(incident: Incident) -> rules.Likeness:
    return rules.Likeness(incident.category, incident.process, incident.counterparty, incident.title)


def candidates(incident: Incident, by: Person, limit: int = 3) -> list[Incident]:
    """Earlier records of the team that this may be again, inside the window of a measure of theirs; at most one query.

    Nothing is asked once a person has said what it is, or when no category says what to look for.
    """
    settled = incident.recurrence_of_id or incident.end or incident.stage == Stage.MENDED
    if settled or not incident.category:
        return []
    rows = (
        Countermeasure.objects.visible_to(by)
        .filter(
            incident__team=incident.team_id,
            incident__category=incident.category,
            incident__noticed_at__range=(incident.noticed_at - LOOKED_BACK, incident.noticed_at),
            status__in=[MeasureStatus.DONE, MeasureStatus.EFFECTIVE],
            done_at__isnull=False,
        )
        .exclude(incident=incident.pk)
        .select_related("incident")
        .annotate(last_check=Max("checks__check_on"))
        .order_by("-incident__noticed_at", "pk")[:LOOKED_AT]
    )
    here = zoneinfo.ZoneInfo(settings.TIME_ZONE)
    day = incident.noticed_at.astimezone(here).date()
    found: dict[int, Incident] = {}
    for row in rows:
        watched = rules.holds_watch(
            status=row.status,
            done_on=row.done_at.astimezone(here).date(),
            last_check_on=row.last_check,
            severity=row.incident.severity,
            day=day,
        )
        if watched and rules.may_be_again(_likeness(incident), _likeness(row.incident)):
            found.setdefault(row.incident_id, row.incident)
    return list(found.values())[:limit]
