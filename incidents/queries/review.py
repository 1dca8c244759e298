from __future__ import annotations

from incidents.enums import REVIEW_KINDS
from incidents.models import FollowUp, Incident


def reviews_of(incident: Incident) -> list[FollowUp]:
    """What comes back on a later day, as far as it is open; one query."""
    return list(FollowUp.objects.filter(incident=incident, kind__in=REVIEW_KINDS).open().select_related("owner"))
