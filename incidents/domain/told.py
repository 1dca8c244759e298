"""What a verb tells the timeline of itself."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from incidents.domain import search
from incidents.models import Incident, Person, TimelineEntry


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
