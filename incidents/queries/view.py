"""Saved views: a list's conditions under a name. What is stored is read as carefully as any address is."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.db.models import Exists, OuterRef, QuerySet

from incidents.enums import Role
from incidents.models import DefaultView, Membership, Person, SavedView, Team
from incidents.queries import sheet
from incidents.queries.team import my_memberships, people_rows, standing_key

MOST_CONDITIONS = 40


def views_of(by: Person, of: str) -> list[SavedView]:
    """The person's views of a list and the shared ones, own ones first, each with `is_default`; one query."""
    found = sheet.ask(("views", standing_key(by), str(of)), lambda: {"views": _view_rows(by, of)})["views"]
    return _own_first(found, by)


def beside_list(by: Person, of: str) -> tuple[list[SavedView], list[Person]]:
    """What stands beside a list: its views as `views_of` gives them, and whom it may be narrowed to; one query."""
    teams = sorted(m.team_id for m in my_memberships(by))
    found = sheet.ask(
        ("beside list", standing_key(by), str(of)),
        lambda: {"views": _view_rows(by, of), "people": people_rows(teams)},
    )
    return _own_first(found["views"], by), found["people"]


def _own_first(views: list[SavedView], by: Person) -> list[SavedView]:
    return sorted(views, key=lambda view: view.person_id != by.pk)


def _view_rows(by: Person, of: str) -> QuerySet[SavedView]:
    mine = DefaultView.objects.filter(person=by, view=OuterRef("pk"))
    found = SavedView.objects.visible_to(by).filter(of=of).select_related("person", "team")
    return found.annotate(is_default=Exists(mine))


def is_default(view: SavedView, by: Person) -> bool:
    return DefaultView.objects.filter(person=by, view=view).exists()


def conditions(query: str) -> dict[str, str]:
    """The conditions out of a stored or typed query; {} when it is none. A filter form has to look at them yet."""
    try:
        pairs = parse_qsl(query[:3000], max_num_fields=MOST_CONDITIONS)
    except ValueError:
        return {}
    return dict(pairs)


def led_teams(memberships: list[Membership], also: Team | None = None) -> QuerySet[Team]:
    """Teams with which the person may share a view: those they lead, and where it is shared already."""
    ids = [m.team_id for m in memberships if m.role == Role.LEAD] + ([also.pk] if also else [])
    return Team.objects.filter(pk__in=ids).order_by("name")
