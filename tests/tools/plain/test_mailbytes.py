"""Our own mail writer; Python's email package is the judge."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.plain import mailbytes
from tools.plain.oneline import one_line

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=60).map(one_line)
BODIES = st.text(st.characters(codec="utf-8"), max_size=400)


def read(data: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def made(**more) -> bytes:
    known = {
        "sender": ("うしろ", "ushiro@example.jp"),
        "to": ("佐藤 美咲", "alice@example.jp"),
        "subject": "今日のお約束",
        "headers": [("Message-ID", "<1@example.jp>"), ("Auto-Submitted", "auto-generated")],
        "text": "本文\n.\n.. 点で始まる行\n",
        "html": "<p>本文</p>",
        "boundary": "b1",
    }
    return mailbytes.mail(**known | more)


@settings(max_examples=300, deadline=None)
@given(subject=NAMES, name=NAMES, text=BODIES, html=BODIES)
def test_reads_back_as_it_was_written(subject, name, text, html):
    data = made(subject=subject, to=(name, "alice@example.jp"), text=text, html=f"<p>{html}</p>")
    said = read(data)
    assert said["Subject"] == subject
    [to] = said["To"].addresses
    # The reader makes one blank of several, and puts one between the encoded words of a long name.
    assert ("".join(to.display_name.split()), to.addr_spec) == ("".join(name.split()), "alice@example.jp")
    if len(name.encode()) <= 36 and "  " not in name and name.isprintable():
        assert to.display_name == name.strip()
    for kind, wanted in (("plain", text), ("html", f"<p>{html}</p>")):
        content = said.get_body((kind,)).get_content()
        assert content.splitlines() == wanted.replace("\r\n", "\n").replace("\r", "\n").splitlines(), kind
    assert said["Message-ID"] == "<1@example.jp>"
    assert not said.defects
    assert [part.defects for part in said.walk()] == [[], [], []]
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert not any(line.startswith(b".") for line in data.split(b"\r\n"))


def test_same_letter_same_bytes_and_headers_fit_their_lines():
    long = {"subject": "長い件名" * 60, "to": ("長い名前" * 20, "alice@example.jp")}
    assert made(**long) == made(**long)
    assert max(len(line) for line in made(**long).partition(b"\r\n\r\n")[0].split(b"\r\n")) <= 78


def test_a_mail_of_text_alone():
    said = read(made(html=""))
    assert said.get_content_type() == "text/plain"
    assert said.get_content().splitlines() == ["本文", ".", ".. 点で始まる行"]


@pytest.mark.parametrize("breaker", ["\r", "\n", "\x00", "\x85", "\u2028", "\x0b", "\x7f"])
@pytest.mark.parametrize("field", ["subject", "to", "address", "header"])
def test_nothing_breaks_out_of_a_header(breaker, field):
    evil = f"a{breaker}Bcc: evil@example.com"
    more = {
        "subject": {"subject": evil},
        "to": {"to": (evil, "alice@example.jp")},
        "address": {"to": ("n", f"alice@example.jp{breaker}")},
        "header": {"headers": [("X-Key", evil)]},
    }[field]
    with pytest.raises(mailbytes.BadHeader):
        made(**more)


@pytest.mark.parametrize("address", ["a b@example.jp", "a@例え.jp", "<a@example.jp>", "a@example.jp,b@example.jp"])
def test_an_address_that_is_two_or_none_is_refused(address):
    with pytest.raises(mailbytes.BadHeader):
        made(to=("n", address))
