from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, gain, ledger
from incidents.domain.further_report import follow_report, refuse_past, refuse_without_draft
from incidents.domain.incident import editor, lock, not_reader, refresh_stage
from incidents.domain.told import day_said, tell
from incidents.enums import EDITING_ROLES, RUNNING_STATUSES, EntryKind, FollowUpKind, MeasureStatus, RequestState
from incidents.errors import Refused
from incidents.models import Countermeasure, DueRequest, EffectCheck, FollowUp, Incident, Person
from incidents.queries import access, reader
from incidents.queries.calendar import today_here

PLAN_FIELDS = ("title", "kind", "before", "after", "strength", "root", "owner", "backup", "due_on", "promised_outside")
EVIDENCE_FIELDS = ("done_evidence_name", "done_evidence_version", "done_evidence")
DONE_FIELDS = ("done_at", "done_by", "done_note", *EVIDENCE_FIELDS)
CHECK_FIELDS = {"check_what": "what", "check_threshold": "threshold", "check_on": "check_on", "checker": "checker"}


def members_only(incident: Incident, *people: Person | None) -> None:
    """Raises Refused when one of the people (None counts as nobody) may not work in the incident's team, or not read it."""
    for person in people:
        if person is not None and access.role_in(person, incident.team_id) not in EDITING_ROLES:
            raise Refused(
                "not_in_team",
                _("%(name)sさんは、このチームで対策を受け持てません。") % {"name": person},
                _("チームのメンバーから選んでください。"),
            )
    readers_only(incident, *people)


def readers_only(incident: Incident, *people: Person | None) -> None:
    """Raises Refused when one of the people (None counts as nobody) may not read the restricted record (C9)."""
    if not incident.restricted:
        return
    allowed = reader.readers(incident)
    for person in people:
        if person is not None and person.pk not in allowed:
            raise not_reader(person)


def help_by(measure: Countermeasure, people: Iterable[Person] | None) -> dict[str, tuple[str, str]]:
    """Let these people help with the measure, or with None leave them but for its owner and backup.

    Returns the change for the trace, {} when there is none. Raises Refused for a helper who is its owner or backup
    already, or who may not work in the team.
    """
    old = list(measure.helpers.order_by("name", "pk"))
    own = {measure.owner_id, measure.backup_id}
    if people is None:
        new = [one for one in old if one.pk not in own]
    else:
        new = list(people)
        if any(one.pk in own for one in new):
            raise Refused(
                "helper_is_owner",
                _("担当か代わりの人が、手伝う人にも入っています。"),
                _("手伝う人から外すか、担当を別の方にしてください。"),
            )
        members_only(measure.incident, *new)
    if {one.pk for one in old} == {one.pk for one in new}:
        return {}
    measure.helpers.set(new)
    return {"helpers": (_("、").join(map(str, old)), _("、").join(map(str, new)))}


def _open_check(measure: Countermeasure) -> EffectCheck | None:
    return measure.checks.filter(outcome="").select_related("checker").first()


@transaction.atomic
def propose(incident: Incident, *, by: Person, title: str, **plan: Any) -> Countermeasure:
    """Write down a measure as an idea; everything but the title may come later.

    plan: names of PLAN_FIELDS, helpers (people beside owner and backup), and check_what, check_threshold, check_on,
    checker for the effect check.
    Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    check = {CHECK_FIELDS[name]: plan.pop(name) for name in list(plan) if name in CHECK_FIELDS}
    helpers = plan.pop("helpers", None)
    members_only(current, plan.get("owner"), plan.get("backup"), check.get("checker"))
    measure = Countermeasure.objects.create(incident=current, title=title, **plan)
    help_by(measure, helpers)
    EffectCheck.objects.create(measure=measure, **check)
    audit.note(by, "measure.proposed", measure)
    return measure


def already_promised() -> Refused:
    """Why a measure that is no idea any more is not edited: its promise is changed by verbs of its own."""
    return Refused(
        "already_promised",
        _("この対策は、もう約束されています。約束した対策は、ここでは書きかえられません。"),
        _("期限の変更・担当の引き継ぎ・実施しない、から選んでください。書いたものは、下に残してあります。"),
    )


@transaction.atomic
def edit(measure: Countermeasure, *, by: Person, **plan: Any) -> Countermeasure:
    """Change a measure that is still an idea. A promise is changed by its own verbs, which tell those concerned."""
    editor(by, measure.incident)
    lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team").get(pk=measure.pk)
    if measure.status != MeasureStatus.PROPOSED:
        raise already_promised()
    check_plan = {CHECK_FIELDS[name]: plan.pop(name) for name in list(plan) if name in CHECK_FIELDS}
    helpers = plan.pop("helpers", None)
    members_only(measure.incident, plan.get("owner"), plan.get("backup"), check_plan.get("checker"))
    if plan.get("promised_outside") is False:  # what was promised to whom goes with the promise
        plan |= {"promised_to": "", "promised_what": ""}
    changes = {name: (getattr(measure, name), value) for name, value in plan.items() if getattr(measure, name) != value}
    for name, value in plan.items():
        setattr(measure, name, value)
    measure.save()
    changes |= help_by(measure, helpers)
    check = _open_check(measure) or EffectCheck(measure=measure)
    for name, value in check_plan.items():
        if getattr(check, name) != value:
            changes[f"check_{name}"] = (getattr(check, name), value)
            setattr(check, name, value)
    check.save()
    if changes:
        audit.note(by, "measure.edited", measure, **changes)
    return measure


@transaction.atomic
def commit(measure: Countermeasure, *, by: Person, weak_reason: str = "") -> Countermeasure:
    """Promise the measure: from here on its owner is reminded until it is done and proven.

    weak_reason: a lead's reason to go on with strength 0-1 alone (invariant 2).
    Raises Refused with the first thing that is missing, NotAllowed when the role does not suffice.
    """
    role = editor(by, measure.incident)
    incident = lock(measure.incident)
    rules.refuse_change(incident.stage)
    measure = Countermeasure.objects.select_related("incident__team", "owner", "backup", "root").get(pk=measure.pk)
    check = _open_check(measure)
    others = Countermeasure.objects.filter(incident=incident).exclude(pk=measure.pk)
    rules.refuse_commit(
        rules.CommitFacts(
            status=measure.status,
            has_root=measure.root is not None and measure.root.withdrawn_at is None,
            before=measure.before,
            after=measure.after,
            strength=measure.strength,
            owner_id=measure.owner_id,
            due_on=measure.due_on,
            check_measure=check.what if check else "",
            check_threshold=check.threshold if check else "",
            checker_id=check.checker_id if check else None,
            check_on=check.check_on if check else None,
        ),
        severity=incident.severity,
        others=[
            rules.MeasureFacts(status, strength, root_id, excused=bool(reason))
            for status, strength, root_id, reason in others.values_list("status", "strength", "root_id", "weak_reason")
        ],
        role=role,
        weak_reason=weak_reason,
        today=today_here(),
    )
    if measure.backup_id == measure.owner_id:
        raise Refused(
            "backup_is_owner",
            _("担当と代わりの人が同じです。"),
            _("代わりの人には別の方を選ぶか、決めないままにしてください。"),
        )
    members_only(incident, measure.owner, measure.backup, check.checker)
    measure.status, measure.committed_at, measure.weak_reason = MeasureStatus.COMMITTED, timezone.now(), weak_reason
    measure.save(update_fields=["status", "committed_at", "weak_reason", "updated_at"])
    audit.note(by, "measure.committed", measure, reason=weak_reason, status=(MeasureStatus.PROPOSED, measure.status))
    tell(
        incident,
        by=by,
        kind=EntryKind.MEASURE,
        text=_("対策を約束: %(title)s（担当 %(owner)s、期限 %(due)s）")
        % {"title": measure.title, "owner": measure.owner, "due": day_said(measure.due_on)},
    )
    _follow(measure, incident)
    refresh_stage(incident, by=by)
    return measure


def _follow(measure: Countermeasure, incident: Incident) -> None:
    """Begin to remind its owner; a promise that was dropped and is given again goes on in its own row."""
    told = {"owner": measure.owner, "backup": measure.backup, "due_on": measure.due_on}
    earlier = FollowUp.objects.filter(measure=measure).first()
    if earlier is not None:
        ledger.follow_again(earlier, **told)
    else:
        ledger.follow(kind=FollowUpKind.COUNTERMEASURE, incident=incident, measure=measure, **told)


@transaction.atomic
def propose_and_commit(incident: Incident, *, by: Person, weak_reason: str = "", **plan: Any) -> Countermeasure:
    """Write a measure down and promise it at once. When the promise is refused nothing is kept. Raises as both do."""
    return commit(propose(incident, by=by, **plan), by=by, weak_reason=weak_reason)


@transaction.atomic
def edit_and_commit(measure: Countermeasure, *, by: Person, weak_reason: str = "", **plan: Any) -> Countermeasure:
    """Complete an idea and promise it at once. When the promise is refused nothing is kept. Raises as both do."""
    return commit(edit(measure, by=by, **plan), by=by, weak_reason=weak_reason)


@transaction.atomic
def start(measure: Countermeasure, *, by: Person) -> Countermeasure:
    """Say that work on a promised measure has begun. Raises NotAllowed, Refused."""
    editor(by, measure.incident)
    lock(measure.incident)
    changed = Countermeasure.objects.filter(pk=measure.pk, status=MeasureStatus.COMMITTED).update(
        status=MeasureStatus.IN_PROGRESS, updated_at=timezone.now()
    )
    if not changed:
        raise Refused("not_committed", _("約束した対策だけが始められます。"))
    measure.refresh_from_db()
    audit.note(by, "measure.started", measure, status=(MeasureStatus.COMMITTED, MeasureStatus.IN_PROGRESS))
    return measure


@transaction.atomic
def complete(
    measure: Countermeasure,
    *,
    by: Person,
    note: str = "",
    evidence: str = "",
    evidence_name: str = "",
    evidence_version: str = "",
    steps_removed: int | None = None,
    minutes_saved: int | None = None,
) -> Countermeasure:
    """できました: the measure is in force. Its reminders end here; the effect check's begin (invariant 3).

    note, evidence (a link), evidence_name (the document or tool that changed): at least one of them.
    evidence_version: of that document or tool, such as 第3版 (M6). steps_removed, minutes_saved (a month): what it took away,
    where somebody knows (A-4). Raises NotAllowed, Refused. A second press is refused with "not_running".
    """
    editor(by, measure.incident)
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team", "owner", "follow_up").get(pk=measure.pk)
    rules.refuse_complete(
        status=measure.status, note=note, evidence=evidence, name=evidence_name, version=evidence_version
    )
    old = measure.status
    measure.status, measure.done_at, measure.done_by = MeasureStatus.DONE, timezone.now(), by
    measure.done_note, measure.done_evidence = note.strip(), evidence.strip()
    measure.done_evidence_name, measure.done_evidence_version = evidence_name.strip(), evidence_version.strip()
    measure.save(update_fields=["status", *DONE_FIELDS, "updated_at"])
    kept = {name: ("", value) for name in EVIDENCE_FIELDS if (value := getattr(measure, name))}
    audit.note(by, "measure.completed", measure, status=(old, measure.status), **kept)
    gain.keep(measure, by=by, steps_removed=steps_removed, minutes_saved=minutes_saved)
    said = {"title": measure.title, "note": _what_was_done(measure)}
    tell(incident, by=by, kind=EntryKind.MEASURE, text=_("対策を実施: %(title)s。%(note)s") % said)
    ledger.keep(measure.follow_up, by=by)
    _close_due_request(measure, by, _("対策が実施されたため"))
    _begin_check(measure, incident, by)
    refresh_stage(incident, by=by)
    return measure


def _what_was_done(measure: Countermeasure) -> str:
    """The note, and what changed with its version, as one line for the timeline; the link stands on the page."""
    named = " ".join(filter(None, [measure.done_evidence_name, measure.done_evidence_version]))
    if measure.done_note and named:
        return _("%(note)s（%(evidence)s）") % {"note": measure.done_note, "evidence": named}
    if measure.done_note or measure.done_evidence_name:
        return measure.done_note or named
    return " ".join(filter(None, [measure.done_evidence, measure.done_evidence_version]))


def _close_due_request(measure: Countermeasure, by: Person, why: str) -> None:
    """A wish to move the date has nothing to wait for once the promise has ended; its trace says so."""
    for wish in DueRequest.objects.filter(measure=measure, state=RequestState.ASKED):
        wish.state, wish.decided_by, wish.decided_at, wish.decision_note = RequestState.REFUSED, by, timezone.now(), why
        wish.save(update_fields=["state", "decided_by", "decided_at", "decision_note", "updated_at"])
        audit.note(by, "due_request.closed", wish, reason=why)


def _move_check(check: EffectCheck | None, by_days: timedelta, by: Person) -> None:
    """Keep the window for watching as long as it was planned; the trace says from which day to which."""
    if check is None or check.check_on is None or not by_days:
        return
    old, check.check_on = check.check_on, check.check_on + by_days
    check.save(update_fields=["check_on", "updated_at"])
    audit.note(by, "check.moved", check, check_on=(old, check.check_on))


def _begin_check(measure: Countermeasure, incident: Incident, by: Person) -> None:
    """Start reminding the checker. A measure done late keeps the whole window that was promised for watching it."""
    check = _open_check(measure)
    late = (today_here() - measure.due_on).days
    if late > 0:
        _move_check(check, timedelta(days=late), by)
    ledger.follow(
        kind=FollowUpKind.EFFECT_CHECK,
        incident=incident,
        owner=check.checker,
        backup=None,
        due_on=check.check_on,
        check_plan=check,
    )


@transaction.atomic
def change_due(measure: Countermeasure, *, by: Person, due_on: date, reason: str) -> Countermeasure:
    """Move the due date with a reason (M3). What was planned for the old date is cancelled and planned anew.

    A lead decides; everybody else asks (domain.due_request), and this is how a granted request is carried out.
    Raises NotAllowed, Refused.
    """
    rules.refuse_unless_lead(editor(by, measure.incident))
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team", "follow_up").get(pk=measure.pk)
    old = measure.due_on
    rules.refuse_due_change(status=measure.status, old=old, due_on=due_on, reason=reason, today=today_here())
    measure.due_on = due_on
    measure.save(update_fields=["due_on", "updated_at"])
    audit.note(by, "measure.due_changed", measure, reason=reason, due_on=(old, due_on))
    _move_check(_open_check(measure), due_on - old, by)
    tell(
        incident,
        by=by,
        kind=EntryKind.MEASURE,
        text=_("期限を変更: %(title)s %(old)s → %(new)s（%(reason)s）")
        % {"title": measure.title, "old": day_said(old), "new": day_said(due_on), "reason": reason},
    )
    ledger.move(measure.follow_up, due_on=due_on)
    return measure


@transaction.atomic
def hand_over(measure: Countermeasure, *, by: Person, owner: Person, reason: str = "") -> Countermeasure:
    """Give the measure to somebody else; the new owner is reminded from now on. Raises NotAllowed, Refused."""
    editor(by, measure.incident)
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team", "owner", "follow_up").get(pk=measure.pk)
    if measure.status not in RUNNING_STATUSES:
        raise Refused("not_running", _("この対策は、いま実施中ではありません。"))
    members_only(incident, owner)
    check = _open_check(measure)
    if check is not None and check.checker_id == owner.pk:
        raise Refused(
            "checker_is_owner", _("その方は効き目を確かめる人です。"), _("確かめる人とは別の方に引き継いでください。")
        )
    if owner.pk == measure.owner_id:
        raise Refused("same_owner", _("担当は変わっていません。"), _("別の方を選んでください。"))
    old = measure.owner
    measure.owner = owner
    measure.backup_id = None if measure.backup_id == owner.pk else measure.backup_id
    measure.save(update_fields=["owner", "backup", "updated_at"])
    audit.note(by, "measure.handed_over", measure, reason=reason, owner=(old, owner), **help_by(measure, None))
    tell(
        incident,
        by=by,
        kind=EntryKind.MEASURE,
        text=(
            _("担当を引き継ぎ: %(title)s %(old)s → %(new)s（%(reason)s）")
            if reason.strip()
            else _("担当を引き継ぎ: %(title)s %(old)s → %(new)s")
        )
        % {"title": measure.title, "old": old, "new": owner, "reason": reason.strip()},
    )
    ledger.hand_over(measure.follow_up, owner=owner, backup=measure.backup)
    return measure


@transaction.atomic
def set_helpers(measure: Countermeasure, *, by: Person, helpers: Iterable[Person]) -> Countermeasure:
    """Who helps with a promised measure, beside the one who answers for it. They are not reminded.

    Raises NotAllowed, Refused.
    """
    editor(by, measure.incident)
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team").get(pk=measure.pk)
    if measure.status not in RUNNING_STATUSES:
        raise Refused("not_running", _("この対策は、いま実施中ではありません。"))
    changes = help_by(measure, helpers)
    if not changes:
        return measure
    audit.note(by, "measure.helpers_changed", measure, **changes)
    said = {"title": measure.title, "names": changes["helpers"][1] or "–"}
    tell(incident, by=by, kind=EntryKind.MEASURE, text=_("手伝う人: %(title)s（%(names)s）") % said)
    return measure


@transaction.atomic
def not_doing(
    measure: Countermeasure,
    *,
    by: Person,
    reason: str,
    review_on: date,
    draft: str = "",
    next_at: datetime | None = None,
) -> Countermeasure:
    """Decide against a measure, with a reason and a date to look again (M5). A lead decides about a promise.

    draft, next_at (aware): what the other side will be told, and until when; both required for a measure that was
    promised outside (M3). Raises NotAllowed, Refused.
    """
    role = editor(by, measure.incident)
    incident = lock(measure.incident)
    measure = Countermeasure.objects.select_related("incident__team").get(pk=measure.pk)
    if measure.status not in RUNNING_STATUSES | {MeasureStatus.PROPOSED}:
        raise Refused("not_running", _("実施済みの対策は「実施しない」にできません。"))
    if measure.status in RUNNING_STATUSES:
        rules.refuse_unless_lead(role)
    if not reason.strip():
        raise Refused("no_reason", _("実施しない理由が書かれていません。"), _("理由を一行書いてください。"))
    if review_on <= today_here():
        raise Refused(
            "review_in_past", _("見直す日が今日より前か今日です。"), _("明日か、それより後の日付を入れてください。")
        )
    _refuse_silence(measure, draft, next_at)
    old = measure.status
    measure.status, measure.not_doing_reason = MeasureStatus.NOT_DOING, reason
    measure.not_doing_by, measure.not_doing_review_on = by, review_on
    measure.not_doing_draft = draft.strip() if measure.promised_outside else ""
    measure.save()
    audit.note(by, "measure.dropped", measure, reason=reason, status=(old, measure.status), review_on=(None, review_on))
    tell(
        incident,
        by=by,
        kind=EntryKind.MEASURE,
        text=_("実施しない: %(title)s。%(reason)s") % {"title": measure.title, "reason": reason},
    )
    if old in RUNNING_STATUSES:
        ledger.drop(measure.follow_up, reason="not_doing")
        _close_due_request(measure, by, _("対策を実施しないと決めたため"))
    ledger.follow(
        kind=FollowUpKind.NOT_DOING_REVIEW,
        incident=incident,
        owner=by,
        backup=None,
        due_on=review_on,
        review_of=measure,
    )
    if measure.promised_outside:
        said = _("実施しないことを先方に伝える: %(title)s") % {"title": measure.title}
        follow_report(incident, measure, by=by, owner=by, text=said, due_at=next_at)
    refresh_stage(incident, by=by)
    return measure


def _refuse_silence(measure: Countermeasure, draft: str, next_at: datetime | None) -> None:
    """What was promised outside is not dropped before it is clear what the other side hears, and when (M3)."""
    refuse_without_draft(
        measure,
        draft,
        reason=_("お客様にお約束した対策です。先方に伝える続報の下書きがまだありません。"),
        fix=_("実施しないことと、その理由を、先方に伝える文で書いてください。"),
    )
    if not measure.promised_outside:
        return
    if next_at is None:
        raise Refused(
            "no_next_report",
            _("先方に伝える時刻が決まっていません。"),
            _("いつまでに伝えるか、時刻を入れてください。"),
        )
    refuse_past(next_at)
