"""What the incident's page shows of facts: timeline, questions, containment, and the forms for them."""

from __future__ import annotations

from typing import Any

from incidents.forms.containment import ContainmentForm
from incidents.forms.timeline import TimelineForm
from incidents.models import Incident
from incidents.queries import timeline
from incidents.queries.containment import containments_of
from incidents.queries.incident import IncidentPage


def facts_context(incident: Incident, found: IncidentPage, forms: dict[str, Any]) -> dict[str, Any]:
    """Two queries: questions and containments. `forms` are bound forms that brought an error back."""
    return {
        "timeline": timeline.lines_of(found.timeline),
        "timeline_form": forms.get("timeline_form") or TimelineForm(),
        "questions": timeline.questions_of(incident),
        "containments": containments_of(incident),
        "containment_form": forms.get("containment_form") or ContainmentForm(),
    }
