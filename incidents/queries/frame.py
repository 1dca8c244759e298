"""What stands around every page, in one query: it is asked on each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.db.models import BooleanField, ExpressionWrapper, IntegerField, QuerySet, Subquery
from django.utils import timezone

from incidents.enums import FollowUpKind
from incidents.models import FollowUp, Incident, Organisation, Person
from incidents.queries import sheet
from incidents.queries.calendar import today_of
from incidents.queries.engine import STANDSTILL, silence
from incidents.queries.promise import clock_rows
from incidents.queries.team import standing_key

MOST = 100  # counted so far; the frame then says 99+


class CountedTo(Subquery):
    """How many rows a limited subquery has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0  # for somebody without a team, of whom nothing is asked


def counted(rows: QuerySet) -> CountedTo:
    """How many rows, as far as MOST; a number beside a heading never costs with its length."""
    return CountedTo(rows.order_by().values("pk")[:MOST])


def shown(count: int) -> str:
    return f"{count}" if count < MOST else f"{MOST - 1}+"


@dataclass(frozen=True)
class Around:
    """The counts beside the entries of the menu, whether the engine stands still, and the clocks of the strip."""

    pressing: int = 0
    incidents: int = 0
    seams: int = 0
    engine_is_silent: bool = False
    clocks: list[FollowUp] = field(default_factory=list)


def around(person: Person) -> Around:
    """The person's own open promises, the open records of their teams, the first reports that run out; one query."""
    found = sheet.ask(
        ("frame", standing_key(person), settings.MAIL_CONFIGURED), lambda: asked(person), **slots(today_of(person))
    )
    return around_of(found)


def slots(today: date) -> dict[str, date | datetime]:
    """What `asked` wants filled in. today: in the person's zone."""
    return {"today": today, "silent_since": timezone.now() - STANDSTILL}


def around_of(found: dict[str, list]) -> Around:
    """The same out of the rows of a sheet that asked for more."""
    counts = found["frame_counts"][0] if found["frame_counts"] else ()
    return Around(*counts, clocks=found["frame_clocks"])


def asked(person: Person) -> dict[str, QuerySet]:
    mine = FollowUp.objects.visible_to(person).open().filter(owner=person)
    open_records = Incident.objects.visible_to(person).open().order_by("-noticed_at", "-number").values("pk")
    counts = Organisation.objects.filter(pk=1).annotate(
        pressing=counted(mine.filter(due_on__lte=sheet.day("today"))),
        open_records=CountedTo(open_records[:MOST]),
        seams=counted(mine.filter(kind=FollowUpKind.COUNTERMEASURE)),
        silent=ExpressionWrapper(silence(sheet.moment("silent_since")), BooleanField()),
    )
    return {
        "frame_counts": counts.values_list("pressing", "open_records", "seams", "silent"),
        "frame_clocks": clock_rows(person),
    }
