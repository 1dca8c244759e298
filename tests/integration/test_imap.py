"""The mailbox, with a real dovecot: all of the corpus in one round, TLS, wrong passwords, a process that dies in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from incidents.enums import MailState
from incidents.gateways import imap
from incidents.letters import addresses
from incidents.models import Incident, Jotting, Letter, Person, ReceivedMail, TimelineEntry
from incidents.tasks import arrivals, mailbox
from tests import servers
from tests.browser.fixtures import missing
from tests.shared import shared

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def dovecot(certificate: servers.Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.Dovecot]:
    try:
        made = servers.Dovecot(certificate)
    except servers.Missing as not_there:
        missing(str(not_there))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def door(settings: Any, media: Path, dovecot: servers.Dovecot) -> None:
    settings.INBOUND_ADDRESS = "ushiro@example.jp"
    settings.IMAP = dovecot.settings("tls")


def reply(bob: Person, crack: Incident, text: str = "済みました。") -> bytes:
    to = addresses.reply_headers(bob, crack.pk)["Reply-To"]
    head = f"From: bob@example.jp\r\nTo: {to}\r\nSubject: Re: x\r\nMessage-ID: <{abs(hash(text))}@client>\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


def lines(crack: Incident) -> list[str]:
    return list(TimelineEntry.objects.filter(incident=crack, kind="mail").values_list("text", flat=True))


def test_the_whole_corpus_in_one_round(dovecot: servers.Dovecot, bob: Person, crack: Incident) -> None:
    corpus = sorted(shared("data/email").glob("*/*.eml"))
    assert len(corpus) == 148
    for number, file in enumerate(corpus):
        dovecot.deliver(file.read_bytes(), number)
    dovecot.deliver(reply(bob, crack), 999)
    before = Incident.objects.count(), Letter.objects.count()
    done = mailbox.poll()
    assert (done.taken, done.left) == (149, 0)  # each of them answered for, also what came twice
    assert (dovecot.count(), dovecot.count("Ushiro.Done"), dovecot.count("Ushiro.Kept")) == (0, 149, 0)
    assert lines(crack) == ["済みました。"]
    states = Counter(ReceivedMail.objects.values_list("kind", "state"))
    assert states.pop(("reply", MailState.POSTED)) == 1
    bounces = states.pop(("bounce_hard", MailState.NOTED)) + states.pop(("bounce_soft", MailState.NOTED))
    assert (bounces, states.pop(("auto", MailState.NOTED)), states.pop(("complaint", MailState.NOTED))) == (77, 5, 1)
    # Five of them repeat another one's Message-ID and words: those are the same mail, taken once.
    assert states == {("other", MailState.REFUSED): 65 - 5}
    # Nothing came of any of them: no record, no draft, no letter, nobody marked.
    assert (Incident.objects.count(), Letter.objects.count()) == before
    assert not Jotting.objects.exists()
    assert not Person.objects.exclude(mail_bounced_at=None).exists()
    for file in corpus:  # the original is kept, byte for byte
        row = ReceivedMail.objects.get(pk=arrivals.take(file.read_bytes()).pk)
        assert row.sha256
    assert ReceivedMail.objects.count() == 149 - 5


def test_a_process_that_dies_before_the_move_takes_nothing_twice(
    dovecot: servers.Dovecot, bob: Person, crack: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.deliver(reply(bob, crack), 1)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(imap.Mailbox, "move", die)
        mailbox.poll()
    assert (lines(crack), dovecot.count()) == (["済みました。"], 1)
    assert mailbox.poll().taken == 1
    assert (lines(crack), dovecot.count(), dovecot.count("Ushiro.Done")) == (["済みました。"], 0, 1)


def test_what_makes_us_stumble_is_put_aside_and_what_passes_stays(
    dovecot: servers.Dovecot, bob: Person, crack: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        dovecot.deliver(reply(bob, crack, str(number)), number)
    whole = arrivals.take

    def stumble(raw: bytes) -> ReceivedMail:
        if raw.endswith(b"\r\n\r\n1\r\n"):
            raise ValueError("a fault of ours")
        return whole(raw)

    monkeypatch.setattr(arrivals, "take", stumble)
    assert mailbox.poll().taken == 2
    assert (lines(crack), dovecot.count("Ushiro.Kept")) == (["0", "2"], 1)
    monkeypatch.setattr(arrivals, "take", lambda raw: (_ for _ in ()).throw(arrivals.NotNow("disk")))
    dovecot.deliver(reply(bob, crack, "3"), 3)
    with pytest.raises(arrivals.NotNow):
        mailbox.poll()
    assert dovecot.count() == 1


def test_a_server_that_cannot_move_copies(
    dovecot: servers.Dovecot, bob: Person, crack: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    dovecot.deliver(reply(bob, crack), 1)
    signed_in = imap.Mailbox._sign_in

    def without_move(box: imap.Mailbox) -> None:
        signed_in(box)
        box._moves = False

    monkeypatch.setattr(imap.Mailbox, "_sign_in", without_move)
    assert mailbox.poll().taken == 1
    assert (dovecot.count(), dovecot.count("Ushiro.Done")) == (0, 1)


@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
def test_each_kind_of_line(security: str, dovecot: servers.Dovecot) -> None:
    assert imap.check(dovecot.settings(security), 10) == ""


def test_what_is_wrong_has_a_word(dovecot: servers.Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    place = dovecot.settings("tls")
    assert imap.check({**place, "password": "wrong"}, 10) == "password"
    assert imap.check({**place, "password": "パス"}, 10) == "password"
    assert imap.check({**place, "folder": "Nowhere"}, 10) == "folder"
    assert imap.check({**place, "port": servers.free_port()}, 10) == "unreachable"
    assert imap.check({**place, "port": dovecot.port}, 10) == "tls"
    assert imap.check({**place, "password": "a\r\nLOGOUT"}, 10) == "odd"
    monkeypatch.delenv("SSL_CERT_FILE")  # nobody vouches for the certificate
    assert imap.check(place, 10) == "tls"


STRANGER = b"From: x@example.com\r\nTo: ushiro@example.jp\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n"


def test_a_mail_server_pipes_into_a_process_and_keeps_the_mail_while_the_database_is_away(
    databases: servers.Databases, tmp_path: Path
) -> None:
    key = "kintsugi-0123456789-" * 4
    url = databases.make("sqlite")
    environ = servers.base_environ(tmp_path, USHIRO_SECRET_KEY=key, INBOUND_ADDRESS="ushiro@example.jp")

    def pipe(address: str) -> tuple[int, str]:
        command = [sys.executable, "manage.py", "receive_mail", "--to", "ushiro@example.jp"]
        done = subprocess.run(
            command, cwd=servers.ROOT, env={**environ, "DATABASE_URL": address}, input=STRANGER, capture_output=True
        )
        return done.returncode, done.stdout.decode().strip()

    assert pipe(url) == (0, "other refused unknown")
    assert pipe(f"sqlite:///{tmp_path}/nowhere/db.sqlite3") == (75, "")


def test_the_command_looks_into_the_mailbox_without_a_broker(
    dovecot: servers.Dovecot, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    dovecot.deliver(STRANGER, 1)
    call_command("receive_mail", "--imap")
    assert capsys.readouterr().out == "1 taken over, 0 left in the mailbox.\n"
    dovecot.program.signal(signal.SIGTERM)
    servers.until(lambda: not servers.listens(dovecot.tls_port), 10, "dovecot has gone")
    with pytest.raises(CommandError) as gone:
        call_command("receive_mail", "--imap")
    assert (gone.value.returncode, str(gone.value)) == (75, "receive_mail: the mailbox could not be read: unreachable.")
    settings.IMAP = {}
    with pytest.raises(CommandError) as unset:
        call_command("receive_mail", "--imap")
    assert unset.value.returncode == 78
