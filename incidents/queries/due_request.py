from __future__ import annotations

from incidents.models import DueRequest, Incident


def requests_of(incident: Incident) -> dict[int, list[DueRequest]]:
    """The requests to move a date, by measure, in the order in which they were made; one query."""
    found: dict[int, list[DueRequest]] = {}
    rows = DueRequest.objects.filter(measure__incident=incident).select_related("asked_by", "decided_by")
    for row in rows:
        found.setdefault(row.measure_id, []).append(row)
    return found
