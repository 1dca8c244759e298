"""What a mail lets its reader do without signing in (U4): each link once, for one person, and nothing by itself."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from incidents.domain import absence, countermeasure, due_request, reminder
from incidents.domain import person as people
from incidents.domain import promise as promises
from incidents.enums import MailAct, Role
from incidents.letters import links
from incidents.models import Absence, DueRequest, FollowUp, Letter, MailReply, TimelineEntry
from tests.conftest import at
from tests.factories import MembershipFactory, PersonFactory, SpreadAnswerFactory
from tests.rows import everything

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}
UNCLEAR = "この名前では、代わりの人を決められません。"
TYPED = "部品が12月3日に届くと連絡がありました"


def path_of(url: str) -> str:
    return urlsplit(url).path


def link(act: MailAct, follow_up: FollowUp, person: Any) -> str:
    """The link as this person's mail holds it today."""
    return path_of(links.act_url(act, follow_up, person))


def press(client: Client, url: str, **typed: str) -> Any:
    """Open the page and press its button, as a browser does that keeps no cookies and names no page."""
    client.cookies.clear()
    form = client.get(url)
    token = form.context["page_token"] if form.context and "page_token" in form.context else ""
    client.cookies.clear()
    return client.post(url, {**typed, "page_token": token}, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"})


def typed_for(act: str, clock: Any) -> dict[str, str]:
    day = (clock.today + timedelta(days=40)).isoformat()
    return {
        "due": {"due_on": day, "reason": TYPED},
        "help": {"words": TYPED},
        "not_mine": {"words": TYPED},
        "away": {"starts_on": clock.today.isoformat(), "ends_on": day, "stand_in": ""},
        "done": {"note": TYPED},
    }[act]


@pytest.fixture
def stranger(client_of, dave) -> Client:
    """Whoever holds the mail: signed in nowhere, with the checks of the real site."""
    return client_of(dave, csrf=True)


@pytest.fixture
def measure(clock, story):
    return story.promised()


@pytest.fixture
def urls(measure, bob) -> dict[str, str]:
    """Every link that bob's mail holds about the measure."""
    made = {act.value: link(act, measure.follow_up, bob) for act in MailAct}
    made["away"] = path_of(links.away_url(bob))
    made["done"] = path_of(links.done_url(measure.follow_up, bob))
    return made


ACTS = ["due", "help", "not_mine", "away", "done"]

# Robots ---------------------------------------------------------------------------------------


def test_robots_that_follow_each_link_three_times_change_nothing(urls, client_of, dave):
    before = everything()
    for agent in ("SafeLinks", "Barracuda", "curl"):
        robot = client_of(dave, **{"User-Agent": agent})
        for _ in range(3):
            for url in urls.values():
                for answer in (robot.get(url, REMOTE_ADDR="203.0.113.9"), robot.head(url, REMOTE_ADDR="203.0.113.9")):
                    assert answer.status_code == 200
                    assert {name: answer[name] for name in HEADERS} == HEADERS
    assert everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_posting_blindly_does_nothing_and_loses_nothing(act, urls, stranger, clock):
    before = everything()
    answer = stranger.post(urls[act], typed_for(act, clock))
    assert answer.status_code == 200
    assert "このページを開いてから、時間がたちました。" in answer.content.decode()
    if act != "away":
        assert TYPED in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=["origin", "fetch"]
)
@pytest.mark.parametrize("act", ACTS)
def test_form_on_another_site_is_refused(act, headers, urls, stranger, clock):
    token = stranger.get(urls[act]).context["page_token"]
    before = everything()
    answer = stranger.post(urls[act], {**typed_for(act, clock), "page_token": token}, headers=headers)
    assert answer.status_code == 403
    assert everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_page_of_another_link_and_a_page_of_yesterday_press_no_button(act, urls, stranger, clock):
    other = stranger.get(urls["help" if act != "help" else "due"]).context["page_token"]
    own = stranger.get(urls[act]).context["page_token"]
    before = everything()
    assert stranger.post(urls[act], {**typed_for(act, clock), "page_token": other}).status_code == 200
    clock.forward(hours=25)
    answer = stranger.post(urls[act], {**typed_for(act, clock), "page_token": own})
    assert "もう一度押してください" in answer.content.decode()
    assert everything() == before
    again = {**typed_for(act, clock), "page_token": answer.context["page_token"]}
    assert "押してください" not in stranger.post(urls[act], again).content.decode()
    assert everything() != before


@pytest.mark.parametrize("act", ["due", "help", "not_mine", "away"])
def test_other_methods_are_not_taken(act, urls, stranger):
    for method in ("put", "patch", "delete"):
        assert getattr(stranger, method)(urls[act]).status_code == 405


# Each act ---------------------------------------------------------------------------------------


def test_another_date_is_asked_for_as_the_rule_says(urls, measure, stranger, clock, bob, alice):
    day = clock.today + timedelta(days=40)
    page = press(stranger, urls["due"], due_on=day.isoformat(), reason=TYPED).content.decode()
    assert "相談を送りました。" in page
    wish = DueRequest.objects.get()
    assert (wish.measure_id, wish.due_on, wish.reason, wish.asked_by, wish.state) == (
        measure.pk, day, TYPED, bob, "asked",
    )  # fmt: skip
    measure.refresh_from_db()
    assert measure.due_on == clock.today + timedelta(days=21)
    assert TYPED in TimelineEntry.objects.get(text__startswith="期限の相談").text
    before = everything()
    again = press(stranger, urls["due"], due_on=day.isoformat(), reason="もう一度")
    assert (again.status_code, "もう伝わっています。" in again.content.decode()) == (200, True)
    assert everything() == before


def test_a_date_promised_outside_asks_for_the_draft_first(clock, story, stranger, bob):
    measure = story.promised(promised_outside=True)
    url, day = link(MailAct.DUE, measure.follow_up, bob), (clock.today + timedelta(days=40)).isoformat()
    page = press(stranger, url, due_on=day, reason=TYPED).content.decode()
    assert "続報の下書きがまだありません" in page and TYPED in page
    assert not MailReply.objects.exists()
    press(stranger, url, due_on=day, reason=TYPED, draft="12月25日までにお届けします。")
    assert DueRequest.objects.get().draft == "12月25日までにお届けします。"


def test_a_lead_moves_their_own_date_at_once_and_the_link_says_so_twice(clock, story, stranger, alice, bob):
    measure = story.promised(owner=alice, checker=bob)
    url, day = link(MailAct.DUE, measure.follow_up, alice), clock.today + timedelta(days=40)
    assert "期限を変えました。" in press(stranger, url, due_on=day.isoformat(), reason=TYPED).content.decode()
    measure.refresh_from_db()
    assert measure.due_on == day
    again = press(stranger, url, due_on=(day + timedelta(days=9)).isoformat(), reason=TYPED)
    assert "もう伝わっています。" in again.content.decode()
    measure.refresh_from_db()
    assert measure.due_on == day


def test_help_is_asked_of_the_lead_the_backup_and_the_helpers(clock, story, team, stranger, alice, bob, vera, carol):
    backup, helper, mate = [MembershipFactory(team=team, role=Role.MEMBER).person for _ in range(3)]
    measure = story.promised(backup=backup)
    countermeasure.set_helpers(measure, by=alice, helpers=[helper])
    page = press(stranger, link(MailAct.HELP, measure.follow_up, bob), words=TYPED).content.decode()
    assert "手伝いのお願いを伝えました。" in page
    told = Letter.objects.filter(kind="help")
    assert set(told.values_list("recipient_id", flat=True)) == {alice.pk, backup.pk, helper.pk}
    letter = told.get(recipient=alice)
    assert letter.subject == f"鈴木 健太さんから手伝いのお願い: {measure.title}"
    assert TYPED in letter.text and TYPED in letter.html
    assert TimelineEntry.objects.get(text__startswith="手伝いのお願い").text == (
        f"手伝いのお願い: {measure.title}（{TYPED}）"
    )
    assert mate.pk not in set(told.values_list("recipient_id", flat=True))


def test_not_mine_is_told_to_the_lead_and_the_promise_stays(urls, measure, stranger, alice, bob):
    rows = list(measure.follow_up.deliveries.order_by("pk").values())
    page = press(stranger, urls["not_mine"], words="伊藤さんだと思います").content.decode()
    assert "担当はあなたのままで" in page
    letter = Letter.objects.get(kind="not_mine")
    assert (letter.recipient, letter.subject) == (alice, f"担当の相談: {measure.title}")
    assert "伊藤さんだと思います" in letter.text and "担当は鈴木 健太さんのまま" in letter.text
    follow_up = FollowUp.objects.get(pk=measure.follow_up.pk)
    assert (follow_up.owner, follow_up.state, follow_up.due_version) == (bob, "open", measure.follow_up.due_version)
    assert list(measure.follow_up.deliveries.order_by("pk").values()) == rows
    before = everything()
    assert "もう伝わっています。" in press(stranger, urls["not_mine"], words="x").content.decode()
    assert everything() == before


def test_not_mine_needs_no_word(urls, stranger, alice):
    press(stranger, urls["not_mine"], words="")
    assert "「" not in Letter.objects.get(kind="not_mine").text
    assert TimelineEntry.objects.filter(text__startswith="担当の相談").exists()


def test_who_is_the_only_lead_decides_themselves(clock, story, stranger, alice, bob):
    measure = story.promised(owner=alice, checker=bob)
    page = press(stranger, link(MailAct.NOT_MINE, measure.follow_up, alice), words=TYPED).content.decode()
    assert "担当を決めるのは、あなたです。" in page and TYPED in page
    assert not MailReply.objects.exists()


def test_absence_is_told_from_the_mail(urls, stranger, clock, bob, alice):
    first, last = clock.today + timedelta(days=6), clock.today + timedelta(days=10)
    typed = {"starts_on": first.isoformat(), "ends_on": last.isoformat(), "stand_in": "佐藤"}
    assert "不在の予定を入れました。" in press(stranger, urls["away"], **typed).content.decode()
    made = Absence.objects.get()
    assert (made.person, made.starts_on, made.ends_on, made.stand_in) == (bob, first, last, alice)
    assert Letter.objects.get(kind="stand_in").recipient == alice
    again = press(stranger, urls["away"], **typed)
    assert "もう伝わっています。" in again.content.decode()
    assert Absence.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("佐藤 美咲", "alice"),
        ("佐藤　美咲", "alice"),
        ("佐藤美咲", "alice"),
        ("佐藤", "alice"),
        ("佐藤さん", "alice"),
        ("Alice@example.jp", "alice"),
        ("伊藤", "no"),
        ("高橋 直子", "no"),
        ("田中 恵", "no"),
        ("鈴木 健太", "no"),
        ("木村", "no"),
        ("k2@example.jp", "k2"),
    ],
)
def test_stand_in_is_named_by_name_or_address(typed, wanted, urls, stranger, clock, team, alice, vera, carol):
    """vera reads only, carol is of another team, bob himself, one of two: none can stand in, and the page says one thing."""
    for n in (1, 2):
        MembershipFactory(team=team, person=PersonFactory(name=f"木村 {'花実'[n - 1]}", email=f"k{n}@example.jp"))
    day = clock.today.isoformat()
    page = press(stranger, urls["away"], starts_on=day, ends_on=day, stand_in=typed).content.decode()
    if wanted == "no":
        assert UNCLEAR in page and typed in page
    else:
        assert Absence.objects.get().stand_in.email == f"{wanted}@example.jp"


@pytest.mark.parametrize("typed", ["伊藤", "伊藤 誠", "makoto@example.jp"])
def test_the_page_from_a_mail_tells_nobody_who_is_away(typed, urls, stranger, clock, team):
    """Whoever holds the mail would find out by asking, day for day; and a part of a name is not made whole."""
    eve = MembershipFactory(team=team, person=PersonFactory(name="伊藤 誠", email="makoto@example.jp")).person
    dates = {"starts_on": clock.today.isoformat(), "ends_on": (clock.today + timedelta(days=3)).isoformat()}
    unknown = press(stranger, urls["away"], **dates, stand_in="山本").content.decode()
    absence.plan(eve, by=eve, starts_on=clock.today, ends_on=clock.today + timedelta(days=9))
    away = press(stranger, urls["away"], **dates, stand_in=typed).content.decode()
    assert UNCLEAR in unknown and UNCLEAR in away
    assert "不在の日があります" not in away and ("伊藤 誠" in away) is (typed == "伊藤 誠")
    assert Absence.objects.count() == 1


def test_the_answer_makes_no_name_whole(urls, stranger, clock, alice):
    day = clock.today.isoformat()
    page = press(stranger, urls["away"], starts_on=day, ends_on=day, stand_in="佐藤").content.decode()
    assert "不在の予定を入れました。" in page and "美咲" not in page
    assert Absence.objects.get().stand_in == alice


# When a link dies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "forged",
        "viewer",
        "left",
        "deactivated",
        "back again",
        "another address",
        "handed over",
        "expired",
        "restricted",
    ],
)
@pytest.mark.parametrize("act", ["done", "due", "help", "not_mine"])
def test_a_link_dies_with_the_standing_it_was_given_for(act, change, urls, measure, stranger, clock, alice, bob, admin):
    url = urls[act]
    token = stranger.get(url).context["page_token"]
    if change == "forged":
        url = url[:-3] + ("A/" if url[-2] != "A" else "B/")
    elif change == "viewer":
        bob.memberships.update(role="viewer")
    elif change == "left":
        bob.memberships.all().delete()
    elif change == "deactivated":
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    elif change in {"back again", "another address"}:
        ended(bob, change, admin)
    elif change == "handed over":
        eve = MembershipFactory(team=measure.incident.team).person
        countermeasure.hand_over(measure, by=alice, owner=eve)
    elif change == "expired":
        clock.forward(days=61)
    else:
        type(measure.incident).objects.filter(pk=measure.incident_id).update(
            restricted=True, owner=alice, recorded_by=alice
        )
    before = everything()
    assert stranger.get(url).status_code == 410
    answer = stranger.post(url, {**typed_for(act, clock), "page_token": token})
    assert (answer.status_code, "このリンクは使えません。" in answer.content.decode()) == (410, True)
    assert TYPED in answer.content.decode()  # not sent, and not lost
    assert everything() == before


def ended(bob, change, admin) -> None:
    if change == "another address":
        people.edit_person(bob, by=admin, email="bob.new@example.jp")
        return
    for active in (False, True):
        people.edit_person(bob, by=admin, is_active=active)


@pytest.mark.parametrize(
    "change", ["forged", "viewer", "left", "deactivated", "back again", "another address", "expired"]
)
def test_the_link_of_an_absence_dies_with_the_work_in_a_team(change, urls, stranger, clock, alice, bob, admin, measure):
    url = urls["away"]
    token = stranger.get(url).context["page_token"]
    if change == "forged":
        url = url[:-3] + ("A/" if url[-2] != "A" else "B/")
    elif change == "viewer":
        bob.memberships.update(role="viewer")
    elif change == "left":
        bob.memberships.all().delete()
    elif change == "deactivated":
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    elif change == "expired":
        clock.forward(days=61)
    else:
        ended(bob, change, admin)
    before = everything()
    assert stranger.get(url).status_code == 410
    assert stranger.post(url, {**typed_for("away", clock), "page_token": token}).status_code == 410
    assert everything() == before


def test_the_links_of_the_next_mail_work_for_whoever_is_back(measure, stranger, bob, admin):
    ended(bob, "another address", admin)
    bob.refresh_from_db()
    assert stranger.get(path_of(links.done_url(measure.follow_up, bob))).status_code == 200
    assert stranger.get(path_of(links.away_url(bob))).status_code == 200


def test_handed_over_and_back_is_a_new_promise(urls, measure, stranger, team, alice, bob):
    eve = MembershipFactory(team=team).person
    for owner in (eve, bob):
        countermeasure.hand_over(type(measure).objects.get(pk=measure.pk), by=alice, owner=owner)
    for act in ("done", "due", "help", "not_mine"):
        assert stranger.get(urls[act]).status_code == 410


def test_what_was_given_up_is_not_said_to_be_done(urls, measure, stranger, clock, alice):
    assert "もう実施済みです" not in stranger.get(urls["done"]).content.decode()
    countermeasure.not_doing(measure, by=alice, reason="やめる", review_on=clock.today + timedelta(days=90))
    page = stranger.get(urls["done"]).content.decode()
    assert "もう終わっています。" in page and "もう実施済みです" not in page


def test_what_is_done_is_said_to_be(urls, measure, stranger, alice):
    countermeasure.complete(measure, by=alice, note="先にできた")
    assert "もう実施済みです" in stranger.get(urls["done"]).content.decode()


@pytest.mark.parametrize("act", [*ACTS, "care"])
def test_no_log_line_tells_a_link(act, urls, client_of, dave, bob, caplog, monkeypatch):
    url = urls.get(act) or path_of(links.care_url(person_id=bob.pk))
    token = url.rstrip("/").rpartition("/")[2]
    client = client_of(dave, csrf=True)
    client.raise_request_exception = False
    with caplog.at_level(logging.DEBUG):
        for method in ("options", "put", "trace", "delete", "patch", "get", "post"):
            getattr(client, method)(url)
        assert client.get(url[:-5] + "/").status_code == 410
        assert client.get(url + "x/").status_code == 404
        assert client.get(url.rstrip("/")).headers["Location"].endswith(f"{token}/")  # the slash is still put there
        assert client.get(url, headers={"host": "evil.example"}).status_code == 400
        assert client.post(url, {}, headers={"Origin": "https://evil.example"}).status_code == 403
        monkeypatch.setattr(links, "_loads", None)
        assert client.get(url).status_code == 500
    said = [one.getMessage() for one in caplog.records if not one.name.startswith("django.db")]
    assert [line for line in said if token[:20] in line] == []
    assert any("/m/" in line for line in said)


@pytest.mark.parametrize("act", ["done", "due", "help", "not_mine"])
def test_another_date_ends_the_links_of_older_mails(act, urls, measure, stranger, clock, alice):
    token = stranger.get(urls[act]).context["page_token"]
    countermeasure.change_due(measure, by=alice, due_on=clock.today + timedelta(days=50), reason="x")
    before = everything()
    gone = stranger.get(urls[act])
    assert (gone.status_code, "このメールのあとで、期限か担当が変わりました。" in gone.content.decode()) == (410, True)
    page = stranger.post(urls[act], {**typed_for(act, clock), "page_token": token}).content.decode()
    assert "このメールのあとで、期限か担当が変わりました。" in page and TYPED in page
    assert everything() == before


@pytest.mark.parametrize("act", ["due", "help", "not_mine"])
def test_a_kept_promise_asks_for_nothing(act, urls, measure, stranger, clock, alice):
    token = stranger.get(urls[act]).context["page_token"]
    countermeasure.complete(measure, by=alice, note="先にできた")
    before = everything()
    assert "もう終わっています。" in stranger.get(urls[act]).content.decode()
    page = stranger.post(urls[act], {**typed_for(act, clock), "page_token": token}).content.decode()
    assert "これは、もう終わっています。" in page and TYPED in page
    assert everything() == before


def test_a_link_for_one_act_one_promise_and_one_person_is_nothing_elsewhere(urls, measure, stranger):
    for act in ACTS:
        token = urls[act].rstrip("/").rpartition("/")[2]
        for other in ("due", "help", "not-mine", "away", "care"):
            if other != act.replace("_", "-"):
                assert stranger.get(f"/m/{other}/{token}/").status_code == 410
        if act != "done":
            assert stranger.get(f"/m/{token}/").status_code == 410
    salt = links.ACT_SALT[MailAct.HELP]
    for payload in ([measure.follow_up.pk], [measure.follow_up.pk, 1, 1, 1], {"a": 1}, ["x", "y", "z"], None, "x"):
        assert stranger.get(f"/m/help/{signing.dumps(payload, salt=salt)}/").status_code == 410


@pytest.mark.parametrize(
    "token", ["x", "a:b:c", "." * 50, "WzEsMl0:1a:b", "%00", "あ", "\ud800".encode("utf-8", "replace").decode()]
)
def test_odd_tokens_are_answered_calmly(token, stranger, organisation):
    for act in ("due", "help", "not-mine", "away"):
        assert stranger.get(f"/m/{act}/{token}/").status_code == 410
        assert stranger.post(f"/m/{act}/{token}/", {"words": "x"}).status_code == 410


@pytest.mark.parametrize(
    "bad", ["", " ", "2026-02-30", "1899-01-01", "x" * 4000, "\x00", "<script>alert(1)</script>", "9" * 400], ids=repr
)
def test_bad_input_is_an_error_on_the_page(bad, urls, stranger):
    for act, names in {
        "due": ("due_on", "reason", "stood"),
        "help": ("words",),
        "not_mine": ("words",),
        "away": ("starts_on", "ends_on", "stand_in"),
    }.items():
        answer = press(stranger, urls[act], **dict.fromkeys(names, bad))
        assert answer.status_code == 200
        assert "<script>alert(1)</script>" not in answer.content.decode()
    assert not DueRequest.objects.exists() and not Absence.objects.exists()


# What the page shows --------------------------------------------------------------------------------


def test_pages_show_no_more_than_the_mail(urls, measure, stranger, alice, vera, clock):
    eve = MembershipFactory(team=measure.incident.team, person=PersonFactory(name="伊藤 誠")).person
    for act in ("due", "help", "not_mine"):
        pages = [
            stranger.get(urls[act]).content.decode(),
            press(stranger, urls[act], **typed_for(act, clock)).content.decode(),
        ]
        for page in pages:
            assert measure.title in page
            for secret in (measure.before, measure.after, measure.incident.who_waits, alice.name, eve.name, "受注課"):
                assert secret not in page
    page = stranger.get(urls["away"]).content.decode()
    for secret in (measure.title, alice.name, eve.name, "受注課"):
        assert secret not in page


def test_the_page_is_in_the_language_of_whom_the_mail_was_written_to(urls, stranger, bob):
    type(bob).objects.filter(pk=bob.pk).update(language="en")
    for act in ("due", "help", "not_mine", "away"):
        answer = stranger.get(urls[act], headers={"Accept-Language": "ja"})
        assert (answer["Content-Language"], '<html lang="en"' in answer.content.decode()) == ("en", True)


def test_what_another_team_asks_shows_its_question_and_no_record(clock, stranger, story, team, carol, other_team):
    asked = SpreadAnswerFactory(team=other_team)
    follow_up = FollowUp.objects.create(
        kind="spread_answer", incident=asked.spread.incident, team=other_team, owner=carol, due_on=clock.today,
        spread_answer=asked,
    )  # fmt: skip
    lead = MembershipFactory(team=other_team, role=Role.LEAD).person
    lines = TimelineEntry.objects.count()
    page = press(stranger, link(MailAct.HELP, follow_up, carol), words=TYPED).content.decode()
    letter = Letter.objects.get(kind="help")
    assert letter.recipient == lead
    for shown in (page, letter.text, letter.html, letter.subject):
        assert asked.spread.title in shown or shown is letter.subject
        assert asked.spread.incident.title not in shown and asked.spread.incident.reference not in shown
    assert TimelineEntry.objects.count() == lines  # nothing on the record of the team that asks


# The mail itself --------------------------------------------------------------------------------------


def test_the_mornings_letter_holds_links_that_work(clock, story, stranger, bob, alice):
    measure = story.promised(due_on=clock.today + timedelta(days=1))
    letter = reminder.write_digest(bob, asked_for=True)
    for act in ("due", "help", "not-mine", "away"):
        url = next(line for line in letter.text.splitlines() if f"/m/{act}/" in line).split()[-1]
        assert url in letter.html
        assert stranger.get(path_of(url)).status_code == 200
    assert measure.title in letter.text


def test_a_lead_who_only_hears_of_it_has_no_link_but_their_own_absence(clock, story, alice, bob):
    story.promised(due_on=clock.today)
    clock.to("2026-12-14 09:00")
    reminder.write_due_digests()
    letter = Letter.objects.filter(recipient=alice, kind="digest").latest("pk")
    assert "鈴木" in letter.text
    assert [word for word in ("/m/due/", "/m/help/", "/m/not-mine/") if word in letter.text] == []
    assert "/m/away/" in letter.text


def test_a_promise_of_a_minute_lets_its_owner_ask_for_help(clock, story, stranger, bob, alice):
    record = story.reported()
    promises.promise(record, by=bob, text="折り返しのお電話", due_at=clock.now + timedelta(minutes=10))
    clock.forward(minutes=11)
    reminder.write_due_moments()
    letter = Letter.objects.filter(recipient=bob, kind="moment").latest("pk")
    url = next(line for line in letter.text.splitlines() if "/m/help/" in line)
    assert "/m/not-mine/" in letter.html and "/m/due/" not in letter.text
    assert "折り返しのお電話" in press(stranger, path_of(url), words=TYPED).content.decode()
    assert Letter.objects.get(kind="help").recipient == alice


def test_who_stands_in_acts_until_the_absence_ends(clock, story, team, stranger, alice, bob):
    eve = MembershipFactory(team=team, role=Role.MEMBER).person
    measure = story.promised(due_on=clock.today + timedelta(days=1))
    url = link(MailAct.HELP, measure.follow_up, eve)
    assert stranger.get(url).status_code == 410
    made = absence.plan(bob, by=bob, starts_on=clock.today, ends_on=clock.today + timedelta(days=2), stand_in=eve)
    assert stranger.get(url).status_code == 200
    absence.end(made, by=bob)
    assert stranger.get(url).status_code == 410


def test_an_open_request_is_not_asked_for_twice(urls, measure, stranger, clock, bob):
    due_request.ask(measure, by=bob, due_on=clock.today + timedelta(days=30), reason="x")
    page = press(stranger, urls["due"], **typed_for("due", clock)).content.decode()
    assert "返事待ちの期限の相談があります" in page and TYPED in page
    assert not MailReply.objects.exists()


# A promise by word ------------------------------------------------------------------------------


@pytest.fixture
def call_back(clock, story, bob) -> FollowUp:
    """bob has promised to call back at two."""
    made = story.reported()
    return promises.promise(made, by=bob, text="折り返す", to_whom="青空物産さま", due_at=at("2026-11-24 14:00"))


def test_a_promise_by_word_is_kept_from_its_mail(call_back, clock, stranger, bob):
    clock.to("2026-11-24 13:45")
    [letter_id] = reminder.write_due_moments()
    told = Letter.objects.get(pk=letter_id)
    url = path_of(links.done_url(call_back, bob))
    assert url in told.text and url in told.html
    before = everything()
    for _ in range(3):
        page = stranger.get(url)
        assert stranger.head(url).status_code == page.status_code == 200
    assert everything() == before
    assert "折り返す" in page.content.decode() and "11/24 14:00" in page.content.decode()
    assert "「折り返す」を守りました" in press(stranger, url, note="在庫を伝えました").content.decode()
    call_back.refresh_from_db()
    assert (call_back.state, call_back.closed_by, call_back.closed_note) == ("kept", bob, "在庫を伝えました")
    assert "もう終わっています。" in stranger.get(url).content.decode()


def test_its_link_ends_with_another_time_and_a_report_has_none(call_back, clock, stranger, bob):
    url = path_of(links.done_url(call_back, bob))
    promises.move(call_back, by=bob, due_at=at("2026-11-24 16:00"), reason="先方が会議", told=True)
    assert stranger.get(url).status_code == 410
    report = promises.promise_next(call_back.incident, by=bob, next_at=at("2026-11-24 17:00"))
    assert report is None
    following = FollowUp.objects.get(kind="next_report", state="open")
    assert stranger.get(path_of(links.done_url(following, bob))).status_code == 410
