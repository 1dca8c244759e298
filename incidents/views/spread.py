"""横展開: ask other teams, and answer for one's own."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import spread as verbs
from incidents.forms.spread import AnswerForm, SpreadDoneForm, SpreadForm
from incidents.queries import access, reminder, team
from incidents.queries.calendar import business_calendar, today_of
from incidents.views.base import act, go, page, render_page

USUAL_DAYS = 10  # business days for an answer, unless another day is chosen


@page
def ask(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    due_on = business_calendar(incident.team_id).add_business_days(today_of(request.user), USUAL_DAYS)
    form = SpreadForm(request.POST or None, teams=team.other_teams(incident.team), initial={"due_on": due_on})
    said = _("尋ねました。答えがそろうまで、相手のチームのリーダーにお知らせが続きます。")
    to = f"{incident.get_absolute_url()}#spread"
    if answered := act(request, form, partial(verbs.spread, incident), said=said, to=to):
        return answered
    context = {
        "form": form,
        "incident": incident,
        "title": _("ほかのチームに尋ねる（横展開）"),
        "lead": _("同じことがほかのチームでも起きないかを尋ねます。この記録は、相手のチームには見えません。"),
        "action_label": _("尋ねる"),
        "draft": f"spread-{incident.number}",
    }
    return render_page(request, "incidents/form.html", context)


@page
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of the asked team: what is asked, by which team, until when, and the answer."""
    asked = access.get_spread_answer(by=request.user, pk=pk)
    may_answer = access.may_write(request.user, asked.team_id)
    if request.method == "POST":
        asked = access.get_spread_answer(by=request.user, pk=pk, to="edit")
    form = AnswerForm(request.POST or None, people=team.can_work(asked.team))
    said = _("答えを送りました。ありがとうございます。")
    if answered := act(request, form, partial(verbs.answer, asked), said=said, to=reverse("spread-answer", args=[pk])):
        return answered
    context = {"form": form, "asked": asked, "may_answer": may_answer and (form.is_bound or not asked.reply)}
    context["may_finish"] = may_answer and asked.is_worked_on
    context["told"] = reminder.told_of_spread(asked)
    return render_page(request, "incidents/spread/answer.html", context)


@page
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """What was taken on with 要対応 is done. The page of the asked team; it shows nothing of the record."""
    asked = access.get_spread_answer(by=request.user, pk=pk, to="edit")
    to = reverse("spread-answer", args=[pk])
    if request.method != "POST" and not asked.is_worked_on:
        return go(request, to)
    form = SpreadDoneForm(request.POST if request.method == "POST" else None)
    said = _("取り組みを終えました。尋ねたチームの記録に残ります。")
    if answered := act(request, form, partial(verbs.done, asked), said=said, to=to):
        return answered
    return render_page(request, "incidents/spread/done.html", {"form": form, "asked": asked})
