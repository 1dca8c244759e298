"""割れを記録する: three fields, what was pasted, and the earlier records that read alike (C1, C6)."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import capture, jotting
from incidents.enums import IncidentKind
from incidents.errors import Refused
from incidents.forms.incident import ReportForm, read_again
from incidents.models import Incident, Jotting
from incidents.queries import access, nameless, reader, team
from incidents.queries import inbound as mails
from incidents.queries import jotting as jottings
from incidents.queries.similar import PASTED, similar
from incidents.views import received
from incidents.views.base import chosen_slug, go, page, posted, render_page, say, show_refusal


@page
def new(request: HttpRequest) -> HttpResponse:
    """Three fields. What was said to be the same again is asked once more on the page that ties the two."""
    teams = team.writable_teams(request.user)
    if not teams:
        return render_page(request, "incidents/incident/no_team.html", {}, status=403)
    line = jottings.find(request.user, request.POST.get("jotting") or request.GET.get("jotting", ""))
    people = reader.people_of(teams)
    form = ReportForm(request.POST or None, teams=teams, people=people, initial=_known_already(request, line))
    if form.is_valid() and (original := _original(request, form)) is not False:
        values = dict(form.cleaned_data)
        how, _key = values.pop("again")
        values.pop("jotting")
        verb = partial(jotting.record, line) if line else capture.record
        try:
            incident = verb(by=request.user, like=original, **values)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            said = _("%(reference)s を記録しました。次にすることは、このページにあります。")
            say(request, said % {"reference": incident.reference})
            if line is not None:
                received.take_along(request, line, incident)
            return go(request, _tie_url(incident, how, original) if original else incident.get_absolute_url())
    context = {
        "form": form,
        "kinds": IncidentKind.choices,
        "kind": form["kind"].value(),
        "jotting": line,
        "doors": nameless.doors(team.my_memberships(request.user)),
        **_offer(request),
    }
    return render_page(request, "incidents/incident/new.html", context)


def _known_already(request: HttpRequest, line: Jotting | None) -> dict[str, Any]:
    """What the address says (?kind=), and what a line that was jotted down already tells."""
    known: dict[str, Any] = {"team": chosen_slug(request)} if chosen_slug(request) else {}
    if request.GET.get("kind") in IncidentKind.values:
        known["kind"] = request.GET["kind"]
    if line is not None:
        longest = ReportForm.base_fields["title"].max_length
        known |= {"jotting": line.pk, "title": line.text[:longest]}
        known |= {"pasted": line.text} if len(line.text) > longest else {}
        if (mail := mails.of_jotting(line)) is not None:
            most = ReportForm.base_fields["pasted"].max_length
            known["pasted"] = mail.text[:most]  # a reply's quote may tell of records of other readers
        known["noticed_at"] = timezone.localtime(line.created_at).strftime("%Y-%m-%dT%H:%M")
    return known


def _original(request: HttpRequest, form: ReportForm) -> Incident | None | bool:
    """The earlier record that was chosen, None when there is none; False, said beside the choice, when it cannot be."""
    how, key = form.cleaned_data["again"]
    if not how:
        return None
    try:
        found = access.get_incident(by=request.user, key=key)
    except Http404:
        form.add_error("again", _("その番号の記録は見つかりません。"))
        return False
    if found.team_id != form.cleaned_data["team"].pk:
        form.add_error("again", _("別のチームの記録とは、つなげません。"))
        return False
    return found


def _tie_url(incident: Incident, how: str, original: Incident) -> str:
    name = "incident-recurrence" if how == "recurrence" else "incident-end"
    return f"{reverse(name, args=[incident.reference])}?{urlencode({'of': original.reference})}"


def _offer(request: HttpRequest) -> dict[str, object]:
    """What reads like the form as it is filled in; nothing while it is empty."""
    title = request.POST.get("title", "")[:200]
    pasted = request.POST.get("pasted", "")[:PASTED]
    again = request.POST.get("again", "")
    if not (title.strip() or pasted.strip()):
        return {"similar": []}
    _how, key = read_again(again)
    number = int(key.removeprefix("K-")) if key else 0
    found = similar(by=request.user, title=title, more=pasted, keep=number)
    return {"similar": found, "again": again, "team_slug": request.POST.get("team", "")}


@page
@posted(lambda request: reverse("incident-new"))
def offer(request: HttpRequest) -> HttpResponse:
    """Asked while somebody types: POST, because what is typed belongs into no address. It changes nothing."""
    return render_page(request, "components/similar_offer.html", _offer(request))


@page
def of_incident(request: HttpRequest, key: str) -> HttpResponse:
    """What reads like a record that is there: a part of its page, or without JavaScript a page of its own."""
    incident = access.get_incident(by=request.user, key=key)
    role = access.role_in(request.user, incident.team_id)
    context = {
        "incident": incident,
        "similar": similar(by=request.user, title=incident.title, more=incident.body, but=incident),
        "can_edit": rules.may_edit(role) and not incident.end,
        "nav": "incident",
    }
    return render_page(request, "incidents/incident/similar.html", context, partial="list")
