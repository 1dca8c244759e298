from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.domain.incident import editor
from incidents.enums import Certainty, EntryKind
from incidents.errors import Refused
from incidents.models import Incident, Person, TimelineEntry


@transaction.atomic
def record(
    incident: Incident,
    *,
    by: Person,
    text: str,
    event_at: datetime | None,
    certainty: str = Certainty.FACT,
    addendum_to: TimelineEntry | None = None,
) -> TimelineEntry:
    """Add a line to the timeline. Nothing is overwritten: a correction is an addendum to the line it corrects.

    event_at: aware, when it happened (not when it is written); None when nobody knows.
    Raises NotAllowed for a viewer, Refused for an empty line or an addendum to another incident's line.
    """
    editor(by, incident)
    if not text.strip():
        raise Refused("empty", _("できごとが書かれていません。"), _("何があったかを一行書いてください。"))
    if addendum_to is not None and addendum_to.incident_id != incident.pk:
        raise Refused("other_incident", _("別の記録の経緯には追記できません。"))
    entry = TimelineEntry.objects.create(
        incident=incident,
        kind=EntryKind.NOTE,
        text=text,
        event_at=event_at,
        certainty=certainty,
        author=by,
        author_label=str(by),
        addendum_to=addendum_to,
    )
    audit.note(by, "timeline.recorded", entry)
    return entry
