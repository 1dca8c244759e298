"""Files of a record. The caller has come through the access door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, QuerySet, Sum

from incidents.models import Attachment, Countermeasure, Incident, ReceivedMail

MOST_SHOWN = 300  # a record takes 200 that stand; the rest are the latest that were taken back


@dataclass(frozen=True)
class Files:
    """own: of the record itself. evidence: by the id of the measure. withdrawn: what was taken back, of either."""

    own: list[Attachment] = field(default_factory=list)
    evidence: dict[int, list[Attachment]] = field(default_factory=dict)
    withdrawn: list[Attachment] = field(default_factory=list)


def file_rows(incident: Any) -> QuerySet[Attachment]:
    """Everything that was attached to a record: what stands first, in the order in which it came."""
    rows = Attachment.objects.filter(incident=incident).select_related("uploaded_by")
    return rows.order_by(F("withdrawn_at").desc(nulls_first=True), "id")[:MOST_SHOWN]


def files_in_order(rows: Iterable[Attachment]) -> Files:
    """The same, sorted into what the page shows apart."""
    found = Files()
    for row in rows:
        if row.withdrawn_at is not None:
            found.withdrawn.append(row)
        elif row.measure_id is None:
            found.own.append(row)
        else:
            found.evidence.setdefault(row.measure_id, []).append(row)
    return found


def evidence_of(measure: Countermeasure) -> list[Attachment]:
    """The files that show that a measure was done (M6)."""
    return list(Attachment.objects.filter(measure=measure, withdrawn_at__isnull=True).select_related("uploaded_by"))


def bytes_of_incident(incident: Incident) -> tuple[int, int]:
    """How many files of a record stand, and how many bytes all of them take; what was taken back still lies there."""
    rows = Attachment.objects.filter(incident=incident)
    return rows.filter(withdrawn_at__isnull=True).count(), rows.aggregate(sum=Sum("size"))["sum"] or 0


def bytes_of_team(team_id: int) -> int:
    return Attachment.objects.filter(incident__team=team_id).aggregate(sum=Sum("size"))["sum"] or 0


def is_known(sha256: str) -> bool:
    """Whether a row tells of these bytes: of a file, or of a mail that came in."""
    return Attachment.objects.filter(sha256=sha256).exists() or ReceivedMail.objects.filter(sha256=sha256).exists()


def all_files() -> Iterator[tuple[str, str, str, int]]:
    """Reference, name, hash and size of every file, in turn."""
    rows = Attachment.objects.order_by("pk").values_list("incident__number", "name", "sha256", "size")
    for number, name, sha256, size in rows.iterator(chunk_size=500):
        yield f"K-{number}", name, sha256, size
