"""The organisation's own settings and its closed days. Only an administrator changes them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.errors import NotAllowed, Refused
from incidents.models import Closure, Incident, Membership, Organisation, Person, ReportClock, Team

SETTINGS = (
    "name",
    "language",
    "time_zone",
    "first_report_minutes",
    "report_opens_at",
    "report_closes_at",
    "closed_year_end",
    "closed_obon",
)


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
    """Change names of SETTINGS. Clocks that run already keep their end. Raises NotAllowed, Refused, ValidationError."""
    refuse_unless_administrator(by)
    organisation = Organisation.objects.select_for_update().get(pk=1)
    changes = audit_changes(organisation, {name: values[name] for name in SETTINGS if name in values})
    if organisation.report_opens_at >= organisation.report_closes_at:
        raise Refused(
            "hours_backwards",
            _("営業の終わりが、始まりより前になっています。"),
            _("終わりを始まりより後の時刻にしてください。"),
        )
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


@transaction.atomic
def set_report_clock(
    *,
    by: Person,
    minutes: int,
    team: Team | None = None,
    severity: str = "",
    business_hours: bool = False,
    clock: ReportClock | None = None,
) -> ReportClock:
    """Say how long the first report may take: for a team, a severity, both, or with neither for the whole house (B-3).

    minutes: at least 1; with business_hours they run only while the house is open. clock: the entry to change; None
    makes a new one. Clocks that run already keep their end. Raises NotAllowed, Refused.
    """
    refuse_unless_administrator(by)
    Organisation.objects.select_for_update().get(pk=1)  # two administrators enter the same pair one after the other
    target = ReportClock.objects.select_for_update(of=("self",)).get(pk=clock.pk) if clock else ReportClock()
    if minutes < 1:
        raise Refused("no_minutes", _("一次報告までの時間がありません。"), _("1分以上を入れてください。"))
    if ReportClock.objects.filter(team=team, severity=severity).exclude(pk=target.pk).exists():
        raise Refused(
            "clock_taken",
            _("そのチームと重大度の時計は、もう登録されています。"),
            _("登録ずみの時計をひらいて直してください。"),
        )
    wanted = {"team": team, "severity": severity, "minutes": minutes, "business_hours": business_hours}
    changes = audit_changes(target, wanted)
    if clock is None:
        changes = {name: (None, value) for name, value in wanted.items()}
    if changes:
        target.full_clean()
        target.save()
        audit.note(by, "clock.set", target, **changes)
    return target


@transaction.atomic
def remove_report_clock(clock: ReportClock, *, by: Person, reason: str = "") -> None:
    """The next wider clock counts again. Clocks that run already keep their end. Raises NotAllowed."""
    refuse_unless_administrator(by)
    audit.note(by, "clock.removed", clock, reason=reason, minutes=(clock.minutes, None))
    clock.delete()
