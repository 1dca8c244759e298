"""Coming in by an invitation. The link shows and changes nothing; what is pressed on its page leads to a clean address."""

from __future__ import annotations

from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from incidents.domain import invitation as verbs
from incidents.errors import Refused
from incidents.forms.team import JoinForm
from incidents.letters import links
from incidents.models import Invitation
from incidents.queries import access, people
from incidents.views.base import say, show_refusal
from incidents.views.links import linked

# Where a session keeps which invitation it came with: its hash, never the token.
CAME_WITH = "invitation"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "incidents/invitation/gone.html", {"refusal": verbs.gone()}, status=410)


def _good(token_hash: str) -> Invitation | None:
    found = people.invitation_at(token_hash)
    return found if found and verbs.leads_in(found, now=timezone.now()) else None


@linked
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link of the letter. A program that follows links finds a button, and nothing happens."""
    found = _good(verbs.hash_of(token))
    if found is None:
        return _gone(request)
    if request.method == "POST" and links.opened_lately(token, request.POST.get("page_token", "")):
        request.session[CAME_WITH] = found.token_hash
        return HttpResponseRedirect(reverse("join"))
    context = {"invitation": found, "page_token": links.page_token(token)}
    return render(request, "incidents/invitation/open.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Accept: as whoever is signed in, or with a name and a password of one's own."""
    token_hash = request.session.get(CAME_WITH, "")
    found = _good(token_hash) if token_hash else None
    if found is None:
        return _gone(request)
    if request.user.is_authenticated:
        return _join_as(request, found)
    if access.person_of(found) is not None:
        return render(request, "incidents/invitation/sign_in.html", {"invitation": found})
    return _join_as_new(request, found)


def _join_as(request: HttpRequest, found: Invitation) -> HttpResponse:
    context = {"invitation": found, "mine": request.user.email == found.email}
    if request.method == "POST":
        try:
            membership = verbs.accept(found.token_hash, by=request.user)
        except Refused as refusal:
            if refusal.code == "invitation_gone":
                return _gone(request)
            context["refusal"] = refusal
        else:
            return _welcome(request, membership.team)
    return render(request, "incidents/invitation/join.html", context)


def _join_as_new(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = JoinForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            person = verbs.accept_as_new(found.token_hash, language=request.LANGUAGE_CODE, **form.values())
        except Refused as refusal:
            if refusal.code == "invitation_gone":
                return _gone(request)
            show_refusal(form, refusal)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            login(request, person, backend=BACKEND)
            return _welcome(request, found.team)
    return render(request, "incidents/invitation/new.html", {"invitation": found, "form": form})


def _welcome(request: HttpRequest, team) -> HttpResponse:
    request.session.pop(CAME_WITH, None)
    say(request, _("「%(team)s」に入りました。") % {"team": team})
    return HttpResponseRedirect(reverse("team", args=[team.slug]))
