from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import promise as verbs
from incidents.forms.promise import KeepForm, MovePromiseForm, PromiseForm, PromiseOwnerForm, ReportAgainForm
from incidents.models import FollowUp
from incidents.queries import access, promise, reader
from incidents.views.base import act, page, render_page

LOCAL = "%Y-%m-%dT%H:%M"


@page
def new(request: HttpRequest, key: str) -> HttpResponse:
    """A time given to somebody outside."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = PromiseForm(request.POST or None, people=reader.workers(incident), initial={"to_whom": incident.who_waits})
    said = _("お約束を書きとめました。時刻の15分前から、お知らせします。")
    to = incident.get_absolute_url() + "#promises"
    if answer := act(request, form, partial(verbs.promise, incident), said=said, to=to):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "title": _("お約束を書きとめる"),
        "draft": f"promise-{incident.number}",
    }
    return render_page(request, "incidents/form.html", context)


@page
def report_again(request: HttpRequest, key: str) -> HttpResponse:
    """続報: what was told again, and when the other side hears next."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    initial = {}
    if incident.report_follows:
        initial["next_at"] = timezone.localtime(promise.next_report_default(incident)).strftime(LOCAL)
    form = ReportAgainForm(request.POST or None, initial=initial, follows=incident.report_follows)
    to = incident.get_absolute_url() + "#promises"
    verb = partial(verbs.report_again, incident)
    if answer := act(request, form, verb, said=_("続報を記録しました。"), to=to):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "title": _("続報を記録する"),
        "draft": f"report-again-{incident.number}",
        "action_label": _("伝えました"),
    }
    return render_page(request, "incidents/form.html", context)


def _step(request: HttpRequest, one: FollowUp, form: object, verb: object, said: str, **more: str) -> HttpResponse:
    to = one.incident.get_absolute_url() + "#promises"
    if answer := act(request, form, partial(verb, one), said=said, to=to, over=one):
        return answer
    return render_page(
        request, "incidents/form.html", {"form": form, "incident": one.incident, "lead": one.what, **more}
    )


@page
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    one = access.get_promise(by=request.user, pk=pk, to="edit")
    form = KeepForm(request.POST if request.method == "POST" else None)
    return _step(
        request, one, form, verbs.keep, _("お約束を守りました。"), title=_("守りました"), action_label=_("守りました")
    )


@page
def move(request: HttpRequest, pk: int) -> HttpResponse:
    one = access.get_promise(by=request.user, pk=pk, to="edit")
    initial = {"due_at": timezone.localtime(one.due_at).strftime(LOCAL)}
    form = MovePromiseForm(request.POST or None, initial=initial, standing=one.due_at)
    said = _("お約束の時刻を動かしました。お知らせも新しい時刻に合わせました。")
    return _step(request, one, form, verbs.move, said, title=_("お約束の時刻を動かす"))


@page
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    one = access.get_promise(by=request.user, pk=pk, to="edit")
    form = PromiseOwnerForm(request.POST or None, people=reader.workers(one.incident), standing=one.owner_id)
    said = _("引き継ぎました。これからのお知らせは新しい担当の方に届きます。")
    return _step(request, one, form, verbs.hand_over, said, title=_("お約束の担当を変える"))


@page
def clocks(request: HttpRequest) -> HttpResponse:
    """The strip of running clocks, asked again by a page that slept or was cut off."""
    return render_page(request, "components/clock_strip.html", {})
