"""ひと息: the page after a crack. It shows each person their own and nobody else's, and keeps nothing about who opened it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from incidents.domain import care as verbs
from incidents.letters import links
from incidents.queries import access, care
from incidents.views.base import page, posted, render_page, say
from incidents.views.links import gone, linked


@page
def care_page(request: HttpRequest) -> HttpResponse:
    context = {"groups": care.grouped(care.help_lines(request.user)), "wanted": not request.user.care_opt_out}
    return render_page(request, "incidents/care/page.html", context)


@page
@posted(lambda request: reverse("care"))
def choose(request: HttpRequest) -> HttpResponse:
    """Stop the words, or have them again."""
    wanted = request.POST.get("wanted") == "yes"
    verbs.choose(request.user, wanted=wanted)
    say(request, _("ひと息の便りを、また届けます。") if wanted else _("ひと息の便りを止めました。"))
    return HttpResponseRedirect(reverse("care"))


@linked
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """この便りを止める, from the mail and without signing in. GET shows, POST acts: a scanner stops nothing.

    A mail program's own button posts without having seen the page (RFC 8058); a person's press comes from the page.
    """
    person_id = links.read_care(token)
    person = access.person_for_link(person_id) if person_id else None
    if person is None:
        return gone(request)
    with translation.override(person.language):
        request.LANGUAGE_CODE = person.language
        opened = links.opened_lately(token, request.POST.get("page_token", ""))
        opened = opened or request.POST.get("List-Unsubscribe") == "One-Click"
        if request.method == "POST" and opened and not person.care_opt_out:
            verbs.choose(person, wanted=False)
        context = {"stopped": person.care_opt_out, "page_token": links.page_token(token)}
        return render(request, "incidents/care/stop.html", context)
