"""Very many promises, some of them due now with their letters written: for measuring the engine from outside.

`bench_seed`, `bench_left` and `bench_idle` call this (docs/operation.md, Measuring the engine). Nothing of it goes
through the verbs: each promise has one planned row, and each due one the letter that the engine would have written.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from datetime import time as time_of_day
from statistics import median
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from incidents.domain import letter as letters
from incidents.enums import DeliveryState, FollowUpKind, LetterKind, LetterState, Role
from incidents.letters import reminder as words
from incidents.models import (
    FollowUp,
    Incident,
    Letter,
    Membership,
    Organisation,
    Person,
    Question,
    ReminderDelivery,
    Team,
)
from incidents.queries import reminder as due
from incidents.queries.calendar import business_calendar, day_here

TEAM = "bench"
FAR = timedelta(days=400)
CHUNK = 1_000
QUESTIONS = ("いつから届いていなかったか", "ほかの得意先にも起きていないか", "だれがどの時点で気づけたか")


@transaction.atomic
def seed(total: int, due_now: int, *, sent: int = 0, mornings: int = 0) -> None:
    """`total` open promises; the first `due_now` are due, one for each of u1@example.test … and their letters wait.

    sent: so many of the others have a step that was told, with its letter. mornings: so many people more, m1@example.test
    …, each with three questions that the digest of the next business day tells.
    """
    now = timezone.now()
    Organisation.objects.get_or_create(id=1, defaults={"name": "bench", "setup_token_hash": ""})
    team = Team.objects.create(name="計測", slug=TEAM)
    keeper = _people(["bench@example.test"], team, Role.LEAD)[0]
    record = Incident.objects.create(
        number=Organisation.objects.get(pk=1).next_incident_number,
        team=team,
        title="計測のための記録",
        noticed_at=now,
        recorded_by=keeper,
        owner=keeper,
    )
    Organisation.objects.filter(pk=1).update(next_incident_number=models.F("next_incident_number") + 1)
    for begin in range(0, due_now, CHUNK):
        people = _people(
            [f"u{n + 1}@example.test" for n in range(begin, min(begin + CHUNK, due_now))], team, Role.MEMBER
        )
        _due(record, people, now)
    if total > due_now:
        _far(record, keeper, now + FAR, total - due_now)
    if sent:
        _told(record, keeper, now, sent)
    for begin in range(0, mornings, CHUNK):
        many = [f"m{n + 1}@example.test" for n in range(begin, min(begin + CHUNK, mornings))]
        _of_the_morning(record, _people(many, team, Role.MEMBER), now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE incidents_followup, incidents_reminderdelivery, incidents_letter, incidents_person")


def _people(addresses: list[str], team: Team, role: str) -> list[Person]:
    made = Person.objects.bulk_create(
        [Person(email=one, name=one.partition("@")[0], password="!") for one in addresses]  # noqa: S106  no password
    )
    Membership.objects.bulk_create([Membership(person=one, team=team, role=role) for one in made])
    return made


def _promise(record: Incident, owner: Person, at: Any, text: str) -> FollowUp:
    return FollowUp(
        kind=FollowUpKind.PROMISE,
        incident=record,
        team=record.team,
        owner=owner,
        due_on=day_here(at),
        due_at=at,
        text=text,
    )


def _due(record: Incident, people: list[Person], now: Any) -> None:
    """The step before the time is told now, though the time is far: so the hourly look finds nothing wrong with them."""
    at = now + FAR
    promises = FollowUp.objects.bulk_create([_promise(record, one, at, "折り返しのお電話") for one in people])
    rows = [_row(promise, now, step="m-15") for promise in promises]
    keys = [f"moment:{row.follow_up_id}:1:{row.recipient_id}:{row.step}" for row in rows]
    written = [_letter(row, key, now, told=at - timedelta(minutes=15)) for row, key in zip(rows, keys, strict=True)]
    for row, one in zip(rows, Letter.objects.bulk_create(written), strict=True):
        row.letter, row.state = one, DeliveryState.WRITTEN
    ReminderDelivery.objects.bulk_create([*rows, *(_row(promise, at) for promise in promises)])


def _row(promise: FollowUp, at: Any, *, step: str = "m0") -> ReminderDelivery:
    return ReminderDelivery(
        follow_up=promise, recipient=promise.owner, step=step, due_version=1, planned_on=day_here(at), planned_at=at
    )


def _letter(row: ReminderDelivery, key: str, now: Any, *, told: Any = None) -> Letter:
    """told: the moment of which its words speak, when that is not `now`."""
    rendered = words.moment(row, recipient=row.recipient, now=told or now)
    return Letter(
        key=key,
        kind=LetterKind.MOMENT,
        recipient=row.recipient,
        to_name=row.recipient.name,
        to_email=row.recipient.email,
        language=rendered.language,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=letters.message_id(key),
        headers=letters.thread(f"follow-up:{row.follow_up_id}"),
        state=LetterState.WAITING,
        next_try_at=now,
        due_at=now,
    )


def business_morning(now: Any) -> Any:
    """Ten o'clock in the house on the business day that has come or comes next, when every digest's hour is past."""
    day = business_calendar(None).roll_forward(day_here(now))
    return datetime.combine(day, time_of_day(10), tzinfo=timezone.get_default_timezone())


def _of_the_morning(record: Incident, people: list[Person], now: Any) -> None:
    """Three questions for each, to be answered on the business day that comes next."""
    day = business_morning(now).date()
    asked = Question.objects.bulk_create(
        [Question(incident=record, text=f"{text}（{one.name}）", asked_by=one) for one in people for text in QUESTIONS]
    )
    promises = FollowUp.objects.bulk_create(
        [
            FollowUp(
                kind=FollowUpKind.QUESTION,
                incident=record,
                team=record.team,
                owner=one.asked_by,
                due_on=day,
                question=one,
            )
            for one in asked
        ]
    )
    ReminderDelivery.objects.bulk_create(
        [
            ReminderDelivery(follow_up=one, recipient=one.owner, step="d0", due_version=1, planned_on=day)
            for one in promises
        ]
    )


def _far(record: Incident, owner: Person, at: Any, count: int) -> None:
    """So many promises of a far day, each with its planned row; copied by the database itself."""
    first = _promise(record, owner, at, "ずっと先のお約束")
    first.save()
    row = _row(first, at)
    row.save()
    series = (
        "generate_series(2, %s) AS n"
        if connection.vendor == "postgresql"
        else "(WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s) AS n"
    )
    if count > 1:
        _copy(FollowUp, first.pk, {}, f"SELECT n FROM {series}", [count])  # noqa: S608  two texts of our own  # nosec B608
        _copy(ReminderDelivery, row.pk, {"follow_up_id": "other.id"}, *_others(record, first, count))


def _told(record: Incident, keeper: Person, at: Any, count: int) -> None:
    """An earlier step of so many promises of a far day, told by a letter each; copied by the database itself."""
    first = FollowUp.objects.filter(incident=record, owner=keeper).earliest("pk")
    row = _row(first, at, step="m-1")
    row.letter = _letter(row, "bench:0", at)
    row.letter.state = LetterState.SENT
    row.letter.sent_at = row.settled_at = at
    row.letter.save()
    row.state = DeliveryState.SENT
    row.save()
    others = _others(record, first, count)
    of_its_own = {"key": "'bench:' || other.id", "message_id": "'<bench.' || other.id || '@example.test>'"}
    _copy(Letter, row.letter_id, of_its_own, *others)
    its_letter = "(SELECT l.id FROM incidents_letter l WHERE l.key = 'bench:' || other.id)"
    _copy(ReminderDelivery, row.pk, {"follow_up_id": "other.id", "letter_id": its_letter}, *others)


def _others(record: Incident, first: FollowUp, count: int) -> tuple[str, list[Any]]:
    """The promises after `first`, all in all `count`, as SQL and its values."""
    sql = "SELECT id FROM incidents_followup WHERE incident_id = %s AND owner_id = %s AND id > %s ORDER BY id LIMIT %s"
    return sql, [record.pk, first.owner_id, first.pk, count - 1]


def _copy(model: type[models.Model], pk: int, of_its_own: dict[str, str], others: str, values: list[Any]) -> None:
    """One copy of a row for each row of `others`; `of_its_own`: column -> SQL instead of the copied value."""
    names = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    taken = ", ".join(of_its_own.get(name, f'one."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({columns}) "  # noqa: S608  names of our own columns  # nosec B608
            f"SELECT {taken} FROM {model._meta.db_table} AS one, ({others}) AS other WHERE one.id = %s",
            [*values, pk],
        )


def left() -> dict[str, int]:
    """How many letters wait or are on their way, were taken, failed for good, and wait for somebody's decision."""
    counted = dict(Letter.objects.order_by().values_list("state").annotate(n=models.Count("pk")))
    return {
        "open": counted.get(LetterState.WAITING, 0) + counted.get(LetterState.SENDING, 0),
        "sent": counted.get(LetterState.SENT, 0),
        "dead": counted.get(LetterState.FAILED, 0),
        "held": counted.get(LetterState.UNCONFIRMED, 0),
    }


def idle(ticks: int) -> dict[str, float]:
    """Milliseconds in the database of what the engine asks when nothing is due: is anything to be sent or written?"""
    taken: list[float] = []

    def clocked(execute: Any, sql: str, params: Any, many: bool, context: dict) -> Any:
        begin = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            taken.append((time.perf_counter() - begin) * 1000)

    each = []
    for _ in range(ticks):
        taken.clear()
        with connection.execute_wrapper(clocked):
            due.what_waits(now=timezone.now())
        each.append(sum(taken))
    return {"tick_ms_median": round(median(each), 3), "tick_ms_best": round(min(each), 3)}
