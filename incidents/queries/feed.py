"""What a person's calendar shows (U9): their own open promises and those that they stand in for, and what has just ended."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import Q

from incidents.enums import EDITING_ROLES, FollowUpState
from incidents.models import CalendarFeed, FollowUp, Person
from incidents.queries.team import my_memberships

MOST_OPEN = 1_000
MOST_ENDED = 200
# How long a promise that has ended is still told as such, so that a program that looks seldom takes it away.
ENDED_DAYS = 30

# What an entry needs, and nothing in words: no title, no name and no text of a record is even read.
_READ = (
    "incident", "check_plan", "kind", "due_on", "due_at", "due_version", "state", "closed_at", "owner_id", "backup_id", "created_at", "updated_at",
    "measure_id", "check_plan_id", "check_plan__measure_id", "question_id", "spread_answer_id", "spread_action_id",
    "root_id", "review_of_id", "incident__number",
)  # fmt: skip


def hash_of(token: str) -> str:
    """An address as it is kept. The token is 256 random bits, so that there is nothing to guess from its hash."""
    return hashlib.sha256(f"ushiro.calendar.feed.v1:{token}".encode()).hexdigest()


def feed_of(person: Person) -> CalendarFeed | None:
    """The person's own feed, switched on or off; None when there has never been one."""
    return CalendarFeed.objects.filter(person=person).first()


def promises_for(person: Person, *, now: datetime) -> list[FollowUp]:
    """The promises that stand in the person's calendar, the open ones by their day; two queries for every length.

    Asked anew at each reading: only of teams in which the person may work, and of restricted records only where they
    are named. now: aware. Up to MOST_OPEN that are open and MOST_ENDED that ended in the last ENDED_DAYS days.
    """
    works_in = [m.team_id for m in my_memberships(person) if m.role in EDITING_ROLES]
    theirs = (
        FollowUp.objects.visible_to(person)
        .filter(Q(owner=person) | Q(backup=person), team__in=works_in)
        .select_related("incident", "check_plan")
        .only(*_READ)
    )
    ended = theirs.exclude(state=FollowUpState.OPEN).filter(closed_at__gt=now - timedelta(days=ENDED_DAYS))
    return [
        *theirs.open().order_by("due_on", "pk")[:MOST_OPEN],
        *ended.order_by("-closed_at", "-pk")[:MOST_ENDED],
    ]
