"""No link, address or id of our own letters is left in a text that others read."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.speed import within
from tools.plain.ownmarks import MARK, Marks

OURS = Marks("https://ushiro.example.jp", "ushiro@example.jp", "example.jp")
SIGNED = "WzEsMiwzXQ:1vNabc:" + "aB3_-" * 8 + "xyz"
LINK = f"https://ushiro.example.jp/m/due/{SIGNED}/"
REPLY = "ushiro+r1a-2b-gk3-abcdefghij2345672345@example.jp"
IDENTITY = "0f8fad5b-d9cb-569f-a165-70867728950e@example.jp"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"済みました {LINK} です", "済みました […] です"),
        (f"済みました{LINK}です", "済みました[…]です"),
        (f"<{LINK}>", "<[…]>"),
        (f'href="{LINK}"', 'href="[…]"'),
        (LINK.upper().replace(SIGNED.upper(), SIGNED), MARK),
        (f"https://ushiro.example.jp/m/{SIGNED}/", MARK),
        ("https://ushiro.example.jp/m/due/cut", MARK),
        ("https://ushiro.example.jp/feed/abc.ics", MARK),
        (f"https://filter.example/?url={quote(LINK, safe='')}&data=1", MARK),
        (f"https://filter.example/?url={quote(quote(LINK, safe=''), safe='')}", MARK),
        (f"> {LINK[:60]}\n> {LINK[60:]}\n> あと", "> […]\n> あと"),
        (f"{LINK[:40]}\n{LINK[40:]}", MARK),
        (f"https://ushiro.example.jp\n/m/due/{SIGNED}/", "https://ushiro.example.jp\n[…]"),
        (f"{LINK[:60]}\nK-12 のことです", "[…]\nK-12 のことです"),
        (f"Reply-To: {REPLY}", "Reply-To: […]"),
        (f"{REPLY}\n20261124-0012", "[…]\n20261124-0012"),
        (f"<mailto:{REPLY.upper()}>", "<[…]>"),
        (REPLY.replace("@", "=") + "@relay.example", MARK),
        (f"In-Reply-To: <{IDENTITY}>", "In-Reply-To: <[…]>"),
    ],
)
def test_what_is_ours_is_taken_out(text: str, wanted: str) -> None:
    assert OURS.without(text) == wanted
    assert OURS.are_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "了解です。",
        "https://ushiro.example.jp/incidents/K-12/",
        "https://example.com/m/2026/news/",
        "ushiro@example.jp まで",
        "12:30:45 に電話しました",
        "C:\\work\\m\\x.txt",
        "0f8fad5b-d9cb-569f-a165-70867728950e",
        f"{'a' * 400} b",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert OURS.without(text) == text


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_stands_around_it(before: str, after: str) -> None:
    assert SIGNED not in OURS.without(f"{before} {LINK} {after}")


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a:",
        "%25",
        "ushiro+r",
        "/m/",
        "https://ushiro.example.jp",
        "あ",
        ">\n",
        "a-a:1abcde:",
        "https://ushiro.example.jp/m/x\n",
        "https://ushiro.example.jp/m/x\naaaaaaaaaaaa",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    with within(1.0):
        OURS.without(piece * (200_000 // len(piece)))


def test_a_broken_link_before_a_long_line_takes_no_long_time() -> None:
    with within(1.0):
        OURS.without(LINK[:60] + "\n" + "A" * 200_000 + "あ")
        OURS.without((LINK[:60] + "\n" + "> " * 40) * 1_000)
