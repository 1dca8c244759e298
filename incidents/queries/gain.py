"""得たもの: what a record has brought, out of what stands in it (A-4). Nothing is estimated, and what nobody told is not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from incidents import rules
from incidents.enums import MeasureStatus, Stage
from incidents.models import Countermeasure, Incident
from incidents.queries.calendar import day_here


@dataclass(frozen=True)
class Gained:
    """effective, done, running: how many countermeasures are proven, in force but not yet proven, and on their way.

    days: since the last measure in force was done; None where none is. recurrences: records that were tied to this one
    as recurrences and noticed since that day, of those that the reader may read. watched_until: the last day on which
    one would speak against a measure. steps, minutes (a month): sums of what people wrote at the measures in force.
    """

    effective: int
    done: int
    running: int
    days: int | None
    recurrences: int
    watched_until: date | None
    is_watched: bool
    steps: int
    minutes: int

    def __bool__(self) -> bool:
        return bool(self.effective or self.done or self.running)


def gained(
    incident: Incident, measures: Iterable[Countermeasure], recurrences: Iterable[Incident], *, today: date
) -> Gained | None:
    """What the page of a mended record shows, and of one that was only repaired; None for every other one.

    measures: with their checks at hand.
    """
    if incident.stage not in {Stage.MENDED, Stage.REPAIRED_ONLY}:
        return None
    by_status: dict[str, list[Countermeasure]] = {}
    for measure in measures:
        by_status.setdefault(measure.status, []).append(measure)
    effective = by_status.get(MeasureStatus.EFFECTIVE, [])
    done = by_status.get(MeasureStatus.DONE, [])
    in_force = [*effective, *done]
    since = max((day_here(one.done_at) for one in in_force), default=None)
    until = max((_watched_until(one, incident.severity) for one in in_force), default=None)
    found = Gained(
        effective=len(effective),
        done=len(done),
        running=sum(len(by_status.get(status, [])) for status in (MeasureStatus.COMMITTED, MeasureStatus.IN_PROGRESS)),
        days=max(0, (today - since).days) if since else None,
        recurrences=sum(day_here(one.noticed_at) >= since for one in recurrences) if since else 0,
        watched_until=until,
        is_watched=bool(until and until >= today),
        steps=sum(one.steps_removed or 0 for one in in_force),
        minutes=sum(one.minutes_saved or 0 for one in in_force),
    )
    return found or None


def _watched_until(measure: Countermeasure, severity: str) -> date:
    last = max((check.check_on for check in measure.checks.all() if check.check_on), default=None)
    return rules.watched_until(done_on=day_here(measure.done_at), last_check_on=last, severity=severity)
