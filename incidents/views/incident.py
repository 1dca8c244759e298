from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import incident as verbs
from incidents.domain import promise as promise_verbs
from incidents.domain import recurrence
from incidents.enums import COVERING_STATUSES, SILENT_ENDS, FollowUpState, MeasureStatus, Stage
from incidents.errors import Refused
from incidents.forms.cause import RootForm
from incidents.forms.incident import EditForm, EndForm, FirstReportForm, ReasonForm, WaiveForm
from incidents.models import Incident
from incidents.queries import access, audit, care, promise, reader, record
from incidents.queries import incident as incidents
from incidents.queries import view as saved
from incidents.queries.calendar import day_here
from incidents.templatetags.ui import moment, shortday
from incidents.views.base import act, go, page, posted, refuse_overlap, render_page, say, say_refusal, show_refusal
from incidents.views.facts import facts_context
from incidents.views.lists import INCIDENTS, filter_form, list_context, opening
from incidents.views.proof import proof_context
from tools.plain.holidays import BusinessCalendar


@page
def incident_list(request: HttpRequest) -> HttpResponse:
    views, people = saved.beside_list(request.user, INCIDENTS)
    if answer := opening(request, views):
        return answer
    form = filter_form(request, INCIDENTS, request.GET, people=people)
    found = incidents.incident_list(
        by=request.user,
        filters=incidents.Filters(**form.filters()),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    clear = reverse("incident-list") + "?all=1"
    context = list_context(request, form, found, of=INCIDENTS, views=views, clear=clear)
    return render_page(request, "incidents/incident/list.html", context)


@page
def detail(request: HttpRequest, key: str) -> HttpResponse:
    try:
        incident = access.get_incident(by=request.user, key=key)
    except Http404:
        from incidents.views import reader as readers  # knows this module for its forms

        return readers.closed(request, key)
    return show(request, incident)


def show(request: HttpRequest, incident: Incident, **forms: Any) -> HttpResponse:
    """The incident's page, or its body for htmx; `forms` are bound forms that brought an error back."""
    role = access.role_in(request.user, incident.team_id)
    found = record.record_page(incident)
    beside = record.beside(incident, request.user)
    may_edit = rules.may_edit(role)
    can_edit = may_edit and not incident.end
    context = {
        "incident": incident,
        "found": found,
        "steps": _steps(incident, found),
        "next_gate": next((g for g in found.gates if not g.is_open), None) if not incident.end else None,
        "role": role,
        "can_edit": can_edit,
        "may_rest": care.has_just_recorded(request.user, incident),
        "may_edit": may_edit,  # promises go on when their record has ended (invariant 7), and so do their buttons
        "may_mend": may_edit and incident.stage not in SILENT_ENDS,
        "may_reopen": may_edit and bool(incident.end),
        "promises": found.promises,
        "promises_left": sum(one.state == FollowUpState.OPEN for one in found.promises),
        "is_lead": role == "lead",
        "now": timezone.now(),
        "root_form": RootForm(),
        "legal": _legal_days(incident),
        "open_form": next(iter(forms), ""),
        **facts_context(request, found, forms),
        **proof_context(request, found, beside, may_edit=may_edit, is_lead=role == "lead"),
    }
    return render_page(request, "incidents/incident/detail.html", context, partial="body")


LEGAL_EFFECTS = frozenset({"legal_report", "many_or_sensitive", "personal_data"})


def _legal_days(incident: Incident) -> dict[str, date]:
    """The days that matter when personal data is concerned (B-8); empty when nobody has said that it is.

    速報 about three to five days from knowledge, 確報 on day 30, or 60 with suspected malice; knowledge is day 1.
    """
    if not LEGAL_EFFECTS & set(incident.effects):
        return {}
    # In the house's zone: the law counts its day, whoever reads the page from wherever.
    # Knowledge anywhere in the organisation counts, and the authority keeps no closing days of a team.
    known = day_here(min(incident.noticed_at, incident.recognised_at or incident.noticed_at))
    calendar = BusinessCalendar()
    return {
        "early": known + timedelta(days=2),
        "late": known + timedelta(days=4),
        "final": calendar.personal_data_final_report_due(known),
        "final_long": calendar.personal_data_final_report_due(known, 60),
    }


def _steps(incident: Incident, found: record.RecordPage) -> list[dict[str, str]]:
    gold = sum(m.status == MeasureStatus.EFFECTIVE for m in found.measures)
    promised = sum(m.status in COVERING_STATUSES for m in found.measures)
    notes = {
        Stage.RECORDED: _("%(when)s に気づく") % {"when": moment(incident.noticed_at)},
        Stage.FIRST_REPORTED: _first_report_note(incident),
        Stage.CAUSE_KNOWN: _("%(when)s 原因がわかった") % {"when": shortday(max(r.created_at for r in found.roots))}
        if found.roots
        else "",
        Stage.MEASURES_COMMITTED: _("対策 %(promised)s 本のうち %(gold)s 本が金") % {"promised": promised, "gold": gold}
        if promised
        else "",
        Stage.MENDED: _gold_note(incident, found),
    }
    steps, passed = [], True
    for gate in found.gates:
        passed = passed and gate.is_open
        state = "ok" if passed else "todo"
        if gate.stage == Stage.MENDED and passed:
            state = "gold"
        steps.append({"label": str(gate.stage.label), "state": state, "note": notes[gate.stage]})
    if not incident.end:
        for step in steps:
            if step["state"] == "todo":
                step["state"] = "now"
                break
    return steps


def late_minutes(incident: Incident) -> int:
    """How many minutes after its end the clock was stopped: a fact, nothing else (A-11). 0 in time."""
    if not (incident.first_reported_at and incident.first_report_due_at):
        return 0
    return max(0, int((incident.first_reported_at - incident.first_report_due_at).total_seconds() // 60))


def _first_report_note(incident: Incident) -> str:
    if incident.first_reported_at:
        minutes = int(incident.first_report_took.total_seconds() // 60)
        took = _("%(n)s分") % {"n": minutes} if minutes < 600 else _("%(n)s時間") % {"n": minutes // 60}
        said = {"when": moment(incident.first_reported_at), "took": took, "late": late_minutes(incident)}
        if said["late"]:
            return _("%(when)s 一次報告（%(took)s、期限から%(late)s分後）") % said
        return _("%(when)s 一次報告（%(took)s）") % said
    if incident.first_report_waived:
        return _("一次報告は不要")
    if not incident.who_waits:
        return _("待っている方はいません")
    return ""


def _gold_note(incident: Incident, found: record.RecordPage) -> str:
    if incident.mended_at:
        return _("%(when)s 効き目を確認") % {"when": shortday(incident.mended_at)}
    days = [
        c.check_on
        for m in found.measures
        if m.status in COVERING_STATUSES
        for c in m.checks.all()
        if not c.outcome and c.check_on
    ]
    return _("効果確認 %(when)s") % {"when": shortday(max(days))} if days else ""


# Fields of the edit form that a record has not, or that are asked anew each time.
NOT_OF_THE_RECORD = {"seen", "shown", "severity_reason", "another_waits"}


@page
def edit(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    own = [name for name in EditForm.base_fields if name not in NOT_OF_THE_RECORD]
    initial = {name: getattr(incident, name) for name in own} | {"seen": audit.last_seen(incident)}
    people = reader.may_hold(incident, by=request.user)
    waived = bool(incident.first_report_waived) and incident.first_reported_at is None
    form = EditForm(request.POST or None, people=people, waived=waived, initial=initial)
    ways: list[tuple[str, str]] = []
    if form.is_valid() and not refuse_overlap(form, incident, request.user):
        try:
            # Only what was changed: a browser's field cuts the seconds of times that nobody touched, and a field that
            # somebody else changed meanwhile must not be put back.
            mine = set(form.mine()) & set(form.changed_data)
            recurrence.edit(incident, by=request.user, **{name: form.cleaned_data[name] for name in mine})
        except Refused as refusal:
            show_refusal(form, refusal)
            ways = _ways_out(incident, refusal)
        else:
            say(request, _("保存しました。"))
            return go(request, incident.get_absolute_url())
    context = {
        "form": form,
        "incident": incident,
        "title": _("記録を書きかえる"),
        "draft": f"edit-{incident.number}",
        "ways": ways,
    }
    return render_page(request, "incidents/form.html", context)


def _ways_out(incident: Incident, refusal: Refused) -> list[tuple[str, str]]:
    """The pages on which a refusal of the edit is mended, as (address, words); the typed text waits in its draft."""
    if refusal.code != "clock_runs":
        return []
    report = reverse("incident-first-report", args=[incident.reference])
    return [(report, _("一次報告を記録する")), (f"{report}?waive=1#waive", _("一次報告を不要とする"))]


def _customary_next(incident: Incident) -> dict[str, str]:
    """What the form of the first report begins with: the next report at its customary time (B-3)."""
    return {"next_at": timezone.localtime(promise.next_report_default(incident)).strftime("%Y-%m-%dT%H:%M")}


@page
def first_report(request: HttpRequest, key: str) -> HttpResponse:
    """Record how the other side was told; the clock stops. Below it, the way to say that none is needed."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = FirstReportForm(request.POST or None, initial=_customary_next(incident))
    said = _("一次報告を記録しました。時計は止まりました。")
    verb = partial(promise_verbs.report_first, incident)
    if answer := act(request, form, verb, said=said, to=incident.get_absolute_url()):
        return answer
    context = {"form": form, "waive_form": WaiveForm(), "incident": incident, "now": timezone.now()}
    return render_page(request, "incidents/incident/first_report.html", context)


@page
def by_phone(request: HttpRequest, key: str) -> HttpResponse:
    """電話で伝えた: one button, with now and the customary next time filled in. It posts the first report's own form."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    next_at = timezone.localtime(promise.next_report_default(incident))
    form = FirstReportForm(initial={"channel": "phone", "next_at": next_at.strftime("%Y-%m-%dT%H:%M")})
    context = {"form": form, "incident": incident, "now": timezone.now(), "next_at": next_at}
    return render_page(request, "incidents/incident/phone.html", context)


@page
@posted(
    lambda request, key: reverse(
        "incident-first-report", args=[access.get_incident(by=request.user, key=key).reference]
    )
)
def waive_first_report(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = WaiveForm(request.POST)
    verb = partial(verbs.waive_first_report, incident)
    if answer := act(request, form, verb, said=_("一次報告を不要としました。"), to=incident.get_absolute_url()):
        return answer
    report_form = FirstReportForm(initial=_customary_next(incident))
    context = {"form": report_form, "waive_form": form, "incident": incident, "now": timezone.now()}
    return render_page(request, "incidents/incident/first_report.html", context)


def _same_as(of: str) -> dict[str, str]:
    """What the form begins with when the record is said to be the same as another (`?of=`).

    The reason names no number: everybody who reads this record reads it, and the other may be for few (C9).
    """
    if not of:
        return {}
    return {"end": Stage.DUPLICATE, "duplicate_of": of, "reason": _("同じ件が、先に記録されていました。")}


@page
def end(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = EndForm(request.POST or None, initial=_same_as(request.GET.get("of", "")[:12]))
    if form.is_valid():
        values = form.cleaned_data
        original = None
        if values["end"] == Stage.DUPLICATE and values["duplicate_of"]:
            try:
                original = access.get_incident(by=request.user, key=values["duplicate_of"])
            except Http404:
                form.add_error("duplicate_of", _("その番号の記録は見つかりません。"))
        if not form.errors:
            try:
                verbs.end_otherwise(
                    incident, by=request.user, end=values["end"], reason=values["reason"], duplicate_of=original
                )
            except Refused as refusal:
                show_refusal(form, refusal)
            else:
                say(request, _("記録を終えました。いつでも開き直せます。"))
                return go(request, incident.get_absolute_url())
    lead = _("約束した対策のお知らせは、この記録を終えても続きます。")
    if incident.clock_is_running:
        lead = _(
            "約束した対策のお知らせは、この記録を終えても続きます。動いている一次報告の時計は、重複と取下げでは同じ理由で"
            "「不要」として止まり、修理のみでは動きつづけます。"
        )
    context = {
        "form": form,
        "incident": incident,
        "title": _("別の終わり方を選ぶ"),
        "lead": lead,
        "action_label": _("終える"),
    }
    return render_page(request, "incidents/form.html", context)


@page
def reopen(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = ReasonForm(request.POST or None)
    verb = partial(verbs.reopen, incident)
    if answer := act(request, form, verb, said=_("開き直しました。"), to=incident.get_absolute_url()):
        return answer
    context = {"form": form, "incident": incident, "title": _("開き直す"), "action_label": _("開き直す")}
    return render_page(request, "incidents/form.html", context)


@page
def history(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key)
    page = audit.history_of(incident, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {"incident": incident, "what": incident.title, "own": str(incident)[:200], "page": page}
    return render_page(request, "incidents/incident/history.html", context)


def place_of(request: HttpRequest, key: str, anchor: str) -> str:
    """A place on the page of a record that the person may see."""
    return f"{access.get_incident(by=request.user, key=key).get_absolute_url()}#{anchor}"


def back_to(request: HttpRequest, incident: Incident, anchor: str, said: str) -> HttpResponse:
    """After a step made on the incident's page: the fresh body for htmx, the page at the right place without it."""
    say(request, said)
    if request.htmx:
        return show(request, access.get_incident(by=request.user, key=incident.reference))
    return HttpResponseRedirect(reverse("incident", args=[incident.reference]) + f"#{anchor}")


def refused(request: HttpRequest, incident: Incident, anchor: str, refusal: Refused) -> HttpResponse:
    """A step on the incident's page that the record does not allow yet."""
    say_refusal(request, refusal)
    if request.htmx:
        return show(request, access.get_incident(by=request.user, key=incident.reference))
    return HttpResponseRedirect(reverse("incident", args=[incident.reference]) + f"#{refusal.fix_anchor or anchor}")
