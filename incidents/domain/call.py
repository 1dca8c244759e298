"""電話メモ: what the other side said and asks for, and the time that was given to them (A-22). Their anger has no field.

What was said stands in the timeline as told by them (「…から伺ったこと」), and as a fact: that they said so is one, whether
or not it is so. Where it proves wrong, an addendum says that. What they ask for is a line of its own, which stands in
相手とのあいだ as long as no addendum refutes it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import incident as incidents
from incidents.domain import promise as promises
from incidents.domain import timeline
from incidents.domain.incident import editor, lock
from incidents.enums import Channel, EntryKind, FollowUpKind
from incidents.errors import Refused
from incidents.models import FollowUp, Incident, Person, TimelineEntry


@transaction.atomic
def note(
    incident: Incident,
    *,
    by: Person,
    with_whom: str,
    called_at: datetime,
    said: str,
    asks: str = "",
    promised_at: datetime | None = None,
    promised_what: str = "",
    is_first_report: bool = False,
) -> list[TimelineEntry]:
    """Write a phone call down; all of it or nothing. Returns its lines of the timeline.

    called_at, promised_at: aware. promised_at: what was promised for that time (`promised_what`, else a call back) is
    followed as every promise is. is_first_report: the call was the first report too; the clock stops, and the promised
    time is that of the next report. Also after the end of a record: the other side calls all the same. What of it
    was written within a day already, because an answer was lost on the way or something was forgotten, is not doubled.
    Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_call(at=called_at, said=said, asks=asks, now=timezone.now())
    if is_first_report and promised_at is None:
        raise Refused(
            "no_next_report",
            _("次の報告の時刻が決まっていません。"),
            _("約束した時刻を入れてください。次の報告がいらないときは、「一次報告を記録する」で理由を書きます。"),
            "first-report",
        )
    if promised_at is None and promised_what.strip():
        raise Refused(
            "promise_without_time",
            _("約束したことが書かれていますが、時刻がありません。"),
            _("約束した時刻を入れてください。時刻のない話は、ご要望に書きます。"),
            "outside",
        )
    who = with_whom.strip()
    texts = []
    if said.strip():
        texts.append((EntryKind.CALL, _("%(who)s から伺ったこと: %(said)s") % {"who": who, "said": said.strip()}))
    if asks.strip():
        texts.append((EntryKind.REQUEST, _("%(who)s のご要望: %(asks)s") % {"who": who, "asks": asks.strip()}))
    wanted = [{"text": text, "event_at": called_at, "kind": kind} for kind, text in texts]
    already = [timeline.written_already(current, by=by, **line) for line in wanted]
    lines = [old or timeline.record(current, by=by, **line) for old, line in zip(already, wanted, strict=True)]
    if is_first_report and not (all(already) and current.first_reported_at):
        current = incidents.record_first_report(current, by=by, channel=Channel.PHONE, reported_at=called_at)
    if promised_at is not None:
        given = {
            "text": promised_what.strip() or (_("続報") if is_first_report else _("折り返しのお電話")),
            "due_at": promised_at,
            "kind": FollowUpKind.NEXT_REPORT if is_first_report else FollowUpKind.PROMISE,
        }
        if not (all(already) and FollowUp.objects.filter(incident=current, **given).exists()):
            promises.promise(current, by=by, to_whom=who, **given)
    return lines
