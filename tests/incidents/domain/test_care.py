"""The words of the first and the seventh day: only for the writer, once, and without a trace for anybody else."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps

from incidents.domain import care, incident, letter, reminder
from incidents.enums import IncidentKind, LetterKind, LetterState
from incidents.models import AuditEntry, CareCheckIn, HelpLine, Letter, ReminderDelivery, Team
from tests.factories import ClosureFactory, HelpLineFactory, LetterFactory


def recorded(clock, by, team: Team, **known):
    return incident.report(by=by, team=team, title="見積書を別の会社に送った", noticed_at=clock.now, **known)


def morning(clock, text: str) -> list[Letter]:
    """The letters of care that beat's ring at that minute writes."""
    clock.to(text)
    before = set(Letter.objects.values_list("pk", flat=True))
    care.write_due()
    return list(Letter.objects.filter(kind=LetterKind.CARE).exclude(pk__in=before).select_related("recipient"))


def planned() -> list[tuple[str, str]]:
    return [
        (row.person.email.partition("@")[0], f"{row.day:%m-%d}")
        for row in CareCheckIn.objects.select_related("person").order_by("day", "person__email")
    ]


# Planning -----------------------------------------------------------------------------------


def test_first_and_seventh_day_are_planned_for_who_recorded(clock, team, alice, bob, vera):
    recorded(clock, bob, team, owner=alice)

    assert planned() == [("bob", "11-25"), ("bob", "12-01")]


def test_a_second_crack_of_the_same_day_adds_nothing(clock, team, bob):
    recorded(clock, bob, team)
    recorded(clock, bob, team)

    assert planned() == [("bob", "11-25"), ("bob", "12-01")]


@pytest.mark.parametrize("kind", [IncidentKind.NEAR_MISS, IncidentKind.CONCERN])
def test_lighter_kinds_plan_none(clock, team, bob, kind):
    recorded(clock, bob, team, kind=kind)

    assert planned() == []


def test_days_are_those_of_the_persons_own_wall(clock, team, bob):
    bob.time_zone = "America/Los_Angeles"
    bob.save()
    recorded(clock, bob, team)  # 24 November 09:30 in Tokyo is still the 23rd there

    assert planned() == [("bob", "11-24"), ("bob", "11-30")]


# The morning --------------------------------------------------------------------------------


def test_one_letter_a_day_of_its_own_at_the_persons_hour(clock, team, alice, bob, admin):
    recorded(clock, bob, team)

    assert morning(clock, "2026-11-24 23:00") == []
    assert morning(clock, "2026-11-25 08:59") == []
    assert [one.recipient for one in morning(clock, "2026-11-25 09:00")] == [bob]
    assert morning(clock, "2026-11-25 09:01") == []
    assert [one.recipient for one in morning(clock, "2026-12-01 09:00")] == [bob]
    assert planned() == []
    assert set(Letter.objects.filter(kind=LetterKind.CARE).values_list("recipient_id", flat=True)) == {bob.pk}


def test_letter_names_no_record(clock, team, bob):
    made = recorded(clock, bob, team, who_waits="青空物産さま")
    (one,) = morning(clock, "2026-11-25 09:00")

    for secret in (made.title, made.reference, "青空物産さま", team.name):
        assert secret not in one.subject + one.text + one.html


def test_day_off_waits_and_two_days_make_one_letter(clock, team, bob):
    clock.to("2026-11-20 09:30")  # Friday; the first day is a Saturday, Monday a holiday
    recorded(clock, bob, team)

    assert morning(clock, "2026-11-21 10:00") == []
    assert morning(clock, "2026-11-23 10:00") == []
    assert len(morning(clock, "2026-12-07 10:00")) == 1  # the machine was off: both days have come
    assert planned() == []


def test_closed_day_of_all_ones_teams_is_closed(clock, team, bob):
    recorded(clock, bob, team)
    ClosureFactory(team=team, day="2026-11-25", name="棚卸し")

    assert morning(clock, "2026-11-25 10:00") == []
    assert len(morning(clock, "2026-11-26 10:00")) == 1


def test_one_of_two_rings_at_once_writes_it(clock, team, bob):
    recorded(clock, bob, team)
    clock.to("2026-11-25 09:00")
    LetterFactory(key=f"care:{bob.pk}:2026-11-25", kind=LetterKind.CARE, recipient=bob)  # the other was quicker
    care.write_due()

    assert Letter.objects.filter(kind=LetterKind.CARE).count() == 1


def test_somebody_deactivated_is_not_written_to(clock, team, bob):
    recorded(clock, bob, team)
    bob.is_active = False
    bob.save()

    assert morning(clock, "2026-11-25 09:00") == []
    assert planned() == [("bob", "12-01")]


def test_letter_is_not_sent_to_somebody_deactivated_meanwhile(clock, team, bob):
    recorded(clock, bob, team)
    (one,) = morning(clock, "2026-11-25 09:00")
    bob.is_active = False
    bob.save()
    claimed = letter.claim(one.pk)

    assert reminder.still_wanted(claimed) is False
    one.refresh_from_db()
    assert one.state == LetterState.CANCELLED


def test_letter_of_somebody_there_is_sent(clock, team, bob):
    recorded(clock, bob, team)
    (one,) = morning(clock, "2026-11-25 09:00")

    assert reminder.still_wanted(letter.claim(one.pk)) is True


# Stopping -----------------------------------------------------------------------------------


def test_stopping_takes_back_what_is_planned_and_what_waits(clock, team, bob):
    recorded(clock, bob, team)
    (one,) = morning(clock, "2026-11-25 09:00")
    care.choose(bob, wanted=False)

    one.refresh_from_db()
    assert (planned(), one.state) == ([], LetterState.CANCELLED)
    recorded(clock, bob, team)
    assert planned() == []


def test_stopping_while_the_letter_is_being_sent_holds_it_back(clock, team, bob):
    recorded(clock, bob, team)
    (one,) = morning(clock, "2026-11-25 09:00")
    claimed = letter.claim(one.pk)
    care.choose(bob, wanted=False)

    assert reminder.still_wanted(claimed) is False


def test_wanting_them_again_begins_with_the_next_crack(clock, team, bob):
    care.choose(bob, wanted=False)
    care.choose(bob, wanted=True)
    assert planned() == []
    recorded(clock, bob, team)

    assert planned() == [("bob", "11-25"), ("bob", "12-01")]


# No trace -----------------------------------------------------------------------------------


def test_audit_trail_is_the_same_with_and_without(clock, team, bob, alice):
    """Whether somebody is asked, was written to or stopped it: the trail says nothing of it."""
    recorded(clock, bob, team)
    before = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
    morning(clock, "2026-11-25 09:00")
    care.choose(bob, wanted=False)
    care.choose(bob, wanted=True)
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == before

    care.choose(alice, wanted=False)
    recorded(clock, alice, team)
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == before * 2


def test_after_the_letter_only_the_letter_is_left(clock, team, bob):
    """No table keeps that somebody was asked, and none could keep an answer: the letter is its reader's."""
    recorded(clock, bob, team)
    ledger = ReminderDelivery.objects.count()
    (one,) = morning(clock, "2026-11-25 09:00")

    assert CareCheckIn.objects.filter(day__lte="2026-11-25").count() == 0
    assert ReminderDelivery.objects.count() == ledger
    assert one.recipient == bob
    columns = {field.name for field in CareCheckIn._meta.get_fields()}
    assert columns == {"id", "person", "day"}


def test_ring_answers_no_number(clock, team, bob):
    recorded(clock, bob, team)
    clock.to("2026-11-25 09:00")

    assert care.write_due() is None


# Where to talk ------------------------------------------------------------------------------


def test_installation_begins_with_the_places_that_are_named(db):
    HelpLine.objects.all().delete()
    fill = importlib.import_module("incidents.migrations.0012_fill_help_lines")
    fill.fill(apps, None)
    fill.fill(apps, None)  # and once

    assert {line.name: line.phone for line in HelpLine.objects.exclude(phone="")} == {
        "#いのちSOS": "0120-061-338",
        "よりそいホットライン": "0120-279-338",
        "命の危険を感じるとき": "119",
        "こころの耳（厚生労働省）": "0120-565-455",
    }
    assert HelpLine.objects.count() == 8
    assert set(HelpLine.objects.values_list("checked_on", flat=True)) == {None}


def test_letter_carries_the_numbers_that_the_person_may_see(clock, team, other_team, bob):
    HelpLine.objects.all().delete()
    HelpLineFactory(name="受注課の相談係", phone="内線 12", team=team)
    HelpLineFactory(name="経理課の相談係", phone="内線 99", team=other_team)
    recorded(clock, bob, team)
    (one,) = morning(clock, "2026-11-25 09:00")

    assert "内線 12" in one.text and "内線 99" not in one.text + one.html
