from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import call as verbs
from incidents.forms.call import CallForm
from incidents.queries import access, promise
from incidents.views.base import act, page, render_page

LOCAL = "%Y-%m-%dT%H:%M"


@page
def note(request: HttpRequest, key: str) -> HttpResponse:
    """電話メモ: what the other side said and asks for. `?first=1` begins as the call in which they were first told."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    running = incident.clock_is_running
    initial = {"with_whom": incident.who_waits or incident.counterparty}
    if running and request.GET.get("first") == "1":
        next_at = timezone.localtime(promise.next_report_default(incident))
        initial |= {"is_first_report": True, "promised_at": next_at.strftime(LOCAL)}
    form = CallForm(request.POST or None, running=running, initial=initial)
    to = incident.get_absolute_url() + "#outside"
    said = _("電話メモを残しました。")
    if not running and "is_first_report" in request.POST:  # ticked on a page that was open when somebody else reported
        said = _("電話メモを残しました。一次報告は、ほかの方がすでに記録していたか、不要とされています。")
    if answer := act(request, form, partial(verbs.note, incident), said=said, to=to):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "title": _("電話メモ"),
        "lead": _("受け止めるのは、事実とご要望です。残したあとは、追記で直せます。"),
        "draft": f"call-{incident.number}",
        "action_label": _("残す"),
    }
    return render_page(request, "incidents/form.html", context)
