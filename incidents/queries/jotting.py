"""まず一言: a person's own lines."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet

from incidents.models import Incident, Jotting, Person

PER_PAGE = 50
OLD_DAYS = 7
SHOWN = 3


def latest(person: Person) -> QuerySet[Jotting]:
    """The person's loose lines that 今日 shows, the oldest first: it is the one that waits."""
    return Jotting.objects.of(person).loose().order_by("pk")[:SHOWN]


def mine(person: Person, number: str | None) -> Page:
    """All lines of the person, loose ones first. `seen` is the record made of one while they may read it, `mail_pk` the
    mail from which one came."""
    lines = Jotting.objects.of(person).order_by(F("incident_id").asc(nulls_first=True), "-pk").select_related("mail")
    found = Paginator(lines, PER_PAGE).get_page(number)
    wanted = [one.incident_id for one in found.object_list if one.incident_id]
    seen = Incident.objects.visible_to(person).in_bulk(wanted) if wanted else {}
    for one in found.object_list:
        one.seen = seen.get(one.incident_id)
        one.mail_pk = one.mail.pk if hasattr(one, "mail") else None
    return found


def find(person: Person, key: str) -> Jotting | None:
    """The person's line with this key out of a form or an address; None for anything else."""
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        return None
    return Jotting.objects.of(person).filter(pk=int(key)).first()


def is_old(one: Jotting, now: datetime) -> bool:
    """Whether a line has waited for a week."""
    return one.created_at <= now - timedelta(days=OLD_DAYS)
