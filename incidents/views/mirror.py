"""チャットに写す: the channels of one's teams; a lead connects, tries, stops and puts away."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import mirror as verbs
from incidents.errors import NotAllowed, Refused
from incidents.forms.mirror import MoveForm, NewForm, OptionsForm
from incidents.models import Mirror
from incidents.queries import access, team
from incidents.queries import mirror as mirrors
from incidents.tasks.mirror import try_out
from incidents.views.base import act, confirmed, go, page, posted, render_page, say, say_refusal, show_refusal
from tools.plain.daybrake import DayBrake

# Trials of one team in a day, as one web process sees them: each is a request to an address that somebody typed.
BRAKE = DayBrake(most=40)


@page
def mirror_list(request: HttpRequest) -> HttpResponse:
    """The channels of all my teams. What they are shown everybody of the team may know; where they are, nobody is shown."""
    found = mirrors.of_teams(team.my_memberships(request.user))
    return render_page(request, "incidents/mirror/list.html", {"teams": found})


@page
@confirmed
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Connect a channel. The key of a webhook is shown by the answer, this once."""
    to = access.get_team(by=request.user, slug=slug, to="lead")
    form = NewForm(request.POST or None, initial={"language": request.user.language})
    if form.is_valid():
        try:
            made = verbs.add(to, by=request.user, **form.values())
        except NotAllowed:
            raise
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            if made.is_signed:
                return _show_key(request, made, made.secret)
            say(request, _("保存しました。ためすと、写し始めます。"))
            return go(request, reverse("mirror", args=[made.pk]))
    return _form(request, form, title=_("写す先をつなぐ"), lead=to.name, back_url=reverse("mirror-list"))


def _form(request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
    return render_page(request, "incidents/mirror/form.html", {"form": form, **context})


def _show_key(request: HttpRequest, mirror: Mirror, key: str) -> HttpResponse:
    return render_page(request, "incidents/mirror/key.html", {"mirror": mirror, "key": key})


def _page_of(request: HttpRequest, pk: int) -> str:
    return reverse("mirror", args=[access.get_mirror(by=request.user, pk=pk, to="lead").pk])


@page
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One channel: its state, what it was shown last, what it is shown, and the ways to try, stop and renew it."""
    mirror = access.get_mirror(by=request.user, pk=pk, to="lead")
    form = OptionsForm(request.POST or None, initial={name: getattr(mirror, name) for name in verbs.OPTIONS})
    if answer := act(request, form, partial(verbs.edit, mirror), said=_("保存しました。"), to=request.path):
        return answer
    context = {"mirror": mirror, "form": form, "posts": mirrors.newest_posts(mirror)}
    return render_page(request, "incidents/mirror/detail.html", context)


def _try(request: HttpRequest, mirror: Mirror) -> str:
    """Send the trial, unless the team has tried too often today. Raises Refused."""
    if not BRAKE.press(BRAKE.mark(str(mirror.team_id))):
        raise Refused(
            "mirror_tried_too_often", _("今日は、もうたくさんためしました。"), _("明日、もう一度ためしてください。")
        )
    return try_out(mirror)


@page
@posted(_page_of)
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """ためして、はじめる: only what arrived is switched on."""
    mirror = access.get_mirror(by=request.user, pk=pk, to="lead")
    try:
        verbs.switch_on(mirror, by=request.user, word=_try(request, mirror))
    except NotAllowed:
        raise
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        say(request, _("届きました。次のお知らせから、ここに写します。"))
    return go(request, _page_of(request, pk))


@page
@posted(_page_of)
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """ためす, without changing anything."""
    mirror = access.get_mirror(by=request.user, pk=pk, to="lead")
    try:
        verbs.refuse_unless_reached(_try(request, mirror))
    except Refused as refusal:
        say_refusal(request, refusal)
    else:
        say(request, _("ためしの一通が届きました。"))
    return go(request, _page_of(request, pk))


@page
@posted(_page_of)
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    verbs.switch_off(access.get_mirror(by=request.user, pk=pk, to="lead"), by=request.user)
    say(request, _("写すのを止めました。メールのお知らせは、これまでどおりです。"))
    return go(request, _page_of(request, pk))


@page
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another address or token. What stands there now is not shown."""
    mirror = access.get_mirror(by=request.user, pk=pk, to="lead")
    form, back = MoveForm(request.POST or None, kind=mirror.kind), reverse("mirror", args=[mirror.pk])
    said = _("保存しました。ためすと、写し始めます。")
    if answer := act(request, form, partial(verbs.move, mirror), said=said, to=back):
        return answer
    return _form(request, form, title=_("アドレスを入れ直す"), lead=mirror.name, back_url=back)


@page
@posted(_page_of)
@confirmed
def renew_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Another key; the answer shows it, this once."""
    mirror = access.get_mirror(by=request.user, pk=pk, to="lead")
    try:
        return _show_key(request, mirror, verbs.renew_key(mirror, by=request.user))
    except NotAllowed:
        raise
    except Refused as refusal:
        say_refusal(request, refusal)
    return go(request, _page_of(request, pk))


@page
@posted(_page_of)
def put_away(request: HttpRequest, pk: int) -> HttpResponse:
    verbs.put_away(access.get_mirror(by=request.user, pk=pk, to="lead"), by=request.user)
    say(request, _("片づけました。アドレスと鍵は、うしろから消えました。"))
    return go(request, reverse("mirror-list"))
