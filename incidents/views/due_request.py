"""期限の相談: a member asks, a lead answers."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import due_request as verbs
from incidents.enums import Role
from incidents.forms.due_request import DueRequestForm, GrantForm, RefuseForm
from incidents.queries import access
from incidents.templatetags.ui import shortday
from incidents.views.base import act, page, render_page


@page
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for another date; a lead moves it at once."""
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    leads = access.role_in(request.user, measure.incident.team_id) == Role.LEAD
    form = DueRequestForm(
        request.POST or None,
        promised_outside=measure.promised_outside,
        standing=measure.due_on,
        initial={"due_on": measure.due_on},
    )
    said = (
        _("期限を変えました。お知らせも新しい日付に合わせました。")
        if leads
        else _("期限の相談を送りました。リーダーの返事があるまで、いまの期限のままです。")
    )
    if answer := act(
        request, form, partial(verbs.ask, measure), said=said, to=measure.get_absolute_url(), over=measure
    ):
        return answer
    context = {
        "form": form,
        "incident": measure.incident,
        "title": _("期限を変える") if leads else _("期限を相談する"),
        "lead": measure.title,
        "action_label": _("期限を変える") if leads else _("相談する"),
        "draft": f"due-{measure.pk}",
    }
    return render_page(request, "incidents/form.html", context)


def _lead_of(wish) -> str:
    return _("%(title)s: %(old)s → %(new)s。理由: %(reason)s") % {
        "title": wish.measure.title,
        "old": shortday(wish.old_due_on),
        "new": shortday(wish.due_on),
        "reason": wish.reason,
    }


@page
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    wish = access.get_due_request(by=request.user, pk=pk, to="lead")
    form = GrantForm(request.POST or None)
    said = _("期限を変えました。お知らせも新しい日付に合わせました。")
    if answer := act(request, form, partial(verbs.grant, wish), said=said, to=wish.measure.get_absolute_url()):
        return answer
    context = {"form": form, "incident": wish.measure.incident, "title": _("期限の相談を認める")}
    return render_page(request, "incidents/form.html", context | {"lead": _lead_of(wish), "action_label": _("認める")})


@page
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    wish = access.get_due_request(by=request.user, pk=pk, to="lead")
    form = RefuseForm(request.POST or None)
    said = _("期限はそのままにしました。理由は記録に残ります。")
    if answer := act(request, form, partial(verbs.refuse, wish), said=said, to=wish.measure.get_absolute_url()):
        return answer
    context = {"form": form, "incident": wish.measure.incident, "title": _("期限の相談を見送る")}
    return render_page(request, "incidents/form.html", context | {"lead": _lead_of(wish), "action_label": _("見送る")})
