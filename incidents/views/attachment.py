from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from incidents.domain import attachment as verbs
from incidents.enums import ReadDoor
from incidents.errors import NotAllowed, Refused
from incidents.forms.attachment import FilesForm, WithdrawFileForm
from incidents.gateways import filestore, filetype, intake
from incidents.models import Incident
from incidents.queries import access
from incidents.views.base import act, go, opens_by, page, render_page, say
from tools.plain.filenames import disposition


def receive_all(
    request: HttpRequest, incident: Incident, uploads: Sequence[Any]
) -> tuple[list[intake.Received], list[str]]:
    """Look at each upload and keep its bytes: those that are fit, and of the others which and why."""
    received, refused = [], []
    for upload in uploads:
        try:
            verbs.ask_room(incident, by=request.user, size=upload.size)
            received.append(intake.receive(upload))
        except NotAllowed:
            raise
        except Refused as refusal:
            refused.append(intake.named(upload, refusal))
    return received, refused


@page
def attach(request: HttpRequest, key: str) -> HttpResponse:
    """ファイルを添える: what is fit is kept although another one is not, and each that is not says why."""
    incident = access.get_incident(by=request.user, key=key, to="edit")
    form = FilesForm(request.POST, request.FILES) if request.method == "POST" else FilesForm()
    if form.is_valid():
        received, refused = receive_all(request, incident, form.cleaned_data["files"])
        kept = [name for one in received if (name := _keep(request, incident, one, refused))]
        if kept:
            say(request, _kept(kept))
        if not refused:
            return go(request, f"{incident.get_absolute_url()}#attachments")
        for sentence in refused:
            form.add_error("files", sentence)
    context = {
        "form": form,
        "incident": incident,
        "nav": "incident",
        "title": _("ファイルを添える"),
        "lead": _("添えたファイルは消せません。まちがえたときは、理由を書いて取り下げます。"),
        "action_label": _("添える"),
        "files": True,
    }
    return render_page(request, "incidents/form.html", context)


def _keep(request: HttpRequest, incident: Incident, received: intake.Received, refused: list[str]) -> str:
    """The name of the file when it was kept; why not goes to what was refused."""
    try:
        made, is_new = verbs.keep(incident, by=request.user, received=received)
    except NotAllowed:
        raise
    except Refused as refusal:
        refused.append(intake.named(received, refusal))
        return ""
    if not is_new:
        said = _("「%(name)s」は、もう添えてあります（%(who)sさん）。") % {"name": made.name, "who": made.uploaded_by}
        messages.info(request, said)
        return ""
    return made.name


def _kept(names: list[str]) -> str:
    said = ngettext(
        "%(n)s 個のファイルを添えました: %(names)s", "%(n)s 個のファイルを添えました: %(names)s", len(names)
    )
    return said % {"n": len(names), "names": _("、").join(names)}


@page
@opens_by(ReadDoor.FILE)
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The file, always to be saved and never to be shown by a browser in our name (hardening.md, stored XSS by file)."""
    attachment = access.get_attachment(by=request.user, pk=pk)
    found = filestore.opened(attachment.sha256, attachment.size)
    if found is None:
        messages.warning(
            request,
            _("「%(name)s」の中身が置き場所に見つかりません。管理者に知らせてください。") % {"name": attachment.name},
        )
        return go(request, f"{attachment.incident.get_absolute_url()}#attachments")
    answer = FileResponse(found, content_type=filetype.served(attachment.media_type))
    answer.headers["Content-Length"] = str(attachment.size)
    answer.headers["Content-Disposition"] = disposition(attachment.name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@page
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    attachment = access.get_attachment(by=request.user, pk=pk, to="edit")
    incident = attachment.incident
    form = WithdrawFileForm(request.POST or None)
    verb = partial(verbs.withdraw, attachment)
    to = f"{incident.get_absolute_url()}#attachments"
    if answer := act(request, form, verb, said=_("取り下げました。名前と理由は残ります。"), to=to):
        return answer
    context = {
        "form": form,
        "incident": incident,
        "nav": "incident",
        "title": _("添付を取り下げる"),
        "lead": attachment.name,
        "action_label": _("取り下げる"),
    }
    return render_page(request, "incidents/form.html", context)


def receive_evidence(request: HttpRequest, form: Any, incident: Incident) -> list[intake.Received]:
    """The files of a form that shows that a measure was done; a refused one stands beside the field, and nothing is done."""
    received, refused = receive_all(request, incident, form.cleaned_data.get("files") or [])
    for sentence in refused:
        form.add_error("files", sentence)
    return received
