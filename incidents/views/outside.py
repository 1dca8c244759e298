from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import outside as verbs
from incidents.forms.incident import ReasonForm
from incidents.forms.outside import OutsideForm
from incidents.queries import access, promise
from incidents.views.base import act, page, render_page


@page
def close(request: HttpRequest, key: str) -> HttpResponse:
    """対外完了: nothing is open with the other side any more."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = OutsideForm(request.POST or None)
    said = _("対外完了を記録しました。対策と効果確認のお知らせは、これまでどおり続きます。")
    to = incident.get_absolute_url() + "#outside"
    if answer := act(request, form, partial(verbs.close, incident), said=said, to=to):
        return answer
    lead = _("相手との話が終わったことを残します。直す段階は動きません。金継ぎは、対策の効き目を確かめてからです。")
    if promise.final_report_is_open(incident):
        lead = _(
            "相手との話が終わったことを残します。直す段階は動きません。金継ぎは、対策の効き目を確かめてからです。"
            "最終報告がまだのため、終わりにすると予定から外れます。もう伝えたときは、先に記録してください。"
        )
    context = {
        "form": form,
        "incident": incident,
        "title": _("対外完了を記録する"),
        "lead": lead,
        "draft": f"outside-{incident.number}",
        "action_label": _("対外完了にする"),
    }
    return render_page(request, "incidents/form.html", context)


@page
def reopen(request: HttpRequest, key: str) -> HttpResponse:
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = ReasonForm(request.POST or None)
    said = _("対外完了を取り消しました。")
    to = incident.get_absolute_url() + "#outside"
    if answer := act(request, form, partial(verbs.reopen, incident), said=said, to=to):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "title": _("対外完了を取り消す"),
        "lead": _("相手と決まったことは、経緯に残ります。"),
        "action_label": _("取り消す"),
    }
    return render_page(request, "incidents/form.html", context)
