"""Mail on its pages: what waits for a lead, what stands behind a line, one's own drafts and address."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from incidents.domain import person as people
from incidents.enums import MailState
from incidents.letters import addresses
from incidents.models import Incident, Jotting, Person, ReceivedMail, TimelineEntry
from incidents.tasks import arrivals
from tests.incidents.domain.test_inbound import mail, reply_to

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_door(settings: Any, media: Any) -> None:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"


EVIL = "<script>alert(1)</script>"


def test_a_lead_sees_what_waits_and_decides(client_of: Any, alice: Person, bob: Person, crack: Incident) -> None:
    row = arrivals.take(mail("x <x@example.com>", reply_to(bob, crack), f"{EVIL}\n\n> 元の文", Subject=EVIL))
    client = client_of(alice)
    assert "/mails/" in client.get("/").content.decode()
    shown = client.get("/mails/").content.decode()
    assert "差出人が違います。" in shown and "鈴木 健太さん" in shown and "元の文" not in shown
    assert EVIL not in shown and "&lt;script&gt;" in shown
    answer = client.post(f"/mails/{row.pk}/comment/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/mails/")
    entry = TimelineEntry.objects.get(kind="mail")
    assert entry.author == alice
    assert f"/entries/{entry.pk}/mail/" in client.get(crack.get_absolute_url()).content.decode()
    assert client.get(f"/entries/{entry.pk}/mail/").headers["Location"] == f"/mails/{row.pk}/"
    assert "もう決まっています" in client.post(f"/mails/{row.pk}/drop/", follow=True).content.decode()
    assert "確認を待つメールはありません。" in client.get("/mails/").content.decode()
    assert "確認を待つメールがあります。" not in client.get("/").content.decode()


def test_dropped_is_out_of_the_record(client_of: Any, alice: Person, bob: Person, crack: Incident) -> None:
    row = arrivals.take(mail("x@example.com", reply_to(bob, crack)))
    client_of(alice).post(f"/mails/{row.pk}/drop/")
    row.refresh_from_db()
    assert (row.state, TimelineEntry.objects.filter(kind="mail").exists()) == (MailState.DROPPED, False)


def test_who_sees_which_mail(client_of: Any, alice: Person, bob: Person, vera: Person, carol: Person, admin: Person, crack: Incident) -> None:  # fmt: skip
    posted = arrivals.take(mail("bob@example.jp", reply_to(bob, crack)))
    held = arrivals.take(mail("x@example.com", reply_to(bob, crack)))
    refused = arrivals.take(mail("x@example.com", "ushiro@example.jp"))
    drafted = arrivals.take(mail("bob@example.jp", people.make_intake(bob, by=bob), "下書き"))
    answers = {
        (str(who), name): client_of(who).get(f"/mails/{row.pk}/").status_code
        for who in (alice, bob, vera, carol, admin)
        for name, row in {"posted": posted, "held": held, "refused": refused, "drafted": drafted}.items()
    }
    readers = {key for key, status in answers.items() if status == 200}
    assert readers == {
        ("佐藤 美咲", "posted"), ("佐藤 美咲", "held"), ("鈴木 健太", "posted"), ("鈴木 健太", "drafted"), ("高橋 直子", "posted"),
    }  # fmt: skip
    assert {answers[(who, "held")] for who in ("鈴木 健太", "高橋 直子")} == {403}
    assert {status for key, status in answers.items() if key[0] in {"田中 恵", "管理 花子"}} == {404}
    assert {answers[(str(who), "refused")] for who in (alice, bob, vera)} == {404}
    assert answers[("佐藤 美咲", "drafted")] == 404


def test_the_mail_as_it_came_is_only_ever_saved(client_of: Any, bob: Person, carol: Person, crack: Incident) -> None:
    raw = mail("bob@example.jp", reply_to(bob, crack), Subject="photo_\u202egpj.exe")
    row = arrivals.take(raw)
    answer = client_of(bob).get(f"/mails/{row.pk}/original/")
    assert b"".join(answer) == raw
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert (
        "\u202e" not in answer.headers["Content-Disposition"]
        and "%E2%80%AE" not in answer.headers["Content-Disposition"]
    )
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert client_of(carol).get(f"/mails/{row.pk}/original/").status_code == 404


def test_a_draft_becomes_a_record_with_its_mail_and_its_files(client_of: Any, bob: Person, clock: Any) -> None:
    from email.message import EmailMessage

    made = EmailMessage()
    made["From"], made["To"] = "bob@example.jp", people.make_intake(bob, by=bob)
    made["Subject"], made["Message-ID"] = "Fwd: 納品の件", "<d@x>"
    made.set_content("FYI\n\n> 納品が届きません。")
    made.add_attachment(b"a,b\r\n1,2\r\n", maintype="text", subtype="csv", filename="数字.csv")
    row = arrivals.take(made.as_bytes())
    client = client_of(bob)
    assert f"/mails/{row.pk}/" in client.get("/jottings/").content.decode()
    line = Jotting.objects.get()
    form = client.get(f"/incidents/new/?jotting={line.pk}").content.decode()
    assert 'value="納品の件"' in form and "納品が届きません。" in form
    values = {
        "title": "納品の件",
        "noticed_at": "2026-11-24T09:00",
        "kind": "incident",
        "jotting": line.pk,
        "team": "orders",
        "pasted": "x",
    }
    answer = client.post("/incidents/new/", values)
    assert answer.status_code in {302, 204}
    incident = Incident.objects.get()
    assert sorted(one.name for one in incident.attachments.all()) == ["Fwd_ 納品の件.eml", "数字.csv"]


def test_ones_own_address_is_made_shown_and_ended(client_of: Any, settings: Any, bob: Person) -> None:
    client = client_of(bob)
    assert client.post("/preferences/intake/").headers["Location"] == "/preferences/#mail"
    bob.refresh_from_db()
    assert addresses.intake_address(bob) in client.get("/preferences/").content.decode()
    client.post("/preferences/intake/off/")
    assert "転送先を作る" in client.get("/preferences/").content.decode()
    settings.INBOUND_ADDRESS = ""
    assert 'id="mail"' not in client.get("/preferences/").content.decode()


def test_whose_mail_bounces_sees_it_on_each_page_and_says_when_it_is_over(client_of: Any, bob: Person) -> None:
    Person.objects.filter(pk=bob.pk).update(mail_bounced_at=timezone.now())
    client = client_of(bob)
    assert "あなたあてのメールが届いていません。" in client.get("/").content.decode()
    assert "届くようになりました" in client.get("/preferences/").content.decode()
    client.post("/preferences/reached/")
    assert "あなたあてのメールが届いていません。" not in client.get("/").content.decode()


def test_the_console_tells_what_came_and_nothing_of_what_it_says(
    client_of: Any, admin: Person, alice: Person, bob: Person, crack: Incident
) -> None:
    posted = arrivals.take(mail("bob@example.jp", reply_to(bob, crack), "秘密の中身", Subject=EVIL))
    drafted = arrivals.take(mail("bob@example.jp", people.make_intake(bob, by=bob), Subject="下書きの件"))
    shown = client_of(admin).get("/console/incidents/receivedmail/").content.decode()
    assert "bob@example.jp" in shown and EVIL not in shown and "下書きの件" not in shown
    one = client_of(admin).get(f"/console/incidents/receivedmail/{posted.pk}/change/").content.decode()
    assert "問題ありません。" in one or "経緯に入れた" in one
    assert "秘密の中身" not in one
    assert client_of(admin).get(f"/console/incidents/receivedmail/{drafted.pk}/change/").status_code == 302
    Incident.objects.filter(pk=crack.pk).update(restricted=True)
    assert (
        f"/receivedmail/{posted.pk}/" not in client_of(admin).get("/console/incidents/receivedmail/").content.decode()
    )
    assert ReceivedMail.objects.count() == 2
