"""Mail that came in, as the people of a record see it: what waits for a lead, and what stands behind a line of the timeline."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.base import ContentFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from incidents.domain import attachment as files
from incidents.domain import inbound as verbs
from incidents.domain import person as people
from incidents.domain import unreached
from incidents.enums import MailKind
from incidents.errors import Refused
from incidents.gateways import filestore, intake
from incidents.letters import secrets
from incidents.models import Incident, Jotting
from incidents.queries import access
from incidents.queries import inbound as mails
from incidents.tasks import arrivals
from incidents.views.base import go, page, posted, render_page, say, say_refusal
from tools.plain.filenames import cleaned, disposition
from tools.plain.mailparse import parse


@page
def held(request: HttpRequest) -> HttpResponse:
    """確認を待つメール: of the records that the person leads."""
    return render_page(request, "incidents/received/list.html", {"mails": mails.held(request.user)[: mails.PER_PAGE]})


@page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail: its words; for whoever wrote it, folded, what it quotes, and the mail as it came."""
    mail = access.get_mail(by=request.user, pk=pk)
    return render_page(request, "incidents/received/detail.html", {"mail": mail, "own": mail.is_from(request.user)})


@page
@require_safe
def of_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """From a line of the timeline to the mail that it came from; where there is none, back to the line."""
    entry = access.get_entry(by=request.user, pk=pk)
    found = mails.of_entry(entry)
    if found is None:
        return HttpResponseRedirect(f"{entry.incident.get_absolute_url()}#entry-{entry.pk}")
    return HttpResponseRedirect(reverse("received", args=[found.pk]))


@page
@require_safe
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as it came, for whoever wrote it alone: it holds their links and addresses, and what they quote.

    Always to be saved and never shown by a browser in our name (hardening.md).
    """
    mail = access.get_mail(by=request.user, pk=pk)
    if not mail.is_from(request.user):
        raise Http404
    found = filestore.opened(mail.sha256, mail.size)
    if found is None:
        messages.warning(request, _("元のメールは残っていません。"))
        return go(request, reverse("received", args=[mail.pk]))
    answer = FileResponse(found, content_type="application/octet-stream")
    answer.headers["Content-Length"] = str(mail.size)
    answer.headers["Content-Disposition"] = disposition(cleaned(f"{mail.subject[:80]}.eml", nameless="mail"))
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def take_along(request: HttpRequest, line: Jotting, incident: Incident) -> None:
    """A record was made of a mail: a forwarded one and its files become the record's; what cannot is said.

    The mail is written anew, without the addresses and links that are its sender's alone; as it came it stays with them.
    Of a reply the files alone: its words stand in the form, and the letter behind them may tell of other records.
    """
    mail = mails.of_jotting(line)
    found = filestore.opened(mail.sha256, mail.size) if mail else None
    if found is None:
        return
    with found:
        raw = found.read()
    name = cleaned(f"{mail.subject[:80]}.eml", nameless="mail")
    whole = parse(raw)
    copies = [ContentFile(secrets.copy(whole), name=name)] if mail.kind == MailKind.FORWARD else []
    for upload in [*copies, *arrivals.uploads(whole)]:
        try:
            files.ask_room(incident, by=request.user, size=upload.size)
            files.keep(incident, by=request.user, received=intake.receive(upload))
        except Refused as refusal:
            messages.warning(request, intake.named(upload, refusal))


def _waiting(request: HttpRequest, pk: int) -> str:
    access.get_mail(by=request.user, pk=pk, to="lead")
    return reverse("received-list")


@page
@posted(_waiting)
def post(request: HttpRequest, pk: int) -> HttpResponse:
    """コメントにする."""
    mail = access.get_mail(by=request.user, pk=pk, to="lead")
    try:
        verbs.post_held(mail, by=request.user)
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        said = _("%(reference)s の経緯に入れました。あなたの名前で、差出人を書き添えています。")
        say(request, said % {"reference": mail.incident.reference})
    return go(request, reverse("received-list"))


@page
@posted(_waiting)
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """捨てる."""
    mail = access.get_mail(by=request.user, pk=pk, to="lead")
    try:
        verbs.drop_held(mail, by=request.user)
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        say(request, _("記録には入れないことにしました。"))
    return go(request, reverse("received-list"))


# One's own settings -----------------------------------------------------------------------------


def _place(request: HttpRequest) -> str:
    return reverse("preferences") + "#mail"


@page
@posted(_place)
def make_intake(request: HttpRequest) -> HttpResponse:
    people.make_intake(request.user, by=request.user)
    say(request, _("転送先のアドレスを作りました。"))
    return go(request, _place(request))


@page
@posted(_place)
def end_intake(request: HttpRequest) -> HttpResponse:
    people.end_intake(request.user, by=request.user)
    say(request, _("転送先のアドレスを止めました。"))
    return go(request, _place(request))


@page
@posted(_place)
def reached(request: HttpRequest) -> HttpResponse:
    """届くようになりました."""
    unreached.reached(request.user, by=request.user)
    say(request, _("また、あなたあてにお知らせを送ります。"))
    return go(request, _place(request))
