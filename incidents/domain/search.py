"""Keeps the index of an incident right: its words and its next open day.

There is no verb that has to remember it. Invariant 5 makes every change write its trace, so `audit.note` is the one
place that each change passes; `incident.tell` and the promises of `reminder` (which may come after the trace) are
the other two. All three call `refresh`, in the transaction of the change: what can be read can be found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import batched

from django.db import connection, transaction
from django.db.models import Min, QuerySet

from incidents.enums import SPREAD_KINDS, FollowUpState
from incidents.models import (
    Attachment,
    Containment,
    Countermeasure,
    FollowUp,
    Incident,
    IncidentIndex,
    Mending,
    Paste,
    Question,
    Spread,
    TimelineEntry,
    Why,
)
from incidents.models.index import NO_DAY
from tools.plain.bigrams import fold, grams, token

# Of one text and of all of a record so much is searched; a paste may be a mebibyte long.
ONE_TEXT, ALL_TEXTS = 60_000, 200_000
BATCH = 500
OWN = ("title", "body", "counterparty", "process", "who_waits", "end_reason", "external_id")
PARTS = (
    (TimelineEntry, "text"),
    (Why, "text"),
    (Why, "evidence"),
    (Countermeasure, "title"),
    (Countermeasure, "before"),
    (Countermeasure, "after"),
    (Countermeasure, "done_note"),
    (Containment, "text"),
    (Question, "text"),
    (Question, "answer"),
    (Spread, "title"),
    (FollowUp, "text"),
    (Attachment, "name"),
    (Paste, "text"),
    (Mending, "what"),
)


def refresh(incident: Incident | int) -> None:
    """Write the index of one incident anew. Call it in the transaction of the change."""
    write([incident if isinstance(incident, int) else incident.pk])


def refresh_due(incident_id: int) -> None:
    """The next open day alone, when only a promise has changed."""
    day = _own_promises().filter(incident_id=incident_id).aggregate(day=Min("due_on"))["day"]
    IncidentIndex.objects.filter(pk=incident_id).update(next_due_on=day or NO_DAY)


def write(incident_ids: Iterable[int]) -> None:
    """The same for many, in three statements a batch (five on SQLite)."""
    for ids in batched(incident_ids, BATCH):
        rows = built(ids)
        with transaction.atomic():
            IncidentIndex.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["incident"],
                update_fields=["team", "text", "next_due_on"],
            )
            write_grams(rows)


def rebuild(progress: Callable[[int], None] | None = None) -> int:
    """Write the index of every incident anew; returns how many there are. For repair and after a bulk load."""
    done, last = 0, 0
    while ids := list(Incident.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        write(ids)
        done, last = done + len(ids), ids[-1]
        if progress:
            progress(done)
    return done


def built(incident_ids: Iterable[int]) -> list[IncidentIndex]:
    """Unsaved rows of the index as the records of these incidents say it now, in three queries."""
    ids = list(incident_ids)
    texts: dict[int, list[str]] = {}
    teams: dict[int, int] = {}
    for pk, number, team_id, *own in Incident.objects.filter(pk__in=ids).values_list("pk", "number", "team_id", *OWN):
        teams[pk] = team_id
        texts[pk] = [f"K-{number}", *own]
    with connection.cursor() as cursor:
        cursor.execute(_parts_sql(len(ids)), [one for _part in PARTS for one in ids])
        for pk, _place, _pk, text in sorted(cursor.fetchall()):
            texts[pk].append(text)
    due = dict(
        _own_promises().filter(incident_id__in=ids).order_by().values_list("incident_id").annotate(Min("due_on"))
    )
    return [
        IncidentIndex(
            incident_id=pk,
            team_id=teams[pk],
            text=fold("\n".join(one for one in found if one))[:ALL_TEXTS],
            next_due_on=due.get(pk, NO_DAY),
        )
        for pk, found in texts.items()
    ]


@lru_cache(maxsize=8)
def _parts_sql(count: int) -> str:
    """What all parts of so many records say. Composed once: to compose it anew took longer than all else of a change."""
    ids = ", ".join(["%s"] * count)
    own = connection.ops.quote_name
    return " UNION ALL ".join(
        f"SELECT incident_id, {place}, id, substr({own(field)}, 1, {ONE_TEXT}) FROM {own(model._meta.db_table)} "  # noqa: S608  names of our own  # nosec B608
        f"WHERE {own(field)} <> '' AND incident_id IN ({ids})"
        for place, (model, field) in enumerate(PARTS)
    )


def _own_promises() -> QuerySet[FollowUp]:
    """Open promises of the record's own team: what another team has been asked is that team's day."""
    return FollowUp.objects.filter(state=FollowUpState.OPEN).exclude(kind__in=SPREAD_KINDS)


def write_grams(rows: list[IncidentIndex]) -> None:
    """The pairs of characters, in the column or table that the database has for them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "UPDATE incidents_incidentindex AS i SET grams = new.grams::int[] "
                "FROM unnest(%s::bigint[], %s::text[]) AS new(id, grams) WHERE i.incident_id = new.id",
                [[r.pk for r in rows], [f"{{{','.join(map(str, sorted(grams(r.text))))}}}" for r in rows]],
            )
        else:
            cursor.executemany("DELETE FROM incidents_incidentgrams WHERE rowid = %s", [(r.pk,) for r in rows])
            cursor.executemany(
                "INSERT INTO incidents_incidentgrams(rowid, grams) VALUES (%s, %s)",
                [(r.pk, " ".join(token(one) for one in sorted(grams(r.text)))) for r in rows],
            )
