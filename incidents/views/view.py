"""見方: the saved views of the lists."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import view as verbs
from incidents.errors import NotAllowed
from incidents.forms.view import SavedViewForm
from incidents.models import SavedView
from incidents.queries import access, team
from incidents.queries import view as saved
from incidents.views.base import act, go, page, posted, render_page, say
from incidents.views.lists import FORMS, INCIDENTS, PAGES, address_of, filter_form


@page
def new(request: HttpRequest) -> HttpResponse:
    """この見方を保存: the address carries the list (`of`) and its conditions, as the list's own address does."""
    of = request.GET.get("of")
    of = of if of in FORMS else INCIDENTS
    conditions = filter_form(request, of, request.GET)
    teams = saved.led_teams(team.my_memberships(request.user))
    form = SavedViewForm(request.POST or None, teams=teams)
    verb = partial(verbs.save, of=of, query=conditions.encoded())
    to = f"{reverse(PAGES[of])}?{conditions.encoded() or 'all=1'}"
    if answer := act(request, form, verb, said=_("見方を保存しました。一覧の上に並びます。"), to=to):
        return answer
    context = {
        "form": form,
        "nav": PAGES[of],
        "title": _("この見方を保存"),
        "described": conditions.described(),
        "back_url": to,
    }
    return render_page(request, "incidents/view/edit.html", context)


@page
def views(request: HttpRequest) -> HttpResponse:
    """The saved views of both lists."""
    lists = [
        {"label": SavedView.Of(of).label, "url": reverse(name), "views": _shown(request, of)}
        for of, name in PAGES.items()
    ]
    return render_page(request, "incidents/view/list.html", {"lists": lists})


def _shown(request: HttpRequest, of: str) -> list[dict[str, object]]:
    return [
        {"view": view, "address": address_of(view), "is_own": view.person_id == request.user.pk}
        for view in saved.views_of(request.user, of)
    ]


@page
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """One view: its name, its team, whether the list opens with it. Another's can be chosen, and by a lead unshared."""
    view = access.get_view(by=request.user, pk=pk)
    is_own = view.person_id == request.user.pk
    if request.method == "POST" and not is_own:
        raise NotAllowed("not_your_view", _("この見方は、ほかの方が保存したものです。"))
    memberships = team.my_memberships(request.user)
    is_default = saved.is_default(view, request.user)
    initial = {"name": view.name, "team": view.team_id, "is_default": is_default}
    form = SavedViewForm(request.POST or None, teams=saved.led_teams(memberships, also=view.team), initial=initial)
    verb = partial(verbs.change, view)
    if is_own and (answer := act(request, form, verb, said=_("保存しました。"), to=reverse("view-list"))):
        return answer
    context = {
        "form": form if is_own else None,
        "view": view,
        "is_own": is_own,
        "is_default": is_default,
        "leads_it": any(m.team_id == view.team_id and m.role == "lead" for m in memberships),
        "nav": PAGES[view.of],
        "title": view.name,
        "address": address_of(view),
        "described": filter_form(request, view.of, saved.conditions(view.query)).described(),
        "back_url": reverse("view-list"),
    }
    return render_page(request, "incidents/view/edit.html", context)


def _page_of(request: HttpRequest, pk: int) -> str:
    return reverse("view-edit", args=[access.get_view(by=request.user, pk=pk).pk])


@page
@posted(_page_of)
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the list with this view, or no longer (`no`)."""
    view = access.get_view(by=request.user, pk=pk)
    wanted = "no" not in request.POST
    verbs.choose(view, by=request.user, is_default=wanted)
    say(request, _("これからは、この見方で開きます。") if wanted else _("これからは、条件なしで開きます。"))
    return go(request, reverse("view-list"))


@page
@posted(_page_of)
def unshare(request: HttpRequest, pk: int) -> HttpResponse:
    view = access.get_view(by=request.user, pk=pk)
    if view.team_id:  # a second press finds nothing to do
        verbs.unshare(view, by=request.user)
    say(request, _("チームの一覧から外しました。"))
    return go(request, reverse("view-list"))


@page
@posted(_page_of)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = access.get_view(by=request.user, pk=pk)
    verbs.discard(view, by=request.user)
    say(request, _("見方「%(name)s」を消しました。記録はそのままです。") % {"name": view.name})
    return go(request, reverse("view-list"))
