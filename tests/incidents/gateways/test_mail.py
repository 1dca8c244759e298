"""What goes over the wire, and what each answer of a server means."""

from __future__ import annotations

import email
import email.policy
import smtplib
import ssl
from email.utils import parsedate_to_datetime

import pytest
from django.core import mail as django_mail
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
        ("421 4.3.2 closing", False),
        ("452 4.2.2 full", False),
        ("550 5.1.1 unknown", True),
        ("554 5.7.1 no", True),
    ],
)
def test_answer_of_the_server(one, server, answer, for_good):
    server.inbox.answer(answer)
    assert mail.deliver(one) == mail.Answer(False, answer, for_good)


def test_nobody_listens(one, settings):
    options = {"host": "127.0.0.1", "port": free_port(), "timeout": 1}
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
    answer = mail.deliver(one)
    assert (answer.taken, answer.for_good) == (False, False)
    assert "ConnectionRefusedError" in answer.error


@pytest.mark.parametrize(
    ("error", "for_good"),
    [
        (smtplib.SMTPRecipientsRefused({"a@example.jp": (550, b"5.1.1 unknown")}), True),
        (smtplib.SMTPRecipientsRefused({"a@example.jp": (450, b"4.2.1 busy")}), False),
        (smtplib.SMTPSenderRefused(550, b"5.7.1 no", "ushiro@example.jp"), True),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password"), False),
        (smtplib.SMTPSenderRefused(530, b"5.7.0 sign in first", "ushiro@example.jp"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), False),
        (ssl.SSLCertVerificationError("certificate verify failed"), False),
        (TimeoutError("timed out"), False),
        (ValueError("Timeout value out of range"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_trouble(one, monkeypatch, error, for_good):
    def send(self, *_: object, **__: object):
        raise error

    monkeypatch.setattr(django_mail.EmailMultiAlternatives, "send", send)
    answer = mail.deliver(one)
    assert (answer.taken, answer.for_good) == (False, for_good)
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
