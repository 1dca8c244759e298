"""What the incident's page shows of facts: timeline, questions, containment, and the forms for them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from incidents.forms.attachment import FilesForm
from incidents.forms.cause import WhyForm
from incidents.forms.containment import ContainmentForm
from incidents.forms.timeline import TimelineForm
from incidents.models import Incident
from incidents.queries import timeline
from incidents.queries.attachment import files_in_order
from incidents.queries.cause import why_lines
from incidents.queries.incident import whys_of
from incidents.queries.mending import mended
from incidents.queries.record import RecordPage


def hint_url(incident: Incident) -> str:
    """Where the words of a why are looked at while they are typed."""
    return reverse("incident-why-hint", args=[incident.reference])


def _why_form(request: HttpRequest, incident: Incident, found: RecordPage) -> WhyForm:
    """The form for the next why: under the one that `?under=` names, else under the last open end."""
    standing = [node.why for node in found.whys if node.why.withdrawn_at is None]
    asked = [why for why in standing if str(why.pk) == request.GET.get("under")]
    rooted = {root.why_id for root in found.roots}
    parent = asked or sorted((why for why in standing if why.pk not in rooted), key=lambda why: why.pk)[-1:]
    return WhyForm(
        whys=whys_of(incident),
        shown=standing,
        hint_url=hint_url(incident),
        next_one=bool(asked),
        initial={"parent": parent[0].pk} if parent else {},
    )


def facts_context(request: HttpRequest, found: RecordPage, forms: dict[str, Any]) -> dict[str, Any]:
    """`forms` are bound forms that brought an error back."""
    return {
        "why_lines": why_lines(found.whys),
        "why_form": forms.get("why_form") or _why_form(request, found.incident, found),
        "timeline": timeline.lines_of(found.timeline),
        "timeline_form": forms.get("timeline_form") or TimelineForm(),
        "questions": found.questions,
        "asks": timeline.asks_of(found.asks),
        "mended": mended(found.mendings),
        "pastes": found.pastes,
        "files": files_in_order(found.files),
        "files_form": FilesForm(auto_id="add-%s"),
        "containments": found.containments,
        "containment_form": forms.get("containment_form") or ContainmentForm(),
    }
