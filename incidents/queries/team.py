from __future__ import annotations

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from incidents.enums import EDITING_ROLES, Role
from incidents.models import Membership, Person, Team
from incidents.queries import sheet


def my_memberships(person: Person) -> list[Membership]:
    """The person's teams and roles, by name of the team; as they were read for the page, when they were."""
    if person.standing is not None:
        return person.standing
    return sheet.ask("memberships", _memberships, person=person.pk)["memberships"] if person.pk else []


def _memberships() -> dict[str, QuerySet[Membership]]:
    mine = Membership.objects.filter(person=sheet.number("person"))
    return {"memberships": mine.select_related("team").order_by("team__name")}


def standing_key(person: Person) -> tuple:
    """What a sheet's text depends on when it asks for what this person may see: who it is, and their teams and roles."""
    return (person.pk, person.is_active, tuple((m.team_id, m.role) for m in my_memberships(person)))


def people_of(memberships: list[Membership]) -> list[Person]:
    """Active people of these teams, by name; one query."""
    teams = sorted(m.team_id for m in memberships)
    return sheet.ask(("people", *teams), lambda: {"people": people_rows(teams)})["people"]


def people_rows(teams: list[int]) -> QuerySet[Person]:
    """Active people of these teams, by name."""
    return Person.objects.filter(is_active=True, memberships__team__in=teams).distinct().order_by("name", "pk")


def ids_of(person: Person) -> list[int]:
    """The ids of the person's teams; none for somebody deactivated."""
    return [m.team_id for m in my_memberships(person)] if person.is_active else []


def left_behind[Row: Model](rows: QuerySet[Row], team: str) -> QuerySet[Row]:
    """Those of the rows whose owner works in their team no longer. team: the path from a row to it."""
    works = Membership.objects.filter(
        person=OuterRef("owner"), team=OuterRef(team), role__in=EDITING_ROLES, person__is_active=True
    )
    return rows.filter(~Exists(works), owner__isnull=False)


def writable_teams(person: Person) -> QuerySet[Team]:
    """Teams in which the person may record."""
    return (
        Team.objects.visible_to(person)
        .filter(memberships__person=person, memberships__role__in=EDITING_ROLES)
        .distinct()
    )


def can_work(team: Team, *, also: Person | None = None) -> QuerySet[Person]:
    """People of a team to whom a measure or a check can be given: active members and leads.

    also: somebody who stands in a record already and must not fall out of its form only because they left.
    """
    found = Q(is_active=True, memberships__team=team, memberships__role__in=EDITING_ROLES)
    if also is not None:
        found |= Q(pk=also.pk)
    return Person.objects.filter(found).distinct().order_by("name", "pk")


def can_take_over(membership: Membership) -> QuerySet[Person]:
    """To whom what somebody of a team holds there can go: everybody who works in it but themselves."""
    return can_work(membership.team).exclude(pk=membership.person_id)


def all_but(ids: list[int]) -> list[Team]:
    """Every team of the organisation but these, by name: for an administrator."""
    return list(Team.objects.exclude(pk__in=ids).order_by("name", "pk"))


def other_teams(team: Team) -> QuerySet[Team]:
    """Every other team of the organisation that somebody could answer for, by name alone."""
    led = Membership.objects.filter(role=Role.LEAD, person__is_active=True).values("team")
    return Team.objects.filter(pk__in=led).exclude(pk=team.pk).order_by("name")
