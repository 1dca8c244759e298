from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import final_report as verbs
from incidents.forms.final_report import FinalReportDayForm, FinalReportForm
from incidents.forms.incident import WaiveForm
from incidents.models import Incident
from incidents.queries import access, promise
from incidents.queries.calendar import today_here
from incidents.views.base import act, page, posted, render_page


def _back(incident: Incident) -> str:
    return f"{incident.get_absolute_url()}#final-report"


def _show(request: HttpRequest, incident: Incident, form: Any, waive_form: Any) -> HttpResponse:
    context = {
        "form": form,
        "waive_form": waive_form,
        "incident": incident,
        "final": promise.final_report(incident),
        "today": today_here(),
    }
    return render_page(request, "incidents/incident/final_report.html", context)


@page
def give(request: HttpRequest, key: str) -> HttpResponse:
    """Record the final report. Below it, the ways to another day and to say that none is needed."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = FinalReportForm(request.POST or None)
    said = _("最終報告を記録しました。")
    if answer := act(request, form, partial(verbs.give, incident), said=said, to=_back(incident)):
        return answer
    return _show(request, incident, form, WaiveForm())


@page
def agree(request: HttpRequest, key: str) -> HttpResponse:
    """The day that was agreed with the other side."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    standing = promise.final_report(incident)
    due_on = standing.due_on if standing else None
    form = FinalReportDayForm(request.POST or None, initial={"due_on": due_on}, standing=due_on)
    said = _("最終報告の日を決めました。お知らせもこの日に合わせました。")
    verb = partial(verbs.agree, incident)
    if answer := act(request, form, verb, said=said, to=_back(incident), over=incident):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "title": _("最終報告の日を決める"),
        "lead": _("決めた日は、重大度が変わっても動きません。先に相手に伝えてから、書きとめます。"),
        "draft": f"final-report-day-{incident.number}",
        "action_label": _("この日にする"),
    }
    return render_page(request, "incidents/form.html", context)


@page
@posted(
    lambda request, key: reverse(
        "incident-final-report", args=[access.get_incident(by=request.user, key=key).reference]
    )
)
def waive(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = WaiveForm(request.POST)
    said = _("最終報告を不要としました。")
    if answer := act(request, form, partial(verbs.waive, incident), said=said, to=_back(incident)):
        return answer
    return _show(request, incident, FinalReportForm(), form)
