"""Mirrors as pages show them, and what of the ledger belongs to a team's morning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from incidents.enums import DeliveryState, FollowUpState, MirrorState, PostState, Role
from incidents.models import Membership, Mirror, MirrorPost, Person, ReminderDelivery, Team

SHOWN = 5  # messages of a mirror that its page lists


@dataclass(frozen=True)
class OfTeam:
    """The mirrors of one team, and whether the reader leads it."""

    team: Team
    leads: bool
    mirrors: list[Mirror]


def of_teams(memberships: Iterable[Membership]) -> list[OfTeam]:
    """For each team its mirrors; one query, however many teams there are."""
    rows = list(memberships)
    found: dict[int, list[Mirror]] = {}
    for one in Mirror.objects.filter(team__in=[m.team_id for m in rows]).exclude(state=MirrorState.ENDED):
        found.setdefault(one.team_id, []).append(one)
    return [OfTeam(m.team, m.role == Role.LEAD, found.get(m.team_id, [])) for m in rows]


def newest_posts(mirror: Mirror) -> list[MirrorPost]:
    """The last messages to a channel."""
    return list(mirror.posts.order_by("-created_at", "-pk")[:SHOWN])


def leads_of(team: Team) -> list[Person]:
    """Who is told when a channel does not take anything any more."""
    rows = Membership.objects.filter(team=team, role=Role.LEAD, person__is_active=True).select_related("person")
    return [row.person for row in rows.order_by("person_id")]


def due_for_morning(day: date, *, since: datetime, limit: int) -> list[Mirror]:
    """Mirrors whose team has had no morning message on `day`; those switched on after `since` (aware) wait for the next."""
    told = MirrorPost.objects.filter(mirror=OuterRef("pk"), key=morning_key(day))
    rows = Mirror.objects.filter(~Exists(told), state=MirrorState.ON, morning=True, on_at__lt=since)
    return list(rows.select_related("team").order_by("pk")[:limit])


def morning_key(day: date) -> str:
    return f"morning:{day.isoformat()}"


def told_this_morning(team_id: int, day: date, *, begins: datetime) -> QuerySet[ReminderDelivery]:
    """Rows of the ledger that the team's people are told on this day, of records that are open to the whole team.

    begins: aware; when the day began in the house. Waiting rows belong to it too: their letter comes at their own hour.
    """
    of_today = Q(state=DeliveryState.PENDING) | Q(
        state__in=[DeliveryState.WRITTEN, DeliveryState.SENT], letter__created_at__gte=begins
    )
    return (
        ReminderDelivery.objects.filter(
            of_today,
            planned_at__isnull=True,
            planned_on__lte=day,
            follow_up__team=team_id,
            follow_up__state=FollowUpState.OPEN,
            follow_up__incident__restricted=False,
            due_version=F("follow_up__due_version"),
        )
        .exclude(recipient=F("follow_up__owner"), recipient__mirrored=False)
        .select_related("follow_up")
        .order_by("follow_up_id", "pk")
    )


def unsent() -> QuerySet[MirrorPost]:
    """As the index of what is due says it, word for word."""
    return MirrorPost.objects.filter(state__in=[PostState.WAITING, PostState.SENDING])


def in_trouble() -> list[Mirror]:
    """Mirrors that a person has to look at: stopped because nothing arrived, or on and failing."""
    rows = Mirror.objects.filter(Q(state=MirrorState.BROKEN) | Q(state=MirrorState.ON, failures__gt=0))
    return list(rows.select_related("team").order_by("team__name", "pk")[:50])
