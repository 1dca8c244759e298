from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import containment as verbs
from incidents.errors import Refused
from incidents.forms.containment import ContainmentForm, LiftForm
from incidents.queries import access
from incidents.views.base import act, page, posted, render_page, show_refusal
from incidents.views.incident import back_to, place_of, show


@page
@posted(lambda request, key: place_of(request, key, "containment"))
def record(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = ContainmentForm(request.POST)
    if form.is_valid():
        try:
            verbs.record(incident, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return back_to(request, incident, "containment", _("応急処置を書きました。"))
    return show(request, incident, containment_form=form)


@page
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    containment = access.get_containment(by=request.user, pk=pk, to="edit")
    incident = containment.incident
    form = LiftForm(request.POST or None)
    verb = partial(verbs.lift, containment)
    if answer := act(request, form, verb, said=_("応急処置を解きました。"), to=incident.get_absolute_url()):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "nav": "incident",
        "title": _("応急処置を解く"),
        "lead": containment.text,
        "action_label": _("解いたと記録する"),
    }
    return render_page(request, "incidents/form.html", context)
