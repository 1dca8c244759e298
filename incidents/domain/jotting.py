"""まず一言 (C3). A private line is no record: it leaves no trace until its writer makes one of it.

The trail is read by administrators; an entry "somebody jotted something down" would tell what is nobody's but theirs.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import capture
from incidents.errors import Refused
from incidents.models import Incident, Jotting, Person

MOST = 200


@transaction.atomic
def jot(*, by: Person, text: str, once: bool = True) -> Jotting:
    """Keep a line for its writer alone. A line that came twice, because its answer was lost, is kept once.

    once: False for lines that are known to be two although they read alike. Raises Refused.
    """
    line = " ".join(text.split())
    if not line:
        raise Refused("empty", _("ひとことが書かれていません。"), _("一行書いてください。"))
    Person.objects.select_for_update().get(pk=by.pk)
    mine = Jotting.objects.of(by).loose()
    if once and (last := mine.first()) is not None and last.text == line:
        return last
    if mine.count() >= MOST:
        raise Refused(
            "too_many_jottings",
            _("一言がたくさん残っています。"),
            _("どれかを記録にするか、手放してから書いてください。"),
        )
    return Jotting.objects.create(person=by, text=line)


@transaction.atomic
def drop(jotting: Jotting, *, by: Person) -> None:
    """Let a line go. It was nobody's but the writer's, so nothing of it stays (invariant 4 is about records)."""
    Jotting.objects.of(by).loose().filter(pk=jotting.pk).delete()


@transaction.atomic
def record(jotting: Jotting, *, by: Person, **known: Any) -> Incident:
    """Make a record of a line, with what its writer left or changed of it. The line as it was stays with them.

    known: as incidents.domain.capture.record. Raises NotAllowed, Refused.
    """
    fresh = Jotting.objects.select_for_update(of=("self",)).filter(person=by).get(pk=jotting.pk)
    made = capture.record(by=by, **known)
    if fresh.incident_id not in {None, made.pk}:
        raise Refused(
            "jotting_used", _("この一言は、もう記録にしています。"), _("まず一言のページで確かめてください。")
        )
    fresh.incident = made
    fresh.save(update_fields=["incident"])
    return made
