from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from incidents.domain import cause as verbs
from incidents.errors import Refused
from incidents.forms.cause import RiskForm, RootForm, WhyForm
from incidents.queries import access
from incidents.queries import incident as incidents
from incidents.views.base import act, page, render_page, show_refusal
from incidents.views.incident import back_to, refused, show


@page
@require_POST
def ask(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = WhyForm(request.POST, whys=incidents.whys_of(incident))
    if form.is_valid():
        try:
            verbs.ask_why(incident, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return back_to(request, incident, "causes", _("なぜを足しました。"))
    return show(request, incident, why_form=form)


@page
@require_POST
def mark_root(request: HttpRequest, pk: int) -> HttpResponse:
    why = access.get_why(by=request.user, pk=pk, to="edit")
    form = RootForm(request.POST)
    if not form.is_valid():
        return refused(
            request,
            why.incident,
            "causes",
            Refused("no_factor", _("要因が選ばれていません。"), _("要因を選んでください。"), "causes"),
        )
    try:
        verbs.mark_root(why, by=request.user, **form.cleaned_data)
    except Refused as refusal:
        return refused(request, why.incident, "causes", refusal)
    return back_to(request, why.incident, "causes", _("真因に印をつけました。次は対策です。"))


@page
def accept_risk(request: HttpRequest, pk: int) -> HttpResponse:
    root = access.get_root(by=request.user, pk=pk, to="lead")
    form = RiskForm(request.POST or None)
    said = _("見直す日まで、このリスクを受け入れます。")
    verb = partial(verbs.accept_risk, root)
    if answer := act(request, form, verb, said=said, to=root.incident.get_absolute_url()):
        return answer
    context = {"form": form, "incident": root.incident, "title": _("リスクを受け入れる"), "lead": str(root)}
    return render_page(request, "incidents/form.html", context)
