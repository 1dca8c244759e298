"""Letters that have waited: what they say is true when they go out, or they do not go out, and come in their hour."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from incidents.domain import absence, countermeasure, handed, ledger, letter, outbox, reader, reminder
from incidents.domain import incident as incidents
from incidents.domain import person as persons
from incidents.domain import team as teams
from incidents.domain.surely import surely_wanted
from incidents.enums import DeliveryState, LetterKind, LetterState, Role
from incidents.models import Closure, Incident, Letter, Membership, Person, ReminderDelivery
from tests.conftest import at
from tests.factories import MembershipFactory, PersonFactory
from tests.rows import arrive

D = DeliveryState
DUE = date(2026, 12, 11)


def to_send(one: Letter | None = None) -> list[Letter]:
    """What a round would send now; the claims stay."""
    batch = letter.claim_batch() if one is None else list(filter(None, [letter.claim(one.pk)]))
    sure = surely_wanted(batch)
    found = []
    for claimed in batch:
        with transaction.atomic():
            if claimed.pk in sure or reminder.still_wanted(claimed):
                found.append(claimed)
    return found


def server_away() -> None:
    letter.give_back(letter.claim_batch(), error="ConnectionRefusedError")


def digests(clock, text: str) -> list[Letter]:
    clock.to(text)
    return list(Letter.objects.filter(pk__in=reminder.write_due_digests()))


def fresh(one: Letter) -> Letter:
    return Letter.objects.get(pk=one.pk)


@pytest.fixture
def friday(clock, story) -> Letter:
    """Friday's digest with two promises in it, not sent yet."""
    known = story.with_root()
    for number in (1, 2):
        story.promised(to=known, due_on=date(2026, 12, 11), title=f"対策その{number}")
    ReminderDelivery.objects.filter(planned_at=None, planned_on__lt=date(2026, 12, 11)).update(state=D.CANCELLED)
    [one] = digests(clock, "2026-12-11 09:00")
    return one


def in_doubt(one: Letter) -> None:
    claimed = letter.claim(one.pk)
    assert letter.mark_dot(claimed)
    letter.mark_in_doubt(claimed, error="closed")


# One digest a morning ---------------------------------------------------------------------------


def test_a_mail_server_away_for_a_week_costs_one_digest(clock, story):
    known = story.with_root()
    for day in (7, 8, 9, 10, 11):
        story.promised(to=known, due_on=date(2026, 12, day), title=f"T{day}")
    for day in range(1, 12):
        digests(clock, f"2026-12-{day:02d} 09:00")
        server_away()
    clock.forward(hours=1)
    sent = to_send()
    assert [one.key.split(":")[2] for one in sent] == ["2026-12-11"]
    assert all(f"T{day}" in sent[0].text for day in (7, 8, 9, 10, 11))
    assert not ReminderDelivery.objects.filter(state=D.WRITTEN).exclude(letter=sent[0]).exists()


def test_yesterdays_digest_goes_out_as_todays(clock, friday, bob):
    clock.to("2026-12-14 10:00")
    ReminderDelivery.objects.filter(state=D.PENDING).update(state=D.CANCELLED)
    assert to_send() == []
    assert fresh(friday).state == LetterState.CANCELLED
    [sent] = to_send()
    assert (sent.key.split(":")[2], "今日が期限" in sent.text) == ("2026-12-14", False)
    assert {row.state for row in sent.deliveries.all()} == {D.WRITTEN}
    assert sent.deliveries.count() == 2


def test_a_digest_in_a_workers_hand_when_todays_is_written_joins_it(clock, friday, story):
    claimed = letter.claim(friday.pk)
    [todays] = digests(clock, "2026-12-14 09:00")
    letter.give_back([claimed])
    [in_the_same_hand] = to_send()
    assert in_the_same_hand.pk == todays.pk and not letter.mark_dot(in_the_same_hand)
    [sent] = to_send()
    assert (sent.key.rpartition(":")[0], sent.deliveries.count()) == (todays.key.rpartition(":")[0], 4)


def test_a_digest_waits_for_the_morning(clock, friday):
    clock.to("2026-12-11 21:00")
    assert to_send() == []
    waiting = fresh(friday)
    assert (waiting.state, waiting.attempts, waiting.next_try_at) == (LetterState.WAITING, 0, at("2026-12-14 09:00"))
    clock.to("2026-12-13 15:00")
    assert to_send() == []
    clock.to("2026-12-14 09:00")
    assert to_send() == []  # and is written anew, with that morning's words
    assert len(to_send()) == 1


def test_a_digest_of_which_a_part_is_done_is_not_written_anew_at_night(clock, friday, bob):
    first = ReminderDelivery.objects.filter(letter=friday).first().follow_up
    countermeasure.complete(first.measure, by=bob, note="やりました")
    clock.to("2026-12-12 03:00")
    assert to_send() == []
    assert Letter.objects.filter(kind=LetterKind.DIGEST).count() == 1
    clock.to("2026-12-14 09:00")
    assert to_send() == []
    [sent] = to_send()
    assert "対策その2" in sent.text and sent.deliveries.filter(step="d0").count() == 1


def test_a_digest_that_was_asked_for_comes_at_any_hour(clock, story, bob):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-12 03:00")
    asked = reminder.write_digest(bob, asked_for=True)
    clock.forward(minutes=10)
    assert to_send() == [asked]


def test_the_hour_of_a_young_digest_costs_no_question(clock, friday, django_assert_num_queries):
    batch = letter.claim_batch()
    with django_assert_num_queries(3):
        assert surely_wanted(batch) == {friday.pk}


# The minute -------------------------------------------------------------------------------------


@pytest.fixture
def report(clock, bob, team) -> Incident:
    return incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")


def test_a_mail_server_away_for_a_day_costs_one_letter_of_a_minute(clock, report, bob, alice):
    while clock.now < at("2026-11-24 18:00"):
        clock.forward(minutes=5)
        reminder.write_due_moments()
        server_away()
    clock.forward(minutes=2)
    sent = to_send()
    assert sorted(one.to_email for one in sent) == sorted([alice.email, bob.email])
    assert not any("あと" in one.subject for one in sent)
    rows = ReminderDelivery.objects.filter(recipient=bob, state=D.WRITTEN)
    assert rows.count() > 10 and {row.letter_id for row in rows} == {one.pk for one in sent if one.recipient == bob}


def test_no_letter_says_how_long_it_is_still_to_go_when_the_time_has_come(clock, report, bob):
    clock.to("2026-11-24 10:00")
    [pk] = reminder.write_due_moments()
    clock.to("2026-11-24 10:31")
    assert to_send() == []
    reminder.write_due_moments()
    [sent] = [one for one in to_send() if one.recipient == bob]
    assert "あと" not in sent.subject
    assert sorted(sent.deliveries.values_list("step", flat=True)) == ["m-15", "m-30", "m0"]


def test_two_letters_of_one_promise_that_wait_are_one(clock, report, bob):
    clock.to("2026-11-24 10:00")
    [first] = reminder.write_due_moments()
    held = letter.claim(first)
    clock.to("2026-11-24 10:15")
    [second] = reminder.write_due_moments()
    letter.give_back([held])
    assert [one.pk for one in to_send()] == [second]
    assert fresh(held).state == LetterState.CANCELLED


def test_many_letters_that_have_waited_cost_few_questions(clock, report, django_assert_num_queries):
    clock.to("2026-11-24 10:00")
    [pk] = reminder.write_due_moments()
    clock.forward(minutes=10)
    batch = letter.claim_batch()
    with django_assert_num_queries(5):
        assert surely_wanted(batch) == {pk}


def test_a_step_whose_letter_was_taken_back_is_told_all_the_same(clock, report, bob, admin):
    clock.to("2026-11-24 10:00")
    [pk] = reminder.write_due_moments()
    persons.edit_person(bob, by=admin, is_active=False)
    assert to_send() == []
    persons.edit_person(bob, by=admin, is_active=True)
    clock.to("2026-11-24 10:05")
    [again] = reminder.write_due_moments()
    assert reminder.write_due_moments() == []
    assert [one.pk for one in to_send()] == [again] and again != pk
    assert ReminderDelivery.objects.get(recipient=bob, step="m-30").letter_id == again


def test_who_comes_back_before_the_stand_in_was_written_to_is_told(clock, report, bob, team):
    eve = PersonFactory(email="eve@example.jp")
    MembershipFactory(person=eve, team=team)
    clock.to("2026-11-24 10:00")
    reminder.write_due_moments()
    away = absence.plan(bob, by=bob, starts_on=clock.today, ends_on=clock.today, stand_in=eve)
    assert [one for one in to_send() if one.kind == LetterKind.MOMENT] == []
    reminder.write_due_moments()
    absence.end(away, by=bob)
    assert [one for one in to_send() if one.kind == LetterKind.MOMENT] == []
    reminder.write_due_moments()
    assert [one.recipient for one in to_send()] == [bob]


# Somebody who may not see it --------------------------------------------------------------------


def test_what_is_in_doubt_does_not_go_again_to_who_has_left(clock, friday, bob, admin, team, alice):
    in_doubt(friday)
    teams.remove_membership(Membership.objects.get(person=bob, team=team), by=admin)
    clock.to("2026-12-11 12:00")
    assert to_send(friday) == []
    assert fresh(friday).state == LetterState.UNCONFIRMED
    assert set(friday.deliveries.values_list("state", "reason")) == {(D.CANCELLED, "left_team")}
    [told] = digests(clock, "2026-12-14 09:00")
    assert told.recipient == alice  # nothing falls silent


def test_what_is_in_doubt_does_not_go_again_to_who_is_no_reader(clock, story, alice, team):
    other = PersonFactory(email="l2@example.jp")
    MembershipFactory(person=other, team=team, role=Role.LEAD)
    measure = story.promised(due_on=date(2026, 12, 2))
    for day in range(2, 12):
        digests(clock, f"2026-12-{day:02d} 09:00")
    one = Letter.objects.filter(recipient=other).latest("pk")
    in_doubt(one)
    reader.restrict(Incident.objects.get(pk=measure.incident_id), by=alice, readers=[alice])
    clock.forward(hours=3)
    assert to_send(one) == []
    assert fresh(one).state == LetterState.UNCONFIRMED


def test_what_is_in_doubt_goes_again_word_for_word_to_who_may_read_it(clock, friday, bob):
    in_doubt(friday)
    first = ReminderDelivery.objects.filter(letter=friday).first().follow_up
    countermeasure.complete(first.measure, by=bob, note="やりました")
    clock.forward(minutes=10)
    assert to_send() == [friday]


def test_what_was_handed_over_and_is_in_doubt_does_not_go_again_to_who_has_gone(clock, friday, bob, admin):
    one = outbox.send_password_link(bob, by=admin, url="https://example.jp/x")
    in_doubt(one)
    Person.objects.filter(pk=bob.pk).update(is_active=False)
    clock.forward(minutes=10)
    assert to_send(one) == []
    assert fresh(one).state == LetterState.UNCONFIRMED


def test_a_password_link_does_not_go_to_who_was_deactivated(clock, bob, admin):
    one = outbox.send_password_link(bob, by=admin, url="https://example.jp/x")
    persons.edit_person(bob, by=admin, is_active=False)
    assert to_send() == []
    assert fresh(one).state == LetterState.CANCELLED


# A new address ----------------------------------------------------------------------------------


def test_a_waiting_letter_goes_to_the_new_address(clock, friday, bob, admin):
    """Written anew, because the links in it have ended with the address before."""
    persons.edit_person(bob, by=admin, email="bob.new@example.jp")
    assert fresh(friday).state == LetterState.CANCELLED
    reminder.write_due_digests()
    assert [one.to_email for one in to_send()] == ["bob.new@example.jp"]


def test_an_address_that_changes_while_the_letter_is_in_hand_is_the_new_one(clock, friday, bob, admin):
    claimed = letter.claim(friday.pk)
    persons.edit_person(bob, by=admin, email="bob.new@example.jp")
    assert surely_wanted([claimed]) == set()
    assert reminder.still_wanted(claimed)
    assert claimed.to_email == fresh(friday).to_email == "bob.new@example.jp"


def test_what_is_in_doubt_goes_to_neither_address(clock, friday, bob, admin, alice):
    in_doubt(friday)
    persons.edit_person(bob, by=admin, email="bob.new@example.jp")
    clock.forward(minutes=10)
    assert to_send() == []
    assert fresh(friday).state == LetterState.UNCONFIRMED
    letter.send_again(friday, by=alice)
    assert [one.to_email for one in to_send()] == ["bob.new@example.jp"]


def test_what_a_mail_server_put_off_until_the_night_waits_for_the_morning(clock, story, alice, bob):
    measure = story.promised(due_on=DUE)
    clock.to("2026-12-08 18:58")
    handed.tell([measure], by=alice, to=bob, team=story.team, reason="引き継ぎ")
    one = Letter.objects.get(kind=LetterKind.HANDED_OVER)
    letter.give_back([letter.claim(one.pk)], error="ConnectionRefusedError")
    clock.to("2026-12-09 02:00")
    assert not reminder.still_wanted(letter.claim(one.pk))
    one.refresh_from_db()
    assert (one.state, one.next_try_at, one.attempts) == (LetterState.WAITING, at("2026-12-09 08:00"), 0)


def test_a_half_hour_that_was_put_off_wakes_nobody(clock, story, bob):
    made = story.reported()
    follow_up = ledger.follow(
        kind="promise", incident=made, owner=bob, backup=None, due_on=clock.today, due_at=at("2026-11-24 18:20"),
        text="折り返す", to_whom="青空物産さま",
    )  # fmt: skip
    for text in ("2026-11-24 18:05", "2026-11-24 18:20", "2026-11-24 18:51"):
        clock.to(text)
        reminder.write_due_moments()
        one = Letter.objects.filter(kind=LetterKind.MOMENT, recipient=bob).latest("pk")
        if text != "2026-11-24 18:51":
            arrive()
    assert one.key.startswith(f"moment:{follow_up.pk}:1:{bob.pk}:m30")
    clock.to("2026-11-25 02:00")
    claimed = letter.claim(one.pk)
    assert surely_wanted([claimed]) == set()
    assert not reminder.still_wanted(claimed)
    one.refresh_from_db()
    assert one.next_try_at == at("2026-11-25 08:00")


def test_a_letter_in_which_nothing_stands_any_more_is_not_sent(clock, story, bob):
    story.promised(due_on=DUE)
    clock.to("2026-12-11 09:00")
    [pk] = reminder.write_due_digests()
    ReminderDelivery.objects.filter(letter=pk).update(letter=None, state="pending")
    claimed = letter.claim(pk)
    assert surely_wanted([claimed]) == set()
    assert not reminder.still_wanted(claimed)
    assert Letter.objects.get(pk=pk).state == LetterState.CANCELLED


def test_a_letter_of_a_working_saturday_waits_for_no_monday_and_for_the_morning_at_night(clock, story, bob):
    story.promised(due_on=date(2026, 12, 12))
    Closure.objects.create(day=date(2026, 12, 12), name="出社日", team=story.team, works=True)
    clock.to("2026-12-12 09:00")
    [pk] = reminder.write_due_digests()
    one = letter.claim(pk)
    letter.give_back([one], error="ConnectionRefusedError")
    clock.to("2026-12-12 15:00")
    assert reminder.still_wanted(letter.claim(pk))
    Letter.objects.filter(pk=pk).update(state=LetterState.WAITING, next_try_at=timezone.now(), claim="")
    clock.to("2026-12-12 22:00")
    assert not reminder.still_wanted(letter.claim(pk))
    assert Letter.objects.get(pk=pk).next_try_at > clock.now + timedelta(hours=9)


def test_the_tries_of_a_minute_go_on_in_its_next_step(clock, story, bob):
    made = story.reported()
    ledger.follow(
        kind="promise", incident=made, owner=bob, backup=None, due_on=clock.today, due_at=at("2026-11-24 12:00"),
        text="折り返す", to_whom="青空物産さま",
    )  # fmt: skip
    clock.to("2026-11-24 11:45")
    [first] = reminder.write_due_moments()
    Letter.objects.filter(pk=first).update(attempts=3)
    clock.to("2026-11-24 12:00")
    [second] = reminder.write_due_moments()
    assert Letter.objects.get(pk=first).state == LetterState.CANCELLED
    assert Letter.objects.get(pk=second).attempts == 3


def test_a_letter_that_was_asked_for_on_a_closed_day_comes_on_that_day(clock, story, bob):
    """Also when it has to be asked about one by one, and when a part of it has been settled meanwhile."""
    known = story.with_root()
    measures = [story.promised(to=known, due_on=DUE, title=f"対策その{number}") for number in (1, 2)]
    clock.to("2026-12-12 14:00")
    one = reminder.write_digest(bob, asked_for=True)
    assert reminder.still_wanted(letter.claim(one.pk))
    Letter.objects.filter(pk=one.pk).update(state=LetterState.WAITING, next_try_at=timezone.now(), claim="")
    countermeasure.complete(measures[0], by=bob, note="できました")
    assert not reminder.still_wanted(letter.claim(one.pk))
    again = Letter.objects.filter(kind=LetterKind.DIGEST, recipient=bob, state=LetterState.WAITING).get()
    assert "対策その2" in again.text and "対策その1" not in again.text
    assert [two.pk for two in to_send(again)] == [again.pk]
