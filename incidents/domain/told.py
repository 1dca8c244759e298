"""What a verb tells the timeline of itself."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import get_language

from incidents.domain import search
from incidents.models import Incident, Person, TimelineEntry
from incidents.queries.calendar import day_here, house_zone, today_here
from tools.plain.daytext import long_day


def tell(
    incident: Incident, *, by: Person | None, kind: str, text: str, event_at: datetime | None = None
) -> TimelineEntry:
    """A line of the timeline that a verb writes itself."""
    entry = TimelineEntry.objects.create(
        incident=incident,
        kind=kind,
        text=text,
        event_at=event_at or timezone.now(),
        author=by,
        author_label=str(by or ""),
    )
    search.refresh(incident)
    return entry


def day_said(day: date) -> str:
    """A day in a line of the timeline, as the pages say it; the year stands with it where it is not that of the writing."""
    return long_day(day, "ja" if (get_language() or "ja").startswith("ja") else "en", today=today_here())


def moment_said(moment: datetime) -> str:
    """As `day_said`, with hour and minute in the organisation's zone, whatever zone its writer keeps. moment: aware."""
    return f"{day_said(day_here(moment))} {moment.astimezone(house_zone()):%H:%M}"
