"""A reply is a comment of the one person to whom its address was given; all else is kept, held or only noted (U7)."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from incidents.domain import inbound, jotting, retention
from incidents.domain import incident as incidents
from incidents.domain import person as people
from incidents.domain import reader as readers
from incidents.domain import team as teams
from incidents.enums import Certainty, EntryKind, MailKind, MailState, MailWhy, Role
from incidents.errors import NotAllowed, Refused
from incidents.letters import addresses
from incidents.models import AuditEntry, Incident, Jotting, Letter, Person, ReceivedMail, TimelineEntry
from incidents.queries import inbound as mails
from incidents.tasks import arrivals
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_door(settings: Any, media: Path) -> None:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"


def mail(sender: str, to: str, text: str = "了解です。", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"] = sender, to
    made["Subject"] = headers.pop("Subject", "Re: 今日のお知らせ")
    made["Message-ID"] = headers.pop("Message_ID", f"<{abs(hash((sender, to, text)))}@client.example.jp>")
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def reply_to(person: Person, incident: Incident) -> str:
    return addresses.reply_headers(person, incident.pk)["Reply-To"]


def told(row: ReceivedMail) -> tuple[str, str, str]:
    return row.kind, row.state, row.why


def comments(incident: Incident) -> list[tuple[str, str]]:
    lines = TimelineEntry.objects.filter(incident=incident, kind=EntryKind.MAIL).order_by("pk")
    return [(str(one.author), one.text) for one in lines]


POSTED = (MailKind.REPLY, MailState.POSTED, "")


def test_a_reply_is_a_comment_with_its_new_words_alone(bob: Person, crack: Incident) -> None:
    text = (
        "先方に電話しました。\n\n2026年11月24日(火) 9:12 うしろ <ushiro@example.jp>:\n> K-1 見積書を別の会社に送った\n"
    )
    row = arrivals.take(mail("鈴木 <bob@example.jp>", reply_to(bob, crack), text))
    assert told(row) == POSTED
    assert comments(crack) == [("鈴木 健太", "先方に電話しました。")]
    assert row.entry.certainty == Certainty.UNKNOWN  # no fact until somebody says so
    assert "K-1 見積書" in row.quoted
    assert AuditEntry.objects.filter(verb="timeline.recorded", actor_id=bob.pk, incident_id=crack.pk).exists()


def test_the_same_mail_again_changes_nothing_also_by_another_way(bob: Person, crack: Incident) -> None:
    raw = mail("bob@example.jp", reply_to(bob, crack))
    first = arrivals.take(raw)
    again = arrivals.take(b"Received: from elsewhere by here\r\nDelivered-To: x@example.jp\r\n" + raw)
    assert (again.pk, comments(crack)) == (first.pk, [("鈴木 健太", "了解です。")])


def test_two_at_once_are_one(bob: Person, crack: Incident) -> None:
    arrival = inbound.read(mail("bob@example.jp", reply_to(bob, crack)))
    outcome = inbound.judge(arrival)
    first, is_new = inbound.receive(arrival, outcome=outcome, keeps_original=False)
    second, again = inbound.receive(arrival, outcome=outcome, keeps_original=False)
    assert (is_new, again, first.pk) == (True, False, second.pk)
    assert len(comments(crack)) == 1


def test_an_identity_is_never_forged(alice: Person, bob: Person, carol: Person, crack: Incident) -> None:
    address = reply_to(bob, crack)
    for sender in ("mallory@example.com", "alice@example.jp", "bob@example.jp <mallory@example.com>",
                   '"bob@example.jp" <mallory@example.com>', "bob@example.jp, mallory@example.com", "ｂob@example.jp"):  # fmt: skip
        raw = f"From: {sender}\r\nTo: {address}\r\nSubject: x\r\nMessage-ID: <{abs(hash(sender))}@x>\r\n\r\nforged\r\n"
        row = arrivals.take(raw.encode())
        assert told(row) == (MailKind.REPLY, MailState.HELD, MailWhy.WRONG_SENDER), sender
    twice = f"From: bob@example.jp\r\nFrom: mallory@example.com\r\nTo: {address}\r\nMessage-ID: <t@x>\r\n\r\nforged\r\n"
    assert arrivals.take(twice.encode()).state == MailState.HELD
    assert comments(crack) == []
    assert {row.incident_id for row in mails.held(alice)} == {crack.pk}
    assert not mails.held(bob).exists()
    assert not mails.held(carol).exists()


def test_a_token_opens_one_record_for_one_person(alice: Person, bob: Person, crack: Incident, team: Any) -> None:
    address = reply_to(bob, crack)
    other = incidents.report(by=alice, team=team, title="別の件", noticed_at=crack.noticed_at)
    words = address.partition("+")[2].partition("@")[0]
    of_other = reply_to(bob, other).partition("+")[2].partition("-")[0]
    assert of_other != words.partition("-")[0]
    for forged in (
        address.replace(words, "-".join([of_other, *words.split("-")[1:]])),
        address.replace(words, "n" + words[1:]),
        address.replace(words, words[:-1] + ("a" if words[-1] != "a" else "b")),
        "ushiro+r1-1-1-1-1@example.jp",
        "ushiro+r-ä-%-x@example.jp",
        "ushiro@example.jp",
        address.replace("@example.jp", "@example.com"),
    ):
        row = arrivals.take(mail("bob@example.jp", forged.encode("ascii", "ignore").decode()))
        assert told(row) == (MailKind.OTHER, MailState.REFUSED, MailWhy.UNKNOWN) or row.kind == MailKind.FORWARD
        assert row.state == MailState.REFUSED
    assert comments(crack) == comments(other) == []
    assert told(arrivals.take(mail("BOB@Example.JP", address.upper(), "大文字でも"))) == POSTED


def test_standing_is_asked_when_the_mail_comes(
    alice: Person, bob: Person, admin: Person, crack: Incident, team: Any
) -> None:
    address = reply_to(bob, crack)
    teams.set_membership(by=admin, person=bob, team=team, role=Role.VIEWER)
    row = arrivals.take(mail("bob@example.jp", address, "一"))
    assert told(row) == (MailKind.REPLY, MailState.REFUSED, MailWhy.NO_STANDING)
    teams.set_membership(by=admin, person=bob, team=team, role=Role.MEMBER)
    people.edit_person(bob, by=admin, is_active=False)
    assert arrivals.take(mail("bob@example.jp", address, "二")).why == MailWhy.NO_STANDING
    assert comments(crack) == []


def test_a_restricted_record_takes_the_words_of_its_readers_alone(alice: Person, bob: Person, story: Any) -> None:
    made = story.reported(title="人事の件")
    carl = Person.objects.create_user("carl@example.jp", None, name="森 一")
    MembershipFactory(person=carl, team=made.team, role=Role.MEMBER)
    address = reply_to(carl, made)
    readers.restrict(made, by=alice, readers=[alice])
    row = arrivals.take(mail("carl@example.jp", address))
    assert told(row) == (MailKind.REPLY, MailState.REFUSED, MailWhy.NO_STANDING)
    assert told(arrivals.take(mail("bob@example.jp", reply_to(bob, made)))) == POSTED


def test_an_address_ends_after_sixty_days(alice: Person, bob: Person, clock: Any, crack: Incident) -> None:
    address = reply_to(bob, crack)
    clock.forward(days=60)
    assert told(arrivals.take(mail("bob@example.jp", address, "まだ間に合う"))) == POSTED
    clock.forward(days=2)
    row = arrivals.take(mail("bob@example.jp", address, "遅れました"))
    assert told(row) == (MailKind.REPLY, MailState.HELD, MailWhy.EXPIRED)


def test_without_a_token_a_colleagues_reply_waits_for_the_lead(alice: Person, bob: Person, story: Any) -> None:
    made = story.promised().incident
    letter = Letter.objects.create(
        key="moment:1", kind="moment", recipient=bob, to_email=bob.email, language="ja", subject="s", text="t",
        message_id="<ours@example.jp>", next_try_at=made.created_at,
    )  # fmt: skip
    made.follow_ups.first().deliveries.create(
        recipient=bob, step="x", due_version=9, planned_on=made.created_at.date(), state="sent", letter=letter
    )
    raw = mail("bob@example.jp", "ushiro@example.jp", In_Reply_To="<ours@example.jp>")
    row = arrivals.take(raw)
    assert told(row) == (MailKind.REPLY, MailState.HELD, MailWhy.NO_TOKEN)
    stranger = arrivals.take(mail("x@example.com", "ushiro@example.jp", In_Reply_To="<ours@example.jp>"))
    assert told(stranger) == (MailKind.OTHER, MailState.REFUSED, MailWhy.UNKNOWN)


def test_the_lead_takes_over_what_is_held_in_their_own_name(
    alice: Person, bob: Person, carol: Person, crack: Incident
) -> None:
    row = arrivals.take(mail("鈴木 <bob@home.example.com>", reply_to(bob, crack), "家からです。"))
    for somebody in (bob, carol):
        with pytest.raises(NotAllowed):
            inbound.post_held(row, by=somebody)
        with pytest.raises(NotAllowed):
            inbound.drop_held(row, by=somebody)
    inbound.post_held(row, by=alice)
    said = "メール（差出人 鈴木 <bob@home.example.com>、本人確認なし）: 家からです。"
    assert comments(crack) == [("佐藤 美咲", said)]
    with pytest.raises(Refused) as again:
        inbound.drop_held(row, by=alice)
    assert again.value.code == "mail_decided"
    other = arrivals.take(mail("x@example.com", reply_to(bob, crack), "広告"))
    inbound.drop_held(other, by=alice)
    other.refresh_from_db()
    assert (other.state, len(comments(crack))) == (MailState.DROPPED, 1)


# Several records, drafts ------------------------------------------------------------------------


def test_a_reply_to_a_letter_about_several_names_its_record_or_becomes_a_draft(
    alice: Person, bob: Person, crack: Incident
) -> None:
    address = addresses.reply_headers(bob)["Reply-To"]
    assert told(arrivals.take(mail("bob@example.jp", address, f"{crack.reference} は済みました"))) == POSTED
    row = arrivals.take(mail("bob@example.jp", address, "済みました\n\n> K-1"))
    assert told(row) == (MailKind.REPLY, MailState.DRAFTED, MailWhy.WHICH_RECORD)
    assert [one.text for one in Jotting.objects.of(bob)] == ["済みました"]
    assert not Jotting.objects.of(alice).exists()
    assert arrivals.take(mail("alice@example.jp", address, crack.reference)).why == MailWhy.WRONG_SENDER


def test_a_forwarded_mail_is_a_draft_that_its_sender_alone_sees(alice: Person, bob: Person) -> None:
    assert addresses.intake_address(bob) == ""
    address = people.make_intake(bob, by=bob)
    raw = mail(
        "bob@example.jp",
        address,
        "FYI\n\n---------- 転送されたメール ----------\n納品が届きません。",
        Subject="Fwd: 納品の件",
    )
    row = arrivals.take(raw)
    assert told(row) == (MailKind.FORWARD, MailState.DRAFTED, "")
    assert [one.text for one in Jotting.objects.of(bob)] == ["納品の件"]
    assert "納品が届きません。" in row.text
    assert arrivals.take(mail("alice@example.jp", address, "よその人")).why == MailWhy.WRONG_SENDER
    people.make_intake(bob, by=bob)
    assert arrivals.take(mail("bob@example.jp", address, "前のアドレス")).why == MailWhy.UNKNOWN
    people.end_intake(bob, by=bob)
    assert (addresses.intake_address(bob), Jotting.objects.of(bob).count()) == ("", 1)
    with pytest.raises(NotAllowed):
        people.make_intake(bob, by=alice)


def test_a_draft_let_go_leaves_its_mail_and_a_full_list_takes_none(bob: Person) -> None:
    row = arrivals.take(mail("bob@example.jp", people.make_intake(bob, by=bob), Subject="一"))
    jotting.drop(row.jotting, by=bob)
    row.refresh_from_db()
    assert row.jotting is None
    for number in range(jotting.MOST):
        jotting.jot(by=bob, text=str(number))
    assert arrivals.take(mail("bob@example.jp", addresses.intake_address(bob), "溢れる")).why == MailWhy.TOO_MANY


# Machines, files, floods ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto_Submitted": "auto-replied"}, MailKind.AUTO),
        ({"Precedence": "bulk"}, MailKind.AUTO),
        ({"Subject": "自動応答: 不在です"}, MailKind.AUTO),
        ({"List_Id": "<digest.ushiro.example.jp>"}, MailKind.LOOP),
    ],
)
def test_a_machine_is_never_answered_nor_believed(
    headers: dict[str, str], kind: str, bob: Person, crack: Incident
) -> None:
    row = arrivals.take(mail("bob@example.jp", reply_to(bob, crack), **headers))
    assert told(row) == (kind, MailState.NOTED, MailWhy.MACHINE)
    assert comments(crack) == []
    assert not Letter.objects.exists()


OF_MACHINES = [
    ("自動送信の設定を間違えました", "お客様全員に自動メールが二回届いていました。"),
    ("自動返信の文面が古い", "営業時間が去年のままです。"),
    ("宛先不明で戻った請求書", "青空物産さまに送った請求書が、メールで配信できませんでした。"),
    ("配信エラーの件", "先方の user unknown で戻ってきていました。"),
    ("不在連絡を見落とした", "先方の不在連絡を見落としました。"),
    ("自動返信の件: 確認", "二回届きました。"),
]


@pytest.mark.parametrize(("subject", "text"), OF_MACHINES)
def test_somebody_who_writes_of_machines_is_none(subject: str, text: str, bob: Person, crack: Incident) -> None:
    """These are the house's daily incidents; only what a machine says of itself tells a machine."""
    row = arrivals.take(mail("bob@example.jp", people.make_intake(bob, by=bob), text, Subject=subject))
    assert (row.kind, row.state) == (MailKind.FORWARD, MailState.DRAFTED)
    assert arrivals.take(mail("bob@example.jp", reply_to(bob, crack), text, Subject=subject)).state == MailState.POSTED
    digest = addresses.reply_headers(bob)["Reply-To"]
    assert arrivals.take(mail("bob@example.jp", digest, text, Subject=subject)).state == MailState.DRAFTED
    assert arrivals.take(mail("bob@example.com", reply_to(bob, crack), text, Subject=subject)).state in {
        MailState.HELD,
        MailState.NOTED,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"X_Failed_Recipients": "x@example.com"},
    ],
)
@pytest.mark.parametrize(("subject", "text"), OF_MACHINES[:4:3])
def test_what_says_of_itself_that_it_is_a_machine_is_one(
    headers: dict[str, str], subject: str, text: str, bob: Person, crack: Incident
) -> None:
    for to in (people.make_intake(bob, by=bob), reply_to(bob, crack)):
        assert arrivals.take(mail("bob@example.jp", to, text, Subject=subject, **headers)).state == MailState.NOTED
    assert comments(crack) == [] and not Jotting.objects.exists()


def test_our_own_letter_that_comes_back_is_a_loop(bob: Person, crack: Incident) -> None:
    row = arrivals.take(mail("ushiro@example.jp", reply_to(bob, crack)))
    assert told(row) == (MailKind.LOOP, MailState.NOTED, MailWhy.MACHINE)


def test_files_go_along_and_what_is_not_taken_is_named(bob: Person, crack: Incident) -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = "bob@example.jp", reply_to(bob, crack), "x", "<f@x>"
    made.set_content("写真です。")
    made.add_attachment(b"a,b\r\n1,2\r\n", maintype="text", subtype="csv", filename="数字.csv")
    made.add_attachment(b"MZ\0\0" * 40, maintype="application", subtype="octet-stream", filename="見積書.pdf")
    row = arrivals.take(made.as_bytes())
    assert told(row) == POSTED
    assert [(one.name, one.uploaded_by) for one in crack.attachments.all()] == [("数字.csv", bob)]
    assert "見積書.pdf" in row.left_out
    assert "数字" not in row.left_out


def test_a_flood_waits(bob: Person, crack: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "MOST_AN_HOUR", 3)
    found = [arrivals.take(mail("bob@example.jp", reply_to(bob, crack), str(n))).state for n in range(5)]
    assert found == [MailState.POSTED] * 3 + [MailState.HELD] * 2


def test_nothing_written_and_nothing_sent_along_is_no_comment(bob: Person, crack: Incident) -> None:
    row = arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "> 前の文だけ\n"))
    assert told(row) == (MailKind.REPLY, MailState.REFUSED, MailWhy.NO_WORDS)


def test_old_mail_of_machines_and_strangers_is_forgotten(bob: Person, clock: Any, crack: Incident) -> None:
    posted = arrivals.take(mail("bob@example.jp", reply_to(bob, crack)))
    arrivals.take(mail("x@example.com", "ushiro@example.jp"))
    held = arrivals.take(mail("x@example.com", reply_to(bob, crack)))
    clock.forward(days=181)
    assert retention.run(apply=True).counts["mails"] == {"past": 1, "held": 0, "gone": 1}
    assert set(ReceivedMail.objects.values_list("pk", flat=True)) == {posted.pk, held.pk}


def test_strangers_fill_no_disk(
    bob: Person, crack: Incident, clock: Any, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "STRANGERS_A_DAY", 3)
    rows = [arrivals.take(mail("x@example.com", "ushiro@example.jp", f"広告 {n}")) for n in range(5)]
    assert [bool(row.sha256) for row in rows] == [True] * 3 + [False] * 2
    assert [(row.why, row.text) for row in rows[3:]] == [(MailWhy.NOT_KEPT, "")] * 2
    assert len([one for one in media.rglob("*") if one.is_file()]) == 3
    # What came to an address that was given to somebody is no stranger's in this sense.
    assert told(arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "済みました"))) == POSTED
    assert arrivals.take(mail("y@example.com", reply_to(bob, crack), "家から")).sha256
    clock.forward(hours=25)
    assert arrivals.take(mail("x@example.com", "ushiro@example.jp", "あくる日")).sha256
    monkeypatch.setattr(mails, "STRANGERS_BYTES", 2_000)
    big = arrivals.take(mail("x@example.com", "ushiro@example.jp", "長い" * 2_000))
    assert (big.why, big.sha256, big.text) == (MailWhy.NOT_KEPT, "", "")
    assert told(arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "長い" * 2_000))) == POSTED


def test_no_address_is_named_while_no_mail_comes_in(settings: Any, bob: Person, crack: Incident) -> None:
    address = reply_to(bob, crack)
    settings.INBOUND_ADDRESS = ""
    assert addresses.reply_headers(bob, crack.pk) == {}
    assert addresses.read([address]) is None


def test_the_address_fits_before_the_at_and_old_keys_open_it(settings: Any, bob: Person, crack: Incident) -> None:
    settings.INBOUND_ADDRESS = "a" * 20 + "@example.jp"
    address = reply_to(bob, crack)
    assert len(address.partition("@")[0]) <= 64
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "kintsugi-0123456789-" * 4
    assert addresses.read([address]).first == crack.pk


def test_the_row_holds_what_a_database_takes(bob: Person, crack: Incident) -> None:
    raw = b"From: bob@example.jp\r\nTo: " + reply_to(bob, crack).encode() + b"\r\nSubject: \0x" + b"\xff" * 400
    raw += (
        b"\r\nMessage-ID: <\0" + b"a" * 600 + b"@x>\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA- \0 hi\r\n"
    )
    row = arrivals.take(raw)
    row.refresh_from_db()
    assert row.state == MailState.POSTED
    assert connection.vendor in {"sqlite", "postgresql"}
    assert timedelta(0) <= row.updated_at - row.created_at
