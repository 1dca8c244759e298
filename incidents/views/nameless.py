"""Near misses without a name. The first two pages are for anybody who has the address; nobody is signed in there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from incidents.domain import nameless as verbs
from incidents.errors import NotAllowed, Refused
from incidents.forms.nameless import AsideForm, NamelessForm, ReceiptForm, ReplyForm, TakeUpForm
from incidents.letters.links import absolute
from incidents.models import Team
from incidents.queries import access, team
from incidents.queries import nameless as notes
from incidents.views.base import act, go, page, posted, render_page, say, show_refusal

FIRST_LINE = 120


def _unseen(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page behind a team's address, for whoever has it. ushiro.middleware has made the request nobody's."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        request.path = "/n/"  # what an error's log line would name; the token is a secret
        found = notes.team_behind(token)
        if found is None:
            raise Http404
        return view(request, found, token)

    return opened


def _too_often(request: HttpRequest, form: Any) -> bool:
    """Whether this address has sent too much today; said beside what was typed."""
    if request.within_limit():
        return False
    show_refusal(
        form,
        Refused("too_often", _("今日は、ここからはもう送れません。"), _("明日、もう一度送ってください。")),
    )
    return True


@_unseen
def write(request: HttpRequest, found: Team, token: str) -> HttpResponse:
    """名前を出さずに書く. The answer to the form is the receipt itself: a second page would need something to know us by."""
    form = NamelessForm(request.POST if request.method == "POST" else None)
    context = {"team": found, "token": token, "form": form}
    if form.is_valid() and not _too_often(request, form):
        try:
            receipt = verbs.write(found, **form.cleaned_data)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            return render(request, "incidents/nameless/thanks.html", {"token": token, "receipt": receipt})
    return render(request, "incidents/nameless/write.html", context)


@_unseen
def answer(request: HttpRequest, found: Team, token: str) -> HttpResponse:
    """What became of a note, for whoever holds its receipt. Posted, so that no receipt stands in an address."""
    form = ReceiptForm(request.POST if request.method == "POST" else None)
    context = {"token": token, "form": form}
    if form.is_valid() and not _too_often(request, form):
        if note := notes.note_behind(found, form.cleaned_data["receipt"]):
            return render(request, "incidents/nameless/answer.html", {"token": token, "note": note})
        form.add_error("receipt", _("この合言葉の知らせは見つかりません。文字を確かめてください。"))
    return render(request, "incidents/nameless/answer.html", context)


@page
def note_list(request: HttpRequest) -> HttpResponse:
    """名前のないヒヤリハット: what was published to my teams, and each team's address."""
    doors = notes.doors(team.my_memberships(request.user))
    context = {
        "doors": [{"door": one, "address": absolute(one.path) if one.path else ""} for one in doors],
        "leads": {one.team.pk for one in doors if one.role == "lead"},
        "several_teams": len(doors) > 1,
        "page": notes.published(request.user, request.GET.get("page")),
    }
    return render_page(request, "incidents/nameless/list.html", context)


def _back() -> str:
    return reverse("nameless-list")


def _form_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render_page(request, "incidents/nameless/form.html", {"back_url": _back(), **context})


@page
def take_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    note = access.get_nameless(by=request.user, pk=pk, to="lead")
    first_line = note.text.splitlines()[0][:FIRST_LINE]
    form = TakeUpForm(request.POST or None, initial={"title": first_line})
    if form.is_valid():
        try:
            made = verbs.take_up(note, by=request.user, **form.cleaned_data)
        except NotAllowed:
            raise
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            say(request, _("%(reference)s として記録しました。") % {"reference": made.reference})
            return go(request, made.get_absolute_url())
    title = _("記録にする")
    return _form_page(request, {"form": form, "note": note, "title": title, "action_label": title})


@page
def reply(request: HttpRequest, pk: UUID) -> HttpResponse:
    note = access.get_nameless(by=request.user, pk=pk, to="lead")
    form = ReplyForm(request.POST or None, initial={"text": note.reply}, standing=note.reply)
    said, verb = _("返事を書きました。"), partial(verbs.reply, note)
    if answered := act(request, form, verb, said=said, to=_back(), over=note.team):
        return answered
    return _form_page(request, {"form": form, "note": note, "title": _("返事を書く"), "action_label": _("返事をする")})


@page
def put_aside(request: HttpRequest, pk: UUID) -> HttpResponse:
    note = access.get_nameless(by=request.user, pk=pk, to="lead")
    form = AsideForm(request.POST or None)
    if done := act(request, form, partial(verbs.put_aside, note), said=_("しまいました。"), to=_back()):
        return done
    return _form_page(request, {"form": form, "note": note, "title": _("しまう"), "action_label": _("しまう")})


def _doors(request: HttpRequest, slug: str) -> str:
    access.get_team(by=request.user, slug=slug)
    return _back()


@page
@posted(_doors)
def move_door(request: HttpRequest, slug: str) -> HttpResponse:
    verbs.move_door(access.get_team(by=request.user, slug=slug, to="lead"), by=request.user)
    say(request, _("アドレスを新しくしました。前のアドレスは使えません。"))
    return HttpResponseRedirect(_back())


@page
@posted(_doors)
def set_door(request: HttpRequest, slug: str) -> HttpResponse:
    is_open = request.POST.get("open") == "1"
    verbs.set_door(access.get_team(by=request.user, slug=slug, to="lead"), by=request.user, is_open=is_open)
    say(request, _("アドレスを開きました。") if is_open else _("アドレスを閉じました。"))
    return HttpResponseRedirect(_back())
