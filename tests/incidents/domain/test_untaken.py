"""Whoever writes a mail that does not reach its record hears of it, once a day, and never a machine or a stranger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from incidents.domain import inbound, letter, reminder
from incidents.domain import person as people
from incidents.enums import LetterKind, LetterState, MailState, MailWhy, Role
from incidents.gateways import mail as post
from incidents.letters import addresses
from incidents.models import Incident, Letter, Membership, Person
from incidents.tasks import arrivals
from tests.incidents.domain.test_inbound import mail, reply_to

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_door(settings: Any, media: Path) -> None:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"


def told() -> list[Letter]:
    return list(Letter.objects.filter(kind=LetterKind.UNTAKEN).order_by("pk"))


def test_whoever_has_the_reply_address_hears_that_it_waits(clock: Any, bob: Person, crack: Incident) -> None:
    to = reply_to(bob, crack)
    clock.forward(days=61)
    row = arrivals.take(mail("bob@example.jp", to, "遅くなりました。"))
    assert (row.state, row.why) == (MailState.HELD, MailWhy.EXPIRED)
    [one] = told()
    assert (one.recipient, one.to_email) == (bob, "bob@example.jp")
    assert "Re: 今日のお知らせ" in one.text and "60日" in one.text and "新しいお知らせに返信" in one.text
    assert crack.title not in one.text + one.subject and crack.reference not in one.text + one.subject
    assert "Reply-To" not in one.headers


def test_another_address_is_named_and_its_subject_is_not(bob: Person, crack: Incident) -> None:
    arrivals.take(mail("x@example.com", reply_to(bob, crack), "x", Subject="至急 http://evil.example/"))
    [one] = told()
    assert one.recipient == bob
    assert "x@example.com" in one.text and "evil.example" not in one.text + one.html + one.subject


@pytest.mark.parametrize(
    "why",
    [MailWhy.NO_WORDS, MailWhy.NO_STANDING, MailWhy.TOO_MANY, MailWhy.UNKNOWN, MailWhy.NO_TOKEN, MailWhy.TOO_LARGE],
)
def test_each_reason_is_told(why: MailWhy, bob: Person, crack: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    to, text, headers = reply_to(bob, crack), "済みました", {}
    if why == MailWhy.NO_WORDS:
        text = "> 元の文"
    elif why == MailWhy.NO_STANDING:
        Membership.objects.filter(person=bob).update(role=Role.VIEWER)
    elif why == MailWhy.TOO_MANY:
        monkeypatch.setattr("incidents.queries.inbound.MOST_AN_HOUR", 0)
    elif why == MailWhy.TOO_LARGE:
        monkeypatch.setattr(arrivals, "LARGEST", 50)
    elif why == MailWhy.UNKNOWN:
        to = "ushiro@example.jp"
    else:
        ours = Letter.objects.create(
            key="x", kind="moment", recipient=bob, to_email=bob.email, language="ja", message_id="<o@example.jp>",
            next_try_at=crack.noticed_at,
        )  # fmt: skip
        monkeypatch.setattr("incidents.queries.inbound.incident_of", lambda letter: crack)
        to, headers = "ushiro@example.jp", {"In_Reply_To": ours.message_id}
    row = arrivals.take(mail("bob@example.jp", to, text, **headers))
    assert row.why == why
    assert [one.recipient for one in told()] == [bob]


def test_at_most_one_a_day(clock: Any, bob: Person, alice: Person, crack: Incident) -> None:
    for number in range(5):
        arrivals.take(mail("bob@example.jp", reply_to(bob, crack), f"> {number}"))
    assert len(told()) == 1
    arrivals.take(mail("alice@example.jp", reply_to(alice, crack), "> x"))
    assert [one.recipient for one in told()] == [bob, alice]
    clock.forward(hours=25)
    arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "> morgen"))
    assert len(told()) == 3


def test_what_is_taken_is_answered_by_nothing(bob: Person, crack: Incident) -> None:
    assert arrivals.take(mail("bob@example.jp", reply_to(bob, crack))).state == MailState.POSTED
    digest = addresses.reply_headers(bob)["Reply-To"]
    assert arrivals.take(mail("bob@example.jp", digest, "別")).state == MailState.DRAFTED
    assert told() == []


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"Return_Path": "<>"}, {"List_Id": "<x.y>"}]
)
def test_no_machine_and_no_stranger_gets_a_letter(headers: dict[str, str], bob: Person, crack: Incident) -> None:
    arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "> x", **headers))
    arrivals.take(mail("x@example.com", "ushiro@example.jp"))
    assert told() == []


def test_whoever_is_gone_gets_none(admin: Person, bob: Person, crack: Incident) -> None:
    to = reply_to(bob, crack)
    people.edit_person(bob, by=admin, is_active=False)
    arrivals.take(mail("bob@example.jp", to, "x"))
    assert told() == []


def test_what_a_lead_decided_meanwhile_is_not_told_any_more(
    clock: Any, settings: Any, alice: Person, bob: Person, crack: Incident
) -> None:
    settings.MAIL_CONFIGURED = True
    clock.to("2026-11-24 22:00")
    row = arrivals.take(mail("x@example.com", reply_to(bob, crack), "家からです。"))
    [one] = told()
    assert one.next_try_at > clock.now  # it waits for the morning
    inbound.post_held(row, by=alice)
    clock.to("2026-11-25 09:00")
    assert not reminder.still_wanted(letter.claim(one.pk))
    one.refresh_from_db()
    assert one.state == LetterState.CANCELLED


def test_a_letter_of_this_kind_says_that_a_machine_wrote_it(bob: Person, crack: Incident) -> None:
    arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "> x"))
    assert b"Auto-Submitted: auto-generated" in post.as_bytes(told()[0])
