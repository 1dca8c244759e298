"""From a due row to the mail server's 250, by real processes, through faults.

Each test makes its promises with the domain's verbs in the database that worker and beat use as well.
"""

from __future__ import annotations

import signal
import time
from datetime import datetime, timedelta

import pytest

from incidents.domain import countermeasure, letter, reminder
from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.letters.base import Rendered
from incidents.models import Closure, Countermeasure, Letter, ReminderDelivery
from tests import servers
from tests.conftest import Story
from tests.factories import MembershipFactory, OrganisationFactory, PersonFactory, TeamFactory
from tests.servers import until

pytestmark = pytest.mark.integration


class Office:
    """A team of three whose day has come: their digest hour is midnight, and today is a working day for them."""

    def __init__(self) -> None:
        OrganisationFactory(closed_year_end=False)
        today = datetime.now(reminder.timezone.get_default_timezone()).date()
        # The suite is also run on Sundays and holidays.
        for days in range(-40, 40):
            Closure.objects.create(day=today + timedelta(days=days), name="営業", works=True)
        self.team = TeamFactory(name="受注課", slug="orders")
        self.alice, self.bob = (
            PersonFactory(name=name, email=f"{address}@example.jp", digest_hour=0, quiet_from=None)
            for name, address in [("佐藤 美咲", "alice"), ("鈴木 健太", "bob")]
        )
        MembershipFactory(person=self.alice, team=self.team, role="lead")
        MembershipFactory(person=self.bob, team=self.team, role="member")
        self.story = Story(self.alice, self.bob, self.team)
        self.today = today

    def promise(self, **plan: object) -> Countermeasure:
        """A promise of bob's that is due today, so that one step of it is due as well."""
        return self.story.promised(due_on=self.today, **plan)

    def letter(self, number: int = 1) -> Letter:
        """A letter in the outbox, its bell rung."""
        text = Rendered("ja", f"送信テスト {number}", f"{number}通目です。\n", f"<p>{number}通目です。</p>")
        return letter.post(kind=LetterKind.TEST, key=f"test:{number}", to=self.bob, rendered=text)


def settled(one: Letter) -> str:
    return Letter.objects.values_list("state", flat=True).get(pk=one.pk)


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_due_row_is_in_the_mail_servers_hands(install, pool, record_property, capsys):
    house = install()
    office = Office()
    house.worker(pool)
    beat = house.beat()
    until(lambda: "Sending due task" in beat.said, 20, "beat rings")

    measure = office.promise()
    due = time.time()
    [taken] = house.inbox.wait(1)

    seconds = taken.at - due
    record_property("due_to_accepted_seconds", seconds)
    with capsys.disabled():
        print(f"\ndue -> accepted: {seconds:.2f} s ({pool}, a ring each second)")
    assert taken.recipients == ["bob@example.jp"]
    assert measure.title in taken.message.get_body(("plain",)).get_content()
    until(lambda: ReminderDelivery.objects.filter(state=DeliveryState.SENT).count() == 1, 5, "the ledger says sent")
    time.sleep(2.5)  # two more rings: nothing is told twice
    assert len(house.inbox.accepted) == 1


def test_worker_killed_while_the_server_listens_loses_and_doubles_nothing(install):
    house = install()
    office = Office()
    first = house.worker()
    house.inbox.hold = 3
    one = office.letter()
    assert house.inbox.data_begun.wait(20)
    first.kill()
    time.sleep(3.5)
    house.inbox.hold = 0
    taken = [m for m in house.inbox.accepted if m.message["Message-ID"] == one.message_id]
    assert settled(one) == LetterState.SENDING

    house.worker()
    house.beat()
    # Five minutes pass for the dead worker's claim.
    Letter.objects.filter(pk=one.pk).update(next_try_at=reminder.timezone.now() - timedelta(seconds=1))
    until(lambda: settled(one) == LetterState.SENT, 20, "the letter is sent")

    # SMTP itself cannot tell a lost answer from a lost letter: a server that had already said 250 to nobody gets the
    # letter once more, under the same Message-ID, by which mailboxes know it.
    assert len(house.inbox.accepted) == len(taken) + 1
    assert {m.message["Message-ID"] for m in house.inbox.accepted} == {one.message_id}


def test_worker_killed_before_the_hand_over_sends_once(install):
    house = install()
    office = Office()
    first = house.worker()
    first.signal(signal.SIGSTOP)
    letters = [office.letter(n) for n in range(1, 6)]
    first.kill()
    house.worker()
    house.beat()

    house.inbox.wait(5)
    until(lambda: all(settled(one) == LetterState.SENT for one in letters), 10, "all are sent")
    time.sleep(2)
    assert sorted(m.message["Message-ID"] for m in house.inbox.accepted) == sorted(one.message_id for one in letters)


def test_broker_that_lost_everything_loses_no_letter(install):
    house = install()
    office = Office()
    house.broker.kill()
    waiting = [office.letter(n) for n in range(1, 4)]  # the bell cannot ring, the form is saved all the same
    house.broker.lose_everything()
    house.broker.start()
    house.worker()
    house.beat()

    house.inbox.wait(3)
    until(lambda: all(settled(one) == LetterState.SENT for one in waiting), 10, "all are sent")
    assert len(house.inbox.accepted) == 3


def run_again(house, programs, pool: str) -> None:
    """What supervisor and systemd do: start anew what has ended."""
    for place, program in enumerate(programs):
        if program.process.poll() is not None:
            programs[place] = house.worker(pool)


@pytest.mark.parametrize(("kind", "pool"), [("sqlite", "threads"), ("postgresql", "prefork")])
def test_broker_that_dies_under_a_busy_worker_comes_back(install, pool):
    """All places of the worker are taken when the broker goes, so that no acknowledgement arrives."""
    house = install()
    office = Office()
    workers = [house.worker(pool)]
    beat = house.beat()
    until(lambda: "Sending due task" in beat.said, 20, "beat rings")
    house.inbox.hold = 2
    letters = [office.letter(n) for n in (1, 2, 3)]
    assert house.inbox.data_begun.wait(20)
    house.broker.lose_everything()
    time.sleep(4)
    house.inbox.hold = 0
    house.broker.start()
    letters.append(office.letter(4))

    def all_sent() -> bool:
        run_again(house, workers, pool)
        return all(settled(one) == LetterState.SENT for one in letters)

    until(all_sent, 60, "all letters are sent")
    assert len(house.inbox.accepted) == 4


def test_server_that_is_busy_gets_the_letter_later(install):
    house = install()
    office = Office()
    house.worker()
    house.inbox.answer("451 4.7.1 come back later")
    one = office.letter()
    until(lambda: settled(one) == LetterState.WAITING and house.inbox.refused, 20, "the first try is over")
    again = Letter.objects.get(pk=one.pk)
    assert (again.attempts, again.error) == (1, "451 4.7.1 come back later")
    assert 50 < (again.next_try_at - reminder.timezone.now()).total_seconds() < 70

    house.beat()
    time.sleep(2)
    assert house.inbox.accepted == []  # not before its time
    Letter.objects.filter(pk=one.pk).update(next_try_at=reminder.timezone.now())
    house.inbox.wait(1)
    until(lambda: settled(one) == LetterState.SENT, 10, "sent")


def test_server_that_refuses_for_good_is_not_asked_again(install):
    house = install()
    office = Office()
    house.worker()
    house.beat()
    house.inbox.answer("550 5.1.1 no such person", times=5)
    one = office.letter()

    until(lambda: settled(one) == LetterState.FAILED, 20, "the letter has failed")
    time.sleep(2)
    assert house.inbox.refused == ["550 5.1.1 no such person"]
    assert Letter.objects.get(pk=one.pk).error == "550 5.1.1 no such person"

    house.inbox._answers.clear()
    letter.send_again(Letter.objects.get(pk=one.pk), by=office.alice)
    [taken] = house.inbox.wait(1)
    assert taken.message["Message-ID"] == one.message_id


def test_failed_digest_shows_in_the_ledger(install):
    house = install()
    office = Office()
    house.inbox.answer("550 5.7.1 not welcome")
    house.worker()
    house.beat()
    office.promise()

    failed = ReminderDelivery.objects.filter(state=DeliveryState.FAILED)
    until(failed.exists, 20, "the row says failed")
    assert failed.count() == 1


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("security", ["smtp+tls", "smtps"])
def test_mail_goes_over_tls(install, certificate, security):
    house = install(mail=servers.MailServer(security, certificate), SSL_CERT_FILE=str(certificate.file))
    office = Office()
    house.worker()
    office.letter()

    [taken] = house.inbox.wait(1)
    assert taken.over_tls


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("security", ["smtp+tls", "smtps"])
def test_certificate_nobody_vouches_for_stops_the_mail(install, certificate, security):
    house = install(mail=servers.MailServer(security, certificate))
    office = Office()
    house.worker()
    one = office.letter()

    until(lambda: Letter.objects.get(pk=one.pk).error, 20, "the try is over")
    kept = Letter.objects.get(pk=one.pk)
    assert kept.state == LetterState.WAITING
    assert "CERTIFICATE_VERIFY_FAILED" in kept.error
    assert house.inbox.accepted == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_server_without_starttls_never_gets_clear_text(install):
    mail = servers.MailServer("smtp")
    mail.kind = "smtp+tls"
    house = install(mail=mail)
    office = Office()
    house.worker()
    one = office.letter()

    until(lambda: Letter.objects.get(pk=one.pk).error, 20, "the try is over")
    assert Letter.objects.get(pk=one.pk).state == LetterState.WAITING
    assert house.inbox.accepted == []


@pytest.mark.parametrize("kind", ["postgresql"])
def test_rabbitmq_rings_as_well(install):
    house = install(broker="rabbitmq")
    office = Office()
    house.worker("prefork")
    house.beat()
    office.promise()
    office.letter()

    house.inbox.wait(2)
    time.sleep(2)
    assert len(house.inbox.accepted) == 2


def test_two_of_everything_send_one_of_each(install):
    house = install()
    office = Office()
    people = [PersonFactory(email=f"clerk{n}@example.jp", digest_hour=0, quiet_from=None) for n in range(12)]
    for person in people:
        MembershipFactory(person=person, team=office.team, role="member")
    known = office.story.with_root()
    for person in people:
        made = office.story.proposed(to=known, owner=person, due_on=office.today, title=f"対策 {person.email}")
        countermeasure.commit(made, by=office.alice)
    for number in range(1, 13):
        office.letter(number)
    for _ in range(2):
        house.worker()
        house.beat()

    house.inbox.wait(24, 60)
    time.sleep(3)
    ids = [m.message["Message-ID"] for m in house.inbox.accepted]
    assert len(ids) == len(set(ids)) == 24
    assert sorted(r for m in house.inbox.accepted for r in m.recipients if r.startswith("clerk")) == sorted(
        person.email for person in people
    )
    until(lambda: not Letter.objects.exclude(state=LetterState.SENT).exists(), 10, "all are settled")
