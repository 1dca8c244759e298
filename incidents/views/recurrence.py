"""つながり: this record is an earlier one broken again, or is not after all."""

from __future__ import annotations

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import recurrence as verbs
from incidents.errors import Refused
from incidents.forms.recurrence import RecurrenceForm, UnlinkForm
from incidents.queries import access
from incidents.views.base import act, go, page, render_page, say, show_refusal


@page
def link(request: HttpRequest, key: str) -> HttpResponse:
    """Say which record this one is again; `?of=` names one that was offered."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = RecurrenceForm(request.POST or None, initial={"original": request.GET.get("of", "")[:12]})
    if form.is_valid():
        try:
            original = access.get_incident(by=request.user, key=form.cleaned_data["original"])
            verbs.link(incident, by=request.user, original=original)
        except Http404:
            form.add_error("original", _("その番号の記録は見つかりません。"))
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            say(request, _("再発としてつなぎました。元の記録の経緯にも残ります。"))
            return go(request, f"{incident.get_absolute_url()}#links")
    lead = _(
        "元の記録の対策を見守る期間のうちに起きていたら、その対策は「効かなかった」になり、"
        "元の記録は原因の見直しに戻ります。これまでの経緯は残ります。"
    )
    context = {"form": form, "incident": incident, "title": _("再発としてつなぐ"), "lead": lead}
    return render_page(request, "incidents/form.html", context | {"action_label": _("つなぐ")})


@page
def unlink(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = UnlinkForm(request.POST or None)
    said = _("再発のつながりを外しました。")
    to = f"{incident.get_absolute_url()}#links"
    if answer := act(request, form, partial(verbs.unlink, incident), said=said, to=to):
        return answer
    lead = _("つないだときに「効かなかった」になった対策は、そのまま経緯に残ります。")
    context = {"form": form, "incident": incident, "title": _("再発のつながりを外す"), "lead": lead}
    return render_page(request, "incidents/form.html", context | {"action_label": _("外す")})
