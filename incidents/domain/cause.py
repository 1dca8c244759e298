from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, ledger
from incidents.domain.incident import editor, lock, refresh_stage
from incidents.enums import FollowUpKind, Track
from incidents.errors import Refused
from incidents.models import Countermeasure, FollowUp, Incident, Person, RootCause, Why
from incidents.queries.calendar import today_here


@transaction.atomic
def ask_why(
    incident: Incident,
    *,
    by: Person,
    text: str,
    parent: Why | None = None,
    track: str = Track.OCCURRENCE,
    evidence: str = "",
) -> Why:
    """Add an answer to "why". Under a parent it takes the parent's track. Raises NotAllowed, Refused."""
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    if not text.strip():
        raise Refused("empty", _("なぜが書かれていません。"), _("何がそうさせたかを一行書いてください。"), "causes")
    if parent is not None and parent.incident_id != current.pk:
        raise Refused("other_incident", _("別の記録のなぜには足せません。"))
    if parent is not None and Why.objects.filter(pk=parent.pk, withdrawn_at__isnull=False).exists():
        raise _why_withdrawn()
    why = Why.objects.create(
        incident=current,
        parent=parent,
        track=parent.track if parent else track,
        text=text,
        evidence=evidence,
        author=by,
    )
    audit.note(by, "why.asked", why)
    return why


@transaction.atomic
def mark_root(why: Why, *, by: Person, factor: str) -> RootCause:
    """Say that this why can be changed: a root cause. Several are allowed. Raises NotAllowed, Refused.

    On a root that was reopened because its measure did not work, marking it again says: looked at anew, it is still this.
    A root that was unmarked before stands again.
    """
    editor(by, why.incident)
    incident = lock(why.incident)
    rules.refuse_change(incident.stage)
    if Why.objects.filter(pk=why.pk, withdrawn_at__isnull=False).exists():
        raise _why_withdrawn()
    root = RootCause.objects.filter(why=why).first()
    if root is None:
        root = RootCause.objects.create(why=why, incident=incident, factor=factor)
        audit.note(by, "root.marked", root, factor=("", factor))
    elif root.withdrawn_at is not None:
        audit.note(by, "root.marked", root, factor=(root.factor, factor), withdrawn_at=(root.withdrawn_at, None))
        root.factor, root.withdrawn_at, root.withdrawn_reason = factor, None, ""
        # Its review ended when the mark was taken off; a risk that nobody would look at again is no accepted risk.
        root.risk_reason, root.risk_review_on, root.risk_by = "", None, None
        root.reopened_at, root.reopened_reason = None, ""
        root.save()
    elif root.reopened_at is not None:
        audit.note(by, "root.confirmed", root, factor=(root.factor, factor), reopened_at=(root.reopened_at, None))
        root.factor, root.reopened_at, root.reopened_reason = factor, None, ""
        root.save()
    else:
        raise Refused("already_root", _("このなぜには、もう真因の印がついています。"), "", "causes")
    refresh_stage(incident, by=by)
    return root


@transaction.atomic
def prove(why: Why, *, by: Person, evidence: str) -> Why:
    """Say by what record the why was verified (B-5); the trace keeps what stood there before. Raises NotAllowed, Refused."""
    editor(by, why.incident)
    incident = lock(why.incident)
    rules.refuse_change(incident.stage)
    why = Why.objects.select_related("incident").get(pk=why.pk)
    if why.withdrawn_at is not None:
        raise _why_withdrawn()
    if not evidence.strip():
        raise Refused(
            "no_evidence", _("何で確かめたかが書かれていません。"), _("見た記録を一行書いてください。"), "causes"
        )
    if evidence == why.evidence:
        return why
    audit.note(by, "why.proven", why, evidence=(why.evidence, evidence))
    why.evidence = evidence
    why.save(update_fields=["evidence", "updated_at"])
    return why


def _why_withdrawn() -> Refused:
    return Refused(
        "why_withdrawn", _("このなぜは、もう取り下げられています。"), _("ほかのなぜを選んでください。"), "causes"
    )


def _refuse_no_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("取り下げる理由を一行書いてください。"), "causes")


@transaction.atomic
def withdraw_why(why: Why, *, by: Person, reason: str) -> Why:
    """Say that this why does not hold; the whys under it go with it, and all stay readable (A-10).

    Raises NotAllowed, Refused: while a root cause stands on it or under it, without a reason, or a second time.
    """
    editor(by, why.incident)
    incident = lock(why.incident)
    rules.refuse_change(incident.stage)
    _refuse_no_reason(reason)
    rows = list(Why.objects.filter(incident=incident, withdrawn_at__isnull=True).select_related("incident"))
    standing = {row.pk: row for row in rows}
    if why.pk not in standing:
        raise _why_withdrawn()
    branch = [standing[why.pk]]
    under: dict[int | None, list[Why]] = {}
    for row in rows:
        under.setdefault(row.parent_id, []).append(row)
    for row in branch:  # grows while it is walked: each why brings those under it
        branch += under.get(row.pk, [])
    if RootCause.objects.filter(why__in=[row.pk for row in branch], withdrawn_at__isnull=True).exists():
        raise Refused(
            "root_stands",
            _("このなぜか、その下に、真因の印があります。"),
            _("先に真因の印を外してください。"),
            "causes",
        )
    now = timezone.now()
    for row in branch:
        row.withdrawn_at, row.withdrawn_reason = now, reason[:300]
        row.save(update_fields=["withdrawn_at", "withdrawn_reason", "updated_at"])
        audit.note(by, "why.withdrawn", row, reason=reason)
    return branch[0]


@transaction.atomic
def unmark_root(root: RootCause, *, by: Person, reason: str) -> RootCause:
    """Say that this why is not a root cause after all; mark and reason stay readable. Raises NotAllowed, Refused.

    Not while a measure leans on it. A promise to look at its accepted risk again ends with it.
    """
    editor(by, root.incident)
    incident = lock(root.incident)
    rules.refuse_change(incident.stage)
    root = RootCause.objects.select_related("incident", "why").get(pk=root.pk)
    statuses = list(Countermeasure.objects.filter(root=root).values_list("status", flat=True))
    rules.refuse_unmark(statuses, withdrawn=root.withdrawn_at is not None)
    _refuse_no_reason(reason)
    root.withdrawn_at, root.withdrawn_reason = timezone.now(), reason[:300]
    root.save(update_fields=["withdrawn_at", "withdrawn_reason", "updated_at"])
    audit.note(by, "root.unmarked", root, reason=reason)
    for follow_up in FollowUp.objects.filter(root=root).open():
        ledger.drop(follow_up, reason="unmarked")
    refresh_stage(incident, by=by)
    return root


@transaction.atomic
def reopen(root: RootCause, *, by: Person, reason: str) -> RootCause:
    """Take the cause up again, because what was done about it did not work. The history stays (invariant 3)."""
    root.reopened_at, root.reopened_reason = timezone.now(), reason[:300]
    root.save(update_fields=["reopened_at", "reopened_reason", "updated_at"])
    audit.note(by, "root.reopened", root, reason=reason)
    return root


@transaction.atomic
def accept_risk(root: RootCause, *, by: Person, reason: str, review_on: date) -> RootCause:
    """Leave a root cause without a measure until `review_on`, for a reason. A lead decides. Raises NotAllowed, Refused."""
    rules.refuse_unless_lead(editor(by, root.incident))
    incident = lock(root.incident)
    rules.refuse_change(incident.stage)
    root.refresh_from_db()  # it may have been reopened while this form was open; that must not be undone
    if root.withdrawn_at is not None:
        raise Refused("root_withdrawn", _("この真因の印は、もう外されています。"), "", "causes")
    if not reason.strip():
        raise Refused("no_reason", _("受け入れる理由が書かれていません。"), _("理由を一行書いてください。"), "causes")
    if review_on <= today_here():
        raise Refused(
            "review_in_past",
            _("見直す日が今日より前か今日です。"),
            _("明日か、それより後の日付を入れてください。"),
            "causes",
        )
    old_reason, old_day = root.risk_reason, root.risk_review_on
    root.risk_reason, root.risk_review_on, root.risk_by = reason, review_on, by
    root.save()
    changes = {"risk_reason": (old_reason, reason), "review_on": (old_day, review_on)}
    audit.note(by, "root.risk_accepted", root, reason=reason, **changes)
    for earlier in FollowUp.objects.filter(root=root).open():
        ledger.drop(earlier, reason="moved")
    ledger.follow(kind=FollowUpKind.RISK_REVIEW, incident=incident, owner=by, backup=None, due_on=review_on, root=root)
    refresh_stage(incident, by=by)
    return root
