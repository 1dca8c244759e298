"""Language and zone of the signed-in person, and who is left unseen. Never a permission."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from tools.plain.daybrake import DayBrake


class PersonLocaleMiddleware:
    """The person's own language and zone; before sign-in the language cookie, then the browser's wish, then Japanese."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.user
        zone = settings.TIME_ZONE
        if person.is_authenticated:
            language, zone = person.language, person.time_zone
        else:
            language = translation.get_language_from_request(request)
        try:
            timezone.activate(zoneinfo.ZoneInfo(zone))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            timezone.deactivate()
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        timezone.deactivate()
        response.headers.setdefault("Content-Language", language)
        return response


class PrivateAnswersMiddleware:
    """No answer to a signed-in person is kept by a cache between; fragments and pages are told apart."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request", "Cookie", "Accept-Language"])
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "no-store"
        return response


class ProbeMiddleware:
    """Whoever asks whether the house lives is a machine: no session is read for it, so a lost database cannot fail it."""

    PATHS = frozenset({"/healthz", "/readyz", "/enginez", "/metrics"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in self.PATHS:
            request.COOKIES = {}
        return self.get_response(request)


def from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that the form stood on another site. `null`: our own form, which sends no referrer."""
    origin, scheme = request.META.get("HTTP_ORIGIN", "null"), "https" if request.is_secure() else "http"
    if request.META.get("HTTP_SEC_FETCH_SITE", "none") not in {"same-origin", "none"}:
        return True
    return origin not in {"null", f"{scheme}://{request.get_host()}"}


class MailLinkMiddleware:
    """Pages behind the links of mails: their address is the secret, so nobody is told of it, and nobody keeps it.

    No CSRF token: without a referrer the browser names no origin, and whoever opens a mail may have no cookies. There is
    nothing to borrow here either: a page acts for whom its link names, whoever is signed in, and its form carries a
    token of its own (incidents.letters.links.page_token). A form that stands on another site is refused all the same.
    """

    PREFIX = "/m/"
    HEADERS = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        # What is refused here does not reach the middleware that would say these.
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self.PREFIX):
            return self.get_response(request)
        if request.method == "POST" and from_elsewhere(request):
            response = HttpResponseForbidden()
        else:
            request.csrf_processing_done = True
            response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers[name] = value
        if response.status_code < 500:
            response._has_been_logged = True  # Django logs each 4xx with its path, in which the token stands
        return response


class MailPathMiddleware:
    """Hides the address of such a page from all that logs while it is made: what is behind here sees `/m/` alone.

    It stands behind the redirects to https and to the slash, which have to know the whole address; those get it back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(MailLinkMiddleware.PREFIX):
            return self.get_response(request)
        whole, request.path = request.path, MailLinkMiddleware.PREFIX
        response = self.get_response(request)
        request.path = whole
        return response


class NamelessMiddleware:
    """Whoever writes without a name is nobody from here on (hardening f-6). Nothing has looked before it.

    What could tell who is asking is taken out of the request, so that no later code, log line or error page can know it:
    session, address, program, the page before. Nothing is set on the way back either, and no answer is logged but a fault.

    No CSRF token: it would live in a cookie. There is nothing to borrow here (no session is read), and the token in the
    address is all that a sender needs; a form that stands on another site is refused by what the browser says of it.
    """

    PREFIX = "/n/"
    COOKIES = (settings.LANGUAGE_COOKIE_NAME, "ushiro_theme")
    KEPT = frozenset(
        "REQUEST_METHOD PATH_INFO SCRIPT_NAME SERVER_NAME SERVER_PORT SERVER_PROTOCOL CONTENT_TYPE CONTENT_LENGTH "
        "HTTP_HOST HTTP_ACCEPT_LANGUAGE HTTP_X_FORWARDED_PROTO HTTP_ORIGIN HTTP_SEC_FETCH_SITE".split()
    )
    HEADERS = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        # What is refused here does not reach the middleware that would say these.
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    # In memory and for a day. An address of this machine is a proxy's and says nothing of whoever stands behind it.
    brake = DayBrake(most=30)
    OURS = ("127.", "::1", "unix:")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self.PREFIX):
            return self.get_response(request)
        address = request.META.get("REMOTE_ADDR", "")
        mark = self.brake.mark("" if address.startswith(self.OURS) else address)
        self._forget(request)
        request.within_limit = partial(self.brake.press, mark)
        if request.method == "POST" and from_elsewhere(request):
            response = HttpResponseForbidden()
        else:
            request.csrf_processing_done = True
            response = self.get_response(request)
        response.cookies.clear()
        for name, value in self.HEADERS.items():
            response.headers[name] = value
        if response.status_code < 500:
            response._has_been_logged = True  # Django logs each 4xx with its address and the minute
        return response

    def _forget(self, request: HttpRequest) -> None:
        cookies = {name: request.COOKIES[name] for name in self.COOKIES if name in request.COOKIES}
        for name in list(request.META):
            if name.isupper() and name not in self.KEPT:
                del request.META[name]
        # The query is part of the address that somebody was given, and could differ from person to person.
        request.META |= {"QUERY_STRING": "", "REMOTE_ADDR": "", "RAW_URI": self.PREFIX}
        request.COOKIES = cookies
        for cached in ("GET", "headers"):
            request.__dict__.pop(cached, None)


class FeedMiddleware:
    """A calendar's address is all that it needs, and a secret: no cookie goes in or out, and no log line tells it.

    It stands behind the redirect to https, which has to know the whole address, and before everything that looks at a
    session or refuses a form: CSRF would log the address of what it refuses.
    """

    PREFIX = "/feed/"
    HEADERS = {
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self.PREFIX):
            return self.get_response(request)
        request.path = self.PREFIX  # what Django's log lines and error reports name
        request.META |= {"QUERY_STRING": "", "HTTP_COOKIE": "", "RAW_URI": self.PREFIX}
        request.COOKIES = {}
        if request.method in {"GET", "HEAD"}:
            response = self.get_response(request)
        else:
            response = HttpResponseNotAllowed(["GET", "HEAD"])
        response.cookies.clear()
        for name, value in self.HEADERS.items():
            response.headers[name] = value
        return response
