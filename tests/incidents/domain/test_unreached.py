"""A bounce that proves which letter it is about marks its reader; the leads hear of it once, and of what is due meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail as outbox

from incidents.domain import letter as letters
from incidents.domain import person as people
from incidents.domain import reminder, unreached
from incidents.domain.surely import surely_wanted
from incidents.enums import DeliveryState, LetterKind, LetterState, MailKind, MailState, MailWhy
from incidents.errors import NotAllowed
from incidents.letters import addresses
from incidents.letters.account import password_reset
from incidents.models import AuditEntry, Letter, Person, ReceivedMail, ReminderDelivery
from incidents.tasks import arrivals

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_door(settings: Any, media: Any) -> None:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"


def letter_to(person: Person, number: int = 1) -> Letter:
    return letters.post(
        kind=LetterKind.ACCOUNT, key=f"account:{person.pk}:{number}", to=person, rendered=password_reset(person, "http://x/")
    )  # fmt: skip


def bounce(letter: Letter, *, status: str = "5.1.1", to: str = "ushiro@example.jp", returned: str = "") -> bytes:
    returned = returned or f"Message-ID: {letter.message_id}"
    return f"""Return-Path: <>
From: MAILER-DAEMON@mx.example.jp
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{letter.pk}.{status}.{len(returned)}@mx.example.jp>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

could not be delivered
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.jp

Final-Recipient: rfc822; {letter.to_email}
Action: failed
Status: {status}

--b
Content-Type: text/rfc822-headers

From: ushiro@example.jp
{returned}

--b--
""".encode()


def is_marked(person: Person) -> bool:
    person.refresh_from_db()
    return person.mail_bounced_at is not None


def told() -> list[Person]:
    return [one.recipient for one in Letter.objects.filter(kind=LetterKind.UNREACHED).order_by("pk")]


def test_for_good_marks_at_once_and_the_lead_hears_once(alice: Person, bob: Person) -> None:
    row = arrivals.take(bounce(letter_to(bob)))
    assert (row.kind, row.state, row.why) == (MailKind.BOUNCE_HARD, MailState.NOTED, MailWhy.UNREACHED)
    assert (row.person, is_marked(bob), told()) == (bob, True, [alice])
    assert AuditEntry.objects.filter(verb="person.unreached", target_id=bob.pk).exists()
    arrivals.take(bounce(letter_to(bob, 2)))
    assert told() == [alice]


@pytest.mark.parametrize("way", ["envelope", "id", "key"])
@pytest.mark.parametrize("field", ["Final-Recipient", "Original-Recipient"])
def test_a_bounce_of_another_mailbox_marks_nobody(way: str, field: str, alice: Person, bob: Person) -> None:
    """bob has his mail sent on to another one, which is full; the letter itself arrived."""
    letter = letter_to(bob)
    to, returned = "ushiro@example.jp", ""
    if way == "envelope":
        to, returned = addresses.return_path(letter), "Subject: x"
    elif way == "key":
        returned = f"X-Idempotency-Key: {letter.message_id.strip('<>').partition('@')[0]}"
    raw = bounce(letter, to=to, returned=returned).replace(b"Final-Recipient", field.encode())
    row = arrivals.take(raw.replace(b"; bob@example.jp", b"; bobs.private@mail.example"))
    assert (row.why, row.letter, is_marked(bob), told()) == (MailWhy.UNMATCHED, None, False, [])
    assert is_marked(bob) is False
    row = arrivals.take(raw.replace(b"; bob@example.jp", b"; BOB@Example.JP"))
    assert (row.why, is_marked(bob)) == (MailWhy.UNREACHED, True)


def test_what_names_the_address_as_its_mail_system_had_it_at_first_counts(alice: Person, bob: Person) -> None:
    letter = letter_to(bob)
    both = b"Original-Recipient: rfc822; bob@example.jp\nFinal-Recipient: rfc822; suzuki@internal.example.jp"
    arrivals.take(bounce(letter).replace(b"Final-Recipient: rfc822; bob@example.jp", both))
    assert is_marked(bob)


@pytest.mark.parametrize("way", ["envelope", "id"])
def test_a_bounce_that_names_nobody_counts_at_the_envelope_alone(way: str, alice: Person, bob: Person) -> None:
    letter = letter_to(bob)
    to = addresses.return_path(letter) if way == "envelope" else "ushiro@example.jp"
    raw = bounce(letter, to=to).replace(b"Final-Recipient: rfc822; bob@example.jp\n", b"")
    arrivals.take(raw)
    assert is_marked(bob) is (way == "envelope")


@pytest.mark.parametrize("way", ["envelope", "id"])
def test_after_sixty_days_no_bounce_counts(way: str, clock: Any, alice: Person, bob: Person) -> None:
    letter = letter_to(bob)
    to = addresses.return_path(letter) if way == "envelope" else "ushiro@example.jp"
    clock.forward(days=59)
    assert arrivals.take(bounce(letter, to=to, status="4.2.2")).why == MailWhy.UNREACHED
    clock.forward(days=3)
    assert arrivals.take(bounce(letter, to=to)).why == MailWhy.UNMATCHED
    assert not is_marked(bob)


@pytest.mark.parametrize("way", ["envelope", "key"])
def test_which_letter_it_was_is_told_by_what_only_its_reader_has(way: str, alice: Person, bob: Person) -> None:
    letter = letter_to(bob)
    if way == "envelope":
        raw = bounce(letter, to=addresses.return_path(letter), returned="Subject: x")
    else:
        raw = bounce(letter, returned=f"X-Idempotency-Key: {letter.message_id.strip('<>').partition('@')[0]}")
    assert arrivals.take(raw).letter == letter
    assert is_marked(bob)


def test_an_address_alone_marks_nobody(alice: Person, bob: Person) -> None:
    letter = letter_to(bob)
    for returned in ("Subject: x", "Message-ID: <made-up@example.jp>"):
        row = arrivals.take(bounce(letter, returned=returned))
        assert (row.why, row.person) == (MailWhy.UNMATCHED, bob)
    assert (is_marked(bob), told()) == (False, [])


def test_for_now_marks_after_three_letters_in_a_week(clock: Any, alice: Person, bob: Person) -> None:
    for number in (1, 2):
        arrivals.take(bounce(letter_to(bob, number), status="4.2.2"))
        clock.forward(days=4)
    arrivals.take(bounce(letter_to(bob, 3), status="4.2.2"))  # the first one is eight days old
    assert not is_marked(bob)
    clock.forward(days=1)
    arrivals.take(bounce(letter_to(bob, 4), status="4.2.2"))
    assert is_marked(bob)
    assert told() == [alice]


def test_what_came_back_from_an_old_address_says_nothing_of_the_new_one(
    admin: Person, alice: Person, bob: Person
) -> None:
    old = letter_to(bob)
    people.edit_person(bob, by=admin, email="bob.new@example.jp")
    arrivals.take(bounce(old))
    assert not is_marked(bob)
    arrivals.take(bounce(letter_to(bob, 2)))
    assert is_marked(bob)
    people.edit_person(bob, by=admin, email="bob@example.jp")
    assert not is_marked(bob)


def test_the_person_alone_says_that_it_arrives_again(alice: Person, bob: Person) -> None:
    arrivals.take(bounce(letter_to(bob)))
    bob.refresh_from_db()
    with pytest.raises(NotAllowed) as refused:
        unreached.reached(bob, by=alice)
    assert refused.value.code == "not_own_mail"
    unreached.reached(bob, by=bob)
    assert not is_marked(bob)
    assert AuditEntry.objects.filter(verb="person.reached").count() == 1


def test_where_there_is_no_other_lead_the_administrators_hear(admin: Person, alice: Person) -> None:
    arrivals.take(bounce(letter_to(alice)))
    assert told() == [admin]


def test_a_letter_about_somebody_reached_again_is_taken_back(clock: Any, alice: Person, bob: Person) -> None:
    arrivals.take(bounce(letter_to(bob)))
    one = Letter.objects.get(kind=LetterKind.UNREACHED)
    claimed = letters.claim(one.pk)
    assert reminder.still_wanted(claimed)
    bob.refresh_from_db()
    unreached.reached(bob, by=bob)
    assert not reminder.still_wanted(claimed)
    one.refresh_from_db()
    assert one.state == LetterState.CANCELLED


def test_what_is_due_meanwhile_is_told_to_the_lead_and_never_silent(
    clock: Any, alice: Person, bob: Person, story: Any
) -> None:
    made = story.promised(owner=bob)
    clock.to("2026-12-10 09:00")
    arrivals.take(bounce(letter_to(bob)))
    reminder.write_due_digests()
    mine = ReminderDelivery.objects.filter(follow_up=made.follow_up, recipient=bob, state=DeliveryState.CANCELLED)
    assert {row.reason for row in mine} == {"no_address"}
    assert not Letter.objects.filter(kind=LetterKind.DIGEST, recipient=bob).exists()
    hers = Letter.objects.filter(kind=LetterKind.DIGEST, recipient=alice)
    assert [made.title in one.text for one in hers] == [True]
    bob.refresh_from_db()
    unreached.reached(bob, by=bob)
    clock.to("2026-12-15 09:00")
    reminder.write_due_digests()
    assert Letter.objects.filter(kind=LetterKind.DIGEST, recipient=bob).exists()


def test_when_nobody_else_is_there_the_person_is_told_all_the_same(
    clock: Any, alice: Person, bob: Person, story: Any
) -> None:
    story.promised(owner=bob)
    clock.to("2026-12-10 09:00")
    Person.objects.filter(pk__in=[alice.pk, bob.pk]).update(mail_bounced_at=clock.now)
    reminder.write_due_digests()
    assert Letter.objects.filter(kind=LetterKind.DIGEST, recipient=bob).exists()


def test_a_letter_written_before_the_bounce_is_not_sent_after_it(
    clock: Any, alice: Person, bob: Person, story: Any
) -> None:
    story.promised(owner=bob)
    clock.to("2026-12-10 09:00")
    with_letter = reminder.write_digest(bob, asked_for=True)
    Person.objects.filter(pk=bob.pk).update(mail_bounced_at=clock.now)
    claimed = letters.claim(with_letter.pk) or Letter.objects.get(pk=with_letter.pk)
    if claimed.state == LetterState.SENDING:
        assert surely_wanted([claimed]) == set()
        assert not reminder.still_wanted(claimed)
    else:  # it went out at once
        assert outbox.outbox


def test_an_absence_and_a_report_of_success_are_no_bounces(alice: Person, bob: Person) -> None:
    """Both come to the envelope's address (RFC 3834 4, RFC 3464)."""
    for number in range(4):
        letter = letter_to(bob, number)
        to = addresses.return_path(letter)
        away = (
            f"From: bob@example.jp\nTo: {to}\nReturn-Path: <>\nSubject: Re: x\nMessage-ID: <{number}@x>\n\n休みます\n"
        )
        assert arrivals.take(away.encode()).kind == MailKind.AUTO
        well = bounce(letter, to=to, status="2.0.0").replace(b"Action: failed", b"Action: delivered")
        assert arrivals.take(well).kind == MailKind.AUTO
    assert (is_marked(bob), told()) == (False, [])


def test_a_complaint_and_a_bounce_answer_nobody(alice: Person, bob: Person) -> None:
    arrivals.take(bounce(letter_to(bob), status="4.2.2"))
    assert ReceivedMail.objects.count() == 1
    assert not Letter.objects.exclude(kind=LetterKind.ACCOUNT).exists()


def test_letters_carry_an_address_of_their_own(
    settings: Any, clock: Any, alice: Person, bob: Person, story: Any
) -> None:
    from incidents.gateways import mail

    made = story.promised(owner=bob)
    clock.to("2026-12-11 09:00")
    one = reminder.write_digest(bob, asked_for=True)
    assert addresses.read([one.headers["Reply-To"]]).first == made.incident_id
    assert f"Reply-To: {one.headers['Reply-To']}\r\n".encode() in mail.as_bytes(one)
    token = addresses.read([mail._return_path(one)])
    assert (token.kind, token.first) == (addresses.BOUNCE, one.pk)
    settings.MAIL_FROM = "うしろ <ushiro@elsewhere.example>"
    assert mail._return_path(one) == "ushiro@elsewhere.example"
