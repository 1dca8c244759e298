"""不在 in わたしの設定: what a person has told of, and what is still to come."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import absence as verbs
from incidents.forms.absence import AbsenceForm
from incidents.queries import absence, access
from incidents.views.base import act, go, page, posted, render_page, say


@page
def absences(request: HttpRequest) -> HttpResponse:
    """Say from when until when one is away, and see what stands."""
    form = AbsenceForm(request.POST or None, people=absence.colleagues(request.user))
    said = _("不在の予定を入れました。次の日から、お知らせは自動で戻ります。")
    if answer := act(request, form, partial(verbs.plan, request.user), said=said, to=reverse("absence")):
        return answer
    context = {"form": form, "standing": absence.of_person(request.user)}
    return render_page(request, "incidents/person/absence.html", context)


@page
@posted(lambda request, pk: access.get_absence(by=request.user, pk=pk) and reverse("absence"))
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one back, or end it today."""
    verbs.end(access.get_absence(by=request.user, pk=pk), by=request.user)
    say(request, _("不在を取りやめました。お知らせはあなたに届きます。"))
    return go(request, reverse("absence"))
