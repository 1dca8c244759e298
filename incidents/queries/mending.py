"""Who mended a record, by name, and how long it took all of them together (A-3). Never how long it took one of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from incidents.models import Mending
from incidents.queries.sheet import Slot


@dataclass(frozen=True)
class Mended:
    """names: by the alphabet, so that their order says nothing. minutes: of the whole record, 0 where fewer than two people told any: the
    sum of one person would be theirs (invariant 8).

    some_untold: whether the minutes are those of a part of the work.
    """

    names: list[str]
    minutes: int
    some_untold: bool
    work: list[Mending]
    withdrawn: list[Mending]


def mending_rows(incident: Slot) -> QuerySet[Mending]:
    return Mending.objects.filter(incident=incident).select_related("person")


def mended(rows: list[Mending]) -> Mended:
    """What the page of the record shows of the work on it."""
    work = [row for row in rows if row.withdrawn_at is None]
    told = [row for row in work if row.minutes is not None]
    several = len({row.person_id for row in told}) > 1
    return Mended(
        names=sorted({row.person_id: str(row.person) for row in work}.values()),
        minutes=sum(row.minutes for row in told) if several else 0,
        some_untold=any(row.minutes is None for row in work),
        work=work,
        withdrawn=[row for row in rows if row.withdrawn_at is not None],
    )
