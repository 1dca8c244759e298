"""期限の相談: a promised date moves by a request with a reason, which a lead answers (M3)."""

from __future__ import annotations

from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, countermeasure
from incidents.domain.further_report import follow_report, refuse_without_draft
from incidents.domain.incident import editor, lock
from incidents.domain.told import day_said, tell
from incidents.enums import EntryKind, RequestState, Role
from incidents.errors import Refused
from incidents.models import Countermeasure, DueRequest, Incident, Person
from incidents.queries.calendar import business_calendar, house_zone, today_here

REPORT_BY = time(17, 0)  # the hour until which the other side is told of a new date, on the next business day


@transaction.atomic
def ask(measure: Countermeasure, *, by: Person, due_on: date, reason: str, draft: str = "") -> DueRequest:
    """Ask to move the due date of a promised measure. A lead's own request is granted at once.

    due_on: a local date. draft: what the other side will be told; required when the date was promised outside.
    Raises NotAllowed, Refused; while one request is open a second is refused.
    """
    role = editor(by, measure.incident)
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team").get(pk=measure.pk)
    rules.refuse_due_change(status=measure.status, old=measure.due_on, due_on=due_on, reason=reason, today=today_here())
    refuse_without_draft(
        measure,
        draft,
        reason=_("お客様にお約束した期限です。先方に伝える続報の下書きがまだありません。"),
        fix=_("新しい期限と理由を、先方に伝える文で書いてください。"),
    )
    if DueRequest.objects.filter(measure=measure, state=RequestState.ASKED).exists():
        raise Refused(
            "already_asked",
            _("この対策には、返事待ちの期限の相談があります。"),
            _("リーダーの返事を待つか、リーダーに声をかけてください。"),
        )
    wish = DueRequest.objects.create(
        measure=measure, due_on=due_on, old_due_on=measure.due_on, reason=reason, draft=draft, asked_by=by
    )
    audit.note(by, "due_request.asked", wish, reason=reason, due_on=(measure.due_on, due_on))
    if role == Role.LEAD:
        return grant(wish, by=by)
    tell(
        incident,
        by=by,
        kind=EntryKind.MEASURE,
        text=_("期限の相談: %(title)s %(old)s → %(new)s（%(reason)s）")
        % {"title": measure.title, "old": day_said(measure.due_on), "new": day_said(due_on), "reason": reason},
    )
    return wish


def _open(wish: DueRequest) -> DueRequest:
    """The request as it is now. Raises Refused when it has been answered."""
    fresh = DueRequest.objects.select_related("measure__incident__team", "measure__owner").get(pk=wish.pk)
    if fresh.state != RequestState.ASKED:
        raise Refused("request_closed", _("この期限の相談には、もう返事が出ています。"))
    return fresh


def _decide(wish: DueRequest, state: str, by: Person, note: str) -> None:
    wish.state, wish.decided_by, wish.decided_at, wish.decision_note = state, by, timezone.now(), note[:300]
    wish.save(update_fields=["state", "decided_by", "decided_at", "decision_note", "updated_at"])


@transaction.atomic
def grant(wish: DueRequest, *, by: Person, note: str = "") -> DueRequest:
    """Grant it: date, ledger and effect check move. What was promised outside becomes a report that is due (M3).

    Raises NotAllowed for everybody but a lead, Refused when it is answered already or the new date has passed.
    """
    rules.refuse_unless_lead(editor(by, wish.measure.incident))
    incident = lock(wish.measure.incident)
    wish = _open(wish)
    refuse_without_draft(  # promised outside only after it was asked
        wish.measure,
        wish.draft,
        reason=_("相談のあとで、お客様にお約束した対策になりました。続報の下書きがまだありません。"),
        fix=_("いったん見送り、下書きを添えて相談し直してもらってください。"),
    )
    measure = countermeasure.change_due(wish.measure, by=by, due_on=wish.due_on, reason=wish.reason)
    _decide(wish, RequestState.GRANTED, by, note)
    audit.note(by, "due_request.granted", wish, reason=note, due_on=(wish.old_due_on, wish.due_on))
    if measure.promised_outside:
        _promise_report(incident, measure, wish, by)
    return wish


def _promise_report(incident: Incident, measure: Countermeasure, wish: DueRequest, by: Person) -> None:
    """The other side hears of the new date by 17:00 of the next business day."""
    on = business_calendar(incident.team_id).add_business_days(today_here(), 1)
    follow_report(
        incident,
        measure,
        by=by,
        owner=wish.asked_by,
        text=_("期限の変更を先方に伝える: %(title)s") % {"title": measure.title},
        due_at=datetime.combine(on, REPORT_BY, tzinfo=house_zone()),
    )


@transaction.atomic
def refuse(wish: DueRequest, *, by: Person, note: str) -> DueRequest:
    """Leave the date as it is, with a reason that the asker reads. Raises NotAllowed, Refused."""
    rules.refuse_unless_lead(editor(by, wish.measure.incident))
    incident = lock(wish.measure.incident)
    wish = _open(wish)
    if not note.strip():
        raise Refused("no_reason", _("見送る理由が書かれていません。"), _("理由を一行書いてください。"))
    _decide(wish, RequestState.REFUSED, by, note)
    audit.note(by, "due_request.refused", wish, reason=note, due_on=(wish.due_on, wish.old_due_on))
    tell(
        incident,
        by=by,
        kind=EntryKind.MEASURE,
        text=_("期限の相談を見送り: %(title)s（%(reason)s）") % {"title": wish.measure.title, "reason": note},
    )
    return wish
