"""What goes over the wire, and what each answer of a server means."""

from __future__ import annotations

import email
import email.policy
import smtplib
import ssl
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.gateways import mail
from tests.factories import LetterFactory
from tests.servers import MailServer, free_port
from tools.plain.oneline import one_line

LINE_BREAKS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.fixture
def one(clock, organisation):
    return LetterFactory(recipient__name="佐藤 美咲", recipient__email="alice@example.jp")


@pytest.fixture
def server(settings):
    made = MailServer()
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": made.port, "timeout": 5},
        }
    }
    yield made
    made.stop()


def test_headers(one, server):
    assert mail.deliver(one) == mail.Answer(True)

    [taken] = server.inbox.accepted
    said = taken.message
    assert {
        name: str(said[name]) for name in ("Subject", "From", "To", "Message-ID", "Auto-Submitted", "Content-Language")
    } == {
        "Subject": "送信テスト",
        "From": "うしろ <ushiro@example.jp>",
        "To": "佐藤 美咲 <alice@example.jp>",
        "Message-ID": one.message_id,
        "Auto-Submitted": "auto-generated",
        "Content-Language": "ja",
    }
    assert parsedate_to_datetime(said["Date"]) == one.created_at
    assert (taken.sender, taken.recipients) == ("ushiro@example.jp", ["alice@example.jp"])
    assert said.get_body(("plain",)).get_content().replace("\r\n", "\n").strip() == one.text.strip()
    assert said.get_body(("html",)).get_content().strip() == one.html
    assert [name for name in ("Bcc", "Cc", "Reply-To") if said[name]] == []
    assert taken.data.partition(b"\r\n\r\n")[0].isascii()
    assert max(len(line) for line in taken.data.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    ("answer", "for_good"),
    [
        ("451 4.7.1 later", False),
        ("452 4.2.2 full", False),
        ("550 5.1.1 unknown", True),
        ("554 5.7.1 no", True),
    ],
)
def test_answer_of_the_server(one, server, answer, for_good):
    server.inbox.answer(answer)
    assert mail.deliver(one) == mail.Answer(False, answer, for_good)


def test_a_server_that_closes_after_a_letter_has_refused_that_one(one, server):
    server.inbox.answer("421 4.3.2 closing")
    assert mail.deliver(one) == mail.Answer(False, "421 4.3.2 closing")
    assert mail.deliver(one).taken


@pytest.mark.parametrize("pipelining", [False, True])
def test_a_server_that_closes_before_a_letter_is_away(one, server, monkeypatch, pipelining):
    with mail.Post() as post:
        line = post._open({"host": "127.0.0.1", "port": server.port, "timeout": 5})
        post._pipelining = pipelining
        monkeypatch.setattr(line, "getreply", lambda: (421, b"4.3.2 closing"))
        assert post.send(one) == mail.Answer(False, "421 4.3.2 closing", away=True)
        assert post._line is None
        assert post.send(one).taken  # on a connection of its own
    assert len(server.inbox.accepted) == 1


def test_many_letters_go_over_one_connection(one, server):
    others = [LetterFactory(recipient=one.recipient, subject=f"{n} 通目") for n in range(5)]
    with mail.Post() as post:
        assert all(post.send(each).taken for each in (one, *others))
    assert len(server.inbox.accepted) == 6
    assert len({taken.message["Message-ID"] for taken in server.inbox.accepted}) == 6


def test_a_refused_letter_leaves_the_connection_to_the_next(one, server):
    with mail.Post() as post:
        server.inbox.answer("550 5.1.1 unknown")
        assert post.send(one).for_good
        assert post.send(one).taken


def test_no_dot_no_mail(one, server):
    """Who has lost the claim sends nothing: the connection goes, and the server throws away what it has."""
    with mail.Post() as post:
        assert post.send(one, before_dot=lambda: False) is None
        assert server.inbox.accepted == []
        assert post.send(one).taken
    assert len(server.inbox.accepted) == 1


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ((250, b"taken"), mail.Answer(True)),
        ((251, b"taken too"), mail.Answer(True)),
        ((421, b"4.3.2 closing"), mail.Answer(False, "421 4.3.2 closing")),  # its own try, and nothing is in doubt
        ((451, b"4.7.1 later"), mail.Answer(False, "451 4.7.1 later")),
        ((554, b"5.7.1 no"), mail.Answer(False, "554 5.7.1 no", for_good=True)),
        ((-1, b""), mail.Answer(False, "-1 ", in_doubt=True)),
    ],
)
def test_what_is_said_of_the_last_byte(one, server, monkeypatch, reply, answer):
    with mail.Post() as post:
        line = post._open({"host": "127.0.0.1", "port": server.port, "timeout": 5})
        monkeypatch.setattr(line, "getreply", lambda: reply)
        monkeypatch.setattr(line, "send", lambda _data: None)
        assert post._dot(line) == answer
        assert (post._line is None) is (reply[0] in {-1, 421})
        monkeypatch.undo()


def test_each_try_has_the_same_bytes(one):
    assert mail.as_bytes(one) == mail.as_bytes(type(one).objects.get(pk=one.pk))


@pytest.mark.parametrize(("address", "sent"), [("a@例え.jp", "a@xn--r8jz45g.jp"), ("a@example.jp", "a@example.jp")])
def test_a_domain_is_sent_in_ascii(one, server, address, sent):
    one.to_email = address
    assert mail.deliver(one).taken
    assert server.inbox.accepted[0].recipients == [sent]


def test_an_address_that_no_server_takes_has_failed_for_good(one, server):
    one.to_email = "佐藤@example.jp"
    assert mail.deliver(one).for_good


def test_nobody_listens(one, settings):
    options = {"host": "127.0.0.1", "port": free_port(), "timeout": 1}
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
    answer = mail.deliver(one)
    assert (answer.taken, answer.for_good, answer.away) == (False, False, True)
    assert "ConnectionRefusedError" in answer.error


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password"),
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."),
        ssl.SSLCertVerificationError("certificate verify failed"),
        TimeoutError("timed out"),
        ValueError("Timeout value out of range"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_server_that_cannot_be_had_is_no_fault_of_the_letter(one, server, monkeypatch, error):
    def fail(self, *_: object, **__: object):
        raise error

    monkeypatch.setattr(mail.Post, "_open", fail)
    answer = mail.deliver(one)
    assert (answer.taken, answer.for_good, answer.away) == (False, False, True)
    assert answer.error


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(st.one_of(st.sampled_from(LINE_BREAKS + "\t\x00\u202e\u200f"), st.characters(codec="utf-8")), max_size=80)
)
def test_no_text_breaks_out_of_the_subject(one, mailoutbox, text):
    """Line breaks of every kind in a subject or a name never make a header of their own."""
    one.subject = one_line(f"件名 {text}\r\nBcc: evil@example.com")
    one.to_name = one_line(text + "\nBcc: evil@example.com")
    assert not any(character in one.subject for character in LINE_BREAKS)

    mailoutbox.clear()
    assert mail.deliver(one).taken
    said = email.message_from_bytes(mailoutbox[0].message().as_bytes(), policy=email.policy.default)
    assert said["Bcc"] is None
    assert said.get_all("Subject") is not None and len(said.get_all("Subject")) == 1
    assert mailoutbox[0].recipients() == [mailoutbox[0].to[0]]


@pytest.mark.parametrize("line_break", LINE_BREAKS)
def test_name_with_a_line_break_is_settled_not_raised(one, mailoutbox, line_break):
    """Stored before anybody checked it: the letter goes out in one piece or fails for good; the queue goes on."""
    one.to_name = f"佐藤{line_break}Bcc: evil@example.com"
    answer = mail.deliver(one)
    if answer.taken:
        said = email.message_from_bytes(mailoutbox[0].message().as_bytes(), policy=email.policy.default)
        assert said["Bcc"] is None
    else:
        assert answer.for_good
