"""The first-report clock: its end stands on the record, and a follow-up tells those concerned (F1)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, ledger
from incidents.enums import SILENT_ENDS, FollowUpKind, FollowUpState
from incidents.errors import Refused
from incidents.models import FollowUp, Incident, Person
from incidents.queries.calendar import day_here
from incidents.queries.clock import report_due


def expected(incident: Incident) -> bool:
    """Whether somebody outside waits for a first report, given or not."""
    return rules.first_report_expected(incident.kind, someone_waits=bool(incident.who_waits.strip()))


def report_missing(incident: Incident) -> bool:
    """Whether somebody still waits for the first report; what has ended owes one only while its clock runs."""
    if incident.end:
        return incident.clock_is_running
    return expected(incident) and incident.first_reported_at is None and not incident.first_report_waived


def reckon(incident: Incident) -> None:
    """Set the end of the clock from who waits, the team, the severity and its start. Does not save.

    It starts with the notice; after a 不要, when somebody else began to wait (`restart`).

    Once the report is recorded or waived, the end that applied stays: whether it came in time is a fact (B-3).
    """
    if incident.first_reported_at is not None or incident.first_report_waived:
        return
    start = incident.first_report_from or incident.noticed_at
    incident.first_report_due_at = report_due(incident.team, incident.severity, start) if expected(incident) else None


def refuse_silence(incident: Incident) -> None:
    """Raises Refused when a record whose clock runs would come to have nobody who waits.

    The clock is stopped by a recorded first report, or by 不要 with a reason, and by nothing else (F1). Call it with
    the new values set, for a record whose clock ran before.
    """
    if not expected(incident):
        raise Refused(
            "clock_runs",
            _("一次報告の時計が動いています。"),
            _("先に一次報告を記録するか、理由を書いて一次報告を不要としてください。"),
            "first-report",
        )


def waits_anew(incident: Incident, *, who_waits: str, kind: str, another: bool) -> bool:
    """Whether an edit to these values makes somebody wait whom the 不要 of the record does not speak of.

    That is so when nobody waited before, or when the editor says so (`another`): a name that is only spelled otherwise
    starts nothing. Raises Refused when it is said and nobody would wait.
    """
    if incident.first_reported_at is not None or not incident.first_report_waived:
        return False
    waits = rules.first_report_expected(kind, someone_waits=bool(who_waits.strip()))
    if another and not waits:
        raise Refused(
            "nobody_waits",
            _("待っている方がいないため、一次報告の時計は動きません。"),
            _("待っている人を書き、種類をインシデントにするか、この印を外してください。"),
        )
    return waits and (another or not expected(incident))


def restart(incident: Incident) -> dict[str, tuple[Any, Any]]:
    """Take the 不要 back and let the clock count from now, for somebody else. Does not save; returns the changes."""
    names = ("first_report_waived", "first_report_from", "first_report_due_at")
    old = {name: getattr(incident, name) for name in names}
    incident.first_report_waived, incident.first_report_from = "", timezone.now()
    reckon(incident)
    return {name: (old[name], getattr(incident, name)) for name in names}


WAIVER_LENGTH = Incident._meta.get_field("first_report_waived").max_length


def waiver_of(reason: str) -> str:
    """The reason of an end as the reason why no first report is owed; whole it stands with the end."""
    return reason.strip()[:WAIVER_LENGTH]


def follow(incident: Incident, *, by: Person | None) -> None:
    """Bring the clock's follow-up to what the record says: begun, moved, handed over, kept or dropped.

    Call it inside the transaction of whatever changed the record. A record ended as 修理のみ still owes the report
    (invariant 7).
    """
    running = FollowUp.objects.filter(
        incident=incident, kind=FollowUpKind.FIRST_REPORT, state=FollowUpState.OPEN
    ).first()
    if incident.first_reported_at is not None:
        if running is not None:
            ledger.keep(running, by=by)
        return
    if not incident.first_report_due_at or incident.first_report_waived or incident.end in SILENT_ENDS:
        if running is not None:
            ledger.drop(running, reason="waived" if incident.first_report_waived else "closed")
        return
    owner = incident.owner or incident.recorded_by
    if owner is None:
        return
    backup = incident.backup if incident.backup_id != owner.pk else None
    due_at = incident.first_report_due_at
    if running is None:
        ledger.follow(
            kind=FollowUpKind.FIRST_REPORT,
            incident=incident,
            owner=owner,
            backup=backup,
            due_on=day_here(due_at),
            due_at=due_at,
            to_whom=incident.who_waits,
        )
        return
    if running.due_at != due_at:
        audit.note(by, "clock.moved", running, due_at=(running.due_at, due_at))
        ledger.move(running, due_on=day_here(due_at), due_at=due_at)
    if running.to_whom != incident.who_waits:
        running.to_whom = incident.who_waits
        running.save(update_fields=["to_whom", "updated_at"])
    if running.owner_id != owner.pk:
        ledger.hand_over(running, owner=owner, backup=backup)
    elif running.backup_id != (backup.pk if backup else None):
        ledger.change_backup(running, backup=backup)
