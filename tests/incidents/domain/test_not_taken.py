"""A letter that a mail server refuses: whom it marks, who hears what stood in it, and that no promise falls silent (U5)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from incidents.domain import auditor, ledger, reminder, unreached
from incidents.domain import letter as letters
from incidents.domain import person as people
from incidents.enums import DeliveryState, FollowUpKind, LetterKind, LetterState
from incidents.gateways import mail
from incidents.letters.base import Rendered
from incidents.models import AuditEntry, EngineMark, Letter, Person, ReminderDelivery
from incidents.tasks import letter as tasks
from tests import servers
from tests.factories import LetterFactory
from ushiro import env

pytestmark = pytest.mark.django_db
NOBODY = "550 5.1.1 <bob@example.jp>: Recipient address rejected: User unknown"
RELAY = "554 5.7.1 <bob@example.jp>: Relay access denied"


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[servers.MailServer]:
    made = servers.MailServer()
    settings.DATA_DIR = tmp_path
    settings.MAILERS = {"default": {"BACKEND": mail.SMTP, "OPTIONS": env.smtp(made.url)}}
    yield made
    made.stop()


@pytest.fixture
def morning(clock: Any, story: Any, bob: Person, alice: Person) -> Any:
    """A promise of bob's whose day has come, and his letter of it."""
    made = story.promised(owner=bob, title="画面に単位を出す")
    clock.to("2026-12-10 09:00")
    assert reminder.write_digest(bob, asked_for=True)
    return made


def is_marked(person: Person) -> bool:
    person.refresh_from_db()
    return person.mail_bounced_at is not None


def told() -> list[Person]:
    return [one.recipient for one in Letter.objects.filter(kind=LetterKind.UNREACHED).order_by("pk")]


def rows(person: Person, **known: Any) -> list[tuple[str, str]]:
    found = ReminderDelivery.objects.filter(recipient=person, **known).order_by("pk")
    return list(found.values_list("state", "reason"))


def test_nobody_at_the_address_marks_at_the_first_refusal_and_the_lead_hears(
    server: Any, morning: Any, clock: Any, alice: Person, bob: Person
) -> None:
    server.inbox.refuses["bob@example.jp"] = NOBODY
    of_bob = Letter.objects.get(kind=LetterKind.DIGEST)
    tasks.sweep()
    of_bob.refresh_from_db()
    assert (of_bob.state, of_bob.attempts, of_bob.error) == (LetterState.FAILED, 1, NOBODY)
    assert (is_marked(bob), told()) == (True, [alice])
    assert AuditEntry.objects.filter(verb="person.unreached", target_id=bob.pk).exists()
    mine = ReminderDelivery.objects.filter(letter=of_bob)
    assert {(row.state, row.reason) for row in mine} == {(DeliveryState.CANCELLED, "no_address")}
    hers = ReminderDelivery.objects.filter(recipient=alice, step__in=[row.step for row in mine])
    assert {row.state for row in hers} == {DeliveryState.PENDING} and hers.count() == mine.count()
    clock.to("2026-12-11 09:00")
    reminder.write_due_digests()
    [letter] = Letter.objects.filter(kind=LetterKind.DIGEST, recipient=alice)
    assert morning.title in letter.text
    assert list(auditor.audit()) == []
    tasks.sweep()
    assert [one.recipients for one in server.inbox.accepted] == [["alice@example.jp"]] * 2


@pytest.mark.parametrize("said", [RELAY, "550 5.7.1 blocked", "550 5.1.8 sender rejected"])
def test_a_rule_of_the_server_marks_nobody_and_the_lead_hears_all_the_same(
    server: Any, morning: Any, clock: Any, alice: Person, bob: Person, said: str
) -> None:
    server.inbox.refuses["bob@example.jp"] = said
    tasks.sweep()
    assert (is_marked(bob), told()) == (False, [])
    mine = ReminderDelivery.objects.filter(letter__kind=LetterKind.DIGEST)
    assert {(row.state, row.reason) for row in mine} == {(DeliveryState.FAILED, "")}
    clock.to("2026-12-11 09:00")
    reminder.write_due_digests()
    [letter] = Letter.objects.filter(kind=LetterKind.DIGEST, recipient=alice)
    assert morning.title in letter.text
    assert list(auditor.audit()) == []


@pytest.mark.parametrize("said", ["552 5.3.4 too big", "554 5.6.0 content", "550 5.1.1 said too late"])
def test_what_is_refused_after_the_words_marks_nobody(
    server: Any, morning: Any, alice: Person, bob: Person, said: str
) -> None:
    server.inbox.answer(said)
    tasks.sweep()
    assert (is_marked(bob), told()) == (False, [])
    assert rows(alice, state=DeliveryState.PENDING)


def test_what_may_pass_tells_nobody_until_its_tries_are_used_up(
    server: Any, morning: Any, clock: Any, alice: Person, bob: Person, settings: Any
) -> None:
    before = rows(alice)
    server.inbox.refuses["bob@example.jp"] = "450 4.1.1 unknown for now"
    letters = Letter.objects.filter(kind=LetterKind.DIGEST, recipient=bob).order_by("pk")
    asked = 0
    while not letters.filter(state=LetterState.FAILED).exists():
        assert rows(alice) == before
        asked += 1
        assert asked < 30
        clock.forward(hours=30)  # at night and on closed days it waits, and no try is made
        tasks.sweep()
    assert asked >= len(settings.REMINDER_BACKOFF)
    # A new morning has its own letter in the place of the last one; the tries go on.
    assert set(letters.values_list("state", flat=True)) == {LetterState.CANCELLED, LetterState.FAILED}
    assert not is_marked(bob)
    assert len(rows(alice)) > len(before)


def test_a_minute_that_is_not_taken_is_told_to_the_lead_at_once(
    server: Any, clock: Any, crack: Any, alice: Person, bob: Person
) -> None:
    from datetime import timedelta

    server.inbox.refuses["bob@example.jp"] = NOBODY
    clock.to("2026-11-24 10:00")
    due = clock.now + timedelta(hours=2)
    ledger.follow(
        kind=FollowUpKind.FIRST_REPORT, incident=crack, owner=bob, backup=None, due_on=clock.today, due_at=due
    )
    while not Letter.objects.filter(kind=LetterKind.MOMENT, recipient=bob).exists():
        clock.forward(minutes=5)
        reminder.write_due_moments()
    before = clock.now
    tasks.sweep()
    reminder.write_due_moments()
    assert Letter.objects.filter(kind=LetterKind.MOMENT, recipient=alice, created_at=before).exists()


def test_where_nobody_else_is_reached_the_row_stays_failed_and_the_next_step_comes(
    server: Any, morning: Any, clock: Any, alice: Person, bob: Person
) -> None:
    Person.objects.filter(pk=alice.pk).update(mail_bounced_at=clock.now)
    server.inbox.refuses["bob@example.jp"] = NOBODY
    tasks.sweep()
    assert is_marked(bob)
    assert {row.state for row in ReminderDelivery.objects.filter(letter__recipient=bob)} == {DeliveryState.FAILED}
    clock.to("2026-12-28 09:00")
    reminder.write_due_digests()
    assert Letter.objects.filter(kind=LetterKind.DIGEST, recipient=bob).count() == 2


def test_a_promise_that_is_kept_meanwhile_is_told_to_nobody(
    server: Any, morning: Any, alice: Person, bob: Person
) -> None:
    one = Letter.objects.get(kind=LetterKind.DIGEST)
    claimed = letters.claim(one.pk)
    ledger.keep(morning.follow_up, by=bob)
    before = rows(alice)
    unreached.not_taken(claimed, error=NOBODY, for_good=True, nobody=True)
    assert is_marked(bob)
    assert rows(alice) == before


def test_a_letter_to_an_old_address_and_a_claim_that_is_lost_mark_nobody(
    clock: Any, admin: Person, alice: Person, bob: Person
) -> None:
    one = letters.claim(LetterFactory(recipient=bob).pk)
    people.edit_person(bob, by=admin, email="bob.new@example.jp")
    unreached.not_taken(one, error=NOBODY, for_good=True, nobody=True)
    assert not is_marked(bob)
    lost = letters.claim(LetterFactory(recipient=bob).pk)
    clock.forward(minutes=10)
    letters.claim(lost.pk)
    unreached.not_taken(lost, error=NOBODY, for_good=True, nobody=True)
    assert not is_marked(bob)


def test_a_server_that_knows_nobody_marks_a_few_and_no_more(server: Any, clock: Any, admin: Person, team: Any) -> None:
    made = [LetterFactory() for _ in range(unreached.MOST_AN_HOUR + 3)]
    for one in made:
        server.inbox.refuses[one.to_email] = "550 5.1.1 unknown"
    tasks.sweep()
    assert Person.objects.exclude(mail_bounced_at=None).count() == unreached.MOST_AN_HOUR
    assert set(Letter.objects.filter(pk__in=[one.pk for one in made]).values_list("state", flat=True)) == {"failed"}


def test_an_address_that_no_mail_can_have_is_nobodys(server: Any, alice: Person, bob: Person) -> None:
    letter = letters.post(
        kind=LetterKind.TEST, key="test:1", to=bob, rendered=Rendered("ja", "x", "x", ""), email="ぼぶ@example.jp"
    )
    Person.objects.filter(pk=bob.pk).update(email="ぼぶ@example.jp")
    tasks.sweep()
    letter.refresh_from_db()
    assert (letter.state, is_marked(bob), told()) == (LetterState.FAILED, True, [alice])


@pytest.fixture
def sink(settings: Any, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """The mail server of the crash tests, in a process of its own, with the faults that are asked for."""
    running: list[servers.Program] = []
    settings.DATA_DIR = tmp_path

    def start(faults: str) -> None:
        port = servers.free_port()
        command = [sys.executable, "deploy/mail_sink.py", "--port", str(port), "--log", str(tmp_path / "taken")]
        program = servers.Program([*command, "--faults", faults], log=tmp_path / "sink", environ={})
        running.append(program)
        servers.until(lambda: servers.listens(port), 10, "the sink listens")
        settings.MAILERS = {"default": {"BACKEND": mail.SMTP, "OPTIONS": env.smtp(f"smtp://127.0.0.1:{port}")}}

    yield start
    for program in running:
        program.kill()


@pytest.mark.parametrize(("fault", "marks"), [("nobody", True), ("5xx", False), ("4xx", False), ("421", False)])
def test_with_pipelining_too_each_answer_is_taken_for_what_it_answers(
    sink: Any, morning: Any, alice: Person, bob: Person, fault: str, marks: bool
) -> None:
    sink(f"{fault}=1")
    tasks.sweep()
    assert is_marked(bob) is marks
    state = Letter.objects.get(kind=LetterKind.DIGEST).state
    assert state == (LetterState.FAILED if fault in {"nobody", "5xx"} else LetterState.WAITING)
    assert EngineMark.objects.filter(name="mail", failed_at__isnull=False).exists() is (fault == "421")


def test_an_address_that_is_refused_again_is_marked_again(clock: Any, story: Any, alice: Person, bob: Person) -> None:
    story.promised(due_on=clock.today)
    clock.to("2026-11-25 09:00")
    reminder.write_due_digests()
    one = Letter.objects.get(recipient=bob, kind=LetterKind.DIGEST)
    for _ in range(2):
        claimed = letters.claim(one.pk)
        unreached.not_taken(claimed, error="550 5.1.1 unknown", for_good=True, nobody=True)
        bob.refresh_from_db()
        assert bob.mail_bounced_at is not None
        unreached.reached(bob, by=bob)
        letters.send_again(one, by=alice)
    assert Letter.objects.filter(kind=LetterKind.UNREACHED).count() == 2
