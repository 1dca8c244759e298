from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.enums import FollowUpKind
from incidents.queries import incident as incidents
from incidents.queries import insight, promise
from incidents.queries import reminder as reminders
from incidents.views.base import page, render_page

SHOWN = 8


@page
def today(request: HttpRequest) -> HttpResponse:
    """今日: which clock runs for me, what of mine is due, what waits for my check, how the team stands."""
    person = request.user
    measures = reminders.my_open(person, FollowUpKind.COUNTERMEASURE, limit=SHOWN)
    checks = reminders.my_open(person, FollowUpKind.EFFECT_CHECK, limit=SHOWN)
    counts = reminders.my_counts(person)
    return render_page(
        request,
        "incidents/today.html",
        {
            "greeting": _greeting(),
            "clocks": incidents.running_clocks(person),
            "measures": measures,
            "checks": checks,
            "counts": counts,
            "promises": promise.my_promises(person),
            "bowl": insight.team_bowl(person),
            "figures": insight.team_figures(person),
            "gold_this_week": insight.gold_this_week(person),
            "now": timezone.now(),
        },
    )


def _greeting() -> str:
    hour = timezone.localtime().hour
    if 4 <= hour < 11:
        return _("おはようございます")
    return _("こんにちは") if 11 <= hour < 18 else _("こんばんは")
