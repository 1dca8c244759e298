"""The organisation's own settings and its closed days. Only an administrator changes them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.errors import NotAllowed, Refused
from incidents.models import Closure, Incident, Membership, Organisation, Person, Team

SETTINGS = ("name", "language", "time_zone", "first_report_minutes", "closed_year_end", "closed_obon")


def refuse_unless_administrator(by: Person) -> None:
    """Raises NotAllowed for everybody but an administrator; asked in each verb, because a form can be old."""
    if not by.is_staff:
        raise NotAllowed("not_admin", _("この操作は組織の管理者が行います。"), _("管理者に頼んでください。"))


def refuse_unless_member(by: Person, incident: Incident) -> None:
    """Raises NotAllowed for an administrator who stands outside the record's team."""
    if not Membership.objects.filter(person=by, team_id=incident.team_id).exists():
        raise NotAllowed(
            "not_member",
            _("管理者はチームの外に立つので、この記録は変えられません。"),
            _("チームのリーダーに頼むか、ご自身をチームのメンバーに加えてください。"),
        )


@transaction.atomic
def edit(*, by: Person, **values: Any) -> Organisation:
    """Change names of SETTINGS. Raises NotAllowed, ValidationError."""
    refuse_unless_administrator(by)
    organisation = Organisation.objects.select_for_update().get(pk=1)
    changes = audit_changes(organisation, {name: values[name] for name in SETTINGS if name in values})
    if changes:
        organisation.full_clean()
        organisation.save(update_fields=[*changes, "updated_at"])
        audit.note(by, "organisation.edited", organisation, **changes)
    return organisation


def audit_changes(target: Any, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Set `values` on `target` without saving it, and return what differs as field=(old, new)."""
    changes = {name: (getattr(target, name), new) for name, new in values.items() if getattr(target, name) != new}
    for name, (_old, new) in changes.items():
        setattr(target, name, new)
    return changes


@transaction.atomic
def set_closure(
    *, by: Person, day: date, name: str, team: Team | None = None, works: bool = False, closure: Closure | None = None
) -> Closure:
    """Close a day, or open it with works=True; for one team, or for everybody with team=None.

    closure: the entry to change; None makes a new one. What is already planned for a day that closes is told on the
    next business morning. Raises NotAllowed, Refused when that day is entered already.
    """
    refuse_unless_administrator(by)
    target = Closure.objects.select_for_update().get(pk=closure.pk) if closure else Closure()
    if Closure.objects.filter(day=day, team=team).exclude(pk=target.pk).exists():
        raise Refused("day_taken", _("その日はもう登録されています。"), _("登録ずみの日をひらいて直してください。"))
    changes = audit_changes(target, {"day": day, "name": name, "team": team, "works": works} if closure else {})
    if closure is None:
        target = Closure(day=day, name=name, team=team, works=works)
        changes = {"day": (None, day), "works": (None, works)}
    if changes:
        target.full_clean()
        target.save()
        audit.note(by, "closure.set", target, **changes)
    return target


@transaction.atomic
def remove_closure(closure: Closure, *, by: Person, reason: str = "") -> None:
    """The day follows the ordinary calendar again. Raises NotAllowed."""
    refuse_unless_administrator(by)
    audit.note(by, "closure.removed", closure, reason=reason, day=(closure.day, None))
    closure.delete()
