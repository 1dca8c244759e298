"""The machine's clock jumps ahead and is set back: nothing that was written or tried meanwhile waits for that future."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction

from incidents.domain import auditor, letter, reminder
from incidents.domain import incident as incidents
from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.models import Letter, ReminderDelivery
from incidents.tasks import reminder as tasks
from tests.conftest import at
from tests.factories import LetterFactory

D = DeliveryState
BACK = "2026-11-24 09:40"


def die(_one: Letter) -> None:
    """The worker that has claimed it is gone."""


def away(one: Letter) -> None:
    letter.give_back([one], error="ConnectionRefusedError")


def refused(one: Letter) -> None:
    letter.mark_failed(one, error="451 later", for_good=False)


def in_doubt(one: Letter) -> None:
    assert letter.mark_dot(one)
    letter.mark_in_doubt(one, error="closed")


@pytest.mark.parametrize("fate", [die, away, refused, in_doubt])
@pytest.mark.parametrize("days", [1, 365])
def test_a_letter_tried_while_the_clock_stood_ahead_is_tried_soon(clock, organisation, fate, days):
    one = LetterFactory()
    clock.forward(days=days)
    fate(letter.claim(one.pk))
    clock.to(BACK)
    tasks.digest()
    clock.forward(minutes=6)
    assert letter.claim().pk == one.pk


def test_a_letter_written_while_the_clock_stood_ahead_is_sent(clock, bob, organisation):
    clock.forward(hours=1)
    one = LetterFactory(recipient=bob)
    clock.to("2026-11-24 09:40")
    assert letter.follow_clock() == 1
    assert letter.follow_clock() == 0
    assert letter.claim().pk == one.pk


def test_a_letter_that_waits_for_a_morning_waits_for_this_one(clock, bob, organisation):
    clock.to("2027-11-24 22:00")
    one = LetterFactory(recipient=bob, kind=LetterKind.HELP, next_try_at=at("2027-11-25 08:00"))
    clock.to("2026-11-24 22:10")
    letter.follow_clock()
    one.refresh_from_db()
    assert one.next_try_at == at("2026-11-25 08:00")


def test_what_waits_over_the_new_year_stays_where_it_is(clock, bob, organisation):
    clock.to("2026-12-28 22:00")
    one = LetterFactory(recipient=bob, kind=LetterKind.HELP, next_try_at=at("2027-01-04 08:00"))
    refused_once = LetterFactory(recipient=bob)
    refused(letter.claim(refused_once.pk))
    before = list(Letter.objects.order_by("pk").values_list("next_try_at", flat=True))
    assert letter.follow_clock() == 0
    assert list(Letter.objects.order_by("pk").values_list("next_try_at", flat=True)) == before
    assert one.next_try_at in before


def test_a_digest_of_the_future_is_written_anew_for_today(clock, story, organisation):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2027-12-10 09:30")
    reminder.write_due_digests()
    letter.give_back(letter.claim_batch(), error="ConnectionRefusedError")
    clock.to("2026-12-11 10:00")
    sent = rounds(clock)
    assert {one.key.split(":")[2] for one in sent if one.kind == LetterKind.DIGEST} == {"2026-12-11"}
    assert not ReminderDelivery.objects.filter(letter__state=LetterState.CANCELLED, state=D.WRITTEN).exists()


def rounds(clock) -> list[Letter]:
    found = []
    letter.follow_clock()
    for _ in range(4):
        clock.forward(minutes=5)
        for one in letter.claim_batch():
            with transaction.atomic():
                if reminder.still_wanted(one):
                    found.append(one)
    return found


def test_a_moment_of_the_future_waits_for_its_time(clock, bob, team):
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    clock.to("2026-11-24 10:00")
    [pk] = reminder.write_due_moments()
    clock.to("2026-11-24 09:35")
    assert rounds(clock) == []
    assert ReminderDelivery.objects.get(step="m-30").state == D.PENDING
    clock.to("2026-11-24 10:00")
    assert len(reminder.write_due_moments()) == 1


def test_nobody_has_to_wait_for_a_letter_that_is_not_ahead(clock, organisation, django_assert_num_queries):
    LetterFactory()
    with django_assert_num_queries(3):  # the savepoint's two among them
        assert letter.follow_clock() == 0


# The auditor ------------------------------------------------------------------------------------


def undelivered(now) -> list[str]:
    return [fault.step for fault in auditor.audit(now=now) if fault.code == "undelivered"]


def test_the_auditor_names_what_was_written_and_does_not_leave(clock, story):
    story.promised(due_on=date(2026, 12, 11))
    ReminderDelivery.objects.filter(planned_at=None, planned_on__lt=date(2026, 12, 11)).update(state=D.CANCELLED)
    clock.to("2026-12-11 09:00")
    [pk] = reminder.write_due_digests()
    assert undelivered(clock.now + timedelta(hours=5)) == []
    Letter.objects.filter(pk=pk).update(next_try_at=at("2026-12-14 09:00"))
    assert undelivered(at("2026-12-14 09:30")) == []
    assert undelivered(at("2026-12-15 09:30")) == ["d0"]
    Letter.objects.filter(pk=pk).update(next_try_at=clock.now + timedelta(days=365))
    assert undelivered(clock.now + timedelta(hours=3)) == ["d0"]
    Letter.objects.filter(pk=pk).update(state=LetterState.SENT, sent_at=clock.now)
    assert undelivered(at("2026-12-15 09:30")) == []


def test_the_auditor_names_a_letter_of_a_minute_after_some_hours(clock, bob, team):
    incidents.report(by=bob, team=team, title="x", noticed_at=clock.now, who_waits="A")
    clock.to("2026-11-24 10:00")
    reminder.write_due_moments()
    assert undelivered(at("2026-11-24 11:00")) == []
    assert undelivered(at("2026-11-24 14:00")) == ["m-30"]
