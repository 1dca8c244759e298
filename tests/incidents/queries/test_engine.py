"""Whether the engine lives, when everybody is told that it does not, and what the health page counts."""

from __future__ import annotations

import json
import re
from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.domain import letter as letters
from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.letters.base import Rendered
from incidents.models import Closure, EngineMark, Letter, Organisation, ReminderDelivery
from incidents.queries import engine
from incidents.tasks.signs import rings
from tests.conftest import at
from tests.factories import (
    EngineMarkFactory,
    FollowUpFactory,
    LetterFactory,
    PersonFactory,
    ReminderDeliveryFactory,
)

pytestmark = pytest.mark.django_db


def seen(now=None):
    return engine.health(rings(), now)


def worked(now):
    """What must work was last done at that moment."""
    for name in engine.ESSENTIAL:
        EngineMarkFactory(name=name, at=now)


def all_well(now):
    for name in ("beat", *rings()):
        EngineMarkFactory(name=name, at=now)


# The banner ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "now", "told"),
    [
        # 2026-11-23 is a holiday (Monday), the 21st and 22nd a weekend.
        ("2026-11-24 09:00", "2026-11-24 10:59", False),
        ("2026-11-24 09:00", "2026-11-24 11:01", True),
        ("2026-11-24 08:00", "2026-11-24 10:59", False),  # the house opened at nine
        ("2026-11-20 17:00", "2026-11-21 12:00", False),  # one hour of business, then a weekend
        ("2026-11-20 17:00", "2026-11-24 09:59", False),
        ("2026-11-20 17:00", "2026-11-24 10:01", True),
        ("2026-11-20 15:00", "2026-11-22 12:00", True),  # three hours of business were missed already
        ("2026-11-24 15:30", "2026-11-24 23:00", True),
        ("2026-11-24 16:30", "2026-11-24 23:00", False),
        ("2026-12-28 17:30", "2027-01-04 09:30", False),  # the year's end
        ("2026-12-28 17:30", "2027-01-04 10:31", True),
    ],
)
def test_the_banner_counts_business_time(clock, organisation, last, now, told):
    Organisation.objects.update(created_at=at("2026-11-01 09:00"))
    worked(at(last))
    clock.to(now)
    assert engine.stood_still_in_business_hours() is told


def test_the_banner_keeps_to_the_houses_own_days_and_hours(clock, organisation):
    Organisation.objects.update(created_at=at("2026-11-01 09:00"), report_opens_at=time(13), report_closes_at=time(22))
    worked(at("2026-11-24 09:30"))
    clock.to("2026-11-24 14:59")
    assert not engine.stood_still_in_business_hours()
    clock.to("2026-11-24 15:01")
    assert engine.stood_still_in_business_hours()
    Closure.objects.create(day=date(2026, 11, 24), name="創立記念日")
    assert not engine.stood_still_in_business_hours()
    Organisation.objects.update(time_zone="America/New_York")
    assert not engine.stood_still_in_business_hours()


WORDS = "お知らせの仕組みが2時間以上止まっています"


@pytest.mark.parametrize("person", ["alice", "vera", "carol", "admin"])
def test_everybody_sees_the_banner_and_only_then(clock, client_of, request, organisation, person):
    client = client_of(request.getfixturevalue(person))
    worked(clock.now)
    clock.to("2026-11-24 11:29")
    assert WORDS not in client.get("/").content.decode()
    clock.to("2026-11-24 11:31")
    assert WORDS in client.get("/").content.decode()
    EngineMark.objects.update(at=clock.now)
    assert WORDS not in client.get("/").content.decode()


def test_a_page_asks_for_the_calendar_only_when_something_is_silent(clock, client_of, alice):
    worked(clock.now)
    client = client_of(alice)
    client.get("/letters/")
    with CaptureQueriesContext(connection) as calm:
        client.get("/letters/")
    clock.to("2026-11-24 20:00")
    with CaptureQueriesContext(connection) as silent:
        client.get("/letters/")
    assert len(silent) - len(calm) == 3  # the house, its days, and whether it is silent since


@pytest.mark.parametrize("name", engine.ESSENTIAL)
def test_one_task_that_fails_each_time_is_a_standstill(clock, organisation, name):
    all_well(clock.now)
    clock.forward(hours=2, minutes=1)
    EngineMark.objects.exclude(name=name).update(at=clock.now)
    assert engine.stands_still()
    assert engine.stood_still_in_business_hours()


@pytest.mark.parametrize("name", engine.ESSENTIAL)
@pytest.mark.parametrize("left", ["nothing", "a failure"])
def test_one_task_that_has_never_worked_is_a_standstill(clock, organisation, name, left):
    all_well(clock.now)
    EngineMark.objects.filter(name=name).delete()
    if left == "a failure":
        EngineMark.objects.create(name=name, failed_at=clock.now, error="KeyError")
    assert not engine.stands_still()  # the installation has just come to be
    Organisation.objects.update(created_at=clock.now - timedelta(hours=2, minutes=1))
    assert engine.stands_still()
    assert engine.why_not_working() or name == "beat"


@pytest.mark.parametrize("name", ["care.check_in", "housekeeping.sweep_files", "heartbeat", "of an older version"])
def test_what_tells_nobody_is_no_standstill(clock, organisation, name):
    all_well(clock.now)
    EngineMarkFactory(name=name, at=clock.now - timedelta(days=9))
    assert not engine.stands_still()


def test_the_essential_tasks_are_rung_for():
    assert set(engine.ESSENTIAL) - {"beat"} <= rings().keys()


# Whether the heartbeat goes out ----------------------------------------------------------------


def test_it_works_when_all_is_done(clock, organisation):
    assert engine.why_not_working() == "digest_silent"
    all_well(clock.now)
    assert engine.why_not_working() == ""


@pytest.mark.parametrize(
    ("name", "word"), [("reminder.digest", "digest"), ("reminder.moments", "moments"), ("letter.sweep", "sweep")]
)
def test_it_does_not_work_when_one_is_silent_or_fails(clock, organisation, name, word):
    all_well(clock.now)
    EngineMark.objects.filter(name=name).update(failed_at=clock.now + timedelta(seconds=1))
    assert engine.why_not_working() == f"{word}_failed"
    EngineMark.objects.filter(name=name).update(failed_at=None, at=clock.now - timedelta(minutes=6))
    assert engine.why_not_working() == f"{word}_silent"


def test_it_does_not_work_while_something_waits_for_hours(clock, organisation):
    LetterFactory()
    clock.forward(hours=2, minutes=1)
    all_well(clock.now)
    assert engine.why_not_working() == "queue_late"


# Mail that does not leave -----------------------------------------------------------------------


def told(now) -> tuple[bool, bool, str, bool]:
    """What each sign says: the page, the banner, the heartbeat, and the queue's age."""
    queue = seen().queues[0]
    return engine.stands_still(), engine.stood_still_in_business_hours(), engine.why_not_working(), queue.is_late


NOBODY, EVERYBODY = (False, False, "", False), (True, True, "queue_late", True)


def time_goes_by(clock, **span):
    """The same letters are tried once more at its end, and the engine lives."""
    clock.forward(**span)
    for name in engine.ESSENTIAL:
        EngineMark.objects.update_or_create(name=name, defaults={"at": clock.now})


def try_again(error, *, away):
    """One round: each letter that may be tried is tried in vain."""
    for one in letters.claim_batch():
        if away:
            letters.give_back([one], error=error)
        else:
            letters.mark_failed(one, error=error, for_good=False)


def test_a_server_that_is_away_for_hours_is_told(clock, organisation):
    clock.to("2026-11-24 09:30")
    all_well(clock.now)
    LetterFactory()
    for _ in range(40):
        EngineMark.objects.update_or_create(name="mail", defaults={"failed_at": clock.now, "error": "535"})
        try_again("535 no", away=True)
        assert told(clock.now) == NOBODY
        time_goes_by(clock, minutes=3)
    time_goes_by(clock, minutes=1)
    assert told(clock.now) == EVERYBODY
    found = seen()
    assert (found.queues[0].age, found.mail_is_away, found.mail.error) == (timedelta(minutes=121), True, "535")
    try_again("535 no", away=True)
    assert (seen().trying_again, told(clock.now)) == (1, EVERYBODY)
    EngineMark.objects.filter(name="mail").update(at=clock.now)  # it has just taken another letter
    assert told(clock.now) == NOBODY


def test_one_address_that_is_put_off_is_no_standstill(clock, organisation):
    all_well(clock.now)
    LetterFactory()
    for _ in range(3):
        try_again("452 4.2.2 full", away=False)
        time_goes_by(clock, hours=1)
    assert told(clock.now) == NOBODY
    assert seen().queues[0].is_long


@pytest.mark.parametrize("takes", [False, True])
def test_a_server_that_puts_everybody_off_is_told(clock, organisation, takes):
    all_well(clock.now)
    LetterFactory(), LetterFactory()
    for _ in range(5):
        try_again("451 later", away=False)
        time_goes_by(clock, minutes=30)
    if takes:
        sent(clock.now)
    assert told(clock.now) == (NOBODY if takes else EVERYBODY)


@pytest.mark.parametrize("takes", [False, True])
def test_a_server_that_refuses_everybody_for_good_is_told(clock, organisation, takes):
    all_well(clock.now)
    sent(clock.now - timedelta(days=1))
    for _ in range(2):
        letters.mark_failed(letters.claim(LetterFactory().pk), error="554 5.7.1 Relay access denied", for_good=True)
    assert seen().refuses_all and told(clock.now) == NOBODY
    time_goes_by(clock, hours=2, minutes=1)
    if takes:
        sent(clock.now)
    found = told(clock.now)
    assert found == (NOBODY if takes else (True, True, "letters_refused", False))
    assert seen().refuses_all is not takes


def test_letters_to_one_address_that_are_refused_are_no_standstill(clock, organisation):
    all_well(clock.now)
    bob = PersonFactory()
    for _ in range(2):
        letters.mark_failed(letters.claim(LetterFactory(recipient=bob).pk), error="550 no", for_good=True)
    time_goes_by(clock, hours=3)
    assert (seen().refuses_all, told(clock.now)) == (False, NOBODY)


def test_a_letter_that_waits_for_its_morning_is_neither_due_nor_tried_again(clock, story, alice):
    clock.to("2026-11-20 20:00")
    all_well(clock.now)
    one = letters.post(kind=LetterKind.HELP, key="reply:1", to=alice, rendered=Rendered("ja", "x", "x", "x"))
    assert one.due_at == one.next_try_at == at("2026-11-24 08:00")
    for moment in ("2026-11-21 12:00", "2026-11-24 07:59", "2026-11-24 08:01"):
        clock.to(moment)
        time_goes_by(clock, seconds=0)
        found = seen()
        assert (found.trying_again, told(clock.now)) == (0, NOBODY)
        assert found.queues[0].age < timedelta(minutes=2)
    letters.claim(one.pk)
    assert seen().trying_again == 0


def test_a_letter_that_is_sent_again_by_hand_is_due_from_then_on(clock, organisation, admin):
    one = LetterFactory(state=LetterState.FAILED)
    clock.forward(days=3)
    letters.send_again(one, by=admin)
    assert seen().queues[0].age == timedelta()


def test_a_letter_of_an_older_version_gets_its_moment_when_it_is_first_tried(clock, organisation):
    one = LetterFactory(due_at=None)
    assert letters.claim(one.pk).due_at == clock.now


# What is counted -------------------------------------------------------------------------------


def sent(moment, **known):
    return LetterFactory(state=LetterState.SENT, sent_at=moment, **known)


def test_what_was_taken_and_given_up_lately(clock, organisation):
    for ago in (1, 59, 61, 23 * 60, 25 * 60):
        sent(clock.now - timedelta(minutes=ago))
        one = LetterFactory(state=LetterState.FAILED)
        Letter.objects.filter(pk=one.pk).update(updated_at=clock.now - timedelta(minutes=ago))
    LetterFactory(due_at=clock.now - timedelta(hours=1), next_try_at=clock.now + timedelta(minutes=5), attempts=2)
    LetterFactory(next_try_at=clock.now + timedelta(hours=12))  # waits for its morning
    LetterFactory(state=LetterState.SENDING, due_at=clock.now, next_try_at=clock.now + timedelta(minutes=5))
    found = seen()
    assert [(flow.hours, flow.taken, flow.failed) for flow in found.flows] == [(1, 2, 2), (24, 4, 4)]
    assert (found.failed, found.unconfirmed, found.trying_again) == (5, 0, 1)
    assert found.last_taken_at == clock.now - timedelta(minutes=1)


def test_letters_of_care_are_in_no_count(clock, organisation):
    care = {"kind": LetterKind.CARE}
    sent(clock.now, **care)
    LetterFactory(state=LetterState.FAILED, **care)
    LetterFactory(**care)
    LetterFactory(due_at=clock.now, next_try_at=clock.now + timedelta(hours=1), **care)
    found = seen()
    assert (found.flows[1].taken, found.flows[1].failed, found.failed, found.trying_again) == (0, 0, 0, 0)
    assert found.last_taken_at is None
    assert found.queues[0].due == 0


def test_the_oldest_letter_that_is_due(clock, organisation):
    assert [(queue.name, queue.due, queue.oldest) for queue in seen().queues] == [
        ("letters", 0, None),
        ("moments", 0, None),
        ("mornings", 0, None),
    ]
    LetterFactory(next_try_at=clock.now - timedelta(minutes=3))
    LetterFactory(state=LetterState.SENDING, next_try_at=clock.now - timedelta(minutes=7))
    LetterFactory(next_try_at=clock.now + timedelta(minutes=3))
    sent(clock.now, next_try_at=clock.now - timedelta(days=9))
    letters = seen().queues[0]
    assert (letters.due, letters.age) == (2, timedelta(minutes=7))


def test_without_a_mail_server_no_letter_waits(clock, organisation, settings):
    LetterFactory(next_try_at=clock.now - timedelta(hours=3))
    settings.MAIL_CONFIGURED = False
    assert seen().queues[0].oldest is None


def test_the_oldest_reminder_of_a_minute(clock, organisation):
    for minutes in (4, 9, -5):
        moment = clock.now - timedelta(minutes=minutes)
        ReminderDeliveryFactory(planned_on=clock.today, planned_at=moment)
    ReminderDeliveryFactory(
        planned_on=clock.today, planned_at=clock.now - timedelta(days=1), state=DeliveryState.CANCELLED
    )
    moments = seen().queues[1]
    assert (moments.due, moments.age) == (2, timedelta(minutes=9))


@pytest.mark.parametrize(
    ("made", "planned", "now", "since"),
    [
        ("2026-11-20 10:00", "2026-11-24", "2026-11-24 08:59", None),
        ("2026-11-20 10:00", "2026-11-24", "2026-11-24 09:30", "2026-11-24 09:00"),
        ("2026-11-10 10:00", "2026-11-13", "2026-11-24 09:30", "2026-11-13 09:00"),
        ("2026-11-10 10:00", "2026-11-21", "2026-11-23 12:00", None),  # a Saturday, then a Sunday, then a holiday
        ("2026-11-10 10:00", "2026-11-21", "2026-11-24 09:30", "2026-11-24 09:00"),
        ("2026-11-24 10:00", "2026-11-24", "2026-11-24 18:00", None),  # written after that day's letter
        ("2026-11-24 08:00", "2026-11-20", "2026-11-24 10:00", "2026-11-24 09:00"),
    ],
)
def test_a_reminder_of_the_morning_waits_from_its_morning_on(clock, organisation, made, planned, now, since):
    clock.to(made)
    ReminderDeliveryFactory(planned_on=date.fromisoformat(planned))
    clock.to(now)
    mornings = seen().queues[2]
    assert (mornings.due, mornings.oldest) == ((1, at(since)) if since else (0, None))


def test_a_reminder_of_a_team_that_is_closed_waits_for_its_next_day(clock, organisation):
    clock.to("2026-11-20 10:00")
    row = ReminderDeliveryFactory(planned_on=date(2026, 11, 24))
    Closure.objects.create(day=date(2026, 11, 24), name="棚卸し", team=row.follow_up.team)
    clock.to("2026-11-24 12:00")
    assert seen().queues[2].oldest is None
    clock.to("2026-11-25 12:00")
    assert seen().queues[2].oldest == at("2026-11-25 09:00")


def test_a_reminder_waits_for_its_readers_own_hour(clock, organisation):
    clock.to("2026-11-20 10:00")
    person = PersonFactory(time_zone="Europe/Berlin", digest_hour=8)
    ReminderDeliveryFactory(follow_up=FollowUpFactory(owner=person), planned_on=date(2026, 11, 24))
    clock.to("2026-11-24 15:59")
    assert seen().queues[2].oldest is None
    clock.to("2026-11-24 16:01")
    assert seen().queues[2].age == timedelta(minutes=1)


def test_rings_are_late_after_three(clock, organisation):
    for name in rings():
        EngineMarkFactory(name=name, at=clock.now)
    EngineMark.objects.filter(name="letter.sweep").update(at=clock.now - timedelta(seconds=121))
    EngineMark.objects.filter(name="care.check_in").update(failed_at=clock.now + timedelta(seconds=1), error="KeyError")
    EngineMark.objects.filter(name="nameless.publish").delete()
    found = {ring.name: ring for ring in seen().rings}
    assert found.keys() == rings().keys()
    assert {name for name, ring in found.items() if ring.is_late} == {"letter.sweep"}
    assert {name: ring.error for name, ring in found.items() if ring.has_failed} == {"care.check_in": "KeyError"}
    assert found["nameless.publish"].ran_at is None


# What it costs ---------------------------------------------------------------------------------


def many(count, now):
    """So many letters and reminders of before, as many open for later, and a handful that is due."""
    row = ReminderDeliveryFactory(planned_on=now.date() - timedelta(days=7))
    one = LetterFactory(next_try_at=now - timedelta(minutes=1))
    known = {f.attname: getattr(one, f.attname) for f in Letter._meta.concrete_fields if not f.primary_key}

    def letter(n, **more):
        return Letter(**{**known, "key": f"many:{n}", "message_id": f"<many-{n}@example.jp>", **more})

    past = now - timedelta(days=30)
    Letter.objects.bulk_create(letter(n, state=LetterState.SENT, sent_at=past, next_try_at=past) for n in range(count))
    follow_ups = [row.follow_up_id]
    ReminderDelivery.objects.bulk_create(
        ReminderDelivery(
            follow_up_id=follow_ups[0],
            recipient_id=row.recipient_id,
            step="w",
            due_version=n + 2,
            planned_on=now.date() + timedelta(days=60) if n % 2 else past.date(),
            state=DeliveryState.PENDING if n % 2 else DeliveryState.SENT,
            letter_id=one.pk,
        )
        for n in range(count)
    )


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_it_costs_the_same(clock, organisation, rows):
    many(rows, clock.now)
    with CaptureQueriesContext(connection) as queries:
        seen()
    assert len(queries) == 17


def scans(sql: str) -> list[str]:
    """Whole tables that a statement would read, of those that grow."""
    large = {Letter._meta.db_table, ReminderDelivery._meta.db_table}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}", [])
            [(plan,)] = cursor.fetchall()
            return list(_seq(plan if isinstance(plan, list) else json.loads(plan), large))
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        told = [row[3] for row in cursor.fetchall()]
    aliases = {alias for table in large for alias in re.findall(rf'"{table}" (\w+\d)', sql)}
    return [line for line in told if re.match(rf"SCAN ({'|'.join(large | aliases)})\b", line) and "INDEX" not in line]


def _seq(plans, large):
    for one in plans:
        plan = one.get("Plan", one)
        if plan["Node Type"] == "Seq Scan" and plan.get("Relation Name") in large:
            yield plan["Relation Name"]
        yield from _seq(plan.get("Plans", []), large)


def test_it_reads_no_table_whole(clock, organisation):
    many(6_000, clock.now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as queries:
        seen()
        engine.why_not_working()
    asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert len(asked) > 15
    assert {sql: found for sql in asked if (found := scans(sql))} == {}
