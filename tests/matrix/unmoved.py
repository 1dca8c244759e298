"""What happens in a record that somebody may not see moves nothing on their pages: no line, no count, no figure.

Every page of a person is asked twice: once as the world stands, and once after restricted records have come, which are
tied to what they know in every way that a row can be: as owner of its promises, as duplicate, recurrence and likeness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.enums import MeasureStatus, Outcome, Stage
from incidents.models import (
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Membership,
    Person,
)
from tests.matrix import world as worlds
from tests.matrix.cells import Asking, Cell, _plain

# Whoever owned something before the record was restricted, or before they left the team.
OWNERS = ("viewer", "member", "lead", "without a team", "lead of another team")
# Pages that are the same question for everybody, or that nobody of OWNERS sees.
LEFT_OUT = {"incident-list-csv", "seam-list-csv"}  # an export numbers its trace


def pages(world: Any, pairs: list) -> Iterator[Cell]:
    from tests.matrix.cells import cells_of

    for route, rule in pairs:
        if not route.name.startswith("admin:") or route.name.endswith("_changelist"):
            yield from (cell for cell in cells_of(route, rule, world) if _is_page(cell))


def _is_page(cell: Cell) -> bool:
    if cell.method != "GET" or cell.htmx or cell.column not in {"", "own", "valid"} or cell.route.name in LEFT_OUT:
        return False
    if cell.route.name.startswith("admin:"):
        return False  # an administrator of the console reads numbers of every team
    return cell.who.name in OWNERS


def moved(world: Any, cells: Iterable[Cell]) -> list[str]:
    """The pages that changed although nothing changed that their reader may see."""
    asking = Asking(world)
    asked = [cell for cell in cells if _is_page(cell)]
    before = [_plain(asking.ask(cell), cell.path) for cell in asked]
    with transaction.atomic():
        tie(world)
        after = [_plain(asking.ask(cell), cell.path) for cell in asked]
        transaction.set_rollback(True)
    return [
        f"{cell}: is moved by a record that its reader may not see"
        for cell, one, two in zip(asked, before, after, strict=True)
        if one != two
    ]


def tie(world: Any) -> None:
    """Restricted records of team A that a query without its scope would find for each of OWNERS."""
    known = world.rows["A"].incident
    third = Membership.objects.get(team__slug="third").person
    for name in OWNERS:
        people = {role: Person.objects.get(email=f"{role}.r@example.jp") for role in ("member", "lead")}
        rows = worlds._fill(world.rows["A"].team, people, third)
        owner = world.people[name]
        record = Incident.objects.filter(pk=rows.incident.pk)
        FollowUp.objects.filter(incident=rows.incident).update(owner=owner)
        measures = Countermeasure.objects.filter(incident=rows.incident)
        checks = EffectCheck.objects.filter(measure__in=measures)
        _try(measures.filter(status=MeasureStatus.DONE), status=MeasureStatus.EFFECTIVE)
        _try(
            checks.filter(measure__status=MeasureStatus.EFFECTIVE),
            outcome=Outcome.EFFECTIVE,
            decided_at=timezone.now(),
            decided_by=people["lead"],
            outcome_note="0件",
        )
        _try(record, recurrence_of=known)
        _try(record, first_reported_at=timezone.now() - timedelta(minutes=5), first_report_channel="phone")
        _try(record, stage=Stage.MENDED, mended_at=timezone.now())
        record.update(restricted=True)


def _try(rows: Any, **values: Any) -> None:
    """What the database allows of it."""
    try:
        with transaction.atomic():
            rows.update(**values)
    except IntegrityError as fault:
        raise AssertionError(f"the world of the matrix cannot be tied so: {values}") from fault
