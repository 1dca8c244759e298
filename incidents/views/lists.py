"""What the lists share: the frame around a page of rows, whatever they are of, and the saved views beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from incidents.enums import Role
from incidents.forms.filters import IncidentFilterForm, ListFilterForm, SeamFilterForm
from incidents.models import Person, SavedView
from incidents.queries import team
from incidents.queries import view as saved
from incidents.queries.paging import COUNTED, Slice
from incidents.views.base import chosen_slug

INCIDENTS, MEASURES = SavedView.Of.INCIDENTS, SavedView.Of.MEASURES
FORMS: dict[str, type[ListFilterForm]] = {INCIDENTS: IncidentFilterForm, MEASURES: SeamFilterForm}
PAGES = {INCIDENTS: "incident-list", MEASURES: "seam-list"}


def filter_form(request: HttpRequest, of: str, data: Any, *, people: list[Person] | None = None) -> ListFilterForm:
    """The conditions of a list out of an address, a form or a stored query. people: of the person's teams, if at hand."""
    memberships = team.my_memberships(request.user)
    people = team.people_of(memberships) if people is None else people
    return FORMS[of](data, memberships=memberships, people=people, me=request.user)


def address_of(view: SavedView) -> str:
    """Where a saved view opens; written anew out of what is stored, and looked at by the list as any address is."""
    return f"{reverse(PAGES[view.of])}?{urlencode({**saved.conditions(view.query), 'saved': view.pk})}"


def opening(request: HttpRequest, views: list[SavedView]) -> HttpResponse | None:
    """The bare address of a list leads to the team that is looked at, or to the view with which the person wants it to open."""
    if request.GET:
        return None
    slug = chosen_slug(request)
    mine = [membership.team.slug for membership in team.my_memberships(request.user)]
    if slug in mine and len(mine) > 1:
        return HttpResponseRedirect(f"{request.path}?{urlencode({'team': slug})}")
    chosen = next((view for view in views if view.is_default), None)
    return HttpResponseRedirect(address_of(chosen)) if chosen else None


def list_context(
    request: HttpRequest, form: ListFilterForm, found: Slice, *, of: str, views: list[SavedView], clear: str
) -> dict[str, Any]:
    """clear: the address of the list without conditions."""
    if form.of_another():
        found.count = None
    memberships = team.my_memberships(request.user)
    return {
        "form": form,
        "page": found,
        "of": of,
        "csv": reverse(f"{PAGES[of]}-csv"),
        "query": form.encoded(),
        "chosen": form.chosen(),
        "narrowing": form.narrowing(),
        "left_out": form.left_out(),
        "views": [(view, address_of(view), str(view.pk) == request.GET.get("saved")) for view in views],
        "led": [m.team_id for m in memberships if m.role == Role.LEAD],
        "several_teams": len(memberships) > 1,
        "counted": COUNTED,
        "clear": clear,
    }
