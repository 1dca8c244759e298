"""お約束: a time given to somebody outside is followed until it is kept (F1, F3, B-14)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, ledger
from incidents.domain import incident as incidents
from incidents.domain.countermeasure import members_only
from incidents.domain.further_report import refuse_past
from incidents.domain.incident import editor, lock
from incidents.domain.told import moment_said, tell
from incidents.enums import Channel, EntryKind, FollowUpKind, FollowUpState
from incidents.errors import Refused
from incidents.models import AuditEntry, FollowUp, Incident, Person
from incidents.queries import access
from incidents.queries.calendar import day_here

PROMISES = frozenset({FollowUpKind.PROMISE, FollowUpKind.NEXT_REPORT})


def _open(follow_up: FollowUp) -> FollowUp:
    """The promise as it is now. Raises Refused when it is over."""
    fresh = FollowUp.objects.select_related("incident", "team", "owner", "backup").get(pk=follow_up.pk)
    if fresh.state != FollowUpState.OPEN:
        raise Refused("promise_over", _("このお約束は、もう終わっています。"), "", "promises")
    return fresh


def _holder(incident: Incident) -> Person | None:
    """The record's owner; nobody once they have left the team, so that the report of a colleague is not refused."""
    owner = incident.owner
    return owner if owner and access.may_write(owner, incident.team_id) else None


@transaction.atomic
def promise(
    incident: Incident,
    *,
    by: Person,
    text: str,
    due_at: datetime,
    to_whom: str = "",
    owner: Person | None = None,
    kind: str = FollowUpKind.PROMISE,
) -> FollowUp:
    """Follow what was promised outside for a time: a call back, a refund, the next report.

    due_at: aware. owner: default the incident's while they work in its team, else whoever writes it down. The reminders come 15 minutes before,
    at the time, and every 30 minutes until it is marked. Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    if not text.strip():
        raise Refused("empty", _("何を約束したかが書かれていません。"), _("一行書いてください。"), "promises")
    refuse_past(due_at)
    owner = owner or _holder(current) or by
    members_only(current, owner)
    made = ledger.follow(
        kind=kind,
        incident=current,
        owner=owner,
        backup=current.backup if current.backup_id != owner.pk else None,
        due_on=day_here(due_at),
        due_at=due_at,
        text=text,
        to_whom=to_whom or current.who_waits,
    )
    audit.note(by, "promise.made", made, due_at=(None, due_at))
    tell(
        current,
        by=by,
        kind=EntryKind.PROMISE,
        text=_("お約束: %(text)s（%(when)s まで、担当 %(owner)s）")
        % {"text": text, "when": moment_said(due_at), "owner": owner},
    )
    return made


@transaction.atomic
def keep(follow_up: FollowUp, *, by: Person, note: str = "") -> FollowUp:
    """守りました: the reminders end. Lateness is a fact of the two times, nothing else. Raises NotAllowed, Refused."""
    editor(by, follow_up.incident)
    incident = lock(follow_up.incident)
    follow_up = _open(follow_up)
    audit.note(by, "promise.kept", follow_up, reason=note)
    tell(
        incident,
        by=by,
        kind=EntryKind.PROMISE,
        text=_("お約束を守りました: %(text)s。%(note)s") % {"text": follow_up.what, "note": note},
    )
    ledger.keep(follow_up, by=by, note=note)
    return follow_up


@transaction.atomic
def move(follow_up: FollowUp, *, by: Person, due_at: datetime, reason: str, told: bool) -> FollowUp:
    """Give the promise another time. Whoever waits is told first; a promise moved in silence is a broken one.

    told: the other side knows of the new time. Raises NotAllowed, Refused.
    """
    editor(by, follow_up.incident)
    incident = lock(follow_up.incident)
    follow_up = _open(follow_up)
    refuse_past(due_at)
    if due_at == follow_up.due_at:
        raise Refused("same_time", _("時刻は変わっていません。"), _("別の時刻を入れてください。"), "promises")
    if not reason.strip():
        raise Refused(
            "no_reason", _("理由が書かれていません。"), _("時刻を動かす理由を一行書いてください。"), "promises"
        )
    if not told:
        raise Refused(
            "not_told",
            _("相手にまだ伝えていません。"),
            _("先に新しい時刻を伝えてから、「伝えました」に印をつけてください。"),
            "promises",
        )
    audit.note(by, "promise.moved", follow_up, reason=reason, due_at=(follow_up.due_at, due_at))
    tell(
        incident,
        by=by,
        kind=EntryKind.PROMISE,
        text=_("お約束の時刻を変更: %(text)s %(old)s → %(new)s（%(reason)s）")
        % {"text": follow_up.what, "old": moment_said(follow_up.due_at), "new": moment_said(due_at), "reason": reason},
    )
    ledger.move(follow_up, due_on=day_here(due_at), due_at=due_at)
    return follow_up


@transaction.atomic
def hand_over(follow_up: FollowUp, *, by: Person, owner: Person) -> FollowUp:
    """Let somebody else keep the promise. Raises NotAllowed, Refused."""
    editor(by, follow_up.incident)
    incident = lock(follow_up.incident)
    follow_up = _open(follow_up)
    if owner.pk == follow_up.owner_id:
        raise Refused("same_owner", _("担当は変わっていません。"), _("別の方を選んでください。"))
    members_only(incident, owner)
    audit.note(by, "promise.handed_over", follow_up, owner=(follow_up.owner, owner))
    backup = follow_up.backup if follow_up.backup_id != owner.pk else None
    ledger.hand_over(follow_up, owner=owner, backup=backup)
    return follow_up


@transaction.atomic
def report_first(
    incident: Incident,
    *,
    by: Person,
    channel: str,
    reported_at: datetime,
    note: str = "",
    next_at: datetime | None = None,
    no_next: str = "",
) -> Incident:
    """Record the first report and the time of the next one together: both or neither (F1, F3). Raises as both do."""
    current = incidents.record_first_report(incident, by=by, channel=channel, reported_at=reported_at, note=note)
    promise_next(current, by=by, next_at=next_at, no_next=no_next)
    return current


@transaction.atomic
def report_again(
    incident: Incident,
    *,
    by: Person,
    channel: str,
    reported_at: datetime,
    note: str,
    next_at: datetime | None,
    no_next: str = "",
) -> Incident:
    """Record a further report (続報): it keeps the promise of one and gives the next time (F3).

    next_at: aware, or None with `no_next`, why no further report is needed; neither is asked for where none is to come
    by itself (`Incident.report_follows`). Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    if current.first_reported_at is None:
        raise Refused(
            "first_report_missing",
            _("待っている方への一次報告がまだです。"),
            _("先に一次報告を記録してください。"),
            "first-report",
        )
    if reported_at < current.noticed_at.replace(second=0, microsecond=0):  # a browser's field has no seconds
        raise Refused(
            "report_before_notice",
            _("報告の時刻が、気づいた時刻より前です。"),
            _("どちらかの時刻を直してください。"),
            "promises",
        )
    if rules.is_ahead(reported_at, timezone.now()):
        raise Refused(
            "report_in_future", _("報告の時刻が未来になっています。"), _("伝えた時刻を入れてください。"), "promises"
        )
    # Not the lines of the timeline: a 不要 that was taken back is a line too, and no report.
    again = AuditEntry.objects.filter(incident_id=current.pk, verb="incident.reported_again").count()
    said = _("第%(n)s報（%(channel)s）: %(note)s") % {"n": again + 2, "channel": Channel(channel).label, "note": note}
    tell(current, by=by, kind=EntryKind.FIRST_REPORT, text=said, event_at=reported_at)
    audit.note(by, "incident.reported_again", current, channel=("", channel))
    close_reports(current, by=by, note=note)
    promise_next(current, by=by, next_at=next_at, no_next=no_next)
    return current


def close_reports(incident: Incident, *, by: Person, note: str = "") -> None:
    """A report that went out keeps every open promise of one. Inside the caller's transaction."""
    for follow_up in FollowUp.objects.open().filter(incident=incident, kind=FollowUpKind.NEXT_REPORT):
        audit.note(by, "promise.kept", follow_up)
        ledger.keep(follow_up, by=by, note=note)


def promise_next(incident: Incident, *, by: Person, next_at: datetime | None, no_next: str = "") -> None:
    """The next report's time, required while more is to come: whoever waits must know when they hear again (F3).

    Raises Refused.
    """
    if next_at is None and not no_next.strip():
        if not incident.report_follows:
            return
        raise Refused(
            "no_next_report",
            _("次の報告の時刻が決まっていません。"),
            _("時刻を入れるか、次の報告がいらない理由を書いてください。"),
            "first-report",
        )
    if next_at is not None:
        promise(incident, by=by, text=_("続報"), due_at=next_at, kind=FollowUpKind.NEXT_REPORT)
    else:
        tell(
            incident,
            by=by,
            kind=EntryKind.PROMISE,
            text=_("次の報告は予定しません: %(reason)s") % {"reason": no_next},
        )
