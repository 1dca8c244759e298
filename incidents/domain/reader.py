"""読む人を限る: a record that only named people of the team read (C9)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.domain.incident import editor, lock
from incidents.enums import Role
from incidents.errors import NotAllowed, Refused
from incidents.models import Incident, IncidentReader, Membership, Person


def _refuse_others(by: Person, incident: Incident) -> None:
    role = editor(by, incident)
    if role != Role.LEAD and by.pk != incident.owner_id:
        raise NotAllowed(
            "not_lead_or_owner",
            _("読む人を決めるのは、リーダーか、この記録の担当です。"),
            _("どちらかの方に頼んでください。"),
        )


def _names(incident: Incident) -> str:
    """The named readers as the trace says them."""
    return ", ".join(str(row.person) for row in incident.reader_rows.select_related("person").order_by("pk"))


@transaction.atomic
def restrict(incident: Incident, *, by: Person, readers: Iterable[Person]) -> Incident:
    """Let only these people of the team read the record, besides its owner, its backup and whoever recorded it.

    A lead has to be among them, so that no promise of it falls silent. Raises NotAllowed, Refused.
    """
    _refuse_others(by, incident)
    current = lock(incident)
    wanted = {person.pk: person for person in readers}
    roles = dict(
        Membership.objects.filter(team=current.team_id, person__is_active=True).values_list("person_id", "role")
    )
    if any(pk not in roles for pk in wanted):
        raise Refused("not_in_team", _("チームの外の方は選べません。"), _("チームの中から選んでください。"))
    may_read = {*wanted, current.owner_id, current.backup_id, current.recorded_by_id}
    if not any(roles.get(pk) == Role.LEAD for pk in may_read):
        raise Refused(
            "no_lead_reader",
            _("リーダーが一人も読めません。"),
            _("お約束が宙に浮かないように、リーダーを一人は選んでください。"),
        )
    if by.pk not in may_read:
        raise Refused("shuts_self_out", _("ご自身が読めなくなります。"), _("ご自身も選んでください。"))
    before = _names(current)
    current.reader_rows.exclude(person__in=wanted).delete()
    IncidentReader.objects.bulk_create(
        [IncidentReader(incident=current, person=person) for person in wanted.values()], ignore_conflicts=True
    )
    was, current.restricted = current.restricted, True
    current.save(update_fields=["restricted", "updated_at"])
    audit.note(by, "incident.restricted", current, restricted=(was, True), readers=(before, _names(current)))
    return current


@transaction.atomic
def unrestrict(incident: Incident, *, by: Person) -> Incident:
    """Let the whole team read the record again. Raises NotAllowed, Refused."""
    _refuse_others(by, incident)
    current = lock(incident)
    if not current.restricted:
        raise Refused("not_restricted", _("この記録は、チームの全員が読めます。"))
    before = _names(current)
    current.reader_rows.all().delete()
    current.restricted = False
    current.save(update_fields=["restricted", "updated_at"])
    audit.note(by, "incident.unrestricted", current, restricted=(True, False), readers=(before, ""))
    return current
