from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from incidents.domain import timeline as verbs
from incidents.errors import Refused
from incidents.forms.incident import TimelineForm
from incidents.queries import access
from incidents.views.base import page, show_refusal
from incidents.views.incident import back_to, show


@page
@require_POST
def add(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = TimelineForm(request.POST)
    if form.is_valid():
        try:
            verbs.record(incident, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return back_to(request, incident, "timeline", _("経緯に書きました。"))
    return show(request, incident, timeline_form=form)
