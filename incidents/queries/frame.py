"""What stands around every page, in one query: it is asked on each of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import IntegerField, Subquery

from incidents.enums import FollowUpKind
from incidents.models import FollowUp, Incident, Organisation, Person
from incidents.queries.calendar import today_of
from incidents.queries.engine import silence

MOST = 100  # counted so far; the frame then says 99+


class CountedTo(Subquery):
    """How many rows a limited subquery has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


@dataclass(frozen=True)
class Numbers:
    pressing: int = 0
    incidents: int = 0
    seams: int = 0
    engine_is_silent: bool = False


def numbers(person: Person) -> Numbers:
    """The person's own open promises, the open records of their teams, and whether the engine stands still."""
    mine = FollowUp.objects.visible_to(person).open().filter(owner=person).order_by("due_on").values("pk")
    open_records = Incident.objects.visible_to(person).open().order_by("-noticed_at", "-number").values("pk")
    found = (
        Organisation.objects.filter(pk=1)
        .annotate(
            pressing=CountedTo(mine.filter(due_on__lte=today_of(person))[:MOST]),
            incidents=CountedTo(open_records[:MOST]),
            seams=CountedTo(mine.filter(kind=FollowUpKind.COUNTERMEASURE)[:MOST]),
            engine_is_silent=silence(),
        )
        .values("pressing", "incidents", "seams", "engine_is_silent")
        .first()
    )
    return Numbers(**found) if found else Numbers()
