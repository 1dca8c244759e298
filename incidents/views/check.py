from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import check as verbs
from incidents.domain import gain
from incidents.enums import Stage
from incidents.errors import Refused
from incidents.forms.countermeasure import CheckerForm, OutcomeForm
from incidents.queries import access, audit, reader
from incidents.queries.attachment import evidence_of
from incidents.queries.calendar import day_here, today_of
from incidents.rules import days_to_watch
from incidents.views.base import act, go, page, refuse_overlap, render_page, say, show_refusal


@page
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """効き目を確かめる: the criteria first, then what was seen."""
    check = access.get_check(by=request.user, pk=pk, to="edit")
    initial = {name: getattr(check.measure, name) for name in gain.FIELDS} | {"seen": audit.last_seen(check.measure)}
    form = OutcomeForm(request.POST or None, initial=initial)
    if form.is_valid() and not refuse_overlap(form, check.measure, request.user):
        try:
            verbs.record_outcome(check, by=request.user, **form.said())
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            incident = access.get_incident(by=request.user, key=check.measure.incident.reference)
            say(
                request,
                _("金継ぎになりました。対策と、確かめた効き目は、この記録に残ります。")
                if incident.stage == Stage.MENDED
                else _("効果確認を記録しました。"),
            )
            return go(request, incident.get_absolute_url())
    today, done_at, severity = today_of(request.user), check.measure.done_at, check.measure.incident.severity
    over, refusal = verbs.is_over(check, check.measure), verbs.refusal(check, by=request.user)
    early = check.check_on is not None and today < check.check_on and not over
    context = {
        "form": form,
        "check": check,
        "measure": check.measure,
        "incident": check.measure.incident,
        "early": early,
        "refusal": refusal,
        "show_form": form.is_bound or refusal is None,  # a late answer keeps what was typed
        "left": 0 if early or over or not done_at else days_to_watch(day_here(done_at), severity, today),
        "evidence": evidence_of(check.measure),
    }
    return render_page(request, "incidents/check/outcome.html", context)


@page
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody else confirms the effect."""
    check = access.get_check(by=request.user, pk=pk, to="edit")
    incident = check.measure.incident
    form = CheckerForm(request.POST or None, people=reader.workers(incident), standing=check.checker_id)
    said = _("確かめる人を変えました。これからのお知らせはその方に届きます。")
    verb = partial(verbs.hand_over, check)
    if answer := act(request, form, verb, said=said, to=incident.get_absolute_url(), over=check):
        return answer
    context = {"form": form, "incident": incident, "title": _("確かめる人を変える"), "lead": check.measure.title}
    return render_page(request, "incidents/form.html", context)
