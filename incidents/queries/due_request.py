from __future__ import annotations

from django.db.models import QuerySet

from incidents.models import DueRequest
from incidents.queries.sheet import Slot


def request_rows(incident: Slot) -> QuerySet[DueRequest]:
    """The requests to move a date of the record's measures, in the order in which they were made."""
    return DueRequest.objects.filter(measure__incident=incident).select_related("asked_by", "decided_by")
