"""What a reply quotes acts in its writer's name and tells of other records: nobody else gets it (U7, invariant 9)."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from incidents.domain import person as people
from incidents.domain import reminder
from incidents.enums import MailState, MailWhy, Role
from incidents.gateways import filestore
from incidents.letters import addresses, secrets
from incidents.models import Incident, Jotting, Letter, Person, ReceivedMail, TimelineEntry
from incidents.tasks import arrivals
from tests.conftest import Story
from tests.factories import MembershipFactory
from tests.incidents.domain.test_inbound import mail, reply_to
from tools.plain.mailparse import parse

pytestmark = pytest.mark.django_db

SECRET = re.compile(r"/m/|ushiro\+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}@")


@pytest.fixture(autouse=True)
def open_door(settings: Any, media: Any) -> None:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"


def quoting(letter: Letter, words: str = "対応中です。", *, mark: str = "> ") -> str:
    head = "\n\n2026年11月24日(火) 9:12 うしろ <ushiro@example.jp>:\n" if mark else "\n\n"
    return words + head + "\n".join(mark + line for line in letter.text.splitlines())


@pytest.fixture
def letter(clock: Any, story: Any, bob: Person) -> Letter:
    story.promised(due_on=clock.today + timedelta(days=1))
    return reminder.write_digest(bob, asked_for=True)


def reply(letter: Letter, text: str, **headers: str) -> ReceivedMail:
    headers = {"In_Reply_To": letter.message_id, **headers}
    return arrivals.take(mail("bob@example.jp", letter.headers["Reply-To"], text, **headers))


def pages_of(client: Any, row: ReceivedMail) -> str:
    record = client.get(row.incident.get_absolute_url()).content.decode()
    return record + client.get(f"/mails/{row.pk}/").content.decode()


@pytest.mark.parametrize("mark", ["> ", ""])
def test_readers_get_the_new_words_and_nothing_that_acts(
    mark: str, letter: Letter, client_of: Any, bob: Person, alice: Person, vera: Person
) -> None:
    row = reply(letter, quoting(letter, mark=mark))
    assert row.state == MailState.POSTED and "対応中です。" in row.entry.text
    assert "/m/due/" in letter.text
    for reader in (alice, vera):
        assert not SECRET.search(re.sub(r'"/m/[a-z]+\.', "", pages_of(client_of(reader), row)))
        assert "対応中です。" in client_of(reader).get(f"/mails/{row.pk}/").content.decode()
        assert client_of(reader).get(f"/mails/{row.pk}/original/").status_code == 404
    own = client_of(bob)
    assert ("/m/due/" in own.get(f"/mails/{row.pk}/").content.decode()) is bool(mark)
    assert b"/m/due/" in parse(b"".join(own.get(f"/mails/{row.pk}/original/"))).text.encode()


def test_a_quoted_digest_tells_the_readers_of_one_record_nothing_of_the_others(
    clock: Any, story: Any, bob: Person, vera: Person, other_team: Any, client_of: Any
) -> None:
    MembershipFactory(person=bob, team=other_team, role=Role.LEAD)
    kim = MembershipFactory(team=other_team, role=Role.MEMBER).person
    mine = story.promised(due_on=clock.today + timedelta(days=1))
    there = Story(bob, bob, other_team)
    there.promised(
        to=there.with_root(title="経理の秘密"), title="秘密の対策", due_on=clock.today + timedelta(days=1), checker=kim
    )
    letter = reminder.write_digest(bob, asked_for=True)
    assert "経理の秘密" in letter.text
    words = f"{mine.incident.reference} は対応中です。"
    row = reply(letter, quoting(letter, words), Subject="Re: 経理の秘密")
    assert row.state == MailState.POSTED
    page = pages_of(client_of(vera), row)
    assert words in page
    assert "経理の秘密" not in page and "秘密の対策" not in page
    # Quoted without any mark it is not told from new words: then it is bob's alone.
    bare = reply(letter, quoting(letter, words, mark=""))
    assert (bare.state, bare.why, bare.jotting.person) == (MailState.DRAFTED, MailWhy.WHICH_RECORD, bob)
    assert TimelineEntry.objects.filter(kind="mail").count() == 1


def test_a_lead_decides_by_the_new_words_alone(letter: Letter, alice: Person, client_of: Any) -> None:
    row = arrivals.take(mail("x@example.com", letter.headers["Reply-To"], quoting(letter)))
    assert row.state == MailState.HELD
    client = client_of(alice)
    shown = client.get("/mails/").content.decode() + client.get(f"/mails/{row.pk}/").content.decode()
    assert "対応中です。" in shown
    assert "/m/due/" not in shown and "original" not in shown
    assert client.get(f"/mails/{row.pk}/original/").status_code == 404
    client.post(f"/mails/{row.pk}/comment/")
    assert not SECRET.search(TimelineEntry.objects.get(kind="mail").text)
    assert client.get(f"/mails/{row.pk}/original/").status_code == 404


def test_who_is_not_proven_gets_no_original_either(bob: Person, alice: Person, crack: Incident, client_of: Any) -> None:
    """The address was given to bob; the mail somebody else may have written."""
    row = arrivals.take(mail("x@example.com", reply_to(bob, crack), "家からです。"))
    client_of(alice).post(f"/mails/{row.pk}/comment/")
    assert client_of(bob).get(f"/mails/{row.pk}/").status_code == 200
    assert client_of(bob).get(f"/mails/{row.pk}/original/").status_code == 404


def test_our_letter_sent_along_as_a_file_is_written_anew(letter: Letter, bob: Person, crack: Incident) -> None:
    from incidents.gateways import mail as post

    inner = b"Delivered-To: bob@example.jp\r\n" + post.as_bytes(letter)
    assert SECRET.search(inner.decode())
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "bob@example.jp", reply_to(bob, crack), "x", "<f@x>"
    made.set_content("これです。")
    made.add_attachment(parse_message(inner))
    made.add_attachment(
        "押すところ: " + re.search(r"http\S+/m/due/\S+", letter.text)[0], subtype="plain", filename="x.txt"
    )
    row = arrivals.take(made.as_bytes())
    assert row.state == MailState.POSTED
    kept = list(crack.attachments.order_by("name"))
    assert len(kept) == 2, row.left_out
    for one in kept:
        assert not secrets.are_in(parse(filestore.opened(one.sha256, one.size).read()))
    foreign = b"From: kunde@example.com\r\nTo: bob@example.jp\r\nSubject: x\r\nMessage-ID: <k@example.com>\r\n\r\nWo bleibt sie?\r\n"
    assert secrets.file(parse(wrapped(foreign)).files[0]) == parse(wrapped(foreign)).files[0].content


def parse_message(raw: bytes) -> EmailMessage:
    import email
    import email.policy

    return email.message_from_bytes(raw, policy=email.policy.default)


def wrapped(raw: bytes) -> bytes:
    made = EmailMessage()
    made["From"], made["To"] = "bob@example.jp", "ushiro@example.jp"
    made.set_content("x")
    made.add_attachment(parse_message(raw))
    return made.as_bytes()


def test_the_record_of_a_draft_gets_the_mail_without_its_addresses(
    letter: Letter, client_of: Any, bob: Person, clock: Any
) -> None:
    address = people.make_intake(bob, by=bob)
    raw = b"Delivered-To: " + address.encode() + b"\r\nX-Original-To: " + address.encode() + b"\r\n"
    raw += mail(
        "鈴木 <bob@example.jp>", f"{address}, 佐藤 <alice@example.jp>", quoting(letter, "納品が届きません。"),
        Subject="Fwd: 納品の件", In_Reply_To=letter.message_id, Reply_To=letter.headers["Reply-To"],
    )  # fmt: skip
    row = arrivals.take(raw)
    assert row.state == MailState.DRAFTED
    client, line = client_of(bob), Jotting.objects.get()
    form = client.get(f"/incidents/new/?jotting={line.pk}").content.decode()
    assert "納品が届きません。" in form and "/m/due/" not in form
    values = {"title": "納品の件", "noticed_at": "2026-11-24T09:00", "kind": "incident", "jotting": line.pk, "team": "orders", "pasted": "x"}  # fmt: skip
    assert client.post("/incidents/new/", values).status_code in {302, 204}
    kept = Incident.objects.get(title="納品の件").attachments.get()
    shown = filestore.opened(kept.sha256, kept.size).read()
    copy = parse(shown)
    assert not secrets.are_in(copy) and not SECRET.search(shown.decode())
    assert "納品が届きません。" in copy.text
    assert (copy.sender.address, [one.address for one in copy.recipients]) == ("bob@example.jp", ["alice@example.jp"])
    assert addresses.read([one.address for one in copy.recipients]) is None
    assert b"".join(client.get(f"/mails/{row.pk}/original/")) == raw  # kept as it came, for bob


def test_a_draft_of_a_reply_takes_no_letter_along(letter: Letter, client_of: Any, bob: Person, clock: Any) -> None:
    row = arrivals.take(
        mail("bob@example.jp", addresses.reply_headers(bob)["Reply-To"], quoting(letter, "別の件です。"))
    )
    assert row.state == MailState.DRAFTED
    client, line = client_of(bob), Jotting.objects.get()
    form = client.get(f"/incidents/new/?jotting={line.pk}").content.decode()
    assert "別の件です。" in form and re.search(r"■ (\S+)", letter.text)[1] not in form
    values = {"title": "別の件", "noticed_at": "2026-11-24T09:00", "kind": "incident", "jotting": line.pk, "team": "orders", "pasted": "x"}  # fmt: skip
    client.post("/incidents/new/", values)
    assert not Incident.objects.get(title="別の件").attachments.exists()


@pytest.mark.parametrize("name", ["l.eml", "brief.dat"])
def test_our_letter_called_something_else_is_recognised_and_tells_nothing(
    name: str, letter: Letter, bob: Person, crack: Incident
) -> None:
    """By its content, not by what the sender's program calls it; neither links nor other records' titles go on."""
    from incidents.gateways import mail as post

    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "bob@example.jp", reply_to(bob, crack), "x", "<o@x>"
    made.set_content("これです。")
    made.add_attachment(post.as_bytes(letter), maintype="application", subtype="octet-stream", filename=name)
    [one] = parse(made.as_bytes()).files
    given = secrets.file(one).decode()
    assert "うしろからの手紙です。" in parse(given.encode()).text
    assert not SECRET.search(given) and "突き合わせる画面" not in parse(given.encode()).text
    assert secrets.are_in(parse(made.as_bytes()))
    row = arrivals.take(made.as_bytes())
    for kept in crack.attachments.all():
        assert not SECRET.search(filestore.opened(kept.sha256, kept.size).read().decode())
    assert row.state == MailState.POSTED


def test_text_called_something_else_is_scrubbed_and_pictures_stay(letter: Letter) -> None:
    link = re.search(r"http\S+/m/due/\S+", letter.text)[0]
    made = EmailMessage()
    made.set_content("x")
    made.add_attachment(
        f"押すところ: {link}".encode(), maintype="application", subtype="octet-stream", filename="n.txt"
    )
    made.add_attachment(b"\x89PNG\r\n\x1a\n\0\0From: a\nTo: b\n", maintype="image", subtype="png", filename="b.png")
    paper = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj <</URI (" + link.encode() + b")>> \xff\xfe\x81"
    made.add_attachment(paper, maintype="application", subtype="pdf", filename="p.pdf")
    text, picture, pdf = parse(made.as_bytes()).files
    assert b"/m/due/" not in secrets.file(text)
    assert secrets.file(picture) == picture.content
    assert secrets.file(pdf) == paper  # written anew as text it would be none any more (docs/features/inbound.md)


def test_what_waits_with_links_that_have_ended_is_written_anew(letter: Letter, bob: Person, admin: Person) -> None:
    people.edit_person(bob, by=admin, email="bob.new@example.jp")
    letter.refresh_from_db()
    assert letter.state == "cancelled"
    [again] = Letter.objects.filter(pk__in=[reminder.write_digest(Person.objects.get(pk=bob.pk), asked_for=True).pk])
    assert again.to_email == "bob.new@example.jp"
    assert re.search(r"/m/due/\S+", again.text)[0] not in letter.text


def test_somebody_elses_mail_is_never_called_ones_own(bob: Person, crack: Incident) -> None:
    row = ReceivedMail(person=bob, from_address="kunde@example.com", why=MailWhy.NO_WORDS)
    assert not row.is_from(bob)
    row.from_address = "BOB@Example.jp"
    assert row.is_from(bob)
