"""Who may read a restricted record (C9)."""

from __future__ import annotations

from django.db.models import QuerySet

from incidents.enums import EDITING_ROLES, Role
from incidents.models import Incident, IncidentReader, Membership, Person


def team_people(incident: Incident) -> QuerySet[Person]:
    """Active people of the record's team, viewers included."""
    return Person.objects.filter(is_active=True, memberships__team=incident.team_id).distinct().order_by("name", "pk")


def named(incident: Incident) -> list[int]:
    return list(IncidentReader.objects.filter(incident=incident).values_list("person_id", flat=True))


def readers(incident: Incident) -> set[int]:
    """Ids of everybody who may read a restricted record."""
    standing = {incident.owner_id, incident.backup_id, incident.recorded_by_id} - {None}
    return standing | set(named(incident))


def escalation(incident: Incident, team_id: int) -> list[int]:
    """Who hears of a promise that nobody keeps: the leads who may read the record, else its readers who may write."""
    rows = list(
        Membership.objects.filter(team_id=team_id, person__is_active=True, role__in=EDITING_ROLES)
        .order_by("person_id")
        .values_list("person_id", "role")
    )
    leads = [person for person, role in rows if role == Role.LEAD]
    if not incident.restricted or incident.team_id != team_id:
        return leads
    allowed = readers(incident)
    return [one for one in leads if one in allowed] or [person for person, _role in rows if person in allowed]
