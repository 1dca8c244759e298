from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from incidents.domain import cause as verbs
from incidents.enums import Factor
from incidents.errors import Refused
from incidents.forms.cause import EvidenceForm, RiskForm, RootForm, WhyForm, WithdrawForm
from incidents.models import Incident, Why
from incidents.queries import access
from incidents.queries import cause as causes
from incidents.queries import incident as incidents
from incidents.views.base import act, page, posted, render_page, say, show_refusal
from incidents.views.facts import hint_url
from incidents.views.incident import back_to, place_of, refused, show


@page
@posted(lambda request, key: place_of(request, key, "why-add"))
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """Add a why; the form comes back ready for the next one under it, so that Enter goes on (R2)."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = WhyForm(request.POST, whys=incidents.whys_of(incident), hint_url=hint_url(incident))
    if form.is_valid():
        try:
            why = verbs.ask_why(incident, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return _next_why(request, incident, why)
    return show(request, incident, why_form=form)


def _next_why(request: HttpRequest, incident: Incident, why: Why) -> HttpResponse:
    say(request, _("なぜを足しました。続けて、その下のなぜを書けます。"))
    if not request.htmx:
        return HttpResponseRedirect(f"{incident.get_absolute_url()}?under={why.pk}#why-add")
    form = WhyForm(
        whys=incidents.whys_of(incident), hint_url=hint_url(incident), initial={"parent": why.pk}, next_one=True
    )
    return show(request, access.get_incident(by=request.user, key=incident.reference), why_form=form)


@page
@posted(lambda request, key: place_of(request, key, "why-add"))
def hint(request: HttpRequest, key: str) -> HttpResponse:
    """What is asked while somebody types: a question that leads on, never a refusal."""
    access.get_incident(by=request.user, key=key, to="edit")
    return render_page(
        request, "incidents/cause/hints.html", {"hints": causes.hints_for(request.POST.get("text", "")[:2000])}
    )


@page
def prove(request: HttpRequest, pk: int) -> HttpResponse:
    """By what record a why was verified: often known only after it was written."""
    why = access.get_why(by=request.user, pk=pk, to="edit")
    form = EvidenceForm(request.POST or None, initial={"evidence": why.evidence}, standing=why.evidence)
    said = _("確かめた記録を書きました。")
    to = f"{why.incident.get_absolute_url()}#why-line-{why.pk}"
    if answer := act(request, form, partial(verbs.prove, why), said=said, to=to, over=why):
        return answer
    context = {"form": form, "incident": why.incident, "title": _("何で確かめたか"), "lead": why.text}
    return render_page(request, "incidents/form.html", context)


@page
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    why = access.get_why(by=request.user, pk=pk, to="edit")
    form = WithdrawForm(request.POST or None)
    said = _("なぜを取り下げました。理由といっしょに残ります。")
    to = f"{why.incident.get_absolute_url()}#causes"
    if answer := act(request, form, partial(verbs.withdraw_why, why), said=said, to=to):
        return answer
    context = {
        "form": form,
        "incident": why.incident,
        "title": _("なぜを取り下げる"),
        "lead": _("「%(why)s」と、その下のなぜを取り下げます。消えずに、理由といっしょに残ります。")
        % {"why": why.text},
        "action_label": _("取り下げる"),
    }
    return render_page(request, "incidents/form.html", context)


@page
def unmark(request: HttpRequest, pk: int) -> HttpResponse:
    root = access.get_root(by=request.user, pk=pk, to="edit")
    form = WithdrawForm(request.POST or None)
    said = _("真因の印を外しました。理由といっしょに残ります。")
    to = f"{root.incident.get_absolute_url()}#causes"
    if answer := act(request, form, partial(verbs.unmark_root, root), said=said, to=to):
        return answer
    context = {
        "form": form,
        "incident": root.incident,
        "title": _("真因の印を外す"),
        "lead": str(root.why.text),
        "action_label": _("印を外す"),
    }
    return render_page(request, "incidents/form.html", context)


@page
def picture(request: HttpRequest, key: str) -> HttpResponse:
    """The causes as a page of their own: drawings with their text twins, and the read-back with 「だから」; to print."""
    incident = access.get_incident(by=request.user, key=key)
    found = causes.cause_page(incident)
    context = {"incident": incident, "found": found, "tree_words": causes.tree_words(found)}
    return render_page(request, "incidents/cause/page.html", context)


@page
@posted(lambda request, pk: access.get_why(by=request.user, pk=pk).incident.get_absolute_url() + "#causes")
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
    said = _("真因に印をつけました。次は対策です。")
    if form.cleaned_data["factor"] == Factor.PERSON:
        said = _("真因に印をつけました。要因は「人」です。ほかの方なら起きなかったか、もう一つ問うてみてください。")
    return back_to(request, why.incident, "causes", said)


@page
def accept_risk(request: HttpRequest, pk: int) -> HttpResponse:
    root = access.get_root(by=request.user, pk=pk, to="lead")
    form = RiskForm(request.POST or None, standing=[root.risk_reason, root.risk_review_on])
    said = _("見直す日まで、このリスクを受け入れます。")
    verb = partial(verbs.accept_risk, root)
    if answer := act(request, form, verb, said=said, to=root.incident.get_absolute_url(), over=root):
        return answer
    context = {"form": form, "incident": root.incident, "title": _("リスクを受け入れる"), "lead": str(root)}
    return render_page(request, "incidents/form.html", context)
