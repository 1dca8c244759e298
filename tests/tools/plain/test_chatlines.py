"""Pasted mail and chat, as people really paste it."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.shared import shared
from tests.speed import within
from tools.plain.chatlines import chat_lines
from tools.plain.whens import Precision, read

TOKYO = ZoneInfo("Asia/Tokyo")
ON = date(2026, 11, 24)


def told(text: str, on: date | None = ON) -> list[tuple[str, str, str]]:
    """(time on the wall, who, words) of each line."""
    return [
        (f"{one.at.astimezone(TOKYO):%m-%d %H:%M}" if one.at else "", one.who, one.words)
        for one in chat_lines(text, zone="Asia/Tokyo", on=on)
    ]


def test_memo_of_a_call():
    assert told("10:12 青木商事様からお電話\n10:20 送ったのは1通だけと確認\n先方は削除済み") == [
        ("11-24 10:12", "", "青木商事様からお電話"),
        ("11-24 10:20", "", "送ったのは1通だけと確認"),
        ("11-24 10:20", "", "先方は削除済み"),
    ]


def test_time_from_a_line_above_is_said_to_be_so():
    first, second = chat_lines("10:12 電話\nつづき", zone="Asia/Tokyo", on=ON)
    assert (first.heard, second.heard) == (False, True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[2026/11/24 10:12] 佐藤 美咲: 送りました", ("11-24 10:12", "佐藤 美咲", "送りました")),
        ("[2026-11-24 10:12:33] 佐藤: 送りました", ("11-24 10:12", "佐藤", "送りました")),
        ("［2026/11/24 10:12］佐藤：送りました", ("11-24 10:12", "佐藤", "送りました")),
        ("[10:12] 佐藤: 送りました", ("11-24 10:12", "佐藤", "送りました")),
        ("[10:12 AM] Sato: sent", ("11-24 10:12", "Sato", "sent")),
        ("2026/11/24 10:12 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("2026-11-24 10:12:33 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("2026年11月24日(火) 10:12 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("令和8年11月24日 10時12分 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("11/24 10:12 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("11月24日 10:12 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("12/28 10:12 昨年の受信", ("12-28 10:12", "", "昨年の受信")),
        ("10時12分 お電話", ("11-24 10:12", "", "お電話")),
        ("10:12頃 お電話", ("11-24 10:12", "", "お電話")),
        ("午後3:05 お電話", ("11-24 15:05", "", "お電話")),
        ("１０：１２　お電話", ("11-24 10:12", "", "お電話")),
        ("10:12\t佐藤 美咲\t送りました", ("11-24 10:12", "佐藤 美咲", "送りました")),
        ("10:12 - お電話", ("11-24 10:12", "", "お電話")),
        ("・10:12 お電話", ("11-24 10:12", "", "お電話")),
        ("- **10:12** - Deployed", ("11-24 10:12", "", "Deployed")),
        ("* 01:12 UTC: Deployed", ("11-24 10:12", "", "Deployed")),
        ("**10:12:** Deployed", ("11-24 10:12", "", "Deployed")),
        ("> 10:12 お電話", ("11-24 10:12", "", "お電話")),
        ("■10:12 お電話", ("11-24 10:12", "", "お電話")),
        ("1. 10:12 お電話", ("11-24 10:12", "", "お電話")),
        ("11/24 10:12頃 お電話", ("11-24 10:12", "", "お電話")),
        ("R8.11.24 10:12 受信を確認", ("11-24 10:12", "", "受信を確認")),
        ("令和８年１１月２４日（火）　１０：１２　受信を確認…㈱青木", ("11-24 10:12", "", "受信を確認…㈱青木")),
        ("November 24, 2026: 1:12am UTC - Opened", ("11-24 10:12", "", "Opened")),
        ("11/24/2026 - 01:12 UTC - Opened", ("11-24 10:12", "", "Opened")),
        ("11-24-2026 10:12 am - Opened", ("11-24 10:12", "", "Opened")),
        ("| Tue | Nov 24 | 10:12 | Opened |", ("11-24 10:12", "", "Opened")),
        ("| 10:12 | お電話 | 佐藤 |", ("11-24 10:12", "", "お電話 | 佐藤")),
        ("- First detected: 2026-11-24 10:12", ("11-24 10:12", "", "First detected")),
        ("- 2026-11-24 10:12: Called", ("11-24 10:12", "", "Called")),
        ("- 2026-11-24 10:12 Called", ("11-24 10:12", "", "Called")),
        ("| 2026-11-24 10:12 | Token expires | ", ("11-24 10:12", "", "Token expires")),
        ("10:12 佐藤が確認: 1通だけ", ("11-24 10:12", "", "佐藤が確認: 1通だけ")),
        ("受付番号 10:12 ではありません", ("", "", "受付番号 10:12 ではありません")),
        ("25:99 は時刻ではない", ("", "", "25:99 は時刻ではない")),
        ("2026/13/45 10:12 は日付ではない", ("", "", "2026/13/45 10:12 は日付ではない")),
        ("https://example.jp/10:12", ("", "", "https://example.jp/10:12")),
        ("3/4 を送った", ("", "", "3/4 を送った")),
        ("いつものとおりです", ("", "", "いつものとおりです")),
    ],
)
def test_one_line(line, expected):
    assert told(line) == [expected]


@pytest.mark.parametrize(
    ("line", "day", "words"),
    [
        ("| 2021-12-10   | 公表 |", "2021-12-10", "公表"),
        ("| 2020-12-21 HH:mm | 公表 |", "2020-12-21", "公表"),
        ("| 2024-03-13 14:?? | 公表 |", "2024-03-13", "公表"),
        ("09/21/2022 - 公表", "09/21/2022", "公表"),
        ("11月24日：公表", "11月24日", "公表"),
    ],
)
def test_day_alone_is_told_in_its_words_and_is_nobodys_midnight(line, day, words):
    (one,) = chat_lines(line, zone="Asia/Tokyo", on=ON)
    assert (one.at, one.at_text, one.words, one.heard) == (None, day, words, False)


def test_times_below_a_day_alone_belong_to_it():
    assert told("| 2026-11-20 | 公表 |\n10:12 お電話") == [("", "", "公表"), ("11-20 10:12", "", "お電話")]


def test_order_of_day_and_month_is_told_by_the_dates_that_can_be_read_in_one_way():
    first, second = chat_lines("10/11/2026 10:12 開始\n24/11/2026 10:12 終了", zone="Asia/Tokyo", on=ON)
    assert (first.at.date(), second.at.date()) == (date(2026, 11, 10), date(2026, 11, 24))
    first, second = chat_lines("10/11/2026 10:12 開始\n11/24/2026 10:12 終了", zone="Asia/Tokyo", on=ON)
    assert first.at.date() == date(2026, 10, 11)


@pytest.mark.parametrize("more", ["", "\n24/11/2026 開始\n11/24/2026 終了"], ids=["unknown", "at odds"])
def test_order_that_is_not_certain_gives_no_time(more):
    assert chat_lines(f"10/11/2026 10:12 開始{more}", zone="Asia/Tokyo", on=ON)[0].at is None


def test_real_post_mortems():
    """Each entry whose time its collection wrote with day and hour is read at that very time from the text around it."""
    entries = wrong = 0
    for report in json.loads(shared("data/postmortems/postmortems.json").read_text("utf-8")):
        lines = chat_lines(report["raw_markdown"], zone="UTC", on=date(2024, 1, 1))
        letters = [(re.sub(r"\W", "", line.raw), line.at) for line in lines]
        for entry in report["timeline"]:
            when, words = read(entry["at"] or "", "UTC"), re.sub(r"\W", "", entry["text"])[:25]
            if when.precision in {Precision.MINUTE, Precision.SECOND} and words:
                entries += 1
                wrong += when.at not in [at for raw, at in letters if words in raw]
    assert entries == 439
    assert wrong == 0


def test_day_without_a_year_is_the_last_such_day():
    (line,) = chat_lines("12/28 10:12 受信", zone="Asia/Tokyo", on=ON)
    assert line.at.year == 2025


def test_line_export():
    text = "2026/11/23(月)\n09:01\t鈴木\t休みです\n\n2026/11/24(火)\n10:12\t佐藤\tまちがえて送りました\n続きです"
    assert told(text) == [
        ("", "", ""),
        ("11-23 09:01", "鈴木", "休みです"),
        ("", "", ""),
        ("11-24 10:12", "佐藤", "まちがえて送りました"),
        ("11-24 10:12", "佐藤", "続きです"),
    ]


def test_slack_copy():
    text = "Tuesday, November 24th\n佐藤 美咲  10:12\n見積書を別の会社に送りました\n鈴木 健太  10:15\nすぐ電話します"
    assert told(text) == [
        ("", "", ""),
        ("11-24 10:12", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", "見積書を別の会社に送りました"),
        ("11-24 10:15", "鈴木 健太", ""),
        ("11-24 10:15", "鈴木 健太", "すぐ電話します"),
    ]


def test_slack_copy_in_english():
    assert told("Misaki Sato  [10:12 AM]\nSent it to the wrong company\nKen  3:05 PM\nCalling them now") == [
        ("11-24 10:12", "Misaki Sato", ""),
        ("11-24 10:12", "Misaki Sato", "Sent it to the wrong company"),
        ("11-24 15:05", "Ken", ""),
        ("11-24 15:05", "Ken", "Calling them now"),
    ]


def test_teams_and_chatwork_copy():
    text = "[2026/11/24 10:12] 佐藤 美咲\n送りました\n鈴木 健太 2026年11月24日 10:15\n電話します"
    assert told(text) == [
        ("11-24 10:12", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", "送りました"),
        ("11-24 10:15", "鈴木 健太", ""),
        ("11-24 10:15", "鈴木 健太", "電話します"),
    ]


def test_mail_with_headers():
    text = (
        "From: 佐藤 美咲 <sato@example.jp>\nDate: Tue, 24 Nov 2026 10:12:00 +0900\n"
        "To: aoki@example.jp\nSubject: 見積書\n\n添付のとおりです。\n"
    )
    assert told(text) == [
        ("", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", "添付のとおりです。"),
    ]


def test_mail_of_an_office_program():
    text = "差出人: 佐藤 美咲\n送信日時: 2026年11月24日火曜日 10:12\n件名: 見積書\n\n添付のとおりです。"
    assert told(text)[-1] == ("11-24 10:12", "佐藤 美咲", "添付のとおりです。")


@pytest.mark.parametrize(
    "opening",
    [
        "2026年11月24日(火) 10:12 佐藤 美咲 <sato@example.jp>:",
        "On Tue, Nov 24, 2026 at 10:12 AM 佐藤 美咲 <sato@example.jp> wrote:",
        "On Tue, 2026-11-24 at 06:42 +0530, 佐藤 美咲 wrote:",
        "> On 24 Nov 2026, at 10:12, 佐藤 美咲 <sato@example.jp> wrote:",
    ],
)
def test_quotation_of_a_mail(opening):
    assert told(f"了解です。\n\n{opening}\n> 送りました") == [
        ("", "", "了解です。"),
        ("11-24 10:12", "佐藤 美咲", ""),
        ("11-24 10:12", "佐藤 美咲", "> 送りました"),
    ]


def test_talk_goes_on_after_midnight():
    assert [at for at, _who, _words in told("23:50 復旧作業\n0:10 復旧")] == ["11-24 23:50", "11-25 00:10"]


def test_without_a_day_a_time_stays_words():
    (line,) = chat_lines("10:12 お電話", zone="Asia/Tokyo")
    assert (line.at, line.at_text, line.words) == (None, "10:12", "お電話")


def test_lines_are_counted_as_they_stand_and_words_stay_as_they_are():
    text = "\r\n10:12  全角　空白と　tab\tはそのまま \r\n\r\n次"
    lines = chat_lines(text, zone="Asia/Tokyo", on=ON)
    assert [(one.number, one.raw) for one in lines] == [(2, "10:12  全角　空白と　tab\tはそのまま "), (4, "次")]
    assert lines[0].words == "全角　空白と　tab\tはそのまま"
    assert all(one.words in one.raw for one in lines)


def test_zone_is_the_readers():
    (line,) = chat_lines("10:12 called", zone="Europe/London", on=ON)
    assert line.at == datetime(2026, 11, 24, 10, 12, tzinfo=ZoneInfo("Europe/London"))


def test_a_thousand_lines_and_a_very_long_one_are_read_quickly():
    text = "\n".join(f"[2026/11/24 10:{n % 60:02}] 佐藤: {n}" for n in range(1000)) + "\n" + "あ:" * 100_000
    assert len(chat_lines(text, zone="Asia/Tokyo", on=ON)) == 1001


@pytest.mark.parametrize(
    "line",
    [
        "2026/11/24" + " " * 1900 + "x",
        "10:00" + " " * 1900 + "x",
        "- " * 900,
        "> " * 900,
        "a " * 900,
        "[" * 1900,
        "佐 " * 900 + "10:12",
    ],
)
def test_odd_lines_are_not_walked_through_again_and_again(line):
    with within(2):
        chat_lines("\n".join([line] * 200), zone="Asia/Tokyo", on=ON)
