"""A person's promises in the calendar that they use anyway. The feed knows nobody by a session; its address is the secret."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from incidents.domain import feed as verbs
from incidents.letters import feed as words
from incidents.letters.links import absolute
from incidents.queries import access
from incidents.queries import feed as feeds
from incidents.queries.calendar import today_of
from incidents.queries.team import my_memberships
from incidents.views.base import confirmed, go, page, posted, render_page, say
from tools.plain.daybrake import DayBrake

# Three devices that look every ten minutes; as one web process sees it.
BRAKE = DayBrake(most=500)


def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The feed. ushiro.middleware has taken the cookies away and kept the address out of every log line."""
    feed = access.feed_at(token)
    if feed is None:
        return _plain(404, "Not Found")
    if not BRAKE.press(BRAKE.mark(str(feed.pk))):
        answer = _plain(429, "Too Many Requests")
        answer.headers["Retry-After"] = "3600"
        return answer
    person, now = feed.person, timezone.now()
    person.standing = my_memberships(person)
    made = words.calendar_of(feed, feeds.promises_for(person, now=now))
    verbs.note_read(feed, today=today_of(person, now))
    mark = f'"{made.mark}"'
    answer = get_conditional_response(request, etag=mark)
    if answer is None:
        answer = HttpResponse(made.as_bytes(), content_type="text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="ushiro.ics"'
    answer.headers["ETag"] = mark
    answer.headers["Content-Language"] = person.language
    return answer


def _plain(status: int, sentence: str) -> HttpResponse:
    """For a program, not for a person: no page, so that it costs nothing and holds nothing of a session."""
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")


def _place(request: HttpRequest) -> str:
    return reverse("preferences") + "#calendar"


@page
@posted(_place)
@confirmed
def make(request: HttpRequest) -> HttpResponse:
    """The answer shows the address, this once: a page to which one is led on would have to be told it by something kept."""
    token = verbs.make(request.user, by=request.user)
    address = absolute(reverse("calendar-feed", args=[token]))
    _scheme, _colon, rest = address.partition(":")
    return render_page(request, "incidents/person/calendar.html", {"address": address, "opens": f"webcal:{rest}"})


@page
@posted(_place)
def switch_off(request: HttpRequest) -> HttpResponse:
    verbs.switch_off(request.user, by=request.user)
    say(request, _("カレンダーのアドレスを止めました。"))
    return go(request, _place(request))
