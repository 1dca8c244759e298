"""再発: the same thing broke again. Inside the window of a measure, that measure did not hold (C7, V3)."""

from __future__ import annotations

import zoneinfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, review
from incidents.domain.incident import editor, lock_both, refresh_stage, tell
from incidents.enums import EntryKind, Stage
from incidents.errors import Refused
from incidents.models import Countermeasure, Incident, Person


@transaction.atomic
def link(incident: Incident, *, by: Person, original: Incident | None) -> Incident:
    """Say that `incident` is `original` broken again. A person says so; nothing links by itself.

    Each done or effective measure of the original whose window covers the day on which this was noticed becomes
    ineffective: its cause is reopened, gold falls back, what was still asked of it ends; the story stays
    (invariant 3). Raises NotAllowed, Refused.
    """
    editor(by, incident)
    if original is None or original.team_id != incident.team_id or original.pk == incident.pk:
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
    failed = measures_in_window(current, original)
    for measure in failed:
        review.fail(measure, by=by, reason=_("期間のうちに再発しました（%(ref)s）") % {"ref": current.reference})
    # Only references: the other record may be one that not everybody of the team reads (C9).
    tell(current, by=by, kind=EntryKind.LINK, text=_("%(ref)s の再発です") % {"ref": original.reference})
    said = _("%(ref)s として再発しました") % {"ref": current.reference}
    if failed:
        titles = _("、").join(measure.title for measure in failed)
        said = _("%(ref)s として期間のうちに再発しました。効かなかった対策: %(titles)s") % {
            "ref": current.reference,
            "titles": titles,
        }
    tell(original, by=by, kind=EntryKind.LINK, text=said)
    refresh_stage(original, by=by)
    return current


def measures_in_window(incident: Incident, original: Incident) -> list[Countermeasure]:
    """The original's done or effective measures whose window covers the day on which `incident` was noticed."""
    here = zoneinfo.ZoneInfo(settings.TIME_ZONE)
    noticed_on = incident.noticed_at.astimezone(here).date()
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
            done_on=measure.done_at.astimezone(here).date(),
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
