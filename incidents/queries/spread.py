from __future__ import annotations

from django.db.models import Prefetch

from incidents.models import Incident, Spread, SpreadAnswer


def spreads_of(incident: Incident) -> list[Spread]:
    """What other teams were asked and what they answered; two queries, one when nothing was asked."""
    answers = SpreadAnswer.objects.select_related("team", "answered_by")
    return list(
        Spread.objects.filter(incident=incident)
        .select_related("asked_by")
        .prefetch_related(Prefetch("answers", answers))
    )
