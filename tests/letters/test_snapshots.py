"""One snapshot a letter and language: what people read is reviewed as text.

After a wanted change: UPDATE_SNAPSHOTS=1 pytest tests/letters, then read the difference before committing it.
"""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import get_template

from incidents.enums import Language
from incidents.letters import (
    absence,
    account,
    care,
    handover,
    heads,
    invitation,
    mirror,
    orphaned,
    read_request,
    reply,
    test,
    unreached,
    untaken,
)
from incidents.letters import reminder as words
from incidents.letters.base import Rendered
from incidents.models import (
    Absence,
    Countermeasure,
    FollowUp,
    HelpLine,
    Incident,
    Invitation,
    MailReply,
    Mirror,
    Person,
    ReadRequest,
    ReceivedMail,
    ReminderDelivery,
    Team,
)

FOLDER = Path(__file__).parent / "snapshots"
TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "letters"
TODAY = date(2026, 12, 11)
TOKYO = ZoneInfo("Asia/Tokyo")
FINAL_URL = "http://testserver/incidents/K-128/final-report/"


ACTS = {
    "due_url": "http://testserver/m/due/token/",
    "help_url": "http://testserver/m/help/token/",
    "not_mine_url": "http://testserver/m/not-mine/token/",
}
# Of a promise that has no date to ask about.
KEPT = {"promise": {"kept_url": "http://testserver/m/kept/"}}
SOME_ACTS = {name: url for name, url in ACTS.items() if name != "due_url"}


def item(**change: object) -> words.Item:
    usual = {
        "kind": "countermeasure",
        "what": "送信前に宛先と社名を突き合わせる画面を出す",
        "reference": "K-128",
        "incident": "見積書を別の会社に送った",
        "team": "受注課",
        "due": "12月11日（金）",
        "days": 0,
        "mine": True,
        "stands_in": False,
        "owner": "鈴木",
        "owner_gone": False,
        "promised_outside": False,
        "done_url": "http://testserver/m/token/",
        "page_url": "http://testserver/incidents/K-128/#measure-1",
    }
    made = usual | change
    if made["done_url"]:  # whoever can say できました can say the rest as well
        made = ACTS | made
    return words.Item(**made)


def moment(person, *, kind: str, minutes: int, mine: bool = True, here: bool = True) -> Rendered:
    """A promise of 14:00, told `minutes` before it (negative: after it). here: whether its owner is."""
    now = datetime(2026, 12, 11, 14, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    incident = Incident(number=128, title="見積書を別の会社に送った", who_waits="青空物産さま")
    text = {"promise": "返金の手続き", "next_report": "続報"}.get(kind, "")
    owner = person if mine else Person(pk=0, name="佐藤 美咲")
    one = FollowUp(kind=kind, incident=incident, text=text, to_whom="青空物産さま", due_at=now, owner=owner)
    away = {} if here else {owner.pk: Absence(person=owner, ends_on=date(2026, 12, 18))}
    return words.moment(
        ReminderDelivery(follow_up=one),
        recipient=person,
        now=now - timedelta(minutes=minutes),
        away=away,
        urls=(SOME_ACTS | KEPT.get(kind, {})) if mine or not here else None,
    )


def digest(person, *items: words.Item) -> Rendered:
    return words.digest(person, list(items), today=TODAY, away_url="http://testserver/m/away/token/")


def said(person, *, kind: str, words: str) -> MailReply:
    """What 鈴木 said about a measure that is his."""
    record = Incident(number=128, title="見積書を別の会社に送った", team=Team(name="受注課"))
    measure = Countermeasure(pk=1, incident=record, title="送信前に宛先と社名を突き合わせる画面を出す")
    owner = Person(pk=0, name="鈴木 健太")
    promise = FollowUp(
        kind="countermeasure", incident=record, team=record.team, measure=measure, due_on=TODAY, owner=owner
    )
    return MailReply(kind=kind, follow_up=promise, person=owner, words=words)


PLACES = [
    HelpLine(kind="now", name="よりそいホットライン", name_en="Yorisoi Hotline", phone="0120-279-338", hours="24時間"),
    HelpLine(kind="own", name="産業医・保健師（社内）", name_en="Occupational physician / nurse"),
    HelpLine(kind="own", name="受注課の相談係", phone="内線 12"),
]
# What is told to whoever wrote it; the others of MailWhy read as `unknown` does.
UNTAKEN = {
    "wrong_sender": "held",
    "no_token": "held",
    "expired": "held",
    "unscanned": "held",
    "too_many": "held",
    "no_standing": "refused",
    "no_words": "refused",
    "infected": "refused",
    "too_large": "refused",
    "unknown": "refused",
}


def wish(to: Person, **more: str) -> ReadRequest:
    """Somebody asks to read a record that is for few; whoever gets the letter is also who asked."""
    reason = "同じ取引先を受け持つため"
    return ReadRequest(incident=Incident(number=128, title="見えない題名"), person=to, reason=reason, **more)


def came_back(person: Person, why: str, state: str) -> ReceivedMail:
    sender = "kenta@home.example" if why == "wrong_sender" else person.email
    return ReceivedMail(
        kind="reply", state=state, why=why, subject="Re: 今日のお知らせ 3件", person=person, from_address=sender
    )


LETTERS = {
    "account-password-reset": lambda p: account.password_reset(
        p, "http://testserver/account/password/reset/key/1-abc/"
    ),
    "care-check-in": lambda p: care.check_in(p, PLACES, stop_url="http://testserver/m/care/token/"),
    "handed-over": lambda p: handover.handed_over(
        p,
        Person(name="佐藤 美咲"),
        [
            Incident(number=128, title="見積書を別の会社に送った"),
            Countermeasure(
                pk=1,
                incident=Incident(number=130, title="二重に払った"),
                title="二重払いを画面で止める",
                due_on=date(2026, 12, 11),
            ),
        ],
        reason="異動のため",
        today=TODAY,
    ),
    "test-sending": lambda p: test.sending(p),
    "digest-due-today": lambda p: digest(p, item()),
    "digest-one-day-left": lambda p: digest(p, item(days=1)),
    "digest-seven-days-left": lambda p: digest(p, item(days=7)),
    "digest-one-day-late": lambda p: digest(p, item(days=-1, promised_outside=True)),
    "digest-somebody-elses": lambda p: digest(p, item(days=-7, mine=False, done_url="")),
    "digest-orphan": lambda p: digest(p, item(days=-7, mine=False, owner_gone=True, done_url="")),
    "digest-check-late": lambda p: digest(p, item(kind="effect_check", done_url="", days=-2)),
    "digest-check-due": lambda p: digest(p, item(kind="effect_check", done_url="")),
    "digest-check-ahead": lambda p: digest(p, item(kind="effect_check", done_url="", days=3)),
    "digest-several": lambda p: digest(
        p,
        item(days=3, what="テンプレートに版を入れる", reference="K-130"),
        item(days=-5, mine=False, done_url="", what="共有フォルダの権限を分ける"),
        item(days=-2),
        item(kind="effect_check", done_url="", days=0, what="二重払いを画面で止める"),
    ),
    "digest-final-report": lambda p: digest(
        p,
        item(kind="final_report", what="最終報告", days=3, done_url="", page_url=FINAL_URL),
        item(kind="final_report", what="最終報告", days=0, done_url="", page_url=FINAL_URL),
    ),
    "digest-final-report-late": lambda p: digest(
        p,
        item(kind="final_report", what="最終報告", days=-2, done_url="", page_url=FINAL_URL),
        item(kind="final_report", what="最終報告", days=-7, mine=False, done_url="", page_url=FINAL_URL),
    ),
    "digest-review": lambda p: digest(p, item(kind="not_doing_review", done_url="")),
    "digest-spread": lambda p: digest(
        p,
        item(
            kind="spread_answer",
            what="宛先を候補から手で選ぶ送付が、ほかにもありますか",
            reference="",
            incident="",
            done_url="",
            page_url="http://testserver/spreads/1/",
        ),
    ),
    "digest-question-somebody-elses": lambda p: digest(
        p, item(kind="question", what="何通出たか", days=-3, mine=False, done_url="")
    ),
    "digest-spread-late": lambda p: digest(
        p,
        item(kind="spread_answer", what="手で選ぶ送付が、ほかにもありますか", days=-2, done_url=""),
        item(kind="spread_answer", what="手で選ぶ送付が、ほかにもありますか", days=-5, mine=False, done_url=""),
    ),
    "digest-spread-action": lambda p: digest(
        p,
        item(
            kind="spread_action",
            what="手で選ぶ送付が、ほかにもありますか",
            reference="横展開の取り組み",
            incident="受注課",
            team="経理課",
            done_url="",
            page_url="http://testserver/spreads/1/done/",
        ),
        item(kind="spread_action", what="手で選ぶ送付", reference="", incident="", days=-7, mine=False, done_url=""),
    ),
    "digest-told-outside-somebody-elses": lambda p: digest(
        p, item(kind="promise", what="新しい期限を伝える", days=-1, mine=False, done_url="")
    ),
    "digest-owner-away": lambda p: digest(
        p, item(days=1, mine=False, owner_away="12月18日（金）" if p.language == "ja" else "Fri 18 Dec")
    ),
    "digest-question": lambda p: digest(p, item(kind="question", what="何通出たか", days=1, done_url="", **SOME_ACTS)),
    "moment-owner-away": lambda p: moment(p, kind="promise", minutes=15, mine=False, here=False),
    "reply-ask-help": lambda p: reply.ask_help(
        said(p, kind="help", words="照合を半日ほど、いっしょに見てもらえると助かります。"), to=p, today=TODAY
    ),
    "reply-not-mine": lambda p: reply.not_mine(
        said(p, kind="not_mine", words="伊藤さんだと思います"), to=p, today=TODAY
    ),
    "reply-not-mine-wordless": lambda p: reply.not_mine(said(p, kind="not_mine", words=""), to=p, today=TODAY),
    "unreached": lambda p: unreached.unreached(
        Person(name="佐藤 美咲", email="misaki@example.jp"), to=p, since=date(2026, 12, 11)
    ),
    **{
        f"untaken-{why.replace('_', '-')}": lambda p, why=why, state=state: untaken.told(came_back(p, why, state), to=p)
        for why, state in UNTAKEN.items()
    },
    "audit-heads": lambda p: heads.heads(
        TODAY, [("", 41, "6f1e" * 16), ("受注課", 1280, "a90c" * 16)], language=p.language
    ),
    "orphaned": lambda p: orphaned.orphaned(Person(pk=7, name="佐藤 美咲"), to=p, team=Team(name="受注課"), count=3),
    "invitation": lambda p: invitation.invitation(
        Invitation(
            team=Team(name="受注課"),
            invited_by=Person(name="佐藤 美咲"),
            role="member",
            expires_at=datetime(2026, 12, 21, 10, tzinfo=TOKYO),
        ),
        "TOKEN",
        language=p.language,
    ),
    "reader-asked": lambda p: read_request.asked(wish(p), to=p),
    "reader-granted": lambda p: read_request.answered(wish(p, state="granted")),
    "reader-declined": lambda p: read_request.answered(wish(p, state="declined", answer="ご本人の希望のため")),
    "absence-stand-in": lambda p: absence.stand_in(
        Absence(person=Person(name="佐藤 美咲"), stand_in=p, starts_on=date(2026, 12, 14), ends_on=date(2026, 12, 18)),
        today=TODAY,
    ),
    "mirror-off": lambda p: mirror.off(
        Mirror(pk=1, team=Team(name="受注課"), kind="slack", name="受注課のチャンネル"), p, word="answered_404"
    ),
    "moment-first-report-ahead": lambda p: moment(p, kind="first_report", minutes=15),
    "moment-first-report-now": lambda p: moment(p, kind="first_report", minutes=0, mine=False),
    "moment-promise-ahead": lambda p: moment(p, kind="promise", minutes=15),
    "moment-next-report-late": lambda p: moment(p, kind="next_report", minutes=-30),
    "digest-several-none-late": lambda p: digest(p, item(days=3), item(days=1, what="別の対策")),
}


@pytest.fixture
def person(bob):
    return bob


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("name", LETTERS)
def test_letter_reads_as_reviewed(name, language, person):
    person.language = language
    rendered = LETTERS[name](person)
    shown = f"Subject: {rendered.subject}\n\n{rendered.text}\n----- HTML -----\n{rendered.html.strip()}\n"
    file = FOLDER / f"{name}.{language}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        file.write_text(shown, encoding="utf-8")

    assert shown == file.read_text(encoding="utf-8")


def test_no_snapshot_is_left_over():
    assert {file.name for file in FOLDER.iterdir()} == {
        f"{name}.{code}.txt" for name in LETTERS for code in Language.values
    }


def test_every_letter_has_a_snapshot():
    """A new folder or file below templates/letters needs a line in LETTERS."""
    kinds = {
        f"{file.parent.name}/{file.name.removesuffix('.subject.txt')}" for file in TEMPLATES.rglob("*.subject.txt")
    }
    assert kinds == {
        "absence/stand_in",
        "account/password_reset",
        "audit/heads",
        "care/check_in",
        "handover/handed_over",
        "mirror/off",
        "reminder/digest",
        "reminder/moment",
        "reply/ask_help",
        "orphaned/told",
        "invitation/invite",
        "reader/asked",
        "reader/answered",
        "reply/not_mine",
        "test/sending",
        "unreached/told",
        "untaken/told",
    }
    for kind in kinds:
        for ending in (".subject.txt", ".txt", ".html"):
            get_template(f"letters/{kind}{ending}")


@pytest.mark.parametrize("name", LETTERS)
def test_text_and_html_say_the_same(name, person):
    """Whoever reads only one part misses no link and no promise."""
    rendered = LETTERS[name](person)
    for line in rendered.text.splitlines():
        if line.startswith("http"):
            assert line in rendered.html
        if line.startswith("■ "):
            assert line.removeprefix("■ ") in rendered.html


@pytest.mark.parametrize("name", LETTERS)
def test_html_needs_nothing_from_elsewhere(name, person):
    html = LETTERS[name](person).html
    assert "<img" not in html and "<script" not in html and "<link" not in html
    assert "https://" not in html.replace("http://testserver", "")


@pytest.mark.parametrize("language", Language.values)
def test_what_people_wrote_stays_text(language, person):
    """Markup in a title is shown, not run; and the plain part is not escaped."""
    person.language, person.name = language, "<b>鈴木</b>"
    rendered = digest(
        person, item(what="<script>alert(1)</script> & 'x'", incident="{{ settings.SECRET_KEY }}", owner="<i>x</i>")
    )

    assert "<script>" not in rendered.html and "&lt;script&gt;" in rendered.html
    assert "<script>alert(1)</script> & 'x'" in rendered.text
    assert "{{ settings.SECRET_KEY }}" in rendered.text
    assert "<script>alert(1)</script> & 'x'" in rendered.subject


def test_english_letter_has_no_japanese_of_ours(person):
    person.language, person.name = "en", "Kenta Suzuki"
    rendered = digest(
        person,
        item(what="W", incident="I", team="T", owner="O", due="Fri 11 Dec", promised_outside=True),
        item(what="W", incident="I", team="T", owner="O", due="Fri 11 Dec", mine=False, days=-3, done_url=""),
        item(what="W", incident="I", team="T", owner="O", due="Fri 11 Dec", kind="effect_check", done_url=""),
    )
    ours = (rendered.subject + rendered.text + rendered.html).replace("うしろ", "")
    assert [
        character for character in ours if "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff"
    ] == []
