from __future__ import annotations

from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from incidents.domain import setup as verbs
from incidents.errors import Refused
from incidents.forms.account import SetupForm
from incidents.views.base import show_refusal


@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """The first page of an empty installation: organisation, team, first person. Works once."""
    if not verbs.is_open(token):
        raise Http404
    form = SetupForm(request.POST or None)
    if form.is_valid():
        try:
            person = verbs.finish(token, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        except ValidationError as error:
            form.add_error("password", error.messages)
        else:
            login(request, person, backend="allauth.account.auth_backends.AuthenticationBackend")
            return HttpResponseRedirect(reverse("today"))
    return render(request, "incidents/person/setup.html", {"form": form})
