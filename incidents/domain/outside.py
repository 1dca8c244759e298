"""対外完了: settled with the other side. Apart from the stage of the repair, and never a reason for gold."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, clock, final_clock
from incidents.domain.incident import editor, lock, tell
from incidents.enums import Channel, EntryKind
from incidents.errors import Refused
from incidents.models import Incident, Person

FIELDS = (
    "customer_closed_at",
    "customer_closed_by",
    "customer_closed_channel",
    "customer_closed_agreed",
    "customer_closed_note",
)


def _keep(incident: Incident, **values: object) -> dict[str, tuple[object, object]]:
    """Set the columns and save them; returns what changed, for the trace."""
    values = {f"customer_closed_{name}": value for name, value in values.items()}
    changes = {name: (getattr(incident, name), value) for name, value in values.items()}
    for name, value in values.items():
        setattr(incident, name, value)
    incident.save(update_fields=[*FIELDS, "updated_at"])
    return {name: pair for name, pair in changes.items() if pair[0] != pair[1]}


@transaction.atomic
def close(
    incident: Incident, *, by: Person, closed_at: datetime, channel: str, agreed: str, note: str = ""
) -> Incident:
    """Say that nothing is open with the other side any more: when, how it was confirmed, what was agreed.

    The stage does not move, and what is still promised goes on being reminded (invariant 7): a record may be settled
    outside long before it is mended, after it, or with another end. Only a final report that has not been given is not
    owed any more: nothing is open with the other side. Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    if current.customer_closed_at:
        raise Refused(
            "already_settled",
            _("対外完了は、もう記録されています。"),
            _("変えるときは、先に取り消してください。"),
            "outside",
        )
    rules.refuse_close_outside(
        at=closed_at,
        agreed=agreed,
        noticed_at=current.noticed_at,
        first_reported_at=current.first_reported_at,
        has_other_side=current.has_other_side,
        report_missing=clock.report_missing(current),
        now=timezone.now(),
    )
    agreed, note = agreed.strip(), note.strip()
    changes = _keep(current, at=closed_at, by=by, channel=channel, agreed=agreed, note=note)
    audit.note(by, "outside.closed", current, **changes)
    said = {"channel": Channel(channel).label, "agreed": agreed, "note": note}
    text = _("対外完了（%(channel)s）: %(agreed)s。%(note)s") if note else _("対外完了（%(channel)s）: %(agreed)s")
    tell(current, by=by, kind=EntryKind.OUTSIDE, text=text % said, event_at=closed_at)
    final_clock.follow(current, by=by, begin=False)
    return current


@transaction.atomic
def reopen(incident: Incident, *, by: Person, reason: str) -> Incident:
    """The other side has come back, or it was not settled after all. What was agreed stays in the timeline and trace.

    A final report that was not owed any more for it is owed again.
    Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    if not current.customer_closed_at:
        raise Refused("not_settled", _("対外完了は記録されていません。"), "", "outside")
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("取り消す理由を一行書いてください。"), "outside")
    changes = _keep(current, at=None, by=None, channel="", agreed="", note="")
    audit.note(by, "outside.reopened", current, reason=reason, **changes)
    tell(current, by=by, kind=EntryKind.OUTSIDE, text=_("対外完了を取り消し: %(reason)s") % {"reason": reason})
    final_clock.follow(current, by=by)
    return current
