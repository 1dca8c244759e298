from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override

from incidents.domain import reminder
from incidents.queries import access
from incidents.queries import letter as letters
from incidents.views.base import go, page, posted, render_page, say

# The letter's own HTML has inline styles, as mail needs them; it may do nothing else here.
MAIL_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "form-action": [CSP.NONE],
    "base-uri": [CSP.NONE],
}


@page
def outbox(request: HttpRequest) -> HttpResponse:
    """手紙: what was written to me; without SMTP settings this is where it is read."""
    found = letters.my_letters(request.user, page=request.GET.get("page", "1"))
    context = {"page": found, "mail_configured": settings.MAIL_CONFIGURED, "due": letters.due_today(request.user)}
    return render_page(request, "incidents/letter/list.html", context)


@page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render_page(request, "incidents/letter/detail.html", {"letter": access.get_letter(by=request.user, pk=pk)})


@csp_override(MAIL_CSP)
@page
def as_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as its recipient sees it in the mail program."""
    letter = access.get_letter(by=request.user, pk=pk)
    if letter.body_erased_at:
        return HttpResponseRedirect(reverse("letter", args=[letter.pk]))
    return HttpResponse(letter.html)


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
