"""まとめて引き継ぐ: what was chosen in a list goes to somebody else of the team."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from incidents.domain import handover as verbs
from incidents.errors import NotAllowed, Refused
from incidents.forms.handover import HandOverAllForm
from incidents.queries import access, reader
from incidents.views.base import page, render_page, say_refusal, show_refusal
from incidents.views.lists import INCIDENTS, MEASURES, PAGES


def _ids(found: list[str]) -> set[int]:
    """What is no id is left out."""
    return {int(one) for one in found[:500] if one.isascii() and one.isdigit() and len(one) < 16}


def _chosen(request: HttpRequest) -> set[int]:
    """The ids of the rows that were marked, or with `page` of all that were shown."""
    asked = request.POST if request.method == "POST" else request.GET
    return _ids(asked.getlist("shown" if "page" in asked else "row"))


def _hand_over(request: HttpRequest, of: str, read: Callable[..., list[Any]]) -> HttpResponse:
    back = f"{reverse(PAGES[of])}?{'view=all' if of == MEASURES else 'all=1'}"
    chosen = _chosen(request)
    # Those whose mark was taken off stay on the form: without any mark it comes back with what was typed.
    listed = read(by=request.user, pks=sorted(chosen | _ids(request.POST.getlist("shown"))))
    records = [one for one in listed if one.pk in chosen]
    try:
        led = verbs.team_for(listed, by=request.user)
    except Refused as refusal:
        if isinstance(refusal, NotAllowed):
            raise
        say_refusal(request, refusal)
        return HttpResponseRedirect(back)
    form = HandOverAllForm(request.POST or None, people=reader.workers_of(listed, led))
    context = {"form": form, "of": of, "nav": PAGES[of], "back_url": back, "records": listed, "team": led}
    context["marked"] = {one.pk for one in records}
    if form.is_valid():
        try:
            outcome = verbs.hand_over_all(records, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            told = outcome.moved and form.cleaned_data["owner"] != request.user
            context |= {"outcome": outcome, "owner": form.cleaned_data["owner"], "told": told}
            return render_page(request, "incidents/handover/outcome.html", context)
    return render_page(request, "incidents/handover/page.html", context)


@page
def incidents(request: HttpRequest) -> HttpResponse:
    return _hand_over(request, INCIDENTS, access.get_incidents)


@page
def measures(request: HttpRequest) -> HttpResponse:
    return _hand_over(request, MEASURES, access.get_measures)
