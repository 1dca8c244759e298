from __future__ import annotations

from django.db.models import QuerySet

from incidents.enums import REVIEW_KINDS
from incidents.models import FollowUp
from incidents.queries.sheet import Slot


def review_rows(incident: Slot) -> QuerySet[FollowUp]:
    """What comes back on a later day, as far as it is open."""
    return FollowUp.objects.filter(incident=incident, kind__in=REVIEW_KINDS).open().select_related("owner")
