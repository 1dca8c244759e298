from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.queries import frame
from incidents.queries import today as queries
from incidents.views.base import page, render_page


@page
def today(request: HttpRequest) -> HttpResponse:
    """今日: which clock runs for me, what of mine is due, what waits for my check, how the team stands."""
    now = timezone.now()
    found = queries.today(request.user, now=now)
    request.around = found.around
    counts = {name: frame.shown(count) for name, count in found.counts.items()}
    return render_page(
        request,
        "incidents/today.html",
        {"greeting": _greeting(), "now": now, **vars(found), "counts": counts, "gold_this_week": found.counts["gold"]},
    )


def _greeting() -> str:
    hour = timezone.localtime().hour
    if 4 <= hour < 11:
        return _("おはようございます")
    return _("こんにちは") if 11 <= hour < 18 else _("こんばんは")
