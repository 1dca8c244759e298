"""最終報告: given, agreed for another day, or not needed. Its text and its frozen copy are for the reports (L2, L3)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, clock, final_clock
from incidents.domain.incident import editor, lock
from incidents.domain.promise import close_reports
from incidents.domain.told import day_said, tell
from incidents.enums import Channel, EntryKind, FollowUpState
from incidents.errors import Refused
from incidents.models import Incident, Person
from incidents.queries.calendar import today_here

HERE = "final-report"


def _begin(incident: Incident, *, by: Person) -> Incident:
    """The record's row, held; where a final report has its place. Raises NotAllowed, Refused."""
    editor(by, incident)
    current = lock(incident)
    rules.refuse_final_report(
        end=current.end,
        given=current.final_reported_at is not None,
        has_other_side=current.has_other_side,
        first_report_missing=clock.report_missing(current),
    )
    return current


@transaction.atomic
def give(incident: Incident, *, by: Person, channel: str, reported_at: datetime, note: str) -> Incident:
    """Record that the final report was given: when, by which channel, what was told. The reminders of it end.

    It keeps what was promised of a further report too: after the final one none is to come. A late one is recorded all
    the same. reported_at: aware. Raises NotAllowed, Refused.
    """
    current = _begin(incident, by=by)
    if not note.strip():
        raise Refused(
            "empty", _("伝えたことが書かれていません。"), _("原因と対策のあらましを一行書いてください。"), HERE
        )
    before = max(current.noticed_at, current.first_reported_at or current.noticed_at)
    if reported_at < before.replace(second=0, microsecond=0):  # a browser's field has no seconds
        raise Refused(
            "final_before_first",
            _("最終報告の時刻が、一次報告か気づいた時刻より前です。"),
            _("どちらかの時刻を確かめてください。"),
            HERE,
        )
    if rules.is_ahead(reported_at, timezone.now()):
        raise Refused(
            "report_in_future", _("報告の時刻が未来になっています。"), _("伝えた時刻を入れてください。"), HERE
        )
    current.final_reported_at, current.final_report_channel = reported_at, channel
    waived, current.final_report_waived = current.final_report_waived, ""
    current.save(
        update_fields=["final_reported_at", "final_report_channel", "final_report_waived", "updated_at"],
    )
    changes = {"final_report_waived": (waived, "")} if waived else {}
    audit.note(
        by,
        "final_report.given",
        current,
        final_reported_at=(None, reported_at),
        final_report_channel=("", channel),
        **changes,
    )
    said = {"channel": Channel(channel).label, "note": note.strip()}
    text = _("最終報告（%(channel)s）: %(note)s") % said
    tell(current, by=by, kind=EntryKind.FINAL_REPORT, text=text, event_at=reported_at)
    final_clock.follow(current, by=by, note=note.strip())
    close_reports(current, by=by, note=note.strip())
    return current


@transaction.atomic
def agree(incident: Incident, *, by: Person, due_on: date, reason: str, told: bool) -> Incident:
    """Give the final report the day that was agreed with the other side; from then on no severity moves it.

    Also where none was to come: before a containment, with S4, or after 不要, which is taken back. Whoever waits is told
    first; a promise moved in silence is a broken one. told: they know of the day. Raises NotAllowed, Refused.
    """
    current = _begin(incident, by=by)
    if current.customer_closed_at:
        raise Refused(
            "already_settled",
            _("対外完了は、もう記録されています。"),
            _("最終報告を約束するときは、先に対外完了を取り消してください。"),
            "outside",
        )
    if due_on < today_here():
        raise Refused("due_in_past", _("期限が過去の日付です。"), _("今日かそれより後の日付を入れてください。"), HERE)
    promise = final_clock.promise_of(current)
    old = promise.due_on if promise is not None and promise.state == FollowUpState.OPEN else None
    if due_on == old:
        raise Refused("same_day", _("期限は変わっていません。"), _("別の日付を入れてください。"), HERE)
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("この日にした理由を一行書いてください。"), HERE)
    if not told:
        raise Refused(
            "not_told",
            _("相手にまだ伝えていません。"),
            _("先に新しい日を伝えてから、「伝えました」に印をつけてください。"),
            HERE,
        )
    changes = {
        "final_report_agreed_on": (current.final_report_agreed_on, due_on),
        "final_report_waived": (current.final_report_waived, ""),
    }
    current.final_report_agreed_on, current.final_report_waived = due_on, ""
    current.save(update_fields=["final_report_agreed_on", "final_report_waived", "updated_at"])
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    audit.note(by, "final_report.agreed", current, reason=reason, due_on=(old, due_on), **changes)
    said = {"day": day_said(due_on), "reason": reason.strip()}
    text = _("最終報告の日を相手と決めました: %(day)s（%(reason)s）") % said
    tell(current, by=by, kind=EntryKind.FINAL_REPORT, text=text)
    final_clock.follow(current, by=by)
    return current


@transaction.atomic
def waive(incident: Incident, *, by: Person, reason: str) -> Incident:
    """Say why no final report is needed, such as that the other side wants none. Raises NotAllowed, Refused."""
    current = _begin(incident, by=by)
    if current.final_report_waived:
        raise Refused("final_report_waived", _("最終報告は、もう不要とされています。"), "", HERE)
    if not reason.strip():
        raise Refused("no_reason", _("不要な理由が書かれていません。"), _("理由を一行書いてください。"), HERE)
    changes = {"final_report_waived": ("", reason.strip())}
    if current.final_report_agreed_on:
        changes["final_report_agreed_on"] = (current.final_report_agreed_on, None)
    current.final_report_waived, current.final_report_agreed_on = reason.strip(), None
    current.save(update_fields=["final_report_waived", "final_report_agreed_on", "updated_at"])
    audit.note(by, "final_report.waived", current, reason=reason, **changes)
    text = _("最終報告は不要: %(reason)s") % {"reason": reason.strip()}
    tell(current, by=by, kind=EntryKind.FINAL_REPORT, text=text)
    final_clock.follow(current, by=by)
    return current
