"""見直し: what was left for later comes back on its day, and what is gold is asked after a year (M5, V4)."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, cause, ledger
from incidents.domain.incident import editor, lock, refresh_stage, tell
from incidents.enums import Anniversary, EntryKind, FollowUpKind, FollowUpState, MeasureStatus, Role
from incidents.errors import NotAllowed, Refused
from incidents.models import Countermeasure, FollowUp, Incident, Person, RootCause
from incidents.queries.calendar import today_here

STAYS, TAKEN_UP = "stays", "taken_up"  # FollowUp.outcome of a review; an anniversary's is a member of Anniversary


def a_year_after(day: date) -> date:
    """The same day of the next year; 28 February for a leap day."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def plan_anniversary(measure: Countermeasure, incident: Incident, *, after: date) -> FollowUp:
    """Ask the owner a year after `after` whether the measure still lives (V4). In the caller's transaction."""
    return ledger.follow(
        kind=FollowUpKind.ANNIVERSARY,
        incident=incident,
        owner=measure.owner,
        backup=measure.backup,
        due_on=a_year_after(after),
        review_of=measure,
    )


def _open(follow_up: FollowUp, *kinds: str) -> FollowUp:
    """The promise as it is now. Raises Refused when it has been answered or is of another kind."""
    fresh = FollowUp.objects.select_related(
        "review_of__incident", "review_of__owner", "review_of__backup", "review_of__root", "root__incident"
    ).get(pk=follow_up.pk)
    if fresh.kind not in kinds or fresh.state != FollowUpState.OPEN:
        raise Refused("review_closed", _("この見直しは、もう終わっています。"))
    return fresh


def _close(follow_up: FollowUp, outcome: str, note: str, by: Person) -> None:
    follow_up.outcome, follow_up.closed_note, follow_up.closed_by = outcome, note, by
    follow_up.save(update_fields=["outcome", "closed_note", "closed_by", "updated_at"])
    ledger.keep(follow_up, by=by)


@transaction.atomic
def leave(follow_up: FollowUp, *, by: Person, again_on: date | None, reason: str) -> FollowUp:
    """まだこのまま: what is not done, or the accepted risk, stays so until `again_on`, for a reason (M5).

    Who decided, or a lead; a risk is a lead's alone. Works on a record that has ended (invariant 7).
    Returns the new promise to look again. Raises NotAllowed, Refused.
    """
    role = editor(by, follow_up.incident)
    incident = lock(follow_up.incident)
    follow_up = _open(follow_up, FollowUpKind.NOT_DOING_REVIEW, FollowUpKind.RISK_REVIEW)
    is_risk = follow_up.kind == FollowUpKind.RISK_REVIEW
    if role != Role.LEAD and (is_risk or by.pk != follow_up.owner_id):
        raise NotAllowed("not_lead", _("この操作はリーダーが行います。"), _("チームのリーダーに頼んでください。"))
    if not reason.strip():
        raise Refused("no_reason", _("このままにする理由が書かれていません。"), _("理由を一行書いてください。"))
    if again_on is None or again_on <= today_here():
        raise Refused(
            "review_in_past", _("見直す日が今日より前か今日です。"), _("明日か、それより後の日付を入れてください。")
        )
    old = follow_up.due_on
    target = follow_up.root if is_risk else follow_up.review_of
    if is_risk:
        target.risk_review_on = again_on
        target.save(update_fields=["risk_review_on", "updated_at"])
    else:
        target.not_doing_review_on = again_on
        target.save(update_fields=["not_doing_review_on", "updated_at"])
    audit.note(by, "review.left", target, reason=reason, review_on=(old, again_on))
    _close(follow_up, STAYS, reason, by)
    tell(
        incident,
        by=by,
        kind=EntryKind.CAUSE if is_risk else EntryKind.MEASURE,
        text=_("見直し: 「%(title)s」はこのまま（次は %(when)s）。%(reason)s")
        % {"title": target, "when": again_on, "reason": reason},
    )
    pointer = {"root": target} if is_risk else {"review_of": target}
    return ledger.follow(
        kind=follow_up.kind, incident=incident, owner=by, backup=follow_up.backup, due_on=again_on, **pointer
    )


@transaction.atomic
def take_up(follow_up: FollowUp, *, by: Person, reason: str = "") -> FollowUp:
    """取り組む: the measure is an idea again, or the risk is accepted no more and its gate shuts (M5).

    Raises NotAllowed, Refused.
    """
    editor(by, follow_up.incident)
    incident = lock(follow_up.incident)
    rules.refuse_change(incident.stage)
    follow_up = _open(follow_up, FollowUpKind.NOT_DOING_REVIEW, FollowUpKind.RISK_REVIEW)
    if follow_up.kind == FollowUpKind.RISK_REVIEW:
        _take_risk_back(follow_up.root, by, reason)
        kind, said = EntryKind.CAUSE, _("リスクの受け入れをやめ、取り組みます: %(title)s")
    else:
        _propose_again(follow_up.review_of, by, reason)
        kind, said = EntryKind.MEASURE, _("実施しないとした対策に取り組みます: %(title)s")
    _close(follow_up, TAKEN_UP, reason, by)
    tell(incident, by=by, kind=kind, text=said % {"title": follow_up.root or follow_up.review_of})
    refresh_stage(incident, by=by)
    return follow_up


def _take_risk_back(root: RootCause, by: Person, reason: str) -> None:
    kept = {"risk_reason": (root.risk_reason, ""), "review_on": (root.risk_review_on, None)}
    audit.note(by, "root.risk_withdrawn", root, reason=reason, **kept)
    root.risk_reason, root.risk_review_on, root.risk_by = "", None, None
    root.save(update_fields=["risk_reason", "risk_review_on", "risk_by", "updated_at"])


def _propose_again(measure: Countermeasure, by: Person, reason: str) -> None:
    """An idea again; why it was not done stays in the trace."""
    changes = {"status": (measure.status, MeasureStatus.PROPOSED), "not_doing_reason": (measure.not_doing_reason, "")}
    if measure.not_doing_draft:
        changes["not_doing_draft"] = (measure.not_doing_draft, "")
    audit.note(by, "measure.taken_up", measure, reason=reason, **changes)
    measure.status, measure.committed_at, measure.weak_reason = MeasureStatus.PROPOSED, None, ""
    measure.not_doing_reason, measure.not_doing_by, measure.not_doing_review_on = "", None, None
    measure.not_doing_draft = ""
    measure.save()


@transaction.atomic
def answer_anniversary(follow_up: FollowUp, *, by: Person, answer: str, note: str) -> FollowUp:
    """A year after gold: 続いている plans the next year, 形骸化している reopens the cause, もう要らない ends it (V4).

    answer: a member of Anniversary. note: what was seen. Raises NotAllowed, Refused.
    """
    editor(by, follow_up.incident)
    incident = lock(follow_up.incident)
    follow_up = _open(follow_up, FollowUpKind.ANNIVERSARY)
    if not note.strip():
        raise Refused("no_note", _("何を見てそう思うかが書かれていません。"), _("いまのようすを一行書いてください。"))
    measure = follow_up.review_of
    label = Anniversary(answer).label
    audit.note(by, "review.anniversary", measure, reason=note, answer=("", str(label)))
    _close(follow_up, answer, note, by)
    tell(
        incident,
        by=by,
        kind=EntryKind.CHECK,
        text=_("一年後の確かめ（%(answer)s）: %(title)s。%(note)s")
        % {"answer": label, "title": measure.title, "note": note},
    )
    if answer == Anniversary.HOLDS:
        plan_anniversary(measure, incident, after=today_here())
    elif answer == Anniversary.HOLLOW:
        fail(measure, by=by, reason=note)
        refresh_stage(incident, by=by)
    return follow_up


def fail(measure: Countermeasure, *, by: Person, reason: str) -> None:
    """The measure did not hold: it is ineffective, its cause is open again, what was still asked of it ends.

    In the caller's transaction; its story stays (invariant 3). The caller refreshes the stage.
    """
    old = measure.status
    measure.status = MeasureStatus.INEFFECTIVE
    measure.save(update_fields=["status", "updated_at"])
    audit.note(by, "measure.judged", measure, reason=reason, status=(old, measure.status))
    cause.reopen(measure.root, by=by, reason=reason)
    still_asked = FollowUp.objects.filter(check_plan__measure=measure) | FollowUp.objects.filter(review_of=measure)
    for follow_up in still_asked.filter(state=FollowUpState.OPEN):
        follow_up.closed_by, follow_up.closed_note = by, reason
        follow_up.save(update_fields=["closed_by", "closed_note", "updated_at"])
        ledger.drop(follow_up, reason="ineffective")
