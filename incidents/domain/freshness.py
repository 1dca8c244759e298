"""How old the words of an unsent letter may be, and at which hour it may still come (B-15).

One digest a person and business morning, with that morning's words; of a promise of a minute the latest step alone.
Nothing here asks the database for a letter that is young and comes by day: a round of sending asks this of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta

from django.db.models import Max

from incidents.domain import letter
from incidents.enums import DeliveryState, LetterKind
from incidents.models import Letter, Person, ReminderDelivery
from incidents.queries.calendar import zone_of
from tools.plain.holidays import BusinessCalendar

# A younger letter about a promise of a minute has no later one beside it: steps lie a quarter of an hour apart.
YOUNG = timedelta(minutes=5)


def day_of(one: Letter) -> str:
    """The day (ISO) whose words a digest has, as its key says; "" for any other letter."""
    parts = one.key.split(":")
    return parts[2] if one.kind == LetterKind.DIGEST and len(parts) == 4 else ""


def looks_old(one: Letter, now: datetime) -> bool:
    """Whether the hour or the day of a digest has to be asked about before it is sent. now: aware."""
    day = day_of(one)
    if not day or one.recipient is None:
        return False
    local = now.astimezone(zone_of(one.recipient))
    return day != local.date().isoformat() or local.hour < one.recipient.digest_hour or one.recipient.quiet.hold(local)


def is_of_another_day(one: Letter, person: Person, now: datetime) -> bool:
    """Whether a digest speaks of another morning than today's on the person's wall: mostly one that has passed."""
    day = day_of(one)
    return bool(day) and day != now.astimezone(zone_of(person)).date().isoformat()


def comes_at(one: Letter, person: Person, now: datetime, calendars: Sequence[BusinessCalendar]) -> datetime:
    """When a digest may be sent: `now`, or else the person's next morning (aware). calendars: of the teams it tells of.

    One that the person has asked for comes on that day at any hour: by itself none is written outside its hours.
    """
    if not day_of(one):
        return now
    if is_its_hour(person, now) and _is_open(person, now, calendars):
        return now
    if not is_of_another_day(one, person, now) and was_asked_for(one, person, calendars):
        return now
    return min(next_morning(person, now, calendar) for calendar in calendars)


def was_asked_for(one: Letter, person: Person, calendars: Sequence[BusinessCalendar]) -> bool:
    """Whether a digest was written because its reader pressed the button: at such an hour, or on a day on which all the
    teams are closed, none is written by itself. calendars: of the teams it tells of.
    """
    return not (is_its_hour(person, one.created_at) and _is_open(person, one.created_at, calendars))


def _is_open(person: Person, moment: datetime, calendars: Sequence[BusinessCalendar]) -> bool:
    day = moment.astimezone(zone_of(person)).date()
    return any(calendar.is_business_day(day) for calendar in calendars)


def is_its_hour(person: Person, now: datetime) -> bool:
    """Whether a digest could come by itself at this hour, were the day an open one. now: aware."""
    local = now.astimezone(zone_of(person))
    return local.hour >= person.digest_hour and not person.quiet.hold(local)


def is_young(one: Letter, now: datetime) -> bool:
    """Whether a letter about a promise of a minute goes out as it was written, at its time."""
    return one.created_at >= now - YOUNG


def next_morning(person: Person, now: datetime, calendar: BusinessCalendar) -> datetime:
    """The first moment from now on at which the person's digest could come."""
    local = now.astimezone(zone_of(person))
    day = calendar.roll_forward(local.date())
    while True:
        hour = datetime.combine(day, time(person.digest_hour), local.tzinfo)
        at = person.quiet.after(max(local, hour))
        following = calendar.roll_forward(day + timedelta(days=1))
        if at.date() == day or person.quiet.hold(hour):  # nobody can choose an hour in their own quiet (Person.clean)
            return at
        day = following


def overtaken(letters: Iterable[Letter], now: datetime) -> set[int]:
    """Ids of letters about a promise of a minute after which a later one about it was written to the same person.

    Two queries, and none as long as all of them are young.
    """
    old = [one.pk for one in letters if one.kind == LetterKind.MOMENT and one.created_at < now - YOUNG]
    if not old:
        return set()
    told = ReminderDelivery.objects.filter(letter__in=old).values_list("letter_id", "follow_up_id", "recipient_id")
    of_these = list(told)
    rows = ReminderDelivery.objects.filter(
        follow_up__in={follow_up for _pk, follow_up, _person in of_these},
        recipient__in={person for _pk, _follow_up, person in of_these},
        planned_at__isnull=False,
        state__in=[DeliveryState.WRITTEN, DeliveryState.SENT],
    )
    by_pair = rows.order_by().values_list("follow_up_id", "recipient_id").annotate(latest=Max("letter_id"))
    latest = {(follow_up, person): pk for follow_up, person, pk in by_pair}
    return {pk for pk, follow_up, person in of_these if latest.get((follow_up, person), pk) > pk}


def is_untimely(one: Letter, due_at: datetime | None, now: datetime) -> bool:
    """Whether the letter says how long it is still to go, and that time has come; or was written by a clock that stood
    ahead. due_at: aware, of its promise.
    """
    return one.created_at > now + letter.APART or (due_at is not None and one.created_at < due_at <= now)
