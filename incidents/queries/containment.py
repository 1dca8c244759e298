from __future__ import annotations

from incidents.models import Containment, Incident


def containments_of(incident: Incident) -> list[Containment]:
    """What limits the effect, in the order of its time; one query."""
    return list(Containment.objects.filter(incident=incident).select_related("author"))
