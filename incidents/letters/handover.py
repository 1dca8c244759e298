"""The letter to whoever takes records or countermeasures over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings

from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import Countermeasure, Incident, Person
from tools.plain.daytext import long_day


def handed_over(
    to: Person, by: Person, records: Sequence[Incident | Countermeasure], *, reason: str, today: date
) -> Rendered:
    """One letter for all that was handed over at once: what, by whom, why, and where each stands. today: the reader's."""
    items = [
        {
            "reference": record.incident.reference if isinstance(record, Countermeasure) else record.reference,
            "what": record.title,
            "due": long_day(record.due_on, to.language, today=today) if getattr(record, "due_on", None) else "",
            "url": links.absolute(record.get_absolute_url()),
        }
        for record in records
    ]
    context = {"person": to, "by": by, "items": items, "reason": reason, "site_url": settings.SITE_URL}
    return render("handover/handed_over", language=to.language, context=context)
