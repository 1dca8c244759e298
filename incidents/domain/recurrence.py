"""再発: the same thing broke again. Inside the window of a measure, that measure did not hold (C7, V3)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, review
from incidents.domain import incident as incidents
from incidents.domain.incident import editor, lock_both, refresh_stage, tell
from incidents.enums import EntryKind, Stage
from incidents.errors import Refused
from incidents.models import Countermeasure, Incident, Person
from incidents.queries.calendar import day_here


@transaction.atomic
def link(incident: Incident, *, by: Person, original: Incident | None) -> Incident:
    """Say that `incident` is `original` broken again. A person says so; nothing links by itself.

    Each done or effective measure of the original whose window covers the day on which this was noticed becomes
    ineffective: its cause is reopened, gold falls back, what was still asked of it ends; the story stays
    (invariant 3). Raises NotAllowed, Refused.
    """
    editor(by, incident)
    if original is not None and original.team_id != incident.team_id:
        raise incidents.of_another_team(original, by=by)
    if original is None or original.pk == incident.pk:
        raise Refused(
            "no_original",
            _("どの記録の再発かが決まっていません。"),
            _("元の記録の番号（K-…）を入れてください。"),
            "links",
        )
    current, original = lock_both(incident, original)
    if {current.end, original.end} & {Stage.DUPLICATE, Stage.WITHDRAWN}:
        raise Refused(
            "ended",
            _("取り下げた記録や、重複とした記録は、再発としてつなげません。"),
            _("続けるときは、先に開き直すか、重複の元の記録とつないでください。"),
            "links",
        )
    if current.recurrence_of_id is not None:
        raise Refused(
            "already_linked",
            _("この記録には、もう再発の元があります。"),
            _("変えるときは、先にいまのつながりを外してください。"),
            "links",
        )
    if original.noticed_at >= current.noticed_at:
        raise Refused(
            "original_is_later",
            _("元の記録のほうが、あとに気づいた割れです。"),
            _("先に起きた記録を元にしてください。"),
            "links",
        )
    current.recurrence_of = original
    current.save(update_fields=["recurrence_of", "updated_at"])
    audit.note(by, "incident.recurrence_linked", current, recurrence_of=(None, original.reference))
    # Only references: the other record may be one that not everybody of the team reads (C9).
    tell(current, by=by, kind=EntryKind.LINK, text=_("%(ref)s の再発です") % {"ref": original.reference})
    if not _speak_against(current, original, by=by):
        tell(original, by=by, kind=EntryKind.LINK, text=_("%(ref)s として再発しました") % {"ref": current.reference})
    refresh_stage(original, by=by)
    return current


def _speak_against(current: Incident, original: Incident, *, by: Person) -> bool:
    """What of the original did not hold is ineffective from now on, and its timeline tells it; whether there was any."""
    failed = measures_in_window(current, original)
    for measure in failed:
        review.fail(measure, by=by, reason=_("期間のうちに再発しました（%(ref)s）") % {"ref": current.reference})
    if failed:
        titles = _("、").join(measure.title for measure in failed)
        said = {"ref": current.reference, "titles": titles}
        text = _("%(ref)s として期間のうちに再発しました。効かなかった対策: %(titles)s") % said
        tell(original, by=by, kind=EntryKind.LINK, text=text)
    return bool(failed)


@transaction.atomic
def edit(incident: Incident, *, by: Person, **fields: Any) -> Incident:
    """As incident.edit, which raises what it raises. What is known to be a recurrence and whose time of notice is
    corrected into the window of a measure speaks against it from then on, as `link` would (invariant 3). So does what
    is tied to the record itself when another severity makes its windows longer.
    """
    if incident.recurrence_of_id is None or "noticed_at" not in fields:
        return _edit_watched(incident, by=by, **fields)
    _held, original = lock_both(incident, Incident.objects.get(pk=incident.recurrence_of_id))
    current = _edit_watched(incident, by=by, **fields)
    if current.recurrence_of_id == original.pk and _speak_against(current, original, by=by):
        refresh_stage(original, by=by)
    return current


def _edit_watched(incident: Incident, *, by: Person, **fields: Any) -> Incident:
    """As incident.edit; under the severity that it comes to, each recurrence of this record is looked at again."""
    old = incidents.lock(incident).severity
    current = incidents.edit(incident, by=by, **fields)
    if current.severity != old:
        for again in Incident.objects.filter(recurrence_of=current).order_by("noticed_at", "pk"):
            _speak_against(again, current, by=by)
        refresh_stage(current, by=by)
    return current


def measures_in_window(incident: Incident, original: Incident) -> list[Countermeasure]:
    """The original's done or effective measures whose window covers the day on which `incident` was noticed."""
    noticed_on = day_here(incident.noticed_at)
    rows = (
        Countermeasure.objects.filter(incident=original, done_at__isnull=False)
        .select_related("incident", "owner", "root")
        .annotate(last_check=Max("checks__check_on"))
    )
    return [
        measure
        for measure in rows
        if rules.holds_watch(
            status=measure.status,
            done_on=day_here(measure.done_at),
            last_check_on=measure.last_check,
            severity=original.severity,
            day=noticed_on,
        )
    ]


@transaction.atomic
def unlink(incident: Incident, *, by: Person, reason: str) -> Incident:
    """Say that it was another thing after all. What the link decided about measures stays in the story.

    Raises NotAllowed, Refused.
    """
    editor(by, incident)
    if incident.recurrence_of_id is None:
        raise _not_linked()
    current, original = lock_both(incident, Incident.objects.get(pk=incident.recurrence_of_id))
    if current.recurrence_of_id != original.pk:
        raise _not_linked()
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("外す理由を一行書いてください。"), "links")
    current.recurrence_of = None
    current.save(update_fields=["recurrence_of", "updated_at"])
    audit.note(by, "incident.recurrence_unlinked", current, reason=reason, recurrence_of=(original.reference, None))
    said = _("%(ref)s との再発のつながりを外しました: %(reason)s")
    tell(current, by=by, kind=EntryKind.LINK, text=said % {"ref": original.reference, "reason": reason})
    tell(original, by=by, kind=EntryKind.LINK, text=said % {"ref": current.reference, "reason": reason})
    return current


def _not_linked() -> Refused:
    return Refused("not_linked", _("この記録に、再発の元はありません。"), "", "links")
