"""Before what is hard to take back somebody proves once more who they are. Asked by pages and by the console alike."""

from __future__ import annotations

import time

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse


def confirm_first(request: HttpRequest, *, back: str = "") -> HttpResponse | None:
    """The way to the proof, or None when one was given within ACCOUNT_REAUTHENTICATION_TIMEOUT; a sign-in is one.

    Afterwards the person is where they were, and what a form had sent is done then. back: the page on which htmx asked
    for a part; such an answer would be no page when it comes later, so there the form is pressed once more.
    """
    latest = max((one.get("at", 0) for one in get_authentication_records(request, request.user)), default=0)
    if time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return None
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    # Who comes in by the company's sign-in alone proves it there.
    place = methods[0]["url"] if methods else reverse("company-again")
    if request.htmx and not request.htmx.boosted:
        return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(back or "/", place).url})
    return suspend_request(request, place)
