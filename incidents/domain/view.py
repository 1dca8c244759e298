"""見方: a list's filters and order under a name; one's own, shared with a team by its lead, opened at first."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit
from incidents.errors import NotAllowed, Refused
from incidents.models import DefaultView, Person, SavedView, Team
from incidents.queries import access

MOST = 50  # views of one person and list


def _refuse_unless_own(view: SavedView, by: Person) -> None:
    if view.person_id != by.pk:
        raise NotAllowed(
            "not_your_view",
            _("この見方は、ほかの方が保存したものです。"),
            _("条件を開いて、ご自分の見方として保存してください。"),
        )


def _refuse_name(by: Person, of: str, name: str, but: int | None = None) -> None:
    if not name:
        raise Refused("no_view_name", _("見方に名前がありません。"), _("短い名前をつけてください。"))
    if SavedView.objects.filter(person=by, of=of, name=name).exclude(pk=but).exists():
        raise Refused(
            "view_name_taken", _("同じ名前の見方がもうあります。"), _("別の名前にするか、前の見方を消してください。")
        )


def _refuse_share(by: Person, team: Team | None) -> None:
    """A view is put before a whole team by its lead alone."""
    if team is not None:
        rules.refuse_unless_lead(access.role_in(by, team.pk))


def _hold(by: Person) -> None:
    """The person's row, held until the transaction ends: two tabs at once become one after the other."""
    Person.objects.select_for_update().get(pk=by.pk)


@transaction.atomic
def save(
    *, by: Person, of: str, name: str, query: str, team: Team | None = None, is_default: bool = False
) -> SavedView:
    """Keep a list's conditions under a name.

    query: the conditions as they stand in an address, known ones alone (forms/filters.py `chosen`).
    team: share it with this team; its lead alone may. Raises NotAllowed, Refused.
    """
    _hold(by)
    name = name.strip()
    _refuse_name(by, of, name)
    _refuse_share(by, team)
    if SavedView.objects.filter(person=by, of=of).count() >= MOST:
        raise Refused(
            "too_many_views",
            _("一つの一覧に保存できる見方は%(n)s個までです。") % {"n": MOST},
            _("使わなくなった見方を消してください。"),
        )
    view = SavedView.objects.create(person=by, of=of, name=name, query=query, team=team)
    audit.note(by, "view.saved", view, team=(None, team))
    if is_default:
        choose(view, by=by, is_default=True)
    return view


@transaction.atomic
def change(view: SavedView, *, by: Person, name: str, team: Team | None = None, is_default: bool = False) -> SavedView:
    """Rename a view of one's own, share it with a team or take it back. Raises NotAllowed, Refused."""
    _refuse_unless_own(view, by)
    _hold(by)
    view = SavedView.objects.select_related("team").get(pk=view.pk)
    name = name.strip()
    _refuse_name(by, view.of, name, but=view.pk)
    if team != view.team:
        _refuse_share(by, team)
    new = {"name": name, "team": team}
    changes = {field: (getattr(view, field), value) for field, value in new.items() if getattr(view, field) != value}
    for field, value in new.items():
        setattr(view, field, value)
    if changes:
        view.save(update_fields=list(new))
        audit.note(by, "view.changed", view, **changes)
    if "team" in changes:
        _others_open_without(view)
    choose(view, by=by, is_default=is_default)
    return view


def _others_open_without(view: SavedView) -> None:
    """Who can no longer see the view does not open with it one day when it is shared again."""
    DefaultView.objects.filter(view=view).exclude(person=view.person_id).delete()


@transaction.atomic
def choose(view: SavedView, *, by: Person, is_default: bool) -> None:
    """Let the list open with this view, or no longer. For everybody who sees the view, each for themselves."""
    _hold(by)
    held = DefaultView.objects.filter(person=by, of=view.of)
    if is_default == held.filter(view=view).exists():
        return
    if is_default:
        DefaultView.objects.update_or_create(person=by, of=view.of, defaults={"view": view})
    else:
        held.delete()
    audit.note(by, "view.chosen", view, is_default=(not is_default, is_default))


@transaction.atomic
def unshare(view: SavedView, *, by: Person) -> SavedView:
    """Take a view from the team again: whoever saved it, or a lead of that team. Raises NotAllowed, Refused."""
    view = SavedView.objects.select_related("team").get(pk=view.pk)
    if view.team is None:
        raise Refused("not_shared", _("この見方は、どのチームとも共有していません。"))
    if view.person_id != by.pk:
        rules.refuse_unless_lead(access.role_in(by, view.team_id))
    old, view.team = view.team, None
    view.save(update_fields=["team"])
    audit.note(by, "view.changed", view, team=(old, None))
    _others_open_without(view)
    return view


@transaction.atomic
def discard(view: SavedView, *, by: Person) -> None:
    """Throw a view of one's own away; no record is touched by it. Raises NotAllowed."""
    _refuse_unless_own(view, by)
    audit.note(by, "view.deleted", view)
    view.delete()
