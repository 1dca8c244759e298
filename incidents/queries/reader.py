"""Who may read a restricted record (C9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from incidents.enums import EDITING_ROLES, Role
from incidents.models import Countermeasure, Incident, IncidentReader, Membership, Person, ReadRequest, Team
from incidents.queries import access, team


def team_people(incident: Incident) -> QuerySet[Person]:
    """Active people of the record's team, viewers included."""
    return Person.objects.filter(is_active=True, memberships__team=incident.team_id).distinct().order_by("name", "pk")


def people_of(teams: Iterable[Team]) -> QuerySet[Person]:
    """Active people of any of these teams, viewers included."""
    return Person.objects.filter(is_active=True, memberships__team__in=list(teams)).distinct().order_by("name", "pk")


def named(incident: Incident) -> list[int]:
    return list(IncidentReader.objects.filter(incident=incident).values_list("person_id", flat=True))


def readers(incident: Incident) -> set[int]:
    """Ids of everybody who may read a restricted record."""
    standing = {incident.owner_id, incident.backup_id, incident.recorded_by_id} - {None}
    return standing | set(named(incident))


def workers(incident: Incident, *, also: Person | None = None) -> QuerySet[Person]:
    """People to whom something of the record can be given: who may work in its team and read it.

    also: somebody who stands in the record already and must not fall out of its form.
    """
    people = team.can_work(incident.team, also=also)
    if not incident.restricted:
        return people
    return people.filter(pk__in=readers(incident) | ({also.pk} if also else set()))


def may_hold(incident: Incident, *, by: Person) -> QuerySet[Person]:
    """People whom this person may name as the record's owner or backup; on a restricted record both read it."""
    decides = by.pk == incident.owner_id or access.role_in(by, incident.team_id) == Role.LEAD
    if decides:
        return team.can_work(incident.team, also=incident.owner)
    return workers(incident, also=incident.owner)


def workers_of(records: Sequence[Incident | Countermeasure], led: Team) -> QuerySet[Person]:
    """People of the team to whom at least one of its chosen records can be given."""
    people = team.can_work(led)
    incidents = {one.pk: one for one in (getattr(record, "incident", record) for record in records)}
    if not all(one.restricted for one in incidents.values()):
        return people
    standing = {pk for one in incidents.values() for pk in (one.owner_id, one.backup_id, one.recorded_by_id)}
    named = IncidentReader.objects.filter(incident__in=incidents).values("person")
    return people.filter(Q(pk__in=standing - {None}) | Q(pk__in=named))


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


def deciders(incident: Incident) -> list[Person]:
    """Who may let somebody read a restricted record: its owner, and the leads who read it; active ones of the team."""
    allowed = readers(incident)
    rows = Membership.objects.filter(team_id=incident.team_id, person__is_active=True, role__in=EDITING_ROLES)
    rows = rows.filter(person__in=allowed).select_related("person").order_by("person_id")
    return [row.person for row in rows if row.role == Role.LEAD or row.person_id == incident.owner_id]


def open_requests(incident: Incident) -> list[ReadRequest]:
    """Who asks to read the record and waits for an answer, the first first."""
    found = ReadRequest.objects.filter(incident=incident, state=ReadRequest.State.OPEN)
    return list(found.select_related("person"))


def own_request(incident: Incident, person: Person) -> ReadRequest | None:
    """What the person last asked of this record."""
    return ReadRequest.objects.filter(incident=incident, person=person).order_by("-pk").first()
