from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents import rules
from incidents.domain import audit, cause, gain, ledger, review
from incidents.domain.countermeasure import members_only
from incidents.domain.incident import editor, lock, refresh_stage, tell
from incidents.enums import EntryKind, FollowUpKind, FollowUpState, MeasureStatus, Outcome
from incidents.errors import Refused
from incidents.models import Countermeasure, EffectCheck, FollowUp, Incident, Person
from incidents.queries.calendar import day_here, today_here


def is_over(check: EffectCheck, measure: Countermeasure) -> bool:
    """Whether nobody is asked any more: it was decided, or its measure failed or was given up before."""
    return bool(check.outcome) or measure.status in {MeasureStatus.INEFFECTIVE, MeasureStatus.NOT_DOING}


def refusal(check: EffectCheck, *, by: Person) -> Refused | None:
    """Why this person cannot say now whether the measure works, before they write what they saw; None when they can."""
    measure = check.measure
    try:
        rules.refuse_outcome(
            measure_status=measure.status,
            check_open=not is_over(check, measure),
            owner_id=measure.owner_id,
            by_id=by.pk,
            done_by_id=measure.done_by_id,
            note="-",
        )
    except Refused as why:
        return why
    return None


@transaction.atomic
def record_outcome(
    check: EffectCheck, *, by: Person, outcome: str, note: str, again_on: date | None = None, **gained: int | None
) -> EffectCheck:
    """Say whether the measure works. Gold only here, and never by its owner (invariant 3, V2).

    note: what was seen. again_on: for "partly" and "inconclusive", when to look again.
    gained: names of gain.FIELDS, where the checker has learned what the measure took away (A-4); the rest stays.
    Ineffective reopens the root cause and keeps the history. Raises NotAllowed, Refused.
    """
    editor(by, check.measure.incident)
    incident = lock(check.measure.incident)
    measure = Countermeasure.objects.select_related("incident__team", "owner", "backup", "root").get(
        pk=check.measure_id
    )
    check = EffectCheck.objects.select_related("follow_up", "checker").get(pk=check.pk)
    rules.refuse_outcome(
        measure_status=measure.status,
        check_open=not is_over(check, measure),
        owner_id=measure.owner_id,
        by_id=by.pk,
        done_by_id=measure.done_by_id,
        note=note,
    )
    look_again = outcome in {Outcome.PARTLY, Outcome.INCONCLUSIVE}
    if look_again and (again_on is None or again_on <= today_here()):
        raise Refused(
            "no_next_check", _("次に確かめる日が決まっていません。"), _("明日か、それより後の日付を入れてください。")
        )
    gain.keep(measure, by=by, **gained)
    planned_on = check.check_on
    check.outcome, check.outcome_note = outcome, note
    check.decided_at, check.decided_by = timezone.now(), by
    check.save()
    audit.note(by, "check.decided", check, reason=note, outcome=("", outcome))
    tell(
        incident,
        by=by,
        kind=EntryKind.PROOF if outcome == Outcome.EFFECTIVE else EntryKind.CHECK,
        text=_("効果確認（%(outcome)s）: %(title)s。%(note)s")
        % {"outcome": check.get_outcome_display(), "title": measure.title, "note": note},
    )
    _tell_early(measure, incident, planned_on=planned_on, by=by)
    ledger.keep(check.follow_up, by=by)
    if outcome == Outcome.EFFECTIVE:
        _settle(measure, MeasureStatus.EFFECTIVE, by)
        review.plan_anniversary(measure, incident, after=today_here())
    elif outcome == Outcome.INEFFECTIVE:
        _settle(measure, MeasureStatus.INEFFECTIVE, by)
        cause.reopen(measure.root, by=by, reason=note)
    else:
        _look_again(check, measure, incident, on=again_on)
    refresh_stage(incident, by=by)
    return check


def _look_again(check: EffectCheck, measure: Countermeasure, incident: Incident, *, on: date) -> None:
    """The same check once more, on a later day, as a promise of the same checker."""
    following = EffectCheck.objects.create(
        measure=measure, what=check.what, threshold=check.threshold, check_on=on, checker=check.checker
    )
    ledger.follow(
        kind=FollowUpKind.EFFECT_CHECK,
        incident=incident,
        owner=check.checker,
        backup=None,
        due_on=on,
        check_plan=following,
    )


@transaction.atomic
def hand_over(check: EffectCheck, *, by: Person, checker: Person) -> EffectCheck:
    """Let somebody else confirm the effect; never its owner, nor who did it. Raises NotAllowed, Refused."""
    editor(by, check.measure.incident)
    incident = lock(check.measure.incident)
    check = EffectCheck.objects.select_related("measure__incident", "measure__owner", "checker").get(pk=check.pk)
    # It is a promise from できました on, and is dropped unjudged when its measure fails or is given up before.
    dropped = FollowUp.objects.filter(check_plan=check).exclude(state=FollowUpState.OPEN).exists()
    if check.outcome or dropped:
        raise Refused("check_closed", _("この効果確認は、もう終わっています。"))
    if checker.pk == check.measure.owner_id:
        raise Refused(
            "checker_is_owner",
            _("担当と確かめる人が同じです。"),
            _("効き目は、担当ではない方が確かめます。別の方を選んでください。"),
        )
    if checker.pk == check.measure.done_by_id:
        raise Refused(
            "checker_did_it",
            _("その方は、この対策を「できました」とした方です。"),
            _("効き目は、実施した方とは別の方が確かめます。別の方を選んでください。"),
        )
    if checker.pk == check.checker_id:
        raise Refused("same_checker", _("確かめる人は変わっていません。"), _("別の方を選んでください。"))
    members_only(incident, checker)
    old, check.checker = check.checker, checker
    check.save(update_fields=["checker", "updated_at"])
    audit.note(by, "check.handed_over", check, checker=(old, checker))
    tell(
        incident,
        by=by,
        kind=EntryKind.CHECK,
        text=_("確かめる人を変更: %(title)s %(old)s → %(new)s")
        % {"title": check.measure.title, "old": old or "–", "new": checker},
    )
    follow_up = FollowUp.objects.filter(check_plan=check).first()
    if follow_up is not None:
        ledger.hand_over(follow_up, owner=checker, backup=None)
    return check


def _tell_early(measure: Countermeasure, incident: Incident, *, planned_on: date, by: Person) -> None:
    """Not refused: who has seen enough may say so. That it was before its day, or inside the window, stays as a fact."""
    today = today_here()
    if (early := (planned_on - today).days) > 0:
        said = ngettext("予定の日より%(days)s日早い確認です。", "予定の日より%(days)s日早い確認です。", early)
    elif (early := rules.days_to_watch(day_here(measure.done_at), incident.severity, today)) > 0:
        said = ngettext(
            "対策を見守る期間を%(days)s日残した確認です。", "対策を見守る期間を%(days)s日残した確認です。", early
        )
    else:
        return
    tell(incident, by=by, kind=EntryKind.CHECK, text=said % {"days": early})


def _settle(measure: Countermeasure, status: str, by: Person) -> None:
    old = measure.status
    measure.status = status
    measure.save(update_fields=["status", "updated_at"])
    audit.note(by, "measure.judged", measure, status=(old, status))
