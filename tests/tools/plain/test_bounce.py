"""Each mail of the corpus has its kind: a bounce or an automatic answer is never taken for somebody's words."""

from __future__ import annotations

import pytest

from tests.shared import shared
from tools.plain.bounce import AUTO, BOUNCES, COMPLAINT, HARD, LOOP, ORDINARY, SOFT, judge
from tools.plain.mailparse import parse

FOLDER = shared("data/email")
AUTOMATIC = {
    "rfc3834-02", "rfc3834-03", "rfc3834-04", "error_emails__bad_date_header", "message_with_image_jpg_mimetype",
}  # fmt: skip
OTHER_BOUNCES = {
    "multipart_report_emails__multi_address_bounce2": HARD,
    "multipart_report_emails__report_422": SOFT,
    "mime_emails__raw_email_with_mimepart_without_content_type": SOFT,
}
# Of the bounces those that say the address will not do; the others are full, delayed, blocked or say too little.
HARD_ONES = set(
    """activehunter-01 amavis-02 amazonses-06 apachejames-01 biglobe-01 courier-04 exchange2007-07 ezweb-08 gmail-18
    mailfoundry-01 mailmarshal-02 mcafee-05 mfilter-02 mxlogic-03 postfix-76 powermta-02 qmail-16 receivingses-01 sendgrid-02
    sendmail-37 surfcontrol-02 trendmicro-01 v5sendmail-04 verizon-01 x1-02 x4-01 x5-01 x6-02 domino-01
    rhost-cox-01 rhost-facebook-03 rhost-godaddy-02 rhost-gsuite-09 rhost-iua-01 rhost-kddi-01 rhost-messagelabs-02
    rhost-microsoft-03 rhost-nttdocomo-03 rhost-spectrum-01 rhost-tencent-01 rhost-yahooinc-03""".split()
)


def kind(file) -> str:
    return judge(parse(file.read_bytes())).kind


def test_each_of_the_78_bounces_and_answers():
    found = {file.stem: kind(file) for file in (FOLDER / "sisimai-bounces").glob("*.eml")}
    assert len(found) == 78
    assert {name for name, one in found.items() if one == ORDINARY} == set()
    assert {name for name, one in found.items() if one == AUTO} == AUTOMATIC & found.keys()
    assert {name for name, one in found.items() if one == COMPLAINT} == {"arf-11"}
    bounces = {name: one for name, one in found.items() if one in BOUNCES}
    assert len(bounces) == 74
    assert {name.removeprefix("lhost-") for name, one in bounces.items() if one == HARD} == HARD_ONES


def test_each_of_the_other_70_mails():
    files = [file for file in FOLDER.glob("*/*.eml") if file.parent.name != "sisimai-bounces"]
    assert len(files) == 70
    for file in files:
        wanted = OTHER_BOUNCES.get(file.stem, AUTO if file.stem in AUTOMATIC else ORDINARY)
        assert kind(file) == wanted, file.name


@pytest.mark.parametrize(
    ("name", "failed", "status"),
    [
        ("lhost-postfix-76", "this-local-part-does-not-exist@rakumail.jp", "5.0.0"),
        ("lhost-qmail-16", "userunknown@libsisimai.net", "5.1.1"),
        ("lhost-exchange2007-07", "kijitora@example.jp", "5.1.1"),
        ("lhost-zoho-04", "kijitora@6kaku.example.co.jp", ""),
        ("rhost-google-05", "kijitora@google.example.com", "5.2.2"),
    ],
)
def test_who_was_not_reached_and_why(name, failed, status):
    verdict = judge(parse((FOLDER / "sisimai-bounces" / f"{name}.eml").read_bytes()))
    assert (verdict.failed[0], verdict.status) == (failed, status)
    assert verdict.returned_ids


def headers(**more: str) -> bytes:
    usual = {"From": "bob@example.jp", "To": "ushiro@example.jp", "Subject": "Re: 今日のお知らせ"}
    lines = {**usual, **{name.replace("_", "-"): value for name, value in more.items()}}
    return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode() + b"\nhello\n"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, ORDINARY),
        ({"Auto_Submitted": "no"}, ORDINARY),
        ({"Auto_Submitted": "auto-replied (vacation)"}, AUTO),
        ({"Precedence": "Bulk"}, AUTO),
        ({"X_Autoreply": "yes"}, AUTO),
        ({"List_Id": "<x.example.com>"}, AUTO),
        ({"Return_Path": "<>"}, AUTO),
        ({"From": "no-reply@example.com"}, AUTO),
        ({"Subject": "【自動応答】Re: お知らせ"}, AUTO),
        ({"Subject": "不在通知: 11月30日まで"}, AUTO),
        ({"Subject": "Out of Office: Re: x"}, AUTO),
        ({"Subject": "Re: 不在者の件"}, ORDINARY),
        ({"Subject": "不在の間の手順について"}, ORDINARY),
        ({"Subject": "Fwd: Undelivered Mail Returned to Sender"}, ORDINARY),
        ({"Subject": "転送: 配信できませんでした"}, ORDINARY),
        ({"From": "ushiro@example.jp"}, LOOP),
        ({"List_Id": "<digest.ushiro.example.jp>"}, LOOP),
    ],
)
def test_what_a_machine_says_of_itself(more, kind):
    verdict = judge(parse(headers(**more)), own=frozenset({"ushiro@example.jp"}), own_list=".ushiro.example.jp>")
    assert verdict.kind == kind


def test_a_mail_that_has_gone_round_and_round():
    assert judge(parse(b"Received: by x\n" * 41 + headers())).kind == LOOP
    assert judge(parse(b"Received: by x\n" * 12 + headers())).kind == ORDINARY
