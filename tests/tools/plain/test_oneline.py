"""What has to fit on one line does, whatever somebody typed."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tools.plain.oneline import one_line

LINE_ENDS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x00", "\x1c", "\x85", "\u2028", "\u2029"]
TURNS = [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"]


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_a_line_end_makes_no_second_header(end):
    text = one_line(f"見積書{end}Bcc: somebody@example.jp")
    assert text == "見積書 Bcc: somebody@example.jp"
    message = EmailMessage()
    message["Subject"] = text
    assert message.keys() == ["Subject"]


@pytest.mark.parametrize("sign", TURNS, ids=ascii)
def test_nothing_turns_the_reading_order(sign):
    assert one_line(f"photo_{sign}gpj.exe") == "photo_gpj.exe"


def test_a_line_has_an_end():
    assert len(one_line("あ" * 100_000)) == 300
