"""応急処置: what limits the effect now. It never covers a root cause and never counts as a countermeasure (F5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, final_clock
from incidents.domain.incident import editor, lock, tell
from incidents.enums import EntryKind
from incidents.errors import Refused
from incidents.models import Containment, Incident, Person


@transaction.atomic
def record(incident: Incident, *, by: Person, text: str, done_at: datetime) -> Containment:
    """Write what was done to limit the effect. `done_at` is aware. Raises NotAllowed, Refused.

    From the first one on the final report to the other side is followed, where it is owed (B-3).
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    if not text.strip():
        raise Refused(
            "empty",
            _("応急処置が書かれていません。"),
            _("広がりを止めるためにしたことを一行書いてください。"),
            "containment",
        )
    if rules.is_ahead(done_at, timezone.now()):
        raise Refused(
            "done_in_future",
            _("行った時刻が未来になっています。"),
            _("行った時刻を入れてください。これからすることは対策に書きます。"),
            "containment",
        )
    made = Containment.objects.create(incident=current, text=text, done_at=done_at, author=by)
    tell(current, by=by, kind=EntryKind.CONTAINMENT, text=_("応急処置: %(what)s") % {"what": text}, event_at=done_at)
    audit.note(by, "containment.recorded", made)
    final_clock.follow(current, by=by)
    return made


@transaction.atomic
def lift(containment: Containment, *, by: Person, note: str) -> Containment:
    """Take the containment back because it is not needed any more. Raises NotAllowed, Refused.

    Also on a record that has ended: what was put up in haste has to come down some day.
    """
    editor(by, containment.incident)
    incident = lock(containment.incident)
    containment = Containment.objects.select_related("incident").get(pk=containment.pk)
    if containment.lifted_at is not None:
        raise Refused("already_lifted", _("この応急処置は、もう解かれています。"), "", "containment")
    if not note.strip():
        raise Refused("no_reason", _("解いた理由が書かれていません。"), _("理由を一行書いてください。"), "containment")
    containment.lifted_at, containment.lifted_note = timezone.now(), note
    containment.save(update_fields=["lifted_at", "lifted_note", "updated_at"])
    tell(
        incident,
        by=by,
        kind=EntryKind.CONTAINMENT,
        text=_("応急処置を解きました: %(what)s。%(note)s") % {"what": containment.text, "note": note},
    )
    audit.note(by, "containment.lifted", containment, reason=note)
    return containment
