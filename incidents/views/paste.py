from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import ngettext

from incidents import rules
from incidents.domain import paste as keeping
from incidents.domain import timeline as verbs
from incidents.errors import Refused
from incidents.forms.paste import LinesForm, PasteForm
from incidents.queries import access
from incidents.queries import paste as pastes
from incidents.views.base import page, render_page, say, show_refusal


@page
def new(request: HttpRequest, key: str) -> HttpResponse:
    """Paste a mail thread or a chat; the raw text is kept, its lines are chosen on the next page."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = PasteForm(request.POST or None)
    if form.is_valid():
        try:
            kept = keeping.keep(incident, by=request.user, text=form.cleaned_data["text"])
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return HttpResponseRedirect(reverse("paste", args=[kept.pk]))
    context = {"form": form, "incident": incident, "nav": "incident", "pastes": pastes.pastes_of(incident)}
    return render_page(request, "incidents/timeline/paste.html", context)


@page
def lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of a pasted text, to be marked and taken over. A viewer reads."""
    posted = request.method == "POST"
    paste = access.get_paste(by=request.user, pk=pk, to="edit" if posted else "read")
    number = request.GET.get("page") or pastes.page_of_line(paste, request.GET.get("line", ""))
    found = pastes.lines_page(paste, by=request.user, page=number)
    form = LinesForm(request.POST if posted else None, found.object_list)
    if posted and form.is_valid():
        try:
            entries = verbs.take_over(paste, by=request.user, lines=form.taken())
        except Refused as refusal:
            show_refusal(form, refusal)
            if refusal.code == "line_taken":  # show which: they have become entries since this page was made
                found = pastes.lines_page(paste, by=request.user, page=number)
                kept, form = form, LinesForm(request.POST, found.object_list)
                form.refusal = kept.refusal
        else:
            said = ngettext("%(n)s行を経緯に入れました。", "%(n)s行を経緯に入れました。", len(entries))
            say(request, said % {"n": len(entries)})
            return HttpResponseRedirect(f"{reverse('paste', args=[paste.pk])}?page={found.number}")
    role = access.role_in(request.user, paste.incident.team_id)
    context = {
        "paste": paste,
        "incident": paste.incident,
        "nav": "incident",
        "page": found,
        "form": form,
        "can_edit": rules.may_edit(role) and not paste.incident.end,
    }
    return render_page(request, "incidents/timeline/lines.html", context)
