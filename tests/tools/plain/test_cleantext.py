"""What nobody can see goes; what somebody meant stays, to the letter."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import shared
from tests.speed import within
from tools.plain.cleantext import clean, keep


@pytest.mark.parametrize(
    "text",
    [
        "送信先をまちがえた。\n二行目\tです",
        "👩‍💻👨‍👩‍👧‍👦🏃‍♀️❤️👩🏽‍❤️‍💋‍👨0️⃣",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100城市と葛\U000e0101飾区",
        "\ufa19保町の\ufa10田さんと髙橋さん、𠮷野さん",
        "外字 \ue000 は残る",
        "می‌خواهم",
        "שלום \u200f!",
        "ﾊﾝｶｸ ①㈱℡ ～−",
    ],
)
def test_what_means_something_stays(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b\x07c\x1b[31m\x7f\x9f", "abc[31m"),
        ("\u202egnp.exe\u2066x\u2069", "gnp.exex"),
        ("見\u200b積\u2060書\ufeff\u00ad", "見積書"),
        ("a\u200db 見\u200c積", "ab 見積"),
        ("か\u3099は\u309aÅ", "がぱÅ"),
        ("一\r\n二\r三\u2028四\x0b五", "一\n二\n三\n四\n五"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        ("x\U000e0041\U000e0042", "x"),
        ("a\ufe0f\ufe0f\ufe0f", "a\ufe0f"),
        ("\u3164", ""),
    ],
)
def test_what_cannot_be_seen_goes(text, cleaned):
    assert clean(text) == cleaned


def test_one_line_stays_one_line():
    assert clean("件名\r\nBcc: x@example.jp\t\u2029z", lines=False) == "件名 Bcc: x@example.jp  z"


def test_an_original_is_kept_and_what_turns_it_is_written_out():
    assert keep("\ufeff一\r\n\tか\u3099\u200b") == "\ufeff一\r\n\tか\u3099\u200b"
    assert keep("\u202egnp.exe\x00\ud800") == "⟦U+202E⟧gnp.exe⟦U+0000⟧\ufffd"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    for way in (clean, keep, lambda one: clean(one, lines=False)):
        once = way(text)
        assert way(once) == once
        once.encode("utf-8")
        assert "\x00" not in once


def test_big_list_of_naughty_strings_stays_readable():
    for text in json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8")):
        cleaned = clean(text)
        assert [one for one in cleaned if not one.isprintable() and not one.isspace() and one not in text] == []
        assert len(cleaned) >= len([one for one in text if one.isprintable()]) * 0.9, text


def test_machine_dependent_letters_stay_as_they_are():
    """Names and addresses are written with them."""
    rows = csv.DictReader(
        shared("data/naughty/jp_machine_dependent_cp932.csv").read_text(encoding="utf-8").splitlines()
    )
    letters = [row["char"] for row in rows]
    assert len(letters) > 800
    assert [one for one in letters if clean(one) != one] == []


@pytest.mark.parametrize(
    "shape",
    ["\u200d", "\ufe0f", "か\u3099\u200d", "\u0300\u0316", "😀\u200d", "\r\n", "\U000e0041", "\ufa19a", "\u202e"],
)
def test_a_mebibyte_of_anything_takes_less_than_two_seconds(shape):
    text = "a" + shape * (1024 * 1024 // len(shape))
    with within(2 * 2):
        clean(text), keep(text)
