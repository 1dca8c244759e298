"""The one letter about what was handed over; it knows no record, so that the engine can ask it at the moment of sending."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from incidents import rules
from incidents.domain import letter
from incidents.enums import LetterKind
from incidents.letters import handover as words
from incidents.models import Countermeasure, Incident, Letter, Person, Team
from incidents.queries import access
from incidents.queries.calendar import today_of


def tell(
    records: Sequence[Incident | Countermeasure], *, by: Person, to: Person, team: Team, reason: str
) -> Letter | None:
    """Write to the new owner, once for all; who takes over themselves needs no letter. In the caller's transaction."""
    if not records or by.pk == to.pk:
        return None
    return letter.post(
        kind=LetterKind.HANDED_OVER,
        key=f"handed-over:{team.pk}:{uuid.uuid4()}",
        to=to,
        rendered=words.handed_over(to, by, records, reason=reason, today=today_of(to)),
    )


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): whoever works in the team no longer does not get its titles."""
    if one.dot_at is not None:
        return True
    team_id = int(one.key.split(":")[1])
    if one.recipient.is_active and rules.may_edit(access.role_in(one.recipient, team_id)):
        return True
    letter.withdraw_claimed(one, reason="stale")
    return False
