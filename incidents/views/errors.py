"""The pages for what went wrong. Each says what to do next; none says which record exists."""

import logging
from contextlib import suppress

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

log = logging.getLogger(__name__)

MOST_READ = 64 * 1024 * 1024  # bytes of a request that is too big; beyond it the line is cut


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _too_big(request)
    files = settings.DATA_UPLOAD_MAX_NUMBER_FILES
    return render(request, "400.html", {"most_files": isinstance(exception, TooManyFilesSent) and files}, status=400)


def _too_big(request: HttpRequest) -> HttpResponse:
    """413. What is still on its way is read and thrown away: a line that is cut there shows no page at all."""
    left = MOST_READ
    with suppress(OSError):
        while left > 0 and (read := request.read(64 * 1024)):
            left -= len(read)
    return render(request, "413.html", {"mib": settings.UPLOAD_REQUEST_BYTES >> 20}, status=413)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without the frame: what failed may be the very thing that the frame would ask.

    The page's own look may have failed too (a static file that nobody collected): then the words stand alone.
    """
    try:
        page = loader.render_to_string("500.html", {"frame": {"theme": "auto"}})
    except Exception:
        log.exception("the page for faults could not be drawn; its words were sent alone")
        page = loader.render_to_string("500_bare.html")
    return HttpResponse(page, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was older than the session; what was typed is still in the browser's draft."""
    return render(request, "403_csrf.html", status=403)
