from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import read_request as requests
from incidents.domain import reader as verbs
from incidents.enums import Role
from incidents.errors import NotAllowed, Refused
from incidents.forms.reader import ReadersForm
from incidents.forms.team import AskToReadForm, DeclineForm
from incidents.queries import access, reader
from incidents.views.base import act, go, page, posted, render_page, say, say_refusal
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
    said = _("読む人を限りました。ほかの方には、番号のほかは何も見えません。")
    to, verb = incident.get_absolute_url(), partial(verbs.restrict, incident)
    if answer := act(request, form, verb, said=said, to=to, over=incident):
        return answer
    decides = request.user.pk == incident.owner_id or access.role_in(request.user, incident.team_id) == Role.LEAD
    context = {"form": form, "incident": incident}
    context["asked"] = (
        [(one, DeclineForm(auto_id=f"decline-{one.pk}-%s")) for one in reader.open_requests(incident)]
        if decides
        else []
    )
    return render_page(request, "incidents/incident/readers.html", context)


def closed(request: HttpRequest, key: str, form: AskToReadForm | None = None) -> HttpResponse:
    """What somebody of the team finds at the address of a record that is for few: its number, and how to ask.

    Nothing else: no title, no day, no people. Raises Http404 for all others.
    """
    record = access.get_closed_record(by=request.user, key=key)
    asked = reader.own_request(record, request.user)
    context = {"reference": record.reference, "form": form or AskToReadForm(), "asked": asked, "nav": "incident-list"}
    return render_page(request, "incidents/incident/closed.html", context, status=403)


@page
@posted(lambda request, key: access.get_closed_record(by=request.user, key=key).get_absolute_url())
def ask_to_read(request: HttpRequest, key: str) -> HttpResponse:
    """閲覧をお願いする."""
    record = access.get_closed_record(by=request.user, key=key)
    form = AskToReadForm(request.POST)
    said = _("お願いを送りました。返事はメールで届きます。")
    verb = partial(requests.ask, record)
    return act(request, form, verb, said=said, to=record.get_absolute_url()) or closed(request, key, form)


def _readers_of(request: HttpRequest, pk: int) -> str:
    found = access.get_read_request(by=request.user, pk=pk)
    return reverse("incident-readers", args=[found.incident.reference])


@page
@posted(_readers_of)
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_read_request(by=request.user, pk=pk)
    try:
        requests.grant(found, by=request.user)
    except Refused as refusal:
        if isinstance(refusal, NotAllowed):
            raise
        say_refusal(request, refusal)
    else:
        say(request, _("%(name)sさんを、読む人に加えました。") % {"name": found.person})
    return go(request, _readers_of(request, pk))


@page
@posted(_readers_of)
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    found = access.get_read_request(by=request.user, pk=pk)
    form = DeclineForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused("no_reason", _("ひとことが書かれていません。"), _("見送る理由を一行書いてください。"))
        requests.decline(found, by=request.user, **form.values())
    except Refused as refusal:
        if isinstance(refusal, NotAllowed):
            raise
        say_refusal(request, refusal)
    else:
        say(request, _("返事を送りました。"))
    return go(request, _readers_of(request, pk))


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
