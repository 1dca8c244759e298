"""The final report's promise is kept in step with the record, as the first report's clock is (B-3)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, ledger
from incidents.domain.told import day_said, tell
from incidents.enums import EntryKind, FollowUpKind, FollowUpState
from incidents.models import FollowUp, Incident, Person
from incidents.queries.clock import final_report_due, final_report_facts, first_contained_at

# What the ledger says of rows that were still planned.
_LEDGER = {"waived": "waived", "settled": "settled", "ended": "closed"}


def promise_of(incident: Incident) -> FollowUp | None:
    """The record's one promise of a final report, open or over."""
    rows = FollowUp.objects.select_related("incident__team", "team", "owner", "backup")
    return rows.filter(incident=incident, kind=FollowUpKind.FINAL_REPORT).first()


def follow(incident: Incident, *, by: Person | None, begin: bool = True, note: str = "") -> FollowUp | None:
    """Bring the promise of the final report to what the record says: begun, moved, handed over, kept, dropped, given anew.

    Call it inside the transaction of whatever changed the record. It is told as every promise of a day and belongs to
    the record's owner and backup. begin: whether one may be made that was not there; a new owner alone makes none, so
    that old records handed over in bulk do not come up late. note: what was told, for a promise kept.
    Returns the promise, if there is one.
    """
    promise = promise_of(incident)
    is_open = promise is not None and promise.state == FollowUpState.OPEN
    if incident.final_reported_at is not None:
        if promise is not None and is_open:
            ledger.keep(promise, by=by, note=note)
        return promise
    contained_at = first_contained_at(incident)
    why_not = rules.no_final_report(final_report_facts(incident, contained_at))
    if why_not:
        if promise is not None and is_open:
            _drop(promise, incident, by=by, why_not=why_not)
        return promise
    due_on = final_report_due(incident, contained_at)
    owner = incident.owner or incident.recorded_by or (promise.owner if promise else by)
    if owner is None:
        return promise
    backup = incident.backup if incident.backup_id != owner.pk else None
    if promise is None:
        return _begin(incident, by=by, owner=owner, backup=backup, due_on=due_on) if begin else None
    if not is_open:
        _give_anew(promise, incident, by=by, owner=owner, backup=backup, due_on=due_on)
    else:
        _bring_along(promise, incident, by=by, owner=owner, backup=backup, due_on=due_on)
    return promise


def _begin(incident: Incident, *, by: Person | None, owner: Person, backup: Person | None, due_on: date) -> FollowUp:
    made = ledger.follow(
        kind=FollowUpKind.FINAL_REPORT,
        incident=incident,
        owner=owner,
        backup=backup,
        due_on=due_on,
        to_whom=incident.who_waits or incident.counterparty,
    )
    audit.note(by, "final_report.planned", made, due_on=(None, due_on))
    return made


def _bring_along(
    promise: FollowUp, incident: Incident, *, by: Person | None, owner: Person, backup: Person | None, due_on: date
) -> None:
    if promise.to_whom != (to_whom := incident.who_waits or incident.counterparty):
        promise.to_whom = to_whom
        promise.save(update_fields=["to_whom", "updated_at"])
    if promise.due_on != due_on:
        audit.note(by, "final_report.moved", promise, due_on=(promise.due_on, due_on))
        ledger.move(promise, due_on=due_on)
    if promise.owner_id != owner.pk:
        ledger.hand_over(promise, owner=owner, backup=backup)
    elif promise.backup_id != (backup.pk if backup else None):
        ledger.change_backup(promise, backup=backup)


def _drop(promise: FollowUp, incident: Incident, *, by: Person | None, why_not: str) -> None:
    """Not owed any more. The reason stands with the promise, in the trace and in the timeline."""
    said = str(rules.FINAL_REPORT_ENDS[why_not]) or incident.final_report_waived
    promise.closed_by, promise.closed_note = by, said
    ledger.drop(promise, reason=_LEDGER.get(why_not, "not_owed"))
    audit.note(by, "final_report.dropped", promise, reason=said)
    if why_not != "waived":  # 不要 has told it already
        text = _("最終報告は予定しません: %(reason)s") % {"reason": said}
        tell(incident, by=by, kind=EntryKind.FINAL_REPORT, text=text)


def _give_anew(
    promise: FollowUp, incident: Incident, *, by: Person | None, owner: Person, backup: Person | None, due_on: date
) -> None:
    old = promise.due_on
    ledger.follow_again(promise, owner=owner, backup=backup, due_on=due_on)
    audit.note(by, "final_report.planned", promise, due_on=(old, due_on))
    text = _("最終報告をまた予定します: %(day)s まで") % {"day": day_said(due_on)}
    tell(incident, by=by, kind=EntryKind.FINAL_REPORT, text=text)
