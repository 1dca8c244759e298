from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit
from incidents.domain.incident import SENT_AGAIN, editor, lock
from incidents.enums import Certainty, EntryKind
from incidents.errors import Refused
from incidents.models import Incident, Paste, Person, TimelineEntry


def _refuse_empty(text: str) -> None:
    if not text.strip():
        raise Refused("empty", _("できごとが書かれていません。"), _("何があったかを一行書いてください。"))


def _refuse_future(event_at: datetime | None, certainty: str) -> None:
    if certainty == Certainty.FACT and rules.is_ahead(event_at, timezone.now()):
        raise Refused(
            "fact_in_future",
            _("事実の時刻が未来になっています。"),
            _("起きた時刻を入れるか、見込みなら確かさを「推定」にしてください。"),
        )


@transaction.atomic
def record(
    incident: Incident,
    *,
    by: Person,
    text: str,
    event_at: datetime | None,
    certainty: str = Certainty.FACT,
    addendum_to: TimelineEntry | None = None,
    verdict: str = "",
    kind: str = EntryKind.NOTE,
) -> TimelineEntry:
    """Add a line to the timeline. Nothing is overwritten: a correction is an addendum to the line it corrects (R1).

    event_at: aware, when it happened (not when it is written); None when nobody knows.
    verdict: only on an addendum; what it says of its line. An addendum to an addendum belongs to the first line.
    Raises NotAllowed for a viewer, Refused for an empty line, a fact that lies ahead or an addendum to another incident's line.
    """
    editor(by, incident)
    _refuse_empty(text)
    _refuse_future(event_at, certainty)
    if addendum_to is not None and addendum_to.incident_id != incident.pk:
        raise Refused("other_incident", _("別の記録の経緯には追記できません。"))
    if addendum_to is not None and addendum_to.addendum_to_id is not None:
        addendum_to = addendum_to.addendum_to
    entry = TimelineEntry.objects.create(
        incident=incident,
        kind=kind,
        text=text,
        event_at=event_at,
        certainty=certainty,
        author=by,
        author_label=str(by),
        addendum_to=addendum_to,
        verdict=verdict if addendum_to is not None else "",
    )
    if addendum_to is None:
        audit.note(by, "timeline.recorded", entry)
    else:
        audit.note(by, "timeline.amended", entry, verdict=("", entry.verdict))
    return entry


def written_already(
    incident: Incident, *, by: Person, text: str, event_at: datetime | None, kind: str = EntryKind.NOTE, **more: Any
) -> TimelineEntry | None:
    """The line that the same person wrote word for word within a day: its form came a second time. `more`: columns."""
    same = {"author": by, "text": text, "event_at": event_at, "kind": kind, "addendum_to": None, **more}
    return incident.timeline.filter(recorded_at__gte=timezone.now() - SENT_AGAIN, **same).first()


@transaction.atomic
def record_once(
    incident: Incident, *, by: Person, text: str, event_at: datetime | None, certainty: str = Certainty.FACT
) -> TimelineEntry:
    """As `record`; a form that comes a second time, because its answer was lost on the way, makes no second line.

    The record's row is held meanwhile, so that two sendings at once become one after the other. Raises as `record`.
    """
    editor(by, incident)
    lock(incident)
    line = {"text": text, "event_at": event_at, "certainty": certainty}
    return written_already(incident, by=by, **line) or record(incident, by=by, **line)


@transaction.atomic
def amend(
    entry: TimelineEntry, *, by: Person, text: str, certainty: str = Certainty.FACT, verdict: str = ""
) -> TimelineEntry:
    """Write an addendum to a line; `verdict` says whether the line was confirmed or found not to be so.

    Raises NotAllowed, Refused.
    """
    return record(
        entry.incident, by=by, text=text, event_at=None, certainty=certainty, addendum_to=entry, verdict=verdict
    )


@dataclass(frozen=True)
class Taken:
    """One line of a pasted text as it goes into the timeline.

    number: its line in the paste, counted from 1. text: its words, as they were.
    event_at: aware, or None. event_at_text: how the paste wrote the time.
    """

    number: int
    text: str
    certainty: str
    event_at: datetime | None
    event_at_text: str = ""


@transaction.atomic
def take_over(paste: Paste, *, by: Person, lines: Sequence[Taken]) -> list[TimelineEntry]:
    """Write chosen lines of a pasted text into the timeline; each line is taken once (R1, C1).

    Raises NotAllowed, Refused when nothing was chosen, a fact lies ahead or somebody has taken one of the lines already.
    """
    editor(by, paste.incident)
    incident = lock(paste.incident)
    if not lines:
        raise Refused("nothing_chosen", _("入れる行が選ばれていません。"), _("経緯に入れる行に印をつけてください。"))
    for line in lines:
        _refuse_empty(line.text)
        _refuse_future(line.event_at, line.certainty)
    numbers = {line.number for line in lines}
    taken = TimelineEntry.objects.filter(paste=paste, paste_line__in=numbers)
    if taken.exists() or len(numbers) < len(lines):
        raise Refused(
            "line_taken",
            _("選んだ行のなかに、もう経緯に入っている行があります。"),
            _("その行の印は外しました。もう一度確かめてください。"),
        )
    entries = [
        TimelineEntry.objects.create(
            incident=incident,
            kind=EntryKind.NOTE,
            text=line.text,
            event_at=line.event_at,
            event_at_text=line.event_at_text[:60],
            certainty=line.certainty,
            author=by,
            author_label=str(by),
            paste=paste,
            paste_line=line.number,
        )
        for line in lines
    ]
    for entry in entries:
        audit.note(by, "timeline.taken_over", entry)
    return entries
