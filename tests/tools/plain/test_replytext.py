"""What is new in a reply: each mail of the corpora, and the ways in which Japanese programs quote."""

from __future__ import annotations

import pytest

from tests.shared import shared
from tools.plain.htmltext import text_of
from tools.plain.mailparse import parse
from tools.plain.replytext import split

FOLDER = shared("data/email")
NEW = {
    "correct_sig": "this is an email with a correct -- signature.",
    "email_1_1": "Hi folks\n\nWhat is the best way to clear a Riak bucket of all key, values after\nrunning a test?\n"
    "I am currently using the Java HTTP API.",
    "email_1_3": "Oh thanks.\n\nHaving the function would be great.",
    "email_1_4": "Awesome! I haven't had another problem with it.",
    "email_1_6": "I get proper rendering as well.",
    "email_1_7": ":+1:",
    "email_1_8": "I will reply under this one\n\nand under this.",
    "email_2_1": "Outlook with a reply",
    "email_2_2": "Outlook with a reply directly above line",
    "email_2_3": "Outlook with a reply directly above line",
    "email_BlackBerry": "Here is another email",
    "email_bullets": "test 2 this should list second\n\nand have spaces\n\nand retain this formatting\n\n"
    "   - how about bullets\n   - and another",
    "email_iPhone": "Here is another email",
    "email_multi_word_sent_from_my_mobile_device": "Here is another email",
    "email_one_is_not_on": "Thank, this is really helpful.\n\nOne outstanding question I had:\n\n"
    "Locally (on development), when I run...",
    "email_sent_from_my_not_signature": "Here is another email\n\nSent from my desk, is much easier then my mobile phone.",
    "email_sig_delimiter_in_middle_of_line": "Hi there!\n\nStuff happened.\n\n"
    "And here is a fix -- this is not a signature.\n\nkthxbai",
    "greedy_on": "On your remote host you can run:\n\n     telnet 127.0.0.1 52698\n\n"
    "This should connect to TextMate (on your Mac, via the tunnel). If that\nfails, the tunnel is not working.",
    "pathological": "I think you're onto something. I will try to fix the problem as soon as I\nget back to a computer.",
}  # fmt: skip


def test_each_text_of_the_corpus():
    found = {file.stem: split(file.read_text("utf-8")).new for file in (FOLDER / "reply-text").glob("*.txt")}
    assert len(found) == 21
    # Answers between the quotes, code among them, and lists: all of it is said.
    code, lists = found.pop("email_1_2"), found.pop("email_1_5")
    assert code.startswith("Hi,\n\nYou can list the keys") and "riakClient.delete(bucket, key);" in code
    assert code.endswith('you’ll need to delete them all individually."')
    assert lists.startswith("One: Here's what") and lists.endswith("for a while.")
    assert lists.count("\n- ") == 6
    found = {name: text for name, text in found.items() if name in NEW}
    assert found == NEW


@pytest.mark.parametrize("file", sorted((FOLDER / "talon-standard-replies").iterdir()), ids=lambda file: file.stem)
def test_each_program_of_talon(file):
    raw = file.read_bytes()
    text = parse(raw).text if file.suffix else raw.decode()
    assert split(text).new == "Hello"


@pytest.mark.parametrize("file", sorted((FOLDER / "talon-html-replies").iterdir()), ids=lambda file: file.stem)
def test_each_html_of_talon(file):
    assert split(text_of(file.read_text("utf-8"))).new == "Hi. I am fine.\n\nThanks,\nAlex"


@pytest.mark.parametrize(
    "behind",
    [
        "2026年11月25日(水) 10:12 佐藤 美咲 <sato@example.jp>:\n> 元の文\n",
        "2026年11月25日(水) 10:12 佐藤 美咲 <sato@example.jp>:\n\n元の文（しるしなし）\n",
        "2026/11/25 10:12、佐藤 美咲 <sato@example.jp>のメール:\n\n> 元の文\n",
        "On 2026/11/25 10:12, 佐藤 wrote:\n> 元の文\n",
        "2026年11月25日 10:12、佐藤さんは書きました：\n> 元の文\n",
        "-----Original Message-----\nFrom: 佐藤\nSent: Wednesday\n\n元の文\n",
        "----- 元のメッセージ -----\n差出人: 佐藤\n元の文\n",
        "---- 元のメッセージ ----\n元の文\n",
        "________________________________\n差出人: 佐藤 <sato@example.jp>\n送信日時: 2026年11月25日 10:12\n宛先: 鈴木\n件名: K-1\n\n元の文\n",
        "差出人： 佐藤\n送信日時： 2026年11月25日\n宛先： 鈴木\n件名： K-1\n\n元の文\n",
        "> 元の文\n> 二行目\n",
        "＞元の文\n",
        "-- \n鈴木 健太\n青空物産\n",
        "iPhoneから送信\n",
        "Sent from my iPhone\n",
        "スマートフォンから送信\n",
        "Outlook for iOS を入手\n",
        "━━━━━━━━━━━━\n株式会社青空物産　鈴木\nTEL 03-0000-0000\n━━━━━━━━━━━━\n",
    ],
)
def test_what_japanese_programs_put_behind(behind):
    parts = split(f"了解しました。\n明日やります。\n\n{behind}")
    assert parts.new == "了解しました。\n明日やります。"
    assert parts.rest.replace("\n", "").replace(" ", "") == behind.replace("\n", "").replace(" ", "").rstrip()


@pytest.mark.parametrize(
    "text",
    [
        "2026年11月25日に届いた分は、次のとおりです:\n・1通",
        "差出人: 青空物産さま と電話で確かめました。",
        "----------\n区切りのあとも本文です。",
        "10:12 に電話しました。",
        "On Monday I called them.\nThey said: no.",
    ],
)
def test_what_only_looks_like_it_is_said(text):
    assert split(text) == (parts := split(text)) and parts.new == text and parts.rest == ""


def test_answers_between_quotes_and_under_them():
    assert split("> 一?\n\nはい。\n\n> 二?\n\nいいえ。").new == "はい。\n\nいいえ。"
