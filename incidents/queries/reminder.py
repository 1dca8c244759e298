"""What is due, for whom. Always "up to today", never "on this day": a missed tick loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery

from incidents.enums import SPREAD_KINDS, DeliveryState, FollowUpKind, LetterKind, LetterState, PostState
from incidents.models import FollowUp, Letter, MirrorLine, Person, ReminderDelivery, SpreadAnswer
from incidents.queries.calendar import business_calendars, zone_of
from incidents.queries.sheet import Slot
from tools.plain.holidays import BusinessCalendar


@dataclass(frozen=True)
class Waits:
    """What a ring would find to do."""

    letters: bool
    moments: bool
    mornings: bool


def what_waits(*, now: datetime) -> Waits:
    """Whether anything is to be sent or written, for a ring that mostly finds nothing: one question, three index probes.

    now: aware. `mornings` is true as soon as the day has come somewhere on earth; whose hour it is, is asked after it.
    """
    letters = Letter.objects.filter(state__in=[LetterState.WAITING, LetterState.SENDING], next_try_at__lte=now)
    pending = ReminderDelivery.objects.filter(state=DeliveryState.PENDING)
    moments = pending.filter(planned_at__isnull=False, planned_at__lte=now)
    mornings = pending.filter(planned_at__isnull=True, planned_on__lte=_today_anywhere(now))
    asked = [_first(letters, "next_try_at"), _first(moments, "planned_at"), _first(mornings, "planned_on")]
    # Not from any table: with a row of a small one PostgreSQL would read that one through.
    sql = ", ".join(f"({one})" for one, _values in asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", [value for _sql, values in asked for value in values])
        return Waits(*(one is not None for one in cursor.fetchone()))


def _first(rows: QuerySet, by: str) -> tuple[str, tuple[object, ...]]:
    """The first of them by the index that holds only what is still to be done, as a statement and its values.

    Asked whether any exists, PostgreSQL believes that every second row is due, because the settled ones have old days
    too, and walks through the table to meet one.
    """
    try:
        return rows.order_by(by).values("pk")[:1].query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL", ()


def _today_anywhere(now: datetime) -> date:
    """The latest date that it is now for anybody (UTC+14)."""
    return (now + timedelta(hours=14)).date()


def people_with_due_rows(*, now: datetime) -> list[Person]:
    """Active people whose digest hour has come today and who have pending rows and no letter of the day yet.

    now: aware. The same few queries, however many people there are; the rest is decided per person. Who only has rows
    of teams that are closed today is none of them: they would be asked about again at each ring of the day.
    """
    tomorrow_anywhere = _today_anywhere(now)
    waiting = ReminderDelivery.objects.filter(
        state=DeliveryState.PENDING, planned_at__isnull=True, planned_on__lte=tomorrow_anywhere
    )
    found = waiting.order_by().values_list("recipient", "follow_up__team").annotate(day=Min("planned_on"))
    by_person: dict[int, dict[int, date]] = {}
    for person_id, team_id, day in found:
        by_person.setdefault(person_id, {})[team_id] = day
    people = list(Person.objects.filter(pk__in=by_person, is_active=True).order_by("pk"))
    calendars = business_calendars({team for teams in by_person.values() for team in teams})
    first = _first_of_open_teams(people, by_person, calendars, now)
    _let_pausing_rest(people, first, now, tomorrow_anywhere)
    lettered = set(
        Letter.objects.filter(kind=LetterKind.DIGEST, recipient_id__in=first, created_at__gte=now - timedelta(hours=40))
        .exclude(state=LetterState.CANCELLED)
        .values_list("key", flat=True)
    )
    told_today = {tuple(key.split(":")[1:3]) for key in lettered}
    ready = []
    for person in people:
        local = now.astimezone(zone_of(person))
        if person.pk not in first or first[person.pk] > local.date() or local.hour < person.digest_hour:
            continue
        if person.quiet.hold(local):  # what has come due in the evening, or waited for a machine, is for the morning
            continue
        if (str(person.pk), str(local.date())) in told_today:
            continue
        ready.append(person)
    return ready


def _first_of_open_teams(
    people: list[Person],
    by_person: dict[int, dict[int, date]],
    calendars: dict[int | None, BusinessCalendar],
    now: datetime,
) -> dict[int, date]:
    """The earliest day of each person's rows, of the teams that are open on the person's own day."""
    first: dict[int, date] = {}
    for person in people:
        today = now.astimezone(zone_of(person)).date()
        days = [day for team, day in by_person[person.pk].items() if calendars[team].is_business_day(today)]
        if days:
            first[person.pk] = min(days)
    return first


def _let_pausing_rest(people: list[Person], first: dict[int, date], now: datetime, until: date) -> None:
    """Who pauses hears of what others have promised, and of nothing else: `first` is then the day of that."""
    pausing = [person.pk for person in people if person.pauses_on(now.astimezone(zone_of(person)).date())]
    if not pausing:
        return
    rows = ReminderDelivery.objects.filter(
        state=DeliveryState.PENDING, planned_at__isnull=True, planned_on__lte=until, recipient__in=pausing
    ).exclude(follow_up__owner=F("recipient"))
    of_others = dict(rows.order_by().values_list("recipient").annotate(day=Min("planned_on")))
    for person_id in pausing:
        if first.pop(person_id, None) is not None and person_id in of_others:
            first[person_id] = of_others[person_id]


def moments_due(*, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(follow-up, person) with a step of a minute that has come, the longest waiting first. One query."""
    rows = (
        ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_at__lte=now)
        .order_by("planned_at", "pk")
        .values_list("follow_up_id", "recipient_id")[: limit * 3]
    )
    return list(dict.fromkeys(rows))[:limit]


def told_rows(of_promises: Q) -> QuerySet[ReminderDelivery]:
    """Rows of the ledger as a page shows them, with what of their letter says when; never the letter's text.

    mirrored_at: when a chat channel was last shown the row; mirror_tries: of the message that still waits to be shown.
    """
    letter = {f"letter_{name}": F(f"letter__{name}") for name in ("state", "sent_at", "attempts")}
    rows = ReminderDelivery.objects.filter(of_promises).select_related("recipient")
    shown = MirrorLine.objects.filter(delivery=OuterRef("pk"), post__state=PostState.SENT)
    waits = MirrorLine.objects.filter(delivery=OuterRef("pk"), post__state__in=[PostState.WAITING, PostState.SENDING])
    return rows.annotate(
        letter_written_at=F("letter__created_at"),
        mirrored_at=Subquery(shown.order_by("-post__sent_at").values("post__sent_at")[:1]),
        mirror_tries=Subquery(waits.order_by("-post_id").values("post__attempts")[:1]),
        **letter,
    ).order_by("planned_on", "id")


def told_of_spread(asked: SpreadAnswer) -> list[ReminderDelivery]:
    """The ledger of what a team was asked and of what it has taken on, for that team."""
    return list(told_rows(Q(follow_up__spread_answer=asked) | Q(follow_up__spread_action=asked)))


def followed_rows(incident: Slot) -> QuerySet[FollowUp]:
    """Promises of the record whose ledger has no place of its own on its page. Another team's are that team's."""
    return (
        FollowUp.objects.filter(incident=incident)
        .exclude(kind__in=[FollowUpKind.COUNTERMEASURE, *sorted(SPREAD_KINDS)])
        .select_related("owner", "check_plan__measure", "question", "review_of", "root__why")
        .order_by("due_on", "id")
    )


@dataclass(frozen=True)
class DueLine:
    """A promise as the Today page shows it. `days` is business days left; negative is past."""

    follow_up: FollowUp
    days: int

    @property
    def late_days(self) -> int:
        return -self.days

    @property
    def is_late(self) -> bool:
        return self.days < 0


def days_left(today: date, due_on: date, calendar: BusinessCalendar) -> int:
    """Business days from today to the due date; 0 on the day itself, negative after it. A closed due day counts as the next open one."""
    return calendar.business_days_between(today, calendar.roll_forward(due_on))


def one_record(rows: list[ReminderDelivery]) -> int | None:
    """The record that a letter is about, when it is about one and shows that one."""
    if any(row.follow_up.kind in SPREAD_KINDS for row in rows):
        return None
    records = {row.follow_up.incident_id for row in rows}
    return records.pop() if len(records) == 1 else None
