"""見直し: what was left for later, and the question after a year."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import review as verbs
from incidents.enums import FollowUpKind, FollowUpState
from incidents.forms.review import AnniversaryForm, ReviewForm
from incidents.models import FollowUp, Person
from incidents.queries import access
from incidents.views.base import act, page, render_page


def _review(follow_up: FollowUp, *, by: Person, answer: str, again_on: Any, reason: str) -> FollowUp:
    if answer == ReviewForm.STAYS:
        return verbs.leave(follow_up, by=by, again_on=again_on, reason=reason)
    return verbs.take_up(follow_up, by=by, reason=reason)


@page
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    follow_up = access.get_review(by=request.user, pk=pk, to="edit")
    incident = follow_up.incident
    yearly = follow_up.kind == FollowUpKind.ANNIVERSARY
    form = (AnniversaryForm if yearly else ReviewForm)(request.POST or None)
    verb = partial(verbs.answer_anniversary if yearly else _review, follow_up)
    to = follow_up.review_of.get_absolute_url() if follow_up.review_of_id else f"{incident.get_absolute_url()}#causes"
    if answered := act(request, form, verb, said=_("答えを記録しました。"), to=to):
        return answered
    context = {
        "form": form,
        "incident": incident,
        "follow_up": follow_up,
        "yearly": yearly,
        "is_open": follow_up.state == FollowUpState.OPEN,
        "show_form": form.is_bound or follow_up.state == FollowUpState.OPEN,  # a late answer keeps what was typed
        "title": _("一年後の確かめ") if yearly else _("見直し"),
    }
    return render_page(request, "incidents/review/page.html", context)
