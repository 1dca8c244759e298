"""148 real mails taken apart, and bytes that nobody would send but somebody who means harm."""

from __future__ import annotations

import pytest

from tests.shared import shared
from tests.speed import within
from tools.plain import replytext
from tools.plain.htmltext import text_of
from tools.plain.mailcharset import decoded
from tools.plain.mailheaders import addresses, unstructured
from tools.plain.mailparse import LONGEST_TEXT, Mail, parse

CORPUS = sorted(shared("data/email").glob("*/*.eml"))


def mail(name: str) -> Mail:
    (found,) = [file for file in CORPUS if file.stem.endswith(name)]
    return parse(found.read_bytes())


def test_all_of_the_corpus_is_read():
    assert len(CORPUS) == 148
    for file in CORPUS:
        found = parse(file.read_bytes())
        assert found.flaws == frozenset(), file.name
        assert found.text or found.files or file.stem in {"error_emails__bad_date_header", "lhost-x3-02"}, file.name
        for text in (found.subject, found.text, found.sender.name, *(one.name for one in found.files)):
            text.encode()  # no half of a letter
            assert "\0" not in text


@pytest.mark.parametrize(
    ("name", "subject", "start"),
    [
        ("__japanese", "まみむめも", "かきくえこ\n"),
        ("__japanese_shift_jis", "test", "あいうえお\n\nこのメールはテスト用のメールです。\n\n今後ともよろしくお願い申し上げます！"),
        ("__ks_c_5601-1987", "test", "스티해"),
        ("lhost-trendmicro-01", "メッセージを配信できません。", "...\n"),
        ("lhost-office365-12", "Undeliverable: 在庫管理システム", ""),
        ("single_byte_encoding", "Tjest", "Это сообщение имеет неправильную кодировка."),
        ("with_utf8_attachment", "Odpowiedź od burmistrza na wniosek stowarzyszenia", "REDACTED\n"),
        ("header_fields_with_empty_values", "Testmail", "--\nJørn Støylen"),
        ("encoded_stack_level_too_deep", "Nicolas Fouché has accepted your invitation to Gmail", "Nicolas Fouché"),
    ],
)  # fmt: skip
def test_letters_come_out_as_they_were_written(name, subject, start):
    found = mail(name)
    assert found.text.startswith(start)
    if name != "lhost-office365-12":
        assert found.subject == subject
    assert "�" not in found.subject + found.text


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("__japanese_attachment", ["てすと.txt"]),
        ("__japanese_attachment_long_name", ["かきくけこかきくけこかきくけこかきくけこかきくけこ.txt"]),
        ("attachment_with_base64_encoded_name", ["This is a test.pdf"]),
        ("attachment_with_quoted_filename", ["Eelanalüüsi päring.jpg"]),
        ("attachment_with_unquoted_name", ["This is a test.txt"]),
        ("attachment_message_rfc822", ["Another PDF.eml"]),
        ("with_utf8_attachment", ["piłkochwyty.jpg", "odpowiedź Burmistrza.jpg"]),
        ("raw_email_with_nested_attachment", ["truncated.png", "smime.p7s"]),
    ],
)
def test_files_keep_their_names(name, files):
    assert [one.name for one in mail(name).files] == files


JAPANESE = "お世話になっております。株式会社の髙橋です。①〜③を㈱青空物産へ、半角ｶﾅも。"


@pytest.mark.parametrize(
    "label", ["", "utf-8", "iso-2022-jp", "shift_jis", "euc-jp", "us-ascii", "x-unknown", "rot13", "punycode"]
)
@pytest.mark.parametrize("real", ["utf-8", "cp932"])
def test_a_wrong_label_is_not_believed(real, label):
    wanted = JAPANESE if real == "utf-8" else JAPANESE.replace("〜", "～")
    assert decoded(wanted.encode(real), label) == wanted


@pytest.mark.parametrize("label", ["", "utf-8", "euc-jp", "x-euc-jp", "shift_jis", "iso-8859-1"])
def test_euc_jp_is_heard(label):
    text = "お世話になっております。髙くない、普通の漢字とカタカナの文章です。".replace("髙", "高")
    assert decoded(text.encode("euc_jp"), label) == text


def test_iso_2022_jp_with_what_nec_ibm_and_jis_x_0213_added():
    nec = b"\x1b$B-!-j|b\x1b(B"
    assert decoded(nec, "iso-2022-jp") == "①㈱髙"
    assert decoded(b"\x1b$BF|K\\\x1b(B ok \x1b(I6E\x1b(B", "iso-2022-jp") == "日本 ok ｶﾅ"
    assert decoded("俱剝𠮟".encode("iso2022_jp_2004"), "iso-2022-jp-2004") == "俱剝𠮟"
    assert decoded("侃侃諤諤".encode("iso2022_jp_1"), "iso-2022-jp-1") == "侃侃諤諤"
    assert decoded(b"\x1b$BF|K\\\nabc", "iso-2022-jp") == "日本\n" + decoded(b"\x1b$Babc")  # a line without its end
    assert decoded(b"\x1b$BF|K\\\x1b(B", "_iso-2022-jp$ESC") == "日本"
    assert decoded("山田様".encode("iso2022_jp") + "様".encode("cp932"), "iso-2022-jp") == "山田様様"


def test_encoded_words_cut_in_two_and_bytes_without_a_label():
    assert unstructured("=?iso-2022-jp?B?GyRCOCs=?= =?iso-2022-jp?B?QFEbKEI=?=") == "見積"
    assert unstructured("=?utf-8?B?44GC4w==?= =?utf-8?B?gYQ=?=") == "あい"
    assert unstructured("Re: =?ISO-2022-JP?Q?=1B$B8+@Q=1B(B?= (K-1)") == "Re: 見積 (K-1)"
    raw = "見積書".encode("cp932").decode("ascii", "surrogateescape")
    assert unstructured(f"件名 {raw}"[3:]) == "見積書"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Alice <a@b.jp>", [("Alice", "a@b.jp")]),
        ('"a@b.jp" <evil@x.com>', [("a@b.jp", "evil@x.com")]),
        ("a@b.jp (Alice, of course), c@d.jp", [("", "a@b.jp"), ("", "c@d.jp")]),
        ("a@b.jp c@d.jp", [("", "a@b.jp"), ("", "c@d.jp")]),
        ('"Sato, Misaki" <A@B.JP>', [("Sato, Misaki", "a@b.jp")]),
        ("=?utf-8?B?5L2Q6Jek?= <a@b.jp>", [("佐藤", "a@b.jp")]),
        ("undisclosed-recipients:;", []),
        ("", []),
    ],
)
def test_addresses(header, found):
    assert [(one.name, one.address) for one in addresses(header)] == found


def test_html_is_read_aloud_and_never_run():
    source = "<head><title>x</title></head><p>一<br>二&nbsp;&lt;b&gt;</p><script>alert(1)</script><ul><li>三</ul><a href='javascript:x'>四</a><blockquote>五</blockquote>"
    assert text_of(source) == "一\n二 <b>\n\n・三\n四\n> 五"
    assert text_of("1 < 2 <3<!-- x --> y") == "1 < 2 <3 y"


def test_a_file_in_the_text_as_unix_sent_them():
    found = parse(b"From: a@b.jp\n\nhi\nbegin 644 a.txt\n#0V%T\n`\nend\nbye\n")
    assert (found.text, [(one.name, one.content) for one in found.files]) == ("hi\nbye", [("a.txt", b"Cat")])


def test_bytes_turned_round_in_a_name_are_neutral():
    name = "photo_\u202egpj.exe"
    raw = f'From: a@b.jp\nContent-Disposition: attachment; filename="{name}"\nContent-Type: image/png\n\nx\n'.encode()
    assert [one.name for one in parse(raw).files] == ["photo_gpj.exe"]


MIB = 1 << 20
HEAD = b"From: a@b.jp\nSubject: x\n"


def much(piece: bytes) -> bytes:
    return (piece * (MIB // len(piece) + 1))[:MIB]


NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(20_000))
HOSTILE = {
    "multipart in multipart": HEAD + NESTED[:MIB],
    "mail in mail": HEAD + b"Content-Type: message/rfc822\n\n" * 30_000,
    "parameters": HEAD + b"Content-Type: text/plain" + much(b";x*0=a"),
    "quotation marks": HEAD + b'Content-Disposition: attachment; filename="' + much(b'\\"'),
    "encoded words": b"Subject: " + much(b"=?utf-8?b?44?= "),
    "half encoded words": b"Subject: " + much(b"=?a?q?"),
    "brackets": b"From: " + much(b"<"),
    "commas": b"From: " + much(b"a,"),
    "comments": b"From: " + much(b'((("\\'),
    "headers": much(b"a:\n"),
    "references": b"References: " + much(b"<a@b>"),
    "line ends": HEAD + b"\n" + much(b"\n"),
    "escapes": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + much(b"\x1b$B!!"),
    "eight bits": HEAD + b"\n" + much(bytes(range(128, 256))),
    "parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + much(b"--b\n\nx\n"),
    "uuencoded": HEAD + b"\n" + much(b"begin 644 a\n#86%A\n"),
    "base64": HEAD + b"Content-Transfer-Encoding: base64\n\n" + much(b"=A"),
    "report": HEAD + b"Content-Type: message/delivery-status\n\n" + much(b"Status: 5\n\n"),
    "less than": HEAD + b"Content-Type: text/html\n\n" + much(b"<"),
    "comments of html": HEAD + b"Content-Type: text/html\n\n" + much(b"<!--"),
    "scripts": HEAD + b"Content-Type: text/html\n\n" + much(b"<script>"),
    "paragraphs": HEAD + b"Content-Type: text/html\n\n" + much(b"<p>"),
    "quotes of html": HEAD + b"Content-Type: text/html\n\n" + much(b"<blockquote>x"),
    "quotes": HEAD + b"\n" + much(b">\n"),
    "attributions": HEAD + b"\n" + much(b"On x\n"),
    "long attributions": HEAD + b"\n" + much("2026年1月1日".encode() + b"1:11 " * 60 + b"\n"),
    "schrieb": HEAD + b"\n" + much(b"On schrieb " * 35 + b"\n"),
    "from": HEAD + b"\n" + much(b"From: x\n\nTo:\n"),
    "rules": HEAD + b"\n" + much(b"_" * 30 + b"\na@\n"),
    "devices": HEAD + b"\n" + much(b"Sent from my a a a a a iphone " * 5 + b"\n"),
}  # fmt: skip


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_mebibyte_costs_less_than_two_seconds(shape):
    with within(2):
        found = parse(HOSTILE[shape])
        parts = replytext.split(found.text)
    assert len(parts.new) <= LONGEST_TEXT


def test_whatever_the_bytes_are_a_mail_comes_back():
    assert parse(b"") == Mail(content_type="text/plain")
    for number in range(0, 256, 5):
        parse(bytes([number]) * 50 + b"\n\n" + bytes(range(256)))
    whole = (shared("data/email/mikel-mail") / "mime_emails__raw_email_with_nested_attachment.eml").read_bytes()
    for cut in range(0, len(whole), 97):
        parse(whole[:cut])
        parse(whole[:cut] + b"\xff\0" + whole[cut:])
