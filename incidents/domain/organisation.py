"""The organisation's own settings and its closed days. Only an administrator changes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, replan
from incidents.domain.ladder import BACKUP, FURTHEST, LADDER, LEAD, MOST_RUNGS, OWNER, Rungs, rungs_from
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
    "audit_address",
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
    """Change names of SETTINGS. Clocks that run already keep their end. Raises NotAllowed, Refused, ValidationError.

    When other days are closed now, every open promise follows in this transaction; `moved` of what is returned says how
    many did.
    """
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
        Organisation.zone_seen = organisation.time_zone
        if changes.keys() & {"closed_year_end", "closed_obon"}:
            organisation.moved = replan.calendar_changed()
        audit.note(by, "organisation.edited", organisation, **changes, **_moved(organisation.moved))
    return organisation


def _moved(promises: int) -> dict[str, tuple[None, int]]:
    """What the trace says of promises that moved."""
    return {"promises": (None, promises)} if promises else {}


def audit_changes(target: Any, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Set `values` on `target` without saving it, and return what differs as field=(old, new)."""
    changes = {name: (getattr(target, name), new) for name, new in values.items() if getattr(target, name) != new}
    for name, (_old, new) in changes.items():
        setattr(target, name, new)
    return changes


def ladder_of(wanted: Sequence[tuple[int, Collection[str]]]) -> Rungs:
    """These steps as a ladder, from the earliest to the latest (U1). Raises Refused for what would leave a promise silent.

    wanted: business days from the due date, before it negative, and the roles that are told: owner, backup, lead.
    """
    rungs = sorted((days, tuple(role for role in (OWNER, BACKUP, LEAD) if role in roles)) for days, roles in wanted)
    days = [rung[0] for rung in rungs]
    if not days or days[-1] < 0:
        raise Refused(
            "no_step_after",
            _("期限の日より前の段しかありません。"),
            _("期限の日か、そのあとの段を一つ以上入れてください。"),
        )
    if len(set(days)) < len(days):
        raise Refused("step_twice", _("同じ日の段が二つあります。"), _("一つの段にまとめてください。"))
    if days[0] < -FURTHEST or days[-1] > FURTHEST or len(days) > MOST_RUNGS:
        raise Refused(
            "step_too_far",
            _("段が期限から離れすぎているか、多すぎます。"),
            _("期限の前後%(days)d営業日のあいだに、%(most)d段までにしてください。")
            % {"days": FURTHEST, "most": MOST_RUNGS},
        )
    if not all(roles for _days, roles in rungs):
        raise Refused("step_without_role", _("だれにも知らせない段があります。"), _("知らせる人を選んでください。"))
    if any(days <= 0 and set(roles) - {OWNER} for days, roles in rungs):
        raise Refused(
            "help_before_due",
            _("代わりの人とリーダーへの段が、期限より前にあります。"),
            _("代わりの人とリーダーには、期限のあとに知らせてください。"),
        )
    return tuple(rungs)


@transaction.atomic
def set_ladder(*, by: Person, rungs: Sequence[tuple[int, Collection[str]]]) -> Organisation:
    """Say on which business days before and after a due date who is told (U1). Weekly for ever stays after it.

    rungs: as for `ladder_of`; empty means the usual ladder. Every open promise follows it from the next morning on, in
    this transaction: nobody is told a step again, and what was due stays due. Raises NotAllowed, Refused.
    """
    refuse_unless_administrator(by)
    wanted = ladder_of(rungs) if rungs else LADDER
    organisation = Organisation.objects.select_for_update().get(pk=1)
    old = rungs_from(organisation.ladder)
    if wanted != old:
        organisation.ladder = [] if wanted == LADDER else [[days, list(roles)] for days, roles in wanted]
        organisation.save(update_fields=["ladder", "updated_at"])
        audit.note(by, "organisation.ladder_changed", organisation, ladder=(_said(old), _said(wanted)))
        replan.ladder_changed()
    return organisation


def _said(rungs: Rungs) -> str:
    return ", ".join(f"{days:+d} {'/'.join(roles)}" for days, roles in rungs)


@transaction.atomic
def set_closure(
    *, by: Person, day: date, name: str, team: Team | None = None, works: bool = False, closure: Closure | None = None
) -> Closure:
    """Close a day, or open it with works=True; for one team, or for everybody with team=None.

    closure: the entry to change; None makes a new one. Every open promise of those concerned follows in this
    transaction: its steps ahead stand where they now belong, and nothing becomes late on a closed day; `moved` of what is
    returned says how many did. Raises NotAllowed, Refused when that day is entered already.
    """
    refuse_unless_administrator(by)
    target = Closure.objects.select_for_update().get(pk=closure.pk) if closure else Closure()
    if Closure.objects.filter(day=day, team=team).exclude(pk=target.pk).exists():
        raise Refused("day_taken", _("その日はもう登録されています。"), _("登録ずみの日をひらいて直してください。"))
    before = target.team if closure else team
    changes = audit_changes(target, {"day": day, "name": name, "team": team, "works": works} if closure else {})
    if closure is None:
        target = Closure(day=day, name=name, team=team, works=works)
        changes = {"day": (None, day), "works": (None, works)}
    if changes:
        target.full_clean()
        target.save()
        if changes.keys() - {"name"}:
            target.moved = _days_changed(before, team)
        audit.note(by, "closure.set", target, **changes, **_moved(target.moved))
    return target


def _days_changed(*of: Team | None) -> int:
    """The calendars of these have changed, None being everybody's. Returns how many promises moved."""
    if None in of:
        return replan.calendar_changed()
    return sum(replan.calendar_changed(team) for team in dict.fromkeys(of))


@transaction.atomic
def remove_closure(closure: Closure, *, by: Person, reason: str = "") -> int:
    """The day follows the ordinary calendar again, and open promises with it. Raises NotAllowed.

    Returns how many promises moved.
    """
    refuse_unless_administrator(by)
    Closure.objects.filter(pk=closure.pk).delete()  # its number stays for the trace
    moved = _days_changed(closure.team)
    audit.note(by, "closure.removed", closure, reason=reason, day=(closure.day, None), **_moved(moved))
    return moved


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
