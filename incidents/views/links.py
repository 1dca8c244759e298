"""Signed one-purpose links from mails: GET shows, POST acts. A scanner that follows them changes nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from incidents.domain import countermeasure
from incidents.enums import FollowUpState
from incidents.errors import Refused
from incidents.forms.countermeasure import DoneForm
from incidents.letters import links
from incidents.queries import access
from incidents.views.base import show_refusal


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def done(request: HttpRequest, token: str) -> HttpResponse:
    """できました, without signing in. Shows only what the mail already showed."""
    link = links.read_done(token)
    found = access.follow_up_for_link(follow_up_id=link.follow_up_id, person_id=link.person_id) if link else None
    if found is None or found[0].measure_id is None:
        return render(request, "incidents/links/gone.html", status=410)
    follow_up, person = found
    with translation.override(person.language):
        request.LANGUAGE_CODE = person.language
        context = {"follow_up": follow_up, "measure": follow_up.measure, "person": person}
        if follow_up.state != FollowUpState.OPEN and request.method != "POST":
            return render(request, "incidents/links/already.html", context)
        form = DoneForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                countermeasure.complete(follow_up.measure, by=person, **form.cleaned_data)
            except Refused as refusal:
                show_refusal(form, refusal)
            else:
                return render(request, "incidents/links/thanks.html", context)
        return render(request, "incidents/links/done.html", {**context, "form": form})
