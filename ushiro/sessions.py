"""How long somebody stays signed in, and that whoever needs a second factor sets one up before anything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from tools.plain.device import device

TOUCH = 60  # seconds after which the use of a session is noted again
# What pages ask for by themselves is no use: an open tab must not keep a session alive.
BY_ITSELF = frozenset({"/clocks/"})
# Of somebody without the factor that they need, only these are answered.
SET_UP = (
    "sign-in",
    "sign-in-app",
    "sign-in-passkey",
    "company-again",
    "account_logout",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "set_language",
)


class SignedInMiddleware:
    """Ends sessions that are too old or were left alone, notes the others for their owner's list, and leads to the set-up.

    Kept in the session: `began`, `seen` (seconds since 1970), `remembered`, `signed_in` and `noted`
    (the row of the list, and under which key), and `factor`:
    `has` or `free` while nothing has to be asked; anything else is asked anew at each request. What makes a person need
    a factor, or takes it away, ends their sessions (domain.person, domain.factor); a change of the house's rule for a role
    counts within TOUCH seconds.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            response = self.get_response(request)
            if request.user.is_authenticated and "began" not in request.session:
                self._touch(request, time.time())  # signed in by this request
            return response
        now = time.time()
        if self._is_over(request, now):
            self._end(request)
            return self.get_response(request)
        known = request.session.get("seen")
        moved = request.session.get("noted") != request.session.session_key  # the key was cycled
        if moved or known is None or (now - known >= TOUCH and request.path not in BY_ITSELF):
            self._touch(request, now)
        elif request.session.get("factor") not in {"has", "free"}:
            request.session["factor"] = self._standing(request)
        if request.session["factor"] == "lacking" and request.path not in {reverse(name) for name in SET_UP}:
            return self._to_set_up(request)
        return self.get_response(request)

    def _is_over(self, request: HttpRequest, now: float) -> bool:
        began, seen = request.session.get("began"), request.session.get("seen")
        if began is None or seen is None:
            return False
        remembered = request.session.get("remembered", False)
        if now - began > self._longest(remembered).total_seconds():
            return True
        return not remembered and now - seen > settings.SESSION_IDLE_MINUTES * 60

    @staticmethod
    def _longest(remembered: bool) -> timedelta:
        return settings.REMEMBERED_AGE if remembered else timedelta(hours=settings.SESSION_HOURS)

    @staticmethod
    def _end(request: HttpRequest) -> None:
        from incidents.domain import session

        key = request.session.session_key
        logout(request)
        session.forget(key)

    def _touch(self, request: HttpRequest, now: float) -> None:
        from incidents.domain import session

        kept = request.session
        if "began" not in kept:
            kept["began"] = now
            kept.set_expiry(timezone.now() + self._longest(kept.get("remembered", False)))
        if kept.session_key is None:
            kept.save()
        kept["seen"], kept["noted"], kept["factor"] = now, kept.session_key, self._standing(request)
        kept["signed_in"] = session.note(
            request.user,
            key=kept.session_key,
            device=device(request.META.get("HTTP_USER_AGENT", "")),
            known_as=kept.get("signed_in"),
        )

    @staticmethod
    def _standing(request: HttpRequest) -> str:
        from incidents.queries import factor

        if factor.has_factor(request.user):
            return "has"
        return "lacking" if factor.needs_factor(request.user) else "free"

    @staticmethod
    def _to_set_up(request: HttpRequest) -> HttpResponse:
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": reverse("sign-in")})
        return HttpResponseRedirect(reverse("sign-in"))
