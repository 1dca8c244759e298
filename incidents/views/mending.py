from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import mending as verbs
from incidents.forms.mending import MendingForm, WithdrawMendingForm
from incidents.queries import access, reader
from incidents.templatetags.ui import longday
from incidents.views.base import act, page, render_page


@page
def new(request: HttpRequest, key: str) -> HttpResponse:
    """継いだ人: work on the mending, one's own or a colleague's."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = MendingForm(request.POST or None, people=reader.workers(incident), initial={"person": request.user.pk})
    to = incident.get_absolute_url() + "#mending"
    if answer := act(request, form, partial(verbs.record, incident), said=_("継いだ仕事を書きました。"), to=to):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "title": _("継いだ仕事を書く"),
        "lead": _("直すためにした仕事を残します。どこで割れたかとは別です。人ごとの合計は、どこにも出ません。"),
        "draft": f"mending-{incident.number}",
        "action_label": _("書く"),
    }
    return render_page(request, "incidents/form.html", context)


@page
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """A line that was written wrongly: it stays, with the reason."""
    mending = access.get_mending(by=request.user, pk=pk, to="edit")
    incident = mending.incident
    form = WithdrawMendingForm(request.POST or None)
    to = incident.get_absolute_url() + "#mending"
    if answer := act(request, form, partial(verbs.withdraw, mending), said=_("取り下げました。"), to=to):
        return answer
    said = {"when": longday(mending.done_on), "who": mending.person, "what": mending.what}
    lead = _("%(when)s %(who)s: %(what)s") % said
    context = {
        "form": form,
        "incident": incident,
        "title": _("継いだ仕事の記録を取り下げる"),
        "lead": lead,
        "action_label": _("取り下げる"),
    }
    return render_page(request, "incidents/form.html", context)
