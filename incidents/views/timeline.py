from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import reswap, retarget

from incidents import rules
from incidents.domain import timeline as verbs
from incidents.errors import Refused
from incidents.forms.timeline import AddendumForm, TimelineFilterForm, TimelineForm
from incidents.models import Incident, TimelineEntry
from incidents.queries import access
from incidents.queries import timeline as lines
from incidents.views.base import act, page, render_page, say, show_refusal
from incidents.views.incident import back_to, show


@page
def whole(request: HttpRequest, key: str) -> HttpResponse:
    """The timeline as a page of its own, to sort, filter and print; a POST adds a line, from here or the record."""
    if request.method != "POST":
        return _page(request, access.get_incident(by=request.user, key=key), TimelineForm())
    incident = access.get_incident(by=request.user, key=key, to="edit")
    from_here = request.POST.get("back") == "timeline"
    form = TimelineForm(request.POST)
    if form.is_valid():
        try:
            verbs.record_once(incident, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            said = _("経緯に書きました。")
            if not from_here:
                return back_to(request, incident, "timeline", said)
            say(request, said)
            return HttpResponseRedirect(reverse("incident-timeline", args=[incident.reference]))
    return _page(request, incident, form) if from_here else show(request, incident, timeline_form=form)


def _page(request: HttpRequest, incident: Incident, form: TimelineForm) -> HttpResponse:
    filter_form = TimelineFilterForm(request.GET, auto_id="filter-%s")
    chosen = filter_form.chosen()
    everything = request.GET.get("all") == "1"
    found = lines.timeline_page(
        incident, lines.TimelineFilters(**chosen), page=request.GET.get("page", "1"), whole=everything
    )
    role = access.role_in(request.user, incident.team_id)
    context = {
        "incident": incident,
        "nav": "incident",
        "filter_form": filter_form,
        "chosen": chosen,
        "chosen_words": filter_form.words(),
        "query": urlencode(chosen),
        "page": found,
        "everything": everything,
        "timeline_form": form,
        "can_edit": rules.may_edit(role) and not incident.end,
    }
    return render_page(request, "incidents/timeline/page.html", context)


@page
def amend(request: HttpRequest, pk: int) -> HttpResponse:
    """追記: a page with a form; for htmx the form alone, and after it the line as it stands then."""
    entry = access.get_entry(by=request.user, pk=pk, to="edit")
    entry = entry.addendum_to or entry
    form = AddendumForm(request.POST or None, auto_id=f"addendum-{entry.pk}-%s")
    if request.htmx:
        return _amend_here(request, entry, form)
    to = f"{entry.incident.get_absolute_url()}#entry-{entry.pk}"
    if answer := act(request, form, partial(verbs.amend, entry), said=_("追記しました。"), to=to):
        return answer
    context = {
        "form": form,
        "incident": entry.incident,
        "nav": "incident",
        "title": _("追記する"),
        "lead": entry.text,
        "action_label": _("追記する"),
        "draft": f"addendum-{entry.pk}",
    }
    return render_page(request, "incidents/form.html", context)


def _amend_here(request: HttpRequest, entry: TimelineEntry, form: AddendumForm) -> HttpResponse:
    context = {"entry": entry, "form": form, "full": request.GET.get("full", ""), "can_edit": True}
    if form.is_valid():
        try:
            verbs.amend(entry, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            context["line"] = lines.line_of(entry)
            return render_page(request, "incidents/timeline/line.html", context)
    answer = render_page(request, "incidents/timeline/addendum.html", context)
    return reswap(retarget(answer, f"#addendum-{entry.pk}"), "innerHTML")
