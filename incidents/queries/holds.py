"""What is held as proof, and what follows from it."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from incidents.models import Incident, LegalHold, Membership, Person, TimelineEntry


def standing() -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(lifted_at=None)


def people() -> QuerySet:
    """Ids of whoever is held themselves, or by a team of theirs."""
    teams = standing().filter(team__isnull=False).values("team")
    own = standing().filter(person__isnull=False).values("person")
    return Person.objects.filter(Q(pk__in=own) | Q(memberships__team__in=teams)).values("pk")


def records() -> QuerySet:
    """Ids of the records that are held themselves, or by their team."""
    teams = standing().filter(team__isnull=False).values("team")
    own = standing().filter(incident__isnull=False).values("incident")
    return Incident.objects.filter(Q(pk__in=own) | Q(team__in=teams)).values("pk")


def holds_person(person: Person) -> bool:
    """Whether somebody may not be erased: they, a team of theirs, or a record in which they have a part is held."""
    if not standing().exists():
        return False
    part = Q(owner=person) | Q(backup=person) | Q(recorded_by=person)
    part |= Q(pk__in=TimelineEntry.objects.filter(author=person).values("incident"))
    return (
        people().filter(pk=person.pk).exists()
        or Incident.objects.filter(part, pk__in=records()).exists()
        or Membership.objects.filter(person=person, team__in=standing().values("team")).exists()
    )
