"""What the parts of the engine leave behind by themselves, and the heartbeat that hangs on it."""

from __future__ import annotations

import logging

import pytest

from incidents.domain import engine, reminder
from incidents.models import EngineMark
from incidents.queries import engine as queries
from incidents.tasks import housekeeping, signs
from incidents.tasks import letter as letter_tasks
from incidents.tasks import reminder as reminder_tasks
from tests import servers
from tests.factories import EngineMarkFactory
from ushiro.celery import app

pytestmark = pytest.mark.django_db


def marks() -> dict[str, EngineMark]:
    return {mark.name: mark for mark in EngineMark.objects.all()}


def test_a_ring_that_was_answered_leaves_its_sign(clock, organisation):
    letter_tasks.sweep.apply()
    assert {name: mark.at for name, mark in marks().items()} == {"letter.sweep": clock.now}


def test_a_ring_that_failed_says_so_and_keeps_when_it_last_worked(clock, organisation, monkeypatch):
    reminder_tasks.moments.apply()
    worked = clock.now
    clock.forward(minutes=1)
    monkeypatch.setattr(reminder, "write_due_moments", lambda: 1 / 0)
    reminder_tasks.moments.apply(throw=False)
    [mark] = marks().values()
    assert (mark.name, mark.at, mark.failed_at, mark.error) == (
        "reminder.moments",
        worked,
        clock.now,
        "ZeroDivisionError",
    )


def test_what_beat_does_not_ring_for_leaves_no_sign(clock, organisation):
    @app.task(name="tests.not_rung_by_beat")
    def unrung() -> None:
        pass

    unrung.apply()
    assert marks() == {}


def test_a_sign_that_cannot_be_written_does_not_undo_the_task(clock, organisation, monkeypatch, caplog):
    def away(_name):
        raise OSError("away")

    monkeypatch.setattr(engine, "mark", away)
    assert letter_tasks.sweep.apply().state == "SUCCESS"
    assert "letter.sweep could not leave its sign of life" in caplog.text


def test_beat_leaves_a_sign_of_its_own_and_others_do_not(clock, organisation, monkeypatch):
    monkeypatch.setattr(signs, "close_old_connections", lambda: None)  # the test's own transaction stands on it
    monkeypatch.setattr(signs, "_beat", {})
    signs.has_rung()
    assert marks() == {}
    signs.is_beat()
    signs.has_rung()
    assert marks()["bell"].at == clock.now
    clock.forward(seconds=5)
    signs.has_rung()
    assert marks()["bell"].at < clock.now


def test_two_processes_may_be_the_first_to_leave_a_sign(clock, organisation, monkeypatch):
    rows = EngineMark.objects.filter(name="beat")
    real, met = type(rows).update, []

    def late(self, **values):
        if not met:
            met.append(values)
            EngineMarkFactory(name="beat", at=None)
            return 0
        return real(self, **values)

    monkeypatch.setattr(type(rows), "update", late)
    engine.mark("beat")
    monkeypatch.undo()
    assert marks()["beat"].at == clock.now


# The heartbeat ---------------------------------------------------------------------------------


def test_no_address_no_heartbeat(clock, organisation, settings):
    settings.HEARTBEAT_URL = ""
    housekeeping.heartbeat()
    assert marks() == {}


def test_it_goes_out_only_when_the_engine_works(clock, organisation, watch, settings, caplog):
    said = [b"HTTP/1.1 500 Oh\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]
    outside = watch(lambda link: link.sendall(said.pop()))
    settings.HEARTBEAT_URL = f"https://127.0.0.1:{outside.port}/secret-uuid"

    housekeeping.heartbeat()
    assert (outside.asked, marks()["heartbeat"].error, marks()["heartbeat"].at) == ([], "digest_silent", None)

    for name in queries.ESSENTIAL:
        EngineMarkFactory(name=name, at=clock.now)
    housekeeping.heartbeat()
    assert (len(outside.asked), marks()["heartbeat"].at) == (1, clock.now)

    clock.forward(minutes=1)
    with caplog.at_level(logging.WARNING):
        housekeeping.heartbeat()
    assert (marks()["heartbeat"].failed_at, marks()["heartbeat"].error) == (clock.now, "answered_500")
    assert "the heartbeat did not go out: answered_500" in caplog.text
    assert "secret-uuid" not in caplog.text


def test_a_watching_service_that_is_away_stops_nothing(clock, organisation, settings):
    settings.HEARTBEAT_URL = f"https://127.0.0.1:{servers.free_port()}/"
    for name in queries.ESSENTIAL:
        EngineMarkFactory(name=name, at=clock.now)
    assert housekeeping.heartbeat.apply().state == "SUCCESS"
    assert marks()["heartbeat"].error == "unreachable"


def test_the_doctor_is_answered(clock, organisation):
    housekeeping.answer()
    assert marks()["answer"].at == clock.now
