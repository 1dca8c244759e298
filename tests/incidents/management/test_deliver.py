"""`manage.py deliver`: the whole engine without a broker."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from celery import current_app
from django.core.management import call_command

from incidents.enums import LetterState
from incidents.models import Closure, EngineMark, Letter
from incidents.queries import engine
from incidents.queries.reminder import people_with_due_rows
from tests.factories import LetterFactory, MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db


def deliver(*more: str) -> str:
    out = StringIO()
    call_command("deliver", *more, stdout=out)
    return out.getvalue().strip()


def test_a_run_writes_what_is_due_and_sends_it(story, clock, mailoutbox):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-11 09:00")
    assert deliver() == "2"  # the digest, and the word of care that beat rings for
    assert [one.to[0].endswith("<bob@example.jp>") for one in mailoutbox] == [True, True]
    assert deliver() == "0"
    assert set(engine.ESSENTIAL) <= set(EngineMark.objects.values_list("name", flat=True))
    assert engine.why_not_working() == ""


def test_a_run_that_is_not_to_write_sends_what_is_written(story, clock, mailoutbox):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-11 09:00")
    LetterFactory()
    assert deliver("--no-write") == "1"
    assert [one.state for one in Letter.objects.all()] == [LetterState.SENT]
    assert list(EngineMark.objects.values_list("name", flat=True)) == ["mail"]


def test_what_beat_rings_for_beside_the_letters_is_done_too_at_its_own_interval(clock, monkeypatch):
    done = []
    for name in (
        "care.check_in",
        "nameless.publish",
        "reminder.audit",
        "housekeeping.sweep_files",
        "housekeeping.retention",
    ):
        monkeypatch.setattr(current_app.tasks[name], "run", lambda name=name: done.append(name))
    deliver()
    assert sorted(done) == [
        "care.check_in",
        "housekeeping.retention",
        "housekeeping.sweep_files",
        "nameless.publish",
        "reminder.audit",
    ]
    deliver()
    clock.forward(seconds=61)
    deliver()
    assert done[5:] == ["care.check_in"]
    clock.forward(hours=1)
    deliver()
    assert sorted(done[6:]) == [
        "care.check_in",
        "housekeeping.retention",
        "housekeeping.sweep_files",
        "nameless.publish",
        "reminder.audit",
    ]
    clock.forward(hours=-5)  # a clock that was put back does not silence them
    deliver()
    assert len(done) == 16


def test_one_that_fails_is_noted_and_stops_nothing(clock, monkeypatch):
    def fail():
        raise ValueError("odd")

    monkeypatch.setattr(current_app.tasks["care.check_in"], "run", fail)
    assert deliver() == "0"
    mark = EngineMark.objects.get(name="care.check_in")
    assert (mark.at, mark.error) == (None, "ValueError")
    assert EngineMark.objects.get(name="reminder.audit").at == clock.now


def test_everybody_of_a_morning_is_written_to_by_one_run(story, clock, team, mailoutbox, monkeypatch):
    """However many they are, and whoever cannot be written to first."""
    monkeypatch.setattr("incidents.domain.reminder.TOGETHER", 3)
    known = story.with_root()
    people = [MembershipFactory(team=team, person=PersonFactory(), role="member").person for _ in range(8)]
    for person in people:
        story.promised(to=known, owner=person, due_on=date(2026, 12, 11), title=f"{person.name}の対策")
    clock.to("2026-12-11 09:00")
    assert deliver() == "9"  # and the word of care to whoever recorded it


def test_people_of_a_closed_team_stand_in_nobodys_way(story, clock, bob):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-08 09:00")
    assert people_with_due_rows(now=clock.now) == [bob]
    Closure.objects.create(day=clock.today, name="棚卸し", team=story.team)
    assert people_with_due_rows(now=clock.now) == []
