from __future__ import annotations

from django.db.models import QuerySet

from incidents.enums import EDITING_ROLES
from incidents.models import Membership, Person, Team


def my_memberships(person: Person) -> list[Membership]:
    """The person's teams and roles, by name of the team."""
    return list(Membership.objects.filter(person=person).select_related("team").order_by("team__name"))


def writable_teams(person: Person) -> QuerySet[Team]:
    """Teams in which the person may record."""
    return (
        Team.objects.visible_to(person)
        .filter(memberships__person=person, memberships__role__in=EDITING_ROLES)
        .distinct()
    )


def can_work(team: Team) -> QuerySet[Person]:
    """People of a team to whom a measure or a check can be given: active members and leads."""
    return Person.objects.filter(is_active=True, memberships__team=team, memberships__role__in=EDITING_ROLES).order_by(
        "name", "pk"
    )


def teammates(person: Person) -> QuerySet[Person]:
    """People of the person's own teams, for filters."""
    return (
        Person.objects.filter(memberships__team__in=Team.objects.visible_to(person)).distinct().order_by("name", "pk")
    )
