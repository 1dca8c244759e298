"""The one letter about what was handed over; it knows no record, so that the engine can ask it at the moment of sending."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from django.urls import reverse

from incidents import rules
from incidents.domain import letter
from incidents.enums import LetterKind
from incidents.letters import addresses, links
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
    about = {one.incident_id if isinstance(one, Countermeasure) else one.pk for one in records}
    return letter.post(
        kind=LetterKind.HANDED_OVER,
        key=f"handed-over:{team.pk}:{uuid.uuid4()}",
        to=to,
        rendered=words.handed_over(to, by, records, reason=reason, today=today_of(to)),
        headers=addresses.reply_headers(to, about.pop() if len(about) == 1 else None),
    )


def _reads_all(one: Letter) -> bool:
    """Whether the addressee may read each record that the letter names, by the addresses in its frozen text (C9)."""
    before, after = links.absolute(reverse("incident", args=["K-0"])).rsplit("0", 1)
    named = {int(number) for number in re.findall(f"{re.escape(before)}([0-9]+){re.escape(after)}", one.text)}
    return Incident.objects.visible_to(one.recipient).filter(number__in=named).count() == len(named)


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): who no longer works in the team, or may not read, gets no titles."""
    team_id = int(one.key.split(":")[1])
    if one.recipient.is_active and rules.may_edit(access.role_in(one.recipient, team_id)) and _reads_all(one):
        return True
    letter.give_up(one, reason="stale")
    return False
