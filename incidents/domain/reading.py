"""Who opened a restricted record: for the day on which somebody has to know who read it (hardening 3f.3, breach helper).

Opening changes nothing of the record, so it leaves no trace in the trail; it leaves a row here, one an hour.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from incidents.enums import ReadDoor
from incidents.models import Countermeasure, Person, RecordRead


def note(person: Person, incident_ids: Iterable[int], *, door: str = ReadDoor.PAGE) -> None:
    """The person has opened these restricted records by this door; within one hour it is kept once."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    rows = [RecordRead(person=person, incident_id=pk, hour=hour, door=door) for pk in sorted(set(incident_ids))]
    RecordRead.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def note_list(person: Person, rows: QuerySet) -> None:
    """The person takes a list along; of the records in it, or those of its countermeasures, the restricted ones are noted."""
    way, key = ("incident__", "incident_id") if rows.model is Countermeasure else ("", "pk")
    found = rows.filter(**{f"{way}restricted": True}).order_by().values_list(key, flat=True)
    note(person, found, door=ReadDoor.EXPORT)
