"""The ledger and the morning's letter: planned once, taken back in time, told to nobody who should not hear it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import check, countermeasure, ledger, letter, reminder
from incidents.enums import DeliveryState, FollowUpKind, LetterKind, LetterState, Role
from incidents.models import FollowUp, Letter, Membership, ReminderDelivery
from tests.factories import (
    ClosureFactory,
    FollowUpFactory,
    MembershipFactory,
    PersonFactory,
    ReminderDeliveryFactory,
    TeamFactory,
)

D = DeliveryState


def rows(**where) -> list[tuple[str, str, str, str]]:
    """(step, day, who, state) of the ledger, in the order it was planned."""
    found = (
        ReminderDelivery.objects.filter(planned_at=None)
        .filter(**where)
        .select_related("recipient")
        .order_by("due_version", "planned_on", "pk")
    )
    return [(r.step, f"{r.planned_on:%m-%d}", r.recipient.email.partition("@")[0], r.state) for r in found]


def states(**where) -> set[tuple[str, str]]:
    return set(ReminderDelivery.objects.filter(planned_at=None).filter(**where).values_list("state", "reason"))


def morning(clock, text: str) -> list[Letter]:
    """What beat's ring at that minute writes."""
    clock.to(text)
    return list(Letter.objects.filter(pk__in=reminder.write_due_digests()).order_by("recipient__email"))


def written(ids: list[int]) -> list[Letter]:
    return list(Letter.objects.filter(pk__in=ids).select_related("recipient"))


# Planning -----------------------------------------------------------------------------------


def test_promise_is_planned_in_whole(clock, story):
    story.promised(due_on=date(2026, 12, 11))

    assert rows() == [
        ("d-7", "12-02", "bob", "pending"),
        ("d-3", "12-08", "bob", "pending"),
        ("d-1", "12-10", "bob", "pending"),
        ("d0", "12-11", "bob", "pending"),
        ("d+1", "12-14", "bob", "pending"),
        ("d+3", "12-16", "bob", "pending"),
        # Nobody stands in for bob: the lead hears of it on the fifth day already.
        ("d+5", "12-18", "bob", "pending"),
        ("d+5", "12-18", "alice", "pending"),
        ("d+7", "12-22", "bob", "pending"),
        ("d+7", "12-22", "alice", "pending"),
        ("w1", "01-04", "bob", "pending"),
        ("w1", "01-04", "alice", "pending"),
    ]


def test_stand_in_is_told_on_the_fifth_day_and_every_lead_on_the_seventh(clock, story, team):
    stand_in, lead = PersonFactory(email="standin@example.jp"), PersonFactory(email="lead2@example.jp")
    MembershipFactory(person=stand_in, team=team)
    MembershipFactory(person=lead, team=team, role=Role.LEAD)
    MembershipFactory(person=PersonFactory(email="gone@example.jp", is_active=False), team=team, role=Role.LEAD)
    story.promised(due_on=date(2026, 12, 11), backup=stand_in)

    late = [(step, who) for step, _day, who, _state in rows(planned_on__gte=date(2026, 12, 18))]
    assert late == [
        ("d+5", "bob"),
        ("d+5", "standin"),
        ("d+7", "bob"),
        ("d+7", "alice"),
        ("d+7", "lead2"),
        ("w1", "bob"),
        ("w1", "alice"),
        ("w1", "lead2"),
    ]


def test_lead_who_owns_a_promise_is_told_once(clock, story, alice, bob):
    story.promised(due_on=date(2026, 12, 11), owner=alice, checker=bob)

    assert [who for step, _day, who, _state in rows(step="d+7")] == ["alice"]


def test_same_step_cannot_be_planned_twice(clock, organisation):
    row = ReminderDeliveryFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReminderDeliveryFactory(follow_up=row.follow_up, recipient=row.recipient, step=row.step)


def test_team_day_moves_the_plan(clock, story, team):
    ClosureFactory(day=date(2026, 12, 10), team=team)
    ClosureFactory(day=date(2026, 12, 8), team=TeamFactory())  # somebody else's
    story.promised(due_on=date(2026, 12, 11))

    assert [day for _step, day, _who, _state in rows()][:4] == ["12-01", "12-07", "12-09", "12-11"]


# Taking back --------------------------------------------------------------------------------


def test_done_takes_back_what_was_planned(clock, story, bob):
    measure = story.promised()
    countermeasure.complete(measure, by=bob, note="出しました")

    assert states(follow_up__kind=FollowUpKind.COUNTERMEASURE) == {(D.CANCELLED, "done")}
    assert states(follow_up__kind=FollowUpKind.EFFECT_CHECK) == {(D.PENDING, "")}


def test_new_date_is_planned_anew(clock, story, alice):
    measure = story.promised(due_on=date(2026, 12, 11))
    countermeasure.change_due(measure, by=alice, due_on=date(2026, 12, 25), reason="改修が延びた")

    assert states(due_version=1) == {(D.CANCELLED, "moved")}
    assert states(due_version=2) == {(D.PENDING, "")}
    assert rows(due_version=2, step="d0") == [("d0", "12-25", "bob", "pending")]


def test_new_owner_alone_is_reminded(clock, story, alice, team):
    taker = PersonFactory(email="taker@example.jp")
    MembershipFactory(person=taker, team=team)
    measure = story.promised(due_on=date(2026, 12, 11))
    countermeasure.hand_over(measure, by=alice, owner=taker)

    assert states(due_version=1) == {(D.CANCELLED, "handed_over")}
    assert {who for _step, _day, who, _state in rows(due_version=2)} == {"taker", "alice"}


def test_not_doing_takes_everything_back(clock, story, alice):
    countermeasure.not_doing(story.promised(), by=alice, reason="やめた", review_on=date(2027, 6, 1))
    assert states(follow_up__kind=FollowUpKind.COUNTERMEASURE) == {(D.CANCELLED, "not_doing")}


def test_judged_check_takes_its_reminders_back(clock, story, alice):
    measure = story.done()
    check.record_outcome(measure.checks.get(), by=alice, outcome="effective", note="0件")
    assert {state for state, _reason in states(follow_up__review_of__isnull=True)} == {D.CANCELLED}


@pytest.mark.parametrize("verb", ["complete", "change_due", "hand_over", "not_doing"])
def test_taking_back_stands_and_falls_with_the_change(clock, story, alice, team, verb, monkeypatch):
    """Fail at the very end of the verb: neither the change nor the ledger may have moved."""
    taker = PersonFactory()
    MembershipFactory(person=taker, team=team)
    measure = story.promised()
    before = rows(), FollowUp.objects.exclude(kind="first_report").values().get()
    named = {
        "complete": {"note": "x"},
        "change_due": {"due_on": date(2027, 1, 20), "reason": "x"},
        "hand_over": {"owner": taker},
        "not_doing": {"reason": "x", "review_on": date(2027, 6, 1)},
    }[verb]
    ending = "ledger.move" if verb == "change_due" else "ledger.hand_over" if verb == "hand_over" else "refresh_stage"
    real = ledger.move if verb == "change_due" else ledger.hand_over

    def fails(*arguments, **options):
        if ending != "refresh_stage":
            real(*arguments, **options)
        raise RuntimeError("at the end")

    monkeypatch.setattr(f"incidents.domain.countermeasure.{ending}", fails)
    with pytest.raises(RuntimeError):
        getattr(countermeasure, verb)(measure, by=alice, **named)

    assert (rows(), FollowUp.objects.exclude(kind="first_report").values().get()) == before


# The morning --------------------------------------------------------------------------------


def test_nothing_due_no_letter(clock, story):
    story.promised(due_on=date(2026, 12, 25))
    assert morning(clock, "2026-12-01 09:00") == []


def test_one_letter_a_morning_with_everything_in_it(clock, story, bob):
    known = story.with_root()
    for number in (1, 2, 3):
        story.promised(to=known, due_on=date(2026, 12, 10 + number // 3), title=f"対策その{number}")

    [one] = morning(clock, "2026-12-10 09:00")
    assert (one.recipient, one.kind, one.language, one.state) == (bob, LetterKind.DIGEST, "ja", LetterState.WAITING)
    assert [one.text.count(f"対策その{number}") for number in (1, 2, 3)] == [1, 1, 1]
    assert one.subject == "今日のお知らせ 3件"
    told = states(planned_on__lte=date(2026, 12, 10), state=D.WRITTEN)
    assert told == {(D.WRITTEN, "")}
    assert morning(clock, "2026-12-10 09:01") == []
    assert morning(clock, "2026-12-10 17:00") == []


def test_hour_is_the_persons_own(clock, story, bob):
    bob.digest_hour = 14
    bob.save()
    story.promised(due_on=date(2026, 12, 11))

    assert morning(clock, "2026-12-11 13:59") == []
    assert len(morning(clock, "2026-12-11 14:00")) == 1


def test_hour_and_day_are_those_of_the_persons_zone(clock, story, bob):
    bob.time_zone = "America/Los_Angeles"  # 17 hours behind Tokyo
    bob.save()
    story.promised(due_on=date(2026, 12, 11))

    assert len(morning(clock, "2026-12-11 09:00")) == 1  # d-1: there it is 16:00 on the tenth
    assert morning(clock, "2026-12-12 01:59") == []  # there 8:59 on the eleventh
    assert len(morning(clock, "2026-12-12 02:00")) == 1


def test_unknown_zone_falls_back_to_the_installations(clock, story, bob):
    bob.time_zone = "Mars/Olympus"
    bob.save()
    story.promised(due_on=date(2026, 12, 11))
    assert len(morning(clock, "2026-12-11 09:00")) == 1


@pytest.mark.parametrize("day", ["2026-12-12", "2026-12-13", "2026-12-31", "2027-01-01"])
def test_closed_day_is_quiet(clock, story, day):
    story.promised(due_on=date(2026, 12, 11))
    assert morning(clock, f"{day} 12:00") == []


def test_own_closed_day_is_quiet_and_tells_the_day_after(clock, story):
    story.promised(due_on=date(2026, 12, 11))
    ClosureFactory(day=date(2026, 12, 11))  # set after the promise was planned
    assert morning(clock, "2026-12-11 12:00") == []
    [one] = morning(clock, "2026-12-14 09:00")
    assert one.text.count("送信前に宛先と社名を突き合わせる画面を出す") == 1


def test_morning_that_was_missed_is_caught_up_with_one_line(clock, story):
    """Beat was away for a week: one letter, the promise once, every step marked as told."""
    story.promised(due_on=date(2026, 12, 11))
    [one] = morning(clock, "2026-12-17 15:00")

    assert one.text.count("送信前に宛先と社名を突き合わせる画面を出す") == 1
    assert [step for step, *_rest in rows(letter=one)] == ["d-7", "d-3", "d-1", "d0", "d+1", "d+3"]


def test_weekly_chain_goes_on(clock, story, alice):
    story.promised(due_on=date(2026, 12, 1))
    days = []
    for day in range(1, 32):
        days += [f"1-{day}"] if morning(clock, f"2027-01-{day:02} 09:00") else []
    # Nobody was told in December: one letter on 1/4 catches up, then the weekly days go on (1/11 is closed).
    assert days == ["1-4", "1-6", "1-14", "1-21", "1-28"]
    assert rows(state=D.PENDING) == [("w7", "02-04", "bob", "pending"), ("w7", "02-04", "alice", "pending")]
    assert not rows(state=D.CANCELLED)


def test_escalation_reaches_who_it_should(clock, story, bob, alice):
    story.promised(due_on=date(2026, 12, 11))
    mails = {}
    for day in (2, 8, 10, 11, 14, 16, 18, 22):
        mails[day] = [one.recipient.email.partition("@")[0] for one in morning(clock, f"2026-12-{day:02} 09:00")]

    assert mails == {
        2: ["bob"],
        8: ["bob"],
        10: ["bob"],
        11: ["bob"],
        14: ["bob"],
        16: ["bob"],
        18: ["alice", "bob"],
        22: ["alice", "bob"],
    }


def test_lead_reads_whose_promise_it_is_and_gets_no_done_button(clock, story, alice, bob):
    story.promised(due_on=date(2026, 12, 11))
    to_lead, to_owner = morning(clock, "2026-12-18 09:00")

    assert (to_lead.recipient, to_owner.recipient) == (alice, bob)
    assert "担当は鈴木さんです" in to_lead.text
    # Their own absence apart, which each can tell of.
    assert to_lead.text.count("/m/") == to_lead.html.count("/m/") == to_lead.text.count("/m/away/") == 1
    assert to_owner.text.count("/m/") == to_owner.html.count("/m/") == 5


# Standing is asked again --------------------------------------------------------------------


def left(person) -> None:
    person.memberships.all().delete()


def viewer(person) -> None:
    person.memberships.update(role=Role.VIEWER)


def asleep(person) -> None:
    person.is_active = False
    person.save()


@pytest.mark.parametrize(("change", "reason"), [(left, "left_team"), (viewer, "viewer")])
def test_who_lost_their_standing_is_not_told(clock, story, bob, change, reason):
    story.promised(due_on=date(2026, 12, 11))
    change(bob)

    assert morning(clock, "2026-12-11 09:00") == []
    assert states(recipient=bob, planned_on__lte=date(2026, 12, 11)) == {(D.CANCELLED, reason)}


def test_deactivated_person_is_not_told_the_lead_is_and_the_person_hears_it_on_return(clock, story, alice, bob):
    story.promised(due_on=date(2026, 12, 11))
    asleep(bob)
    assert [one.recipient for one in morning(clock, "2026-12-11 09:00")] == [alice]
    assert states(recipient=bob, planned_on__lte=date(2026, 12, 11)) == {(D.CANCELLED, "deactivated")}
    bob.is_active = True
    bob.save()
    assert [one.recipient for one in morning(clock, "2026-12-14 09:00")] == [bob]


@pytest.mark.parametrize("change", [left, viewer, asleep])
def test_an_orphaned_promise_goes_to_the_lead_and_never_falls_silent(clock, story, alice, bob, change):
    """Every step of the owner is lost; the lead hears of the promise instead, weekly and for ever (U1, U5)."""
    story.promised(due_on=date(2026, 12, 11))
    change(bob)
    told = []
    for day in range(70):
        clock.to(str(date(2026, 12, 11) + timedelta(days=day)))
        told += [(one.recipient, clock.today) for _ring in range(2) for one in written(reminder.write_due_digests())]
    assert {person for person, _day in told} == {alice}
    assert [day for _person, day in told][:2] == [date(2026, 12, 11), date(2026, 12, 14)]
    assert told[-1][1] >= date(2027, 2, 10)
    assert len(told) == len(set(told))


def test_a_new_lead_takes_over_what_the_old_lead_heard(clock, story, alice, bob, team):
    story.promised(due_on=date(2026, 12, 11))
    left(bob)
    successor = PersonFactory()
    MembershipFactory(person=successor, team=team, role=Role.LEAD)
    left(alice)
    heard = set()
    for day in range(40):
        clock.to(str(date(2026, 12, 11) + timedelta(days=day)))
        for _ring in range(2):
            heard |= {one.recipient for one in written(reminder.write_due_digests())}
    assert heard == {successor}


def test_lead_who_became_a_member_is_not_told_of_others(clock, story, alice):
    story.promised(due_on=date(2026, 12, 11))
    Membership.objects.filter(person=alice).update(role=Role.MEMBER)

    assert [one.recipient.name for one in morning(clock, "2026-12-22 09:00")] == ["鈴木 健太"]
    assert (D.CANCELLED, "not_lead") in states(recipient=alice)


def test_trouble_with_one_person_does_not_stop_the_next(clock, story, alice, bob, monkeypatch, caplog):
    story.promised(due_on=date(2026, 12, 11))
    real = reminder.write_digest

    def write(person, **named):
        if person == alice:
            raise RuntimeError("odd row")
        return real(person, **named)

    monkeypatch.setattr(reminder, "write_digest", write)
    assert [one.recipient for one in morning(clock, "2026-12-18 09:00")] == [bob]
    assert f"digest of person {alice.pk} could not be written" in caplog.text


# Between writing and sending ----------------------------------------------------------------


@pytest.fixture
def waiting(clock, story) -> Letter:
    """A written letter with two promises in it that has not been sent yet."""
    known = story.with_root()
    for number in (1, 2):
        story.promised(to=known, due_on=date(2026, 12, 11), title=f"対策その{number}")
    [one] = morning(clock, "2026-12-11 09:00")
    return one


def send(one: Letter) -> bool:
    """What the task does up to the hand-over: claim, then ask again."""
    with transaction.atomic():
        claimed = letter.claim(one.pk)
        return claimed is not None and reminder.still_wanted(claimed)


def test_true_letter_is_sent_as_it_was_written(waiting):
    text = waiting.text
    assert send(waiting)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.text) == (LetterState.SENDING, text)


def test_stale_letter_is_taken_back_and_written_anew(waiting, bob):
    first = FollowUp.objects.exclude(kind="first_report").get(measure__title="対策その1")
    countermeasure.complete(first.measure, by=bob, note="やりました")

    assert not send(waiting)
    waiting.refresh_from_db()
    anew = Letter.objects.exclude(pk=waiting.pk).get()
    assert (waiting.state, anew.state) == (LetterState.CANCELLED, LetterState.WAITING)
    assert ("対策その1" in anew.text, "対策その2" in anew.text) == (False, True)
    assert set(
        ReminderDelivery.objects.filter(planned_at=None).filter(letter=anew).values_list("state", flat=True)
    ) == {D.WRITTEN}
    assert anew.message_id != waiting.message_id
    assert send(anew)


def test_letter_with_nothing_left_is_taken_back_for_good(waiting, bob):
    for follow_up in FollowUp.objects.exclude(kind="first_report").filter(kind=FollowUpKind.COUNTERMEASURE):
        countermeasure.complete(follow_up.measure, by=bob, note="やりました")

    assert not send(waiting)
    assert Letter.objects.exclude(state=LetterState.CANCELLED).count() == 0


@pytest.mark.parametrize("change", [left, viewer, asleep])
def test_letter_to_who_lost_their_standing_is_not_sent(waiting, bob, change):
    change(bob)

    assert not send(waiting)
    assert Letter.objects.exclude(state=LetterState.CANCELLED).count() == 0
    # No row says "written" about a letter that was never sent.
    assert not ReminderDelivery.objects.filter(planned_at=None).filter(state=D.WRITTEN).exists()


def test_person_who_returns_is_told_what_the_cancelled_letter_held(waiting, bob, clock):
    asleep(bob)
    send(waiting)
    bob.is_active = True
    bob.save()

    assert len(morning(clock, "2026-12-11 15:00")) == 1


def test_sent_letter_settles_its_rows(waiting):
    letter.mark_sent(letter.claim(waiting.pk))
    assert {state for state, _reason in states(letter=waiting)} == {D.SENT}


def test_pressed_button_asks_neither_hour_nor_day(clock, story, bob):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-13 03:00")
    written = reminder.write_digest(bob, asked_for=True)
    assert written is not None
    assert reminder.write_digest(bob, asked_for=True) is None


def test_without_a_mail_server_the_letter_is_kept(clock, story, settings):
    settings.MAIL_CONFIGURED = False
    story.promised(due_on=date(2026, 12, 11))
    [one] = morning(clock, "2026-12-11 09:00")

    assert one.state == LetterState.KEPT
    assert {state for state, _reason in states(letter=one)} == {D.SENT}


@pytest.mark.parametrize("people", [1, 3, 30])
def test_ring_costs_the_same_when_nobody_is_due(clock, story, team, people, django_assert_num_queries):
    for _ in range(people):
        person = PersonFactory(digest_hour=23)
        MembershipFactory(person=person, team=team)
        ReminderDeliveryFactory(follow_up=FollowUpFactory(owner=person), planned_on=date(2026, 12, 24))
    clock.to("2026-12-24 09:00")
    with django_assert_num_queries(9):
        assert reminder.write_due_digests() == []
    clock.to("2026-12-20 09:00")  # before anything has come due anywhere
    with django_assert_num_queries(1):
        assert reminder.write_due_digests() == []


def test_a_letter_taken_back_by_hand_settles_its_rows(clock, story, alice):
    story.promised(due_on=date(2026, 12, 11))
    [one] = morning(clock, "2026-12-11 09:00")
    Letter.objects.filter(pk=one.pk).update(state=LetterState.FAILED)
    assert letter.cancel(one, by=alice, reason="宛先ちがい")
    assert states(letter=one) == {(D.CANCELLED, "宛先ちがい")}


def test_a_letter_on_its_way_is_not_taken_back(clock, story, alice, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    story.promised(due_on=date(2026, 12, 11))
    [one] = morning(clock, "2026-12-11 09:00")
    Letter.objects.filter(pk=one.pk).update(state=LetterState.SENDING, claim="x")
    assert not letter.cancel(one, by=alice, reason="遅い")


def test_after_a_doubt_the_same_letter_goes_again_although_part_of_it_is_done(clock, story, bob):
    """The worker died after the hand-over: the mailbox must be able to see one letter, not two (RFC 5322 3.6.4)."""
    first = story.promised(due_on=date(2026, 12, 11))
    story.promised(due_on=date(2026, 12, 11), title="もう一つの対策")
    [one] = morning(clock, "2026-12-11 09:00")
    Letter.objects.filter(pk=one.pk).update(state=LetterState.WAITING, claim="", dot_at=clock.now)
    countermeasure.complete(first, by=bob, note="済み")
    claimed = letter.claim(one.pk)
    assert reminder.still_wanted(claimed)
    assert Letter.objects.filter(kind=LetterKind.DIGEST).count() == 1


def test_a_day_that_the_team_closed_later_is_closed_all_the_same(clock, story, team):
    story.promised(due_on=date(2026, 12, 11))
    ClosureFactory(team=team, day=date(2026, 12, 11), name="棚卸し")
    assert morning(clock, "2026-12-11 09:00") == []
    assert len(morning(clock, "2026-12-14 09:00")) == 1


def test_the_lead_reads_that_an_owner_has_gone(clock, story, alice, bob):
    story.promised(due_on=date(2026, 12, 11))
    left(bob)
    clock.to("2026-12-11 09:00")
    reminder.write_due_digests()
    [one] = written(reminder.write_due_digests())
    assert one.recipient == alice
    assert "担当の方がチームを離れています。引き継ぐ方を決めてください。" in one.text
