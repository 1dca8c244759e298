"""One mail that cannot be scanned does not stop the others; a scanner that answers nothing stops all, and loses none."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from incidents.enums import MailState, MailWhy
from incidents.errors import Refused
from incidents.gateways import filestore, imap, scan
from incidents.models import Incident, Letter, Person, ReceivedMail, TimelineEntry
from incidents.tasks import arrivals, mailbox
from tests.incidents.domain.test_inbound import mail, reply_to

pytestmark = pytest.mark.django_db


class Box:
    """A mailbox in memory."""

    def __init__(self) -> None:
        self.mails: dict[str, tuple[bytes, Any]] = {}
        self.folders: dict[str, list[str]] = {imap.DONE: [], imap.KEPT: []}

    def __call__(self) -> Box:
        return self

    def __enter__(self) -> Box:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def put(self, uid: str, raw: bytes, *, arrived: Any = None) -> None:
        self.mails[uid] = raw, arrived

    def waiting(self) -> list[imap.Waiting]:
        return [imap.Waiting(uid, len(raw), arrived) for uid, (raw, arrived) in self.mails.items()]

    def fetch(self, uid: str) -> bytes:
        return self.mails[uid][0]

    def move(self, uid: str, folder: str) -> None:
        self.folders[folder].append(uid)
        del self.mails[uid]


@pytest.fixture
def box(settings: Any, media: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"
    made = Box()
    monkeypatch.setattr(imap, "Mailbox", made)
    monkeypatch.setattr(mailbox, "_tries", type(mailbox._tries)())
    return made


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Has no answer for what holds the word poison; none for anything when it is away."""
    state = {"away": False}

    def look(path: Path) -> None:
        if state["away"] or b"poison" in Path(path).read_bytes():
            raise Refused("scan_failed", "x")

    monkeypatch.setattr(scan, "refuse_infected", look)
    return state


def lines() -> list[str]:
    return list(TimelineEntry.objects.filter(kind="mail").order_by("pk").values_list("text", flat=True))


def test_the_others_go_on_and_after_some_rounds_it_is_put_aside(
    box: Box, scanner: Any, alice: Person, bob: Person, crack: Incident, client_of: Any
) -> None:
    box.put("1", mail("bob@example.jp", reply_to(bob, crack), "A zip with a key: poison"))
    box.put("2", mail("bob@example.jp", reply_to(bob, crack), "大事な返信"))
    mailbox.poll()
    assert (lines(), list(box.mails)) == (["大事な返信"], ["1"])
    for _ in range(mailbox.TRIES - 1):
        assert not box.folders[imap.KEPT]
        mailbox.poll()
    assert (box.folders[imap.KEPT], list(box.mails)) == (["1"], [])
    row = ReceivedMail.objects.get(why=MailWhy.UNSCANNED)
    assert (row.state, row.incident, row.person, row.sha256) == (MailState.HELD, crack, bob, "")
    assert "A zip with a key" in client_of(alice).get("/mails/").content.decode()
    assert "/mails/" in client_of(alice).get("/").content.decode()
    assert [one.recipient for one in Letter.objects.filter(kind="untaken")] == [bob]
    assert lines() == ["大事な返信"]


def test_what_lay_for_an_hour_is_put_aside_by_whichever_process(box: Box, scanner: Any, bob: Person) -> None:
    box.put("1", mail("x@example.com", "ushiro@example.jp", "poison"), arrived=timezone.now() - timedelta(minutes=61))
    mailbox.poll()
    assert box.folders[imap.KEPT] == ["1"]
    row = ReceivedMail.objects.get()
    assert (row.state, row.why, row.sha256) == (MailState.REFUSED, MailWhy.UNSCANNED, "")


def test_while_the_scanner_answers_nothing_everything_waits(
    box: Box, scanner: Any, bob: Person, crack: Incident
) -> None:
    scanner["away"] = True
    box.put("1", mail("bob@example.jp", reply_to(bob, crack), "一"), arrived=timezone.now() - timedelta(days=2))
    box.put("2", mail("bob@example.jp", reply_to(bob, crack), "二"))
    for _ in range(mailbox.TRIES + 2):
        with pytest.raises(arrivals.NotNow):
            mailbox.poll()
    assert (len(box.mails), ReceivedMail.objects.count()) == (2, 0)
    scanner["away"] = False
    mailbox.poll()
    assert lines() == ["一", "二"]


def test_a_file_that_cannot_be_scanned_is_named(box: Box, scanner: Any, bob: Person, crack: Incident) -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Message-ID"] = "bob@example.jp", reply_to(bob, crack), "<z@x>"
    made.set_content("見てください")
    made.add_attachment("a,b\r\npoison,2\r\n", subtype="csv", filename="数字.csv", cte="8bit")
    box.put("1", made.as_bytes(), arrived=timezone.now() - timedelta(hours=2))
    mailbox.poll()
    row = ReceivedMail.objects.get()
    assert (row.state, row.text, row.left_out) == (MailState.HELD, "見てください", "数字.csv")
    assert not crack.attachments.exists()


def test_a_full_disk_stops_all_and_moves_none(
    box: Box, bob: Person, crack: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise filestore.NotStored(full=True)

    monkeypatch.setattr(filestore, "store", full)
    box.put("1", mail("bob@example.jp", reply_to(bob, crack)), arrived=timezone.now() - timedelta(days=2))
    with pytest.raises(arrivals.NotNow):
        mailbox.poll()
    assert list(box.mails) == ["1"]
