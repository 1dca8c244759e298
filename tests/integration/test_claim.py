"""Several workers reach for the same letters at once, on a database file and on a server."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from incidents.domain import incident, letter, reminder
from incidents.models import Incident, Letter, ReminderDelivery
from tests import servers
from tests.factories import LetterFactory
from tests.integration.test_reminders import Office

pytestmark = pytest.mark.integration


def race(url: str, act, count: int = 4) -> None:
    """Run `act` in several threads, each with a connection of its own; raise what any of them raised."""
    start, faults = threading.Barrier(count), []

    def run() -> None:
        with servers.work_on(url):
            start.wait()
            try:
                act()
            except Exception as fault:
                faults.append(fault)

    racers = [threading.Thread(target=run) for _ in range(count)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert faults == []


def test_each_letter_is_claimed_by_one(install):
    house = install()
    letters = [LetterFactory(recipient=None, to_name="n", to_email="n@example.jp") for _ in range(30)]
    won: list[int] = []

    def claim() -> None:
        for one in letters:
            with transaction.atomic():
                taken = letter.claim(one.pk)
            if taken is not None:
                won.append(taken.pk)

    race(house.environ["DATABASE_URL"], claim)
    assert sorted(won) == sorted(one.pk for one in letters)


def test_claim_that_ran_out_has_one_heir(install):
    house = install()
    one = LetterFactory(recipient=None, to_name="n", to_email="n@example.jp")
    letter.claim(one.pk)
    Letter.objects.filter(pk=one.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
    heirs: list[int] = []

    def inherit() -> None:
        with transaction.atomic():
            taken = letter.claim()
        if taken is not None:
            heirs.append(taken.attempts)

    race(house.environ["DATABASE_URL"], inherit)
    assert heirs == [2]


def test_morning_is_written_once_by_many(install):
    house = install()
    office = Office()
    office.promise()
    written: list[int] = []
    race(house.environ["DATABASE_URL"], lambda: written.extend(reminder.write_due_digests()))
    assert len(written) == Letter.objects.count() == 1
    assert ReminderDelivery.objects.filter(letter_id=written[0]).count() >= 1


def test_form_that_is_sent_by_several_at_once_is_one_record(install):
    house = install()
    office = Office()
    form = {
        "by": office.bob,
        "team": office.team,
        "title": "二重払い",
        "noticed_at": timezone.now(),
        "who_waits": "銀行",
    }
    made: list[int] = []
    race(house.environ["DATABASE_URL"], lambda: made.append(incident.report_once(**form).pk))
    assert (len(made), len(set(made)), Incident.objects.count()) == (4, 1, 1)
