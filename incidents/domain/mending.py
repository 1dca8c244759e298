"""継いだ人: work spent on mending, written down so that it is seen (A-3). Never added up by person (invariant 8).

No line of the timeline tells it: the timeline is what the other side's reports are made of, and this is of the house.
Neither does the trace hold the minutes: with the name beside them they could be added up there.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit
from incidents.domain.incident import editor, lock, not_reader
from incidents.enums import EDITING_ROLES
from incidents.errors import Refused
from incidents.models import Incident, Mending, Person
from incidents.models.mending import MOST_MINUTES
from incidents.queries import access, reader
from incidents.queries.calendar import day_here, today_here


@transaction.atomic
def record(
    incident: Incident, *, by: Person, person: Person, what: str, done_on: date, minutes: int | None = None
) -> Mending:
    """Write down work on the mending: one's own, or for a colleague.

    minutes: None when nobody knows; it is never guessed. Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_mending(
        stage=current.stage,
        what=what,
        minutes=minutes,
        most=MOST_MINUTES,
        done_on=done_on,
        noticed_on=day_here(current.noticed_at),
        today=today_here(),
    )
    _refuse_stranger(current, person)
    made = Mending.objects.create(
        incident=current, person=person, what=what.strip(), done_on=done_on, minutes=minutes, author=by
    )
    audit.note(by, "mending.recorded", made, person=("", person))
    return made


def _refuse_stranger(incident: Incident, person: Person) -> None:
    """Raises Refused unless the person works in the record's team, and reads it where it is for few."""
    if access.role_in(person, incident.team_id) not in EDITING_ROLES:
        raise Refused(
            "not_in_team",
            _("%(name)sさんは、このチームのメンバーではありません。") % {"name": person},
            _("チームのメンバーから選んでください。"),
            "mending",
        )
    if incident.restricted and person.pk not in reader.readers(incident):
        raise not_reader(person)


@transaction.atomic
def withdraw(mending: Mending, *, by: Person, reason: str) -> Mending:
    """Take back what was written wrongly. It stays, with the reason, and counts no more. Raises NotAllowed, Refused."""
    editor(by, mending.incident)
    lock(mending.incident)
    mending = Mending.objects.select_related("incident").get(pk=mending.pk)
    if mending.withdrawn_at is not None:
        raise Refused("already_withdrawn", _("この仕事の記録は、もう取り下げられています。"), "", "mending")
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("取り下げる理由を一行書いてください。"), "mending")
    mending.withdrawn_at, mending.withdrawn_reason = timezone.now(), reason.strip()
    mending.save(update_fields=["withdrawn_at", "withdrawn_reason", "updated_at"])
    audit.note(by, "mending.withdrawn", mending, reason=mending.withdrawn_reason)
    return mending
