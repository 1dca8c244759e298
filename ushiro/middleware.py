"""Language and time zone of the signed-in person. Never a permission."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers


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
