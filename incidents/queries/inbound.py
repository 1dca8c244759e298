"""Mail that came in: what it answers, what waits for a lead, whose address is silent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents.enums import SPREAD_KINDS, MailKind, MailState, MailWhy, Role
from incidents.models import (
    FollowUp,
    Incident,
    Jotting,
    Letter,
    MailReply,
    Membership,
    Person,
    ReceivedMail,
    TimelineEntry,
)

SOFT_BOUNCES, SOFT_DAYS = 3, 7
MOST_AN_HOUR = 60
PER_PAGE = 50
# Of strangers, in a day and of the whole house, so many mails are kept, and none with more bytes; of others the row alone.
STRANGERS_A_DAY, STRANGERS_BYTES = 200, 5 << 20


def letter_of(message_ids: Iterable[str]) -> Letter | None:
    """The letter of ours that one of these ids names; the nearest first. Ids with or without < and >."""
    wanted = [one.strip("<> ") for one in message_ids][:50]
    found = {
        one.message_id.strip("<>"): one
        for one in Letter.objects.filter(message_id__in=[f"<{one}>" for one in wanted]).select_related("recipient")
    }
    # X-Idempotency-Key is the Message-ID without its domain; some servers send back that header and not the other.
    by_key = {name.partition("@")[0]: one for name, one in found.items()}
    return next((found.get(one) or by_key.get(one) for one in wanted if one in found or one in by_key), None)


def letter_by_key(keys: Iterable[str], *, domain: str) -> Letter | None:
    """As `letter_of`, for what stands in X-Idempotency-Key alone. domain: of our Message-IDs."""
    wanted = [f"<{one}@{domain}>" for one in keys if "@" not in one][:50]
    return Letter.objects.filter(message_id__in=wanted).select_related("recipient").first() if wanted else None


def incident_of(letter: Letter) -> Incident | None:
    """The one record that a letter is about; None when it tells of several, or of none."""
    told = FollowUp.objects.filter(deliveries__letter=letter).exclude(kind__in=SPREAD_KINDS)
    ids = set(told.values_list("incident_id", flat=True)[:3])
    if not ids and letter.key.startswith("reply:"):
        reply = MailReply.objects.filter(pk=int(letter.key.split(":")[1])).select_related("follow_up__incident").first()
        ids = {reply.incident.pk} if reply and reply.incident else set()
    return Incident.objects.filter(pk=ids.pop()).select_related("team").first() if len(ids) == 1 else None


def by_address(address: str) -> Person | None:
    """The active person whose address this is, letter for letter."""
    return Person.objects.filter(email=address.casefold(), is_active=True).first() if address else None


def soft_bounces(person: Person, *, now: datetime | None = None) -> int:
    """How often a server said lately that it could not deliver to the person for now, of letters that are ours."""
    since = (now or timezone.now()) - timedelta(days=SOFT_DAYS)
    told = ReceivedMail.objects.filter(person=person, kind=MailKind.BOUNCE_SOFT, created_at__gte=since)
    return told.filter(letter__isnull=False).values("letter").distinct().count()


def posted_lately(person: Person, *, now: datetime | None = None) -> int:
    since = (now or timezone.now()) - timedelta(hours=1)
    mine = ReceivedMail.objects.filter(person=person, created_at__gte=since)
    return mine.filter(state__in=[MailState.POSTED, MailState.DRAFTED]).count()


def strangers_kept(*, now: datetime | None = None) -> int:
    """Of how many mails of strangers the bytes were kept in the last 24 hours; counted no further than the limit."""
    since = (now or timezone.now()) - timedelta(days=1)
    theirs = Q(person=None) | Q(why=MailWhy.UNMATCHED)
    found = ReceivedMail.objects.filter(theirs, state__in=[MailState.NOTED, MailState.REFUSED], created_at__gte=since)
    return len(found.exclude(sha256="").order_by().values_list("pk")[:STRANGERS_A_DAY])


def of_entry(entry: TimelineEntry) -> ReceivedMail | None:
    """The mail from which a line of the timeline came."""
    return ReceivedMail.objects.filter(entry=entry).first()


def of_jotting(line: Jotting) -> ReceivedMail | None:
    """The mail from which a draft came."""
    return ReceivedMail.objects.filter(jotting=line).first()


def held(by: Person) -> QuerySet[ReceivedMail]:
    """Mail that waits for this person's decision: of records that they lead and may read, the oldest first."""
    teams = Membership.objects.filter(person=by, role=Role.LEAD).values("team")
    mine = Incident.objects.visible_to(by).filter(team__in=teams)
    waiting = ReceivedMail.objects.filter(state=MailState.HELD, incident__in=mine)
    return waiting.select_related("incident__team", "person").order_by("pk")
