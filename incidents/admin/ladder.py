"""お知らせのはしご: on which business days around a due date who is told, tried on a date before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from incidents.domain import ladder, organisation
from incidents.domain.ladder import BACKUP, FURTHEST, LEAD, MOST_RUNGS, OWNER, Rungs, Step
from incidents.errors import Refused
from incidents.queries import calendar as calendars
from tools.plain.holidays import BusinessCalendar

SPARE = 3  # empty rows for further steps


class StepForm(forms.Form):
    """One row; an empty one is no step."""

    days = forms.IntegerField(label=_("期限からの営業日"), required=False, min_value=-FURTHEST, max_value=FURTHEST)
    owner = forms.BooleanField(label=_("担当"), required=False)
    backup = forms.BooleanField(label=_("代わりの人"), required=False)
    lead = forms.BooleanField(label=_("リーダー"), required=False)


Steps = forms.formset_factory(StepForm, extra=SPARE, max_num=MOST_RUNGS + SPARE, absolute_max=MOST_RUNGS + 2 * SPARE)


class TryForm(forms.Form):
    due_on = forms.DateField(
        label=_("ためす期限"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), required=True
    )


@dataclass(frozen=True)
class Line:
    """A row of the preview: a day on which somebody hears, or a run of closed days between."""

    first: date
    last: date
    step: Step | None = None
    name: str = ""


def lines(steps: list[Step], calendar: BusinessCalendar) -> Iterator[Line]:
    """The steps in their order, with the closed days that lie between them."""
    day, run = steps[0].on, []
    at = {step.on: step for step in steps}
    while day <= steps[-1].on:
        if calendar.is_business_day(day):
            if run:
                yield _closed(run, calendar)
            run = []
            if day in at:
                yield Line(day, day, at[day])
        else:
            run.append(day)
        day += timedelta(days=1)


def _closed(run: list[date], calendar: BusinessCalendar) -> Line:
    names = dict.fromkeys(filter(None, (calendar.holiday_name(day) for day in run)))
    return Line(run[0], run[-1], name=gettext("、").join(names))


def page(window: Any, request: HttpRequest) -> HttpResponse:
    """GET and ためす show; このはしごにする and ふつうのはしごに戻す change, by the verb."""
    if not window.has_change_permission(request):
        raise PermissionDenied
    calendar, kept = calendars.house(None)
    now = ladder.rungs_from(kept)
    posted = request.method == "POST"
    trying = TryForm(request.POST if posted else request.GET or None, initial={"due_on": _default_day(calendar)})
    steps = Steps(request.POST if posted else None, initial=_rows(now), prefix="steps")
    shown, refusal = now, ""
    if posted:
        try:
            if "usual" in request.POST:
                organisation.set_ladder(by=request.user, rungs=())
                return _done(window, request)
            if steps.is_valid():
                shown = organisation.ladder_of(_wanted(steps))
                if "keep" in request.POST:
                    organisation.set_ladder(by=request.user, rungs=shown)
                    return _done(window, request)
        except Refused as refused:
            refusal = refused.sentence()
    due_on = trying.cleaned_data["due_on"] if trying.is_bound and trying.is_valid() else _default_day(calendar)
    context = {
        **window.admin_site.each_context(request),
        "title": _("お知らせのはしご"),
        "opts": window.opts,
        "steps": steps,
        "trying": trying if trying.is_bound and trying.errors else TryForm(initial={"due_on": due_on}),
        "due_on": due_on,
        "refusal": refusal,
        "lines": list(lines(ladder.preview(due_on, calendar, shown), calendar)),
        "is_usual": now == ladder.LADDER,
    }
    return TemplateResponse(request, "admin/ladder.html", context)


def _done(window: Any, request: HttpRequest) -> HttpResponse:
    window.message_user(request, _("はしごを変えました。約束には、次の朝から当てはまります。"), messages.SUCCESS)
    return HttpResponseRedirect(reverse("admin:incidents_organisation_ladder"))


def _default_day(calendar: BusinessCalendar) -> date:
    return calendar.add_business_days(calendars.today_here(), 10)


def _rows(rungs: Rungs) -> list[dict[str, Any]]:
    return [
        {"days": days, "owner": OWNER in roles, "backup": BACKUP in roles, "lead": LEAD in roles}
        for days, roles in rungs
    ]


def _wanted(steps: Any) -> list[tuple[int, list[str]]]:
    rows = [form.cleaned_data for form in steps if form.cleaned_data.get("days") is not None]
    return [(row["days"], [role for role in (OWNER, BACKUP, LEAD) if row[role]]) for row in rows]
