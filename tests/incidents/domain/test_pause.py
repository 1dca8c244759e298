"""A pause stops the letter about one's own promises, and nothing that others wait for."""

from __future__ import annotations

from datetime import date

import pytest

from incidents.domain import auditor, person, reminder
from incidents.errors import Refused
from incidents.models import AuditEntry, Letter, ReminderDelivery
from incidents.queries import engine
from incidents.queries import reminder as due

pytestmark = pytest.mark.usefixtures("clock")
DUE = date(2026, 12, 11)


def letters(clock, text: str) -> list[tuple[str, int]]:
    """(who, promises) of each letter that the morning writes."""
    clock.to(text)
    written = Letter.objects.filter(pk__in=reminder.write_due_digests()).order_by("recipient__email")
    return [
        (one.recipient.email.partition("@")[0], one.deliveries.values("follow_up").distinct().count())
        for one in written
    ]


def test_ones_own_promises_rest_and_come_in_one_letter_afterwards(story, clock, bob):
    story.promised(due_on=DUE)
    clock.to("2026-12-01 12:00")
    person.set_preferences(bob, by=bob, paused_until=date(2026, 12, 9))
    assert letters(clock, "2026-12-02 09:30") == []
    assert letters(clock, "2026-12-08 09:30") == []
    assert list(auditor.audit()) == []
    assert letters(clock, "2026-12-10 09:30") == [("bob", 1)]
    assert set(ReminderDelivery.objects.filter(letter__isnull=False).values_list("step", flat=True)) == {
        "d-7",
        "d-3",
        "d-1",
    }


def test_what_is_late_still_goes_to_the_stand_in_and_the_lead(story, clock, bob, alice):
    story.promised(due_on=DUE)
    clock.to("2026-12-10 12:00")
    person.set_preferences(bob, by=bob, paused_until=date(2027, 1, 8))
    assert letters(clock, "2026-12-18 09:30") == [("alice", 1)]  # d+5, without a stand-in to the lead
    assert letters(clock, "2026-12-22 09:30") == [("alice", 1)]
    assert letters(clock, "2027-01-04 09:30") == [("alice", 1)]
    assert list(auditor.audit()) == []
    assert letters(clock, "2027-01-12 09:30") == [("alice", 1), ("bob", 1)]
    assert list(auditor.audit()) == []


def test_duties_for_others_come_during_ones_own_pause(story, clock, alice, bob):
    story.promised(due_on=DUE, owner=bob, backup=alice)
    story.promised(due_on=date(2026, 12, 18), owner=alice, checker=bob)
    clock.to("2026-12-17 12:00")
    person.set_preferences(alice, by=alice, paused_until=date(2026, 12, 25))
    # d+5 of bob's promise is told to alice; her own of the same day is not.
    assert letters(clock, "2026-12-18 09:30") == [("alice", 1), ("bob", 1)]
    told = ReminderDelivery.objects.filter(recipient=alice, letter__isnull=False)
    assert set(told.values_list("follow_up__owner__email", flat=True)) == {"bob@example.jp"}


def test_a_promise_of_a_minute_is_told_during_a_pause(crack, clock, bob):
    person.set_preferences(bob, by=bob, paused_until=date(2026, 12, 4))
    clock.forward(minutes=21)
    assert len(reminder.write_due_moments()) == 1


def test_asking_for_todays_letter_brings_what_rests(story, clock, bob):
    story.promised(due_on=DUE)
    clock.to("2026-12-02 12:00")
    person.set_preferences(bob, by=bob, paused_until=date(2026, 12, 9))
    assert reminder.write_digest(bob) is None
    assert reminder.write_digest(bob, asked_for=True) is not None


@pytest.mark.parametrize(
    ("until", "code"), [(date(2026, 11, 23), "pause_over"), (date(2026, 12, 26), "pause_too_long")]
)
def test_a_pause_that_would_be_silence_is_refused(bob, until, code):
    with pytest.raises(Refused) as refused:
        person.set_preferences(bob, by=bob, paused_until=until)
    assert refused.value.code == code
    bob.refresh_from_db()
    assert bob.paused_until is None and not AuditEntry.objects.filter(verb="person.preferences_changed").exists()


def test_nobody_pauses_somebody_else(admin, bob):
    person.edit_person(bob, by=admin, paused_until=date(2026, 12, 1), digest_hour=8)
    bob.refresh_from_db()
    assert (bob.paused_until, bob.digest_hour) == (None, 8)


def test_the_page_keeps_takes_back_and_forgets_what_is_over(client_of, bob, clock):
    data = {
        "name": bob.name,
        "language": "ja",
        "time_zone": "Asia/Tokyo",
        "digest_hour": "9",
        "quiet_until": "8",
        "theme": "auto",
    }
    client = client_of(bob)
    assert client.post("/preferences/", data | {"paused_until": "12月4日"}).status_code == 302
    bob.refresh_from_db()
    assert bob.paused_until == date(2026, 12, 4)
    refused = client.post("/preferences/", data | {"paused_until": "2027-03-01"})
    assert (refused.status_code, "お知らせの休みが長すぎます。" in refused.text) == (200, True)
    clock.to("2026-12-07 09:30")
    assert 'value="2026-12-04"' not in client_of(bob).get("/preferences/").text
    assert client_of(bob).post("/preferences/", data | {"paused_until": ""}).status_code == 302
    bob.refresh_from_db()
    assert bob.paused_until is None


def test_looking_who_is_due_costs_one_question_more_however_many_pause(
    story, clock, bob, alice, django_assert_num_queries
):
    story.promised(due_on=DUE)
    now = clock.to("2026-12-22 09:30")
    with django_assert_num_queries(4):
        assert due.people_with_due_rows(now=now) == [alice, bob]
    bob.paused_until = alice.paused_until = date(2026, 12, 25)
    bob.save()
    alice.save()
    with django_assert_num_queries(5):
        assert due.people_with_due_rows(now=now) == [alice]


def test_somebody_who_rests_makes_the_engine_not_late(clock, story, bob):
    story.promised(due_on=DUE)
    clock.to("2026-12-01 12:00")
    person.set_preferences(bob, by=bob, paused_until=date(2026, 12, 9))
    clock.to("2026-12-04 15:00")
    assert [one.due for one in engine.queues(clock.now) if one.name == "mornings"] == [0]
