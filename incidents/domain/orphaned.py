"""Promises whose owner is gone: the leads of the team hear of it at once, and not only when the next step comes (U5)."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection

from incidents import rules
from incidents.domain import letter
from incidents.enums import FollowUpState, LetterKind, Role
from incidents.letters import orphaned as words
from incidents.models import FollowUp, Letter, Person, Team
from incidents.queries import access
from incidents.queries.reader import escalation


def tell(person: Person, *, teams: Collection[Team]) -> None:
    """Write to the leads of these teams, in which the person works no longer, how many promises stand in their name there.

    In the caller's transaction. Nobody is written to about a team in which there are none, nor about records that they
    may not read.
    """
    for team in teams:
        for lead, count in sorted(_of_lead(person, team).items()):
            to = Person.objects.get(pk=lead)
            letter.post(
                kind=LetterKind.ORPHANED,
                key=f"orphaned:{person.pk}:{team.pk}:{uuid.uuid4()}",
                to=to,
                rendered=words.orphaned(person, to=to, team=team, count=count),
            )


def _of_lead(person: Person, team: Team) -> Counter[int]:
    """How many of the promises that the person leaves behind each lead of the team may see."""
    open_ones = FollowUp.objects.filter(owner=person, team=team, state=FollowUpState.OPEN).select_related("incident")
    found: Counter[int] = Counter()
    for one in open_ones:
        found.update(pk for pk in escalation(one.incident, team.pk) if pk != person.pk)
    return found


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): whether something is still left behind, and this lead is to hear."""
    person_id, team_id = map(int, one.key.split(":")[1:3])
    person, team = Person.objects.get(pk=person_id), Team.objects.get(pk=team_id)
    gone = not (person.is_active and rules.may_edit(access.role_in(person, team_id)))
    leads = one.recipient.is_active and access.role_in(one.recipient, team_id) == Role.LEAD
    if leads and (one.dot_at is not None or (gone and one.recipient_id in _of_lead(person, team))):
        return True
    letter.give_up(one, reason="stale")
    return False
