from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import question as verbs
from incidents.forms.question import AnswerForm, AskForm, DropForm, QuestionDueForm, QuestionOwnerForm
from incidents.models import Question
from incidents.queries import access, reader
from incidents.queries import timeline as lines
from incidents.queries.calendar import business_calendar, today_of
from incidents.views.base import act, page, render_page

USUAL_DAYS = 3  # business days until an answer is looked for, unless another day is chosen


@page
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """問いにする: what is not known, who finds out, until when; `?entry=` is the line that leaves it open."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    entry = lines.entry_of(incident, request.GET.get("entry", ""))
    due_on = business_calendar(incident.team_id).add_business_days(today_of(request.user), USUAL_DAYS)
    initial = {"text": entry.text[:300] if entry else "", "owner": request.user, "due_on": due_on}
    form = AskForm(request.POST or None, people=reader.workers(incident), initial=initial)
    said = _("問いにしました。答えが出るまで、調べる人にお知らせが続きます。")
    verb = partial(verbs.ask, incident, entry=entry)
    if answered := act(request, form, verb, said=said, to=f"{incident.get_absolute_url()}#questions"):
        return answered
    context = {
        "form": form,
        "incident": incident,
        "nav": "incident",
        "title": _("問いにする"),
        "lead": entry.text if entry else _("わからないことに、調べる人と日を決めます。"),
        "action_label": _("問いにする"),
        "draft": f"question-{incident.number}-{entry.pk}" if entry else f"question-{incident.number}",
    }
    return render_page(request, "incidents/form.html", context)


def _step(
    request: HttpRequest, question: Question, form: Any, verb: Callable[..., Any], said: str, **context: Any
) -> HttpResponse:
    incident = question.incident
    to = f"{incident.get_absolute_url()}#questions"
    if answered := act(request, form, partial(verb, question), said=said, to=to, over=question):
        return answered
    context = {"form": form, "incident": incident, "nav": "incident", "lead": question.text, **context}
    return render_page(request, "incidents/form.html", context)


@page
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    question = access.get_question(by=request.user, pk=pk, to="edit")
    form = AnswerForm(request.POST or None, with_line=question.entry_id is not None)
    said = _("答えを経緯に書きました。")
    more = {"title": _("問いに答える"), "action_label": _("答えを書く"), "draft": f"answer-{pk}"}
    return _step(request, question, form, verbs.answer, said, **more)


@page
def move(request: HttpRequest, pk: int) -> HttpResponse:
    question = access.get_question(by=request.user, pk=pk, to="edit")
    due_on = question.follow_up.due_on
    form = QuestionDueForm(request.POST or None, initial={"due_on": due_on}, standing=due_on)
    said = _("期限を変えました。お知らせも新しい日付に合わせました。")
    return _step(request, question, form, verbs.move, said, title=_("問いの期限を変える"))


@page
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    question = access.get_question(by=request.user, pk=pk, to="edit")
    people = reader.workers(question.incident)
    form = QuestionOwnerForm(request.POST or None, people=people, standing=question.follow_up.owner_id)
    said = _("引き継ぎました。これからのお知らせは新しい方に届きます。")
    return _step(request, question, form, verbs.hand_over, said, title=_("問いを引き継ぐ"))


@page
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    question = access.get_question(by=request.user, pk=pk, to="edit")
    form = DropForm(request.POST or None)
    said = _("問いを取り下げました。理由は残ります。")
    return _step(request, question, form, verbs.drop, said, title=_("問いを取り下げる"), action_label=_("取り下げる"))
