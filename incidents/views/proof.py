"""What the incident's page shows of its countermeasures and of what they are tied to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from incidents.enums import MeasureStatus, RequestState
from incidents.models import Countermeasure, DueRequest, FollowUp, Incident
from incidents.queries import recurrence
from incidents.queries.calendar import business_calendar, today_of
from incidents.queries.due_request import requests_of
from incidents.queries.incident import NAMES_APART, IncidentPage
from incidents.queries.reminder import days_left
from incidents.queries.review import reviews_of
from incidents.queries.spread import spreads_of


def proof_context(request: HttpRequest, incident: Incident, found: IncidentPage, *, may_edit: bool) -> dict[str, Any]:
    """Countermeasures with their requests and reviews, links to other records, and what may be a recurrence."""
    wishes = requests_of(incident) if found.measures else {}
    reviews = reviews_of(incident) if found.measures or found.roots else []
    for root in found.roots:
        root.open_review = next((r for r in reviews if r.root_id == root.pk), None)
    today, calendar = today_of(request.user), business_calendar(incident.team_id)

    def line(m: Countermeasure) -> dict[str, Any]:
        days = days_left(today, m.due_on, calendar) if m.is_running and m.due_on else None
        return {
            "measure": m,
            "days": days,
            "helpers": sorted(filter(None, (m.helper_names or "").split(NAMES_APART))),
            "late_days": -days if days is not None and days < 0 else 0,
            "check": next((c for c in m.checks.all() if not c.outcome), None),
            "decided": [c for c in m.checks.all() if c.outcome],
            "may_judge": may_edit and m.status == MeasureStatus.DONE and m.owner_id != request.user.pk,
            **_beside(m, wishes.get(m.pk, []), reviews),
        }

    return {
        "lines": [line(m) for m in found.measures],
        "spreads": spreads_of(incident),
        "links": recurrence.links_of(incident, request.user),
        "may_recur": recurrence.candidates(incident, request.user) if may_edit else [],
    }


def _beside(m: Countermeasure, wishes: list[DueRequest], reviews: list[FollowUp]) -> dict[str, Any]:
    return {
        "wishes": wishes,
        "asked": any(wish.state == RequestState.ASKED for wish in wishes),
        "review": next((r for r in reviews if r.review_of_id == m.pk), None),
    }
