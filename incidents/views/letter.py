from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import get_nonce
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import reminder
from incidents.queries import access
from incidents.queries import letter as letters
from incidents.views.base import go, page, posted, render_page, say
from tools.plain import mailstyle


@page
def outbox(request: HttpRequest) -> HttpResponse:
    """手紙: what was written to me; without SMTP settings this is where it is read."""
    found = letters.my_letters(request.user, page=request.GET.get("page", "1"))
    context = {"page": found, "mail_configured": settings.MAIL_CONFIGURED, "due": letters.due_today(request.user)}
    return render_page(request, "incidents/letter/list.html", context)


@page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render_page(request, "incidents/letter/detail.html", {"letter": access.get_letter(by=request.user, pk=pk)})


@page
def as_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as its recipient sees it in the mail program; its styles stand in a sheet, as the policy wants it."""
    letter = access.get_letter(by=request.user, pk=pk)
    return HttpResponse(mailstyle.with_sheet(letter.html, str(get_nonce(request))))


@page
@posted(lambda request: reverse("letter-list"))
def write_today(request: HttpRequest) -> HttpResponse:
    """The morning's letter, now, for the person who asks."""
    letter = reminder.write_digest(request.user, asked_for=True)
    if letter is None:
        say(request, _("今日お知らせすることは、もうありません。"))
        return go(request, reverse("letter-list"))
    say(request, _("今日のお知らせを書きました。"))
    return go(request, reverse("letter", args=[letter.pk]))
