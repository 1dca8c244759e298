from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import reader as verbs
from incidents.errors import Refused
from incidents.forms.reader import ReadersForm
from incidents.queries import access, reader
from incidents.views.base import act, go, page, posted, render_page, say
from incidents.views.incident import place_of, refused


@page
def restrict(request: HttpRequest, key: str) -> HttpResponse:
    """読む人を限る: who, by name."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    people = reader.team_people(incident)
    named = reader.named(incident) if incident.restricted else [request.user.pk]
    sent = request.POST if request.method == "POST" else None  # nobody chosen sends nothing
    standing = [incident.restricted, sorted(named) if incident.restricted else []]
    form = ReadersForm(sent, people=people, initial={"readers": named}, standing=standing)
    said = _("読む人を限りました。ほかの方には、この記録があることも見えません。")
    to, verb = incident.get_absolute_url(), partial(verbs.restrict, incident)
    if answer := act(request, form, verb, said=said, to=to, over=incident):
        return answer
    context = {"form": form, "incident": incident}
    return render_page(request, "incidents/incident/readers.html", context)


@page
@posted(lambda request, key: place_of(request, key, "facts"))
def unrestrict(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    try:
        verbs.unrestrict(incident, by=request.user)
    except Refused as refusal:
        return refused(request, incident, "facts", refusal)
    say(request, _("チームの全員が読めるように戻しました。"))
    return go(request, incident.get_absolute_url())
