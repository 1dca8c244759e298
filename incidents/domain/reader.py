"""読む人を限る: a record that only named people of the team read (C9)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, replan
from incidents.domain.incident import editor, lock, name_readers, reader_names, refuse_readers
from incidents.enums import Role
from incidents.errors import NotAllowed, Refused
from incidents.models import Incident, Person


def refuse_others(by: Person, incident: Incident) -> None:
    """Raises NotAllowed for everybody but the record's owner and the leads of its team."""
    role = editor(by, incident)
    if role != Role.LEAD and by.pk != incident.owner_id:
        raise NotAllowed(
            "not_lead_or_owner",
            _("読む人を決めるのは、リーダーか、この記録の担当です。"),
            _("どちらかの方に頼んでください。"),
        )


@transaction.atomic
def restrict(incident: Incident, *, by: Person, readers: Iterable[Person]) -> Incident:
    """Let only these people of the team read the record, besides its owner, its backup and whoever recorded it.

    A lead has to be among them, so that no promise of it falls silent. Raises NotAllowed, Refused.
    """
    refuse_others(by, incident)
    current = lock(incident)
    wanted = list(readers)
    refuse_readers(current, wanted, by=by)
    before = reader_names(current)
    name_readers(current, wanted)
    was, current.restricted = current.restricted, True
    current.save(update_fields=["restricted", "updated_at"])
    audit.note(by, "incident.restricted", current, restricted=(was, True), readers=(before, reader_names(current)))
    return current


@transaction.atomic
def unrestrict(incident: Incident, *, by: Person) -> Incident:
    """Let the whole team read the record again. Raises NotAllowed, Refused."""
    refuse_others(by, incident)
    current = lock(incident)
    if not current.restricted:
        raise Refused("not_restricted", _("この記録は、チームの全員が読めます。"))
    before = reader_names(current)
    current.reader_rows.all().delete()
    current.restricted = False
    current.save(update_fields=["restricted", "updated_at"])
    audit.note(by, "incident.unrestricted", current, restricted=(True, False), readers=(before, ""))
    replan.leads_changed(incident=current)
    return current
