from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import attachment as attachments
from incidents.domain import countermeasure as verbs
from incidents.domain import terms as term_verbs
from incidents.enums import MeasureStatus
from incidents.errors import Refused
from incidents.forms.countermeasure import (
    DoneFilesForm,
    HandOverForm,
    HelpersForm,
    MeasureForm,
    NotDoingForm,
    TermsForm,
)
from incidents.forms.filters import SeamFilterForm
from incidents.models import Countermeasure, Incident
from incidents.queries import access, audit, promise, reader
from incidents.queries import countermeasure as measures
from incidents.queries import incident as incidents
from incidents.queries import view as saved
from incidents.views.attachment import receive_evidence
from incidents.views.base import act, go, page, posted, refuse_overlap, render_page, say, show_refusal
from incidents.views.incident import back_to, refused
from incidents.views.lists import MEASURES, filter_form, list_context, opening


@page
def seams(request: HttpRequest) -> HttpResponse:
    """金継ぎ: the countermeasures of my teams."""
    views, people = saved.beside_list(request.user, MEASURES)
    if answer := opening(request, views):
        return answer
    form = filter_form(request, MEASURES, request.GET, people=people)
    found = measures.seam_list(
        by=request.user,
        filters=measures.Filters(**form.filters()),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    view = form.view_now()
    clear = reverse("seam-list") + f"?view={view}"
    context = {
        **list_context(request, form, found, of=MEASURES, views=views, clear=clear),
        "view": view,
        "tabs": tabs_of(form),
        "may_pick": any(line.measure.is_running for line in found.rows),
    }
    return render_page(request, "incidents/countermeasure/list.html", context)


def tabs_of(form: SeamFilterForm) -> list[dict[str, Any]]:
    """The tabs, each with what the list is narrowed by now; a tab that says whose takes no owner along."""
    kept = {name: value for name, value in form.chosen().items() if name != "view"}
    return [
        {"words": words, "is_now": is_now, "query": urlencode({"view": value, **kept})}
        for value, words, is_now in form.tabs()
    ]


def _form(request: HttpRequest, incident: Incident, initial: dict[str, Any]) -> MeasureForm:
    return MeasureForm(
        request.POST if request.method == "POST" else None,  # a body without fields is answered as an empty form
        roots=incidents.roots_of(incident),
        people=reader.workers(incident),
        severity=incident.severity,
        initial=initial,
    )


# As the browser's field for a date and a time takes it.
LOCAL = "%Y-%m-%dT%H:%M"


def _save(
    request: HttpRequest,
    form: MeasureForm,
    keep: Callable[..., Countermeasure],
    promise: Callable[..., Countermeasure],
    *,
    mine_only: bool = False,
) -> Countermeasure | None:
    """Keep the idea, or promise it with the promise button. A refusal keeps nothing but what stands in the form."""
    promised = "commit" in request.POST
    try:
        if promised:
            measure = promise(
                by=request.user, weak_reason=form.cleaned_data["weak_reason"], **form.plan(mine_only=mine_only)
            )
        else:
            measure = keep(by=request.user, **form.plan(mine_only=mine_only))
    except Refused as refusal:
        show_refusal(form, refusal)
        return None
    said = _("対策を約束しました。期限に合わせてお知らせします。") if promised else _("案として保存しました。")
    say(request, said)
    return measure


def _measure_page(
    request: HttpRequest, form: MeasureForm, incident: Incident, draft: str, title: str, **more: Any
) -> HttpResponse:
    context = {"form": form, "incident": incident, "draft": draft, "title": title, **more}
    return render_page(request, "incidents/countermeasure/form.html", context)


@page
def new(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    roots = list(incidents.roots_of(incident))
    form = _form(request, incident, {"root": roots[0] if len(roots) == 1 else None})
    if form.is_valid():
        measure = _save(request, form, partial(verbs.propose, incident), partial(verbs.propose_and_commit, incident))
        if measure is not None:
            return go(request, measure.get_absolute_url())
    return _measure_page(request, form, incident, f"measure-{incident.number}", _("対策を足す"))


@page
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    promised = measure.status != MeasureStatus.PROPOSED
    if promised and request.method != "POST":
        return go(request, measure.get_absolute_url())
    check = measures.open_check(measure)
    initial = {name: getattr(measure, name) for name in verbs.PLAN_FIELDS}
    initial["helpers"] = list(measures.helpers_of(measure))
    if check is not None:
        initial |= {name: getattr(check, field) for name, field in verbs.CHECK_FIELDS.items()}
    form = _form(request, measure.incident, initial | {"seen": audit.last_seen(measure)})
    stored_as = {name: f"check_{field}" for name, field in verbs.CHECK_FIELDS.items()}
    if promised:  # by somebody else, while this one was writing: nothing of it is thrown away
        form.full_clean()
        show_refusal(form, verbs.already_promised())
    elif form.is_valid() and not refuse_overlap(form, measure, request.user, stored_as=stored_as):
        keep, promise = partial(verbs.edit, measure), partial(verbs.edit_and_commit, measure)
        if _save(request, form, keep, promise, mine_only=True) is not None:
            return go(request, measure.get_absolute_url())
    draft, title = f"measure-edit-{measure.pk}", _("対策を整える")
    return _measure_page(request, form, measure.incident, draft, title)


@page
@posted(lambda request, pk: access.get_measure(by=request.user, pk=pk).get_absolute_url())
def start(request: HttpRequest, pk: int) -> HttpResponse:
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    try:
        verbs.start(measure, by=request.user)
    except Refused as refusal:
        return refused(request, measure.incident, f"measure-{pk}", refusal)
    return back_to(request, measure.incident, f"measure-{pk}", _("取りかかりました。"))


def _step(
    request: HttpRequest, measure: Countermeasure, form: Any, verb: Callable[..., Any], said: str, **context: Any
) -> HttpResponse:
    """One form, one verb, back to the incident."""
    if answer := act(request, form, partial(verb, measure), said=said, to=measure.get_absolute_url(), over=measure):
        return answer
    context = {"form": form, "incident": measure.incident, "measure": measure, **context}
    return render_page(request, "incidents/form.html", context)


@page
def done(request: HttpRequest, pk: int) -> HttpResponse:
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    said = _("おつかれさまでした。効き目は、確かめる人が見ます。")
    form = DoneFilesForm(request.POST or None, request.FILES or None)
    files = receive_evidence(request, form, measure.incident) if form.is_valid() else []

    def complete(measure: Countermeasure, **said: Any) -> Countermeasure:
        return attachments.complete(measure, **said | {"files": files})

    more = {"title": _("できました"), "action_label": _("できました"), "files": True}
    lead = measure.title
    if measure.owner_id != request.user.pk:  # who stands in may not judge it afterwards
        lead = _("%(title)s。効き目は、担当でも「できました」とした方でもない方が確かめます。") % {"title": lead}
    return _step(request, measure, form, complete, said, lead=lead, **more)


@page
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    people = reader.workers(measure.incident)
    form = HandOverForm(request.POST or None, people=people, standing=measure.owner_id)
    said = _("引き継ぎました。これからのお知らせは新しい担当の方に届きます。")
    return _step(request, measure, form, verbs.hand_over, said, title=_("担当を引き継ぐ"), lead=measure.title)


@page
def helpers(request: HttpRequest, pk: int) -> HttpResponse:
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    initial = {"helpers": list(measures.helpers_of(measure))}
    standing = sorted(person.pk for person in initial["helpers"])
    posted = request.POST if request.method == "POST" else None  # nobody chosen sends nothing
    form = HelpersForm(posted, people=measures.may_help(measure), initial=initial, standing=standing)
    said = _("手伝う人を保存しました。")
    return _step(request, measure, form, verbs.set_helpers, said, title=_("手伝う人"), lead=measure.title)


@page
def terms(request: HttpRequest, pk: int) -> HttpResponse:
    """Who stands in and what was promised outside, once the measure is promised: by its owner or a lead."""
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    term_verbs.refuse_unless_theirs(measure, by=request.user)
    initial = {name: getattr(measure, name) for name in term_verbs.TERMS} | {"seen": audit.last_seen(measure)}
    sent = request.POST if request.method == "POST" else None  # nothing ticked and chosen sends nothing
    form = TermsForm(
        sent,
        people=reader.workers(measure.incident, also=measure.backup),
        excusable=term_verbs.may_excuse(measure, access.role_in(request.user, measure.incident.team_id)),
        running=measure.is_running,
        initial=initial,
    )
    if form.is_valid() and not refuse_overlap(form, measure, request.user):
        try:
            term_verbs.set_terms(measure, by=request.user, **form.terms())
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            say(request, _("保存しました。"))
            return go(request, measure.get_absolute_url())
    context = {
        "form": form,
        "incident": measure.incident,
        "title": _("約束の条件"),
        "lead": measure.title,
        "draft": f"terms-{measure.pk}",
    }
    return render_page(request, "incidents/form.html", context)


@page
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """Who changed what of one countermeasure, for everybody who may read its record."""
    measure = access.get_measure(by=request.user, pk=pk)
    page = audit.measure_history(measure, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    own = {"what": measure.title, "own": str(measure)[:200]}
    context = {"incident": measure.incident, "measure": measure, "page": page, **own}
    return render_page(request, "incidents/incident/history.html", context)


@page
def not_doing(request: HttpRequest, pk: int) -> HttpResponse:
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    next_at = timezone.localtime(promise.next_report_default(measure.incident)).strftime(LOCAL)
    form = NotDoingForm(request.POST or None, promised_outside=measure.promised_outside, initial={"next_at": next_at})
    said = _("実施しないと決めました。見直す日が残ります。")
    return _step(request, measure, form, verbs.not_doing, said, title=_("実施しない"), lead=measure.title)
