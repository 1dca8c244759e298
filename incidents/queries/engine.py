"""Whether the reminder engine lives, and how far it is: constant questions, answered by small indexes alone.

What this module counts is counted up to MOST, so that no question grows with the house. Letters of care are in no
count: nobody is to learn how many there are (P4).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from incidents.enums import UNSEEN_LETTERS, DeliveryState, LetterState
from incidents.models import EngineMark, Organisation, ReminderDelivery
from incidents.queries import mailway
from incidents.queries.calendar import business_calendars, day_here, house_zone, organisation
from incidents.queries.mailway import FAILED, UNCONFIRMED
from incidents.queries.sheet import Slot
from tools.plain.holidays import BusinessCalendar

STANDSTILL = timedelta(hours=2)
MOST = 10_000  # counted so far
LOOKED_AT = 500  # rows of the morning that are looked at one by one, the oldest first
# Without each of these nobody is told. The first is the oldest: beat rang and a worker answered.
ESSENTIAL = ("beat", "reminder.digest", "reminder.moments", "letter.sweep")
WORKS_WITHIN = timedelta(minutes=5)
FIRST = timedelta(minutes=5)


# Whether it lives ------------------------------------------------------------------------------


def lives() -> bool:
    """Whether the database answers and the engine runs; never raises for a database that is away."""
    try:
        return not stands_still()
    except (DatabaseError, OSError):
        return False


def stands_still() -> bool:
    """True when a part without which nobody is told has not worked for two hours, or no letter has left for that long.

    An installation younger than two hours may still be without a first sign of each of them.
    """
    return Organisation.objects.filter(silence()).exists()


def stood_still_in_business_hours(now: datetime | None = None) -> bool:
    """The same, when two hours of the house's own business time have gone by meanwhile (U11).

    A night, a weekend or a closed day on which a machine was off is no reason to tell everybody. now: aware.
    """
    house = organisation()
    here = (now or timezone.now()).astimezone(house_zone())
    hours = (house.report_opens_at, house.report_closes_at)
    since = business_calendars()[None].business_time_ago(here, STANDSTILL, hours)
    return Organisation.objects.filter(silence(since)).exists()


def silence(past: datetime | Slot | None = None) -> Q:
    """The same as a condition on the organisation's row, because every page asks it.

    past: aware, since when nothing has moved; default two hours ago.
    """
    past = past or timezone.now() - STANDSTILL
    marks = EngineMark.objects.filter(name__in=ESSENTIAL)
    # Each by itself: an entry that beat rings for and that fails each time leaves beat's own mark young, and one that
    # has never worked leaves none.
    all_work = Q(*(Exists(EngineMark.objects.filter(name=name, at__gte=past)) for name in ESSENTIAL))
    silent = ~all_work & (Q(created_at__lt=past) | Q(Exists(marks.filter(at__lt=past))))
    if settings.MAIL_CONFIGURED:
        silent |= mailway.held_up(past)
    return silent


def audited() -> tuple[datetime | None, datetime | None]:
    """When the ledger was last compared with the promises, and when nothing was wrong; None: never yet.

    The first newer than the second: something is wrong, and the worker's log names it.
    """
    marks = dict(EngineMark.objects.filter(name__in=["audit", "audit_clean"]).values_list("name", "at"))
    return marks.get("audit"), marks.get("audit_clean")


def why_not_working(now: datetime | None = None) -> str:
    """ "" while the engine does its work, else one word for what is wrong: `digest_silent`, `sweep_failed`, `queue_late` …

    This is what the heartbeat outside hangs on, so it asks for more than a sign of beat: each essential entry was done
    within five minutes and did not fail since, and no queue has stood for two hours.
    """
    now = now or timezone.now()
    marks = {mark.name: mark for mark in EngineMark.objects.filter(name__in=ESSENTIAL)}
    for name in ESSENTIAL[1:]:
        part, mark = name.partition(".")[2], marks.get(name)
        if mark is None or mark.at is None or mark.at < now - WORKS_WITHIN:
            return f"{part}_silent"
        if mark.failed_at and mark.failed_at > mark.at:
            return f"{part}_failed"
    if any(queue.is_late for queue in queues(now)):
        return "queue_late"
    if _refuses_all(now - STANDSTILL):
        return "letters_refused"
    return ""


def rings_due(rung: Mapping[str, float], *, but: Container[str] = (), now: datetime) -> list[str]:
    """The tasks whose interval has gone by since they were last done or tried; one query. rung: as `health` takes it.

    One that failed is tried again after its interval, not at once.
    """
    wanted = {name: every for name, every in rung.items() if name not in but}
    tried = {mark.name: _latest(mark.at, mark.failed_at) for mark in EngineMark.objects.filter(name__in=wanted)}
    return [
        name
        for name, every in wanted.items()
        if (last := tried.get(name)) is None or not last <= now < last + timedelta(seconds=every)
    ]


def _latest(*moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


# How far it is ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ring:
    """One entry of the beat table, and when it was last done."""

    name: str
    every: float
    ran_at: datetime | None
    failed_at: datetime | None
    error: str
    now: datetime

    @property
    def is_late(self) -> bool:
        """Three rings and a minute have gone by without an answer. One that was never done yet is young, not late."""
        patience = timedelta(seconds=3 * self.every + 60)
        return self.ran_at is not None and self.ran_at < self.now - patience

    @property
    def has_failed(self) -> bool:
        """The last time that it was tried, it failed."""
        return self.failed_at is not None and (self.ran_at is None or self.failed_at > self.ran_at)


@dataclass(frozen=True)
class Queue:
    """What is due and not done yet. oldest: since when the oldest of it has been due; None when nothing is due.

    is_held_up: whether its age means that nothing moves; of letters one alone may be tried for long (mailway.held_up).
    """

    name: str
    due: int
    oldest: datetime | None
    now: datetime
    is_held_up: bool = True

    @property
    def age(self) -> timedelta:
        return max(self.now - self.oldest, timedelta()) if self.oldest else timedelta()

    @property
    def is_late(self) -> bool:
        """Nothing of it moves, for two hours."""
        return self.is_held_up and self.age > STANDSTILL

    @property
    def is_long(self) -> bool:
        """Something has waited for two hours, while the rest goes its way."""
        return self.age > STANDSTILL


@dataclass(frozen=True)
class Flow:
    """What the mail server took and what was given up, within so many hours."""

    hours: int
    taken: int
    failed: int


@dataclass(frozen=True)
class Health:
    """All that the health page and the metrics show; see `health`."""

    now: datetime
    rings: list[Ring]
    bell: EngineMark | None
    queues: list[Queue]
    flows: list[Flow]
    trying_again: int
    failed: int
    unconfirmed: int
    mail: EngineMark | None
    refuses_all: bool
    last_taken_at: datetime | None
    heartbeat: EngineMark | None
    stands_still: bool

    @property
    def mail_is_away(self) -> bool:
        """A letter is due, and the mail server could not be had the last time."""
        mark, waits = self.mail, any(queue.oldest for queue in self.queues if queue.name == "letters")
        return bool(waits and mark and mark.failed_at and (mark.at is None or mark.failed_at > mark.at))


def health(rung: Mapping[str, float], now: datetime | None = None) -> Health:
    """The state of the engine. rung: the tasks that beat rings for, with their seconds (tasks.signs.rings).

    The same number of queries whatever there is, each of them answered by an index that holds only what is open or
    lately done.
    """
    now = now or timezone.now()
    marks = {mark.name: mark for mark in EngineMark.objects.all()}
    silent = EngineMark(name="")
    rings = []
    for name, every in rung.items():
        mark = marks.get(name, silent)
        rings.append(Ring(name, every, mark.at, mark.failed_at, mark.error, now))
    return Health(
        now=now,
        rings=rings,
        bell=marks.get("bell"),
        queues=queues(now),
        flows=[_flow(hours, now) for hours in (1, 24)],
        trying_again=_counted(mailway.trying_again(now).exclude(kind__in=UNSEEN_LETTERS)),
        failed=_counted(mailway.in_trouble().filter(state=FAILED)),
        unconfirmed=_counted(mailway.in_trouble().filter(state=UNCONFIRMED)),
        mail=marks.get(mailway.SIGN),
        refuses_all=_refuses_all(now),
        last_taken_at=mailway.taken().order_by("-sent_at").values_list("sent_at", flat=True).first(),
        heartbeat=marks.get("heartbeat"),
        stands_still=stands_still(),
    )


def queues(now: datetime) -> list[Queue]:
    """Letters that wait for the mail server, promises of a minute, and the morning's reminders."""
    return [_letters(now), _moments(now), _mornings(now)]


def _letters(now: datetime) -> Queue:
    if not settings.MAIL_CONFIGURED:
        return Queue("letters", 0, None, now)  # nobody here would send them
    due = mailway.due(now)
    oldest = due.order_by("due_at").values_list("due_at", flat=True).first()
    # Asked only of a queue that is old: mostly nothing is.
    is_old = oldest is not None and now - oldest > STANDSTILL
    held_up = is_old and Organisation.objects.filter(mailway.held_up(now - STANDSTILL)).exists()
    return Queue("letters", _counted(due.exclude(kind__in=UNSEEN_LETTERS)), oldest, now, held_up)


def _moments(now: datetime) -> Queue:
    due = ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_at__isnull=False, planned_at__lte=now)
    oldest = due.order_by("planned_at").values_list("planned_at", flat=True).first()
    return Queue("moments", _counted(due), oldest, now)


def _mornings(now: datetime) -> Queue:
    """Rows whose morning has come. Of the oldest LOOKED_AT, because a row alone does not say when its hour was."""
    rows = (
        ReminderDelivery.objects.filter(
            state=DeliveryState.PENDING,
            planned_at__isnull=True,
            planned_on__lte=(now + timedelta(hours=14)).date(),
            recipient__is_active=True,
        )
        .exclude(recipient=F("follow_up__owner"), recipient__paused_until__gte=day_here(now))  # they rest
        .order_by("planned_on", "recipient")
        .values_list(
            "planned_on", "updated_at", "recipient__digest_hour", "recipient__time_zone", "follow_up__team_id"
        )[:LOOKED_AT]
    )
    found = list(rows)
    if not found:
        return Queue("mornings", 0, None, now)
    calendars = business_calendars({team for *_, team in found})
    due = [
        moment
        for planned_on, updated_at, hour, zone, team in found
        if (moment := _morning(planned_on, updated_at, hour, zone, calendars[team])) <= now
    ]
    return Queue("mornings", len(due), min(due, default=None), now)


def _morning(day: date, changed: datetime, hour: int, zone: str, calendar: BusinessCalendar) -> datetime:
    """When a row of the morning is to be told: the first open morning that begins after the row came to be."""
    try:
        here = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        here = zoneinfo.ZoneInfo(settings.TIME_ZONE)
    first = changed.astimezone(here)
    if day <= first.date():
        day = first.date() + timedelta(days=first.hour >= hour)
    return datetime.combine(calendar.roll_forward(day), time(hour), here)


def _refuses_all(past: datetime) -> bool:
    """Letters to two addresses were given up before then, and nothing was taken since."""
    return settings.MAIL_CONFIGURED and Organisation.objects.filter(mailway.refused_all(past)).exists()


def _flow(hours: int, now: datetime) -> Flow:
    since = now - timedelta(hours=hours)
    failed = mailway.in_trouble().filter(state=FAILED, updated_at__gte=since)
    return Flow(hours, _counted(mailway.taken().filter(sent_at__gte=since)), _counted(failed))


def _counted(rows: QuerySet) -> int:
    return rows.order_by()[:MOST].count()


def letters_wait() -> bool:
    """Whether a letter has just become due that this installation would send: then nothing else is to be in its way.

    One that has waited longer than FIRST does not stop the rest: something else holds it up.
    """
    now = timezone.now()
    due = mailway.unsent().filter(state=LetterState.WAITING, next_try_at__gt=now - FIRST, next_try_at__lte=now)
    return settings.MAIL_CONFIGURED and due.exists()


def letters_failed_lately() -> int:
    """How many letters were given up in the last 24 hours."""
    return _flow(24, timezone.now()).failed
