"""A link pressed by several at once, and somebody away while several rings go, on a database file and on a server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from incidents.domain import absence, reminder, reply
from incidents.errors import Refused
from incidents.models import Absence, DueRequest, Letter, MailReply, ReminderDelivery
from tests.factories import MembershipFactory, PersonFactory
from tests.integration.test_claim import race
from tests.integration.test_reminders import Office

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("act", ["help", "not_mine", "due"])
def test_one_link_pressed_by_several_at_once_speaks_once(install, act):
    house = install()
    office = Office()
    follow_up, said = office.promise().follow_up, []
    pressed: dict[str, Any] = {
        "help": lambda: reply.ask_help(follow_up, by=office.bob, mark="a" * 64, words="半日ほど"),
        "not_mine": lambda: reply.not_mine(follow_up, by=office.bob, mark="a" * 64),
        "due": lambda: reply.ask_due(
            follow_up, by=office.bob, mark="a" * 64, due_on=office.today + timedelta(days=9), reason="部品待ち"
        ),
    }

    def press() -> None:
        try:
            pressed[act]()
        except Refused as refusal:
            said.append(refusal.code)
        else:
            said.append("done")

    race(house.environ["DATABASE_URL"], press)
    assert sorted(said) == ["already_said"] * 3 + ["done"]
    assert MailReply.objects.count() == 1
    assert (Letter.objects.count(), DueRequest.objects.count()) == ((0, 1) if act == "due" else (1, 0))


def test_absence_told_twice_at_once_is_one(install):
    house = install()
    office, said = Office(), []

    def tell() -> None:
        try:
            absence.plan(office.bob, by=office.bob, starts_on=office.today, ends_on=office.today)
        except Refused as refusal:
            said.append(refusal.code)

    race(house.environ["DATABASE_URL"], tell)
    assert (said, Absence.objects.count()) == (["already_away"] * 3, 1)


def test_several_rings_hand_on_what_is_due_once(install):
    house = install()
    office = Office()
    eve = PersonFactory(name="伊藤 桜", digest_hour=0, quiet_from=None)
    MembershipFactory(person=eve, team=office.team, role="member")
    for number in range(3):
        office.promise(title=f"対策{number}")
    absence.plan(office.bob, by=office.bob, starts_on=office.today, ends_on=office.today, stand_in=eve)
    written: list[int] = []
    race(house.environ["DATABASE_URL"], lambda: written.extend(reminder.write_due_digests()))
    digest = Letter.objects.get(kind="digest")
    assert ([digest.pk], digest.recipient) == (written, eve)
    assert all(f"対策{number}" in digest.text for number in range(3))
    due = ReminderDelivery.objects.filter(planned_on__lte=timezone.localdate(), planned_at=None)
    assert sorted(due.values_list("recipient", "state")) == sorted(
        [(office.bob.pk, "cancelled")] * 3 + [(eve.pk, digest.deliveries.first().state)] * 3
    )
