"""The calendar of a person, as a program reads it: whoever has the address, without a session."""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import icalendar
import pytest
from django.core.signing import dumps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.domain import countermeasure, feed, ledger, promise, reader
from incidents.enums import MOMENT_KINDS, FollowUpKind, FollowUpState, Role
from incidents.models import CalendarFeed, FollowUp, Incident, Membership, Person
from incidents.queries import feed as feeds
from incidents.views.feed import BRAKE
from tests.factories import (
    CountermeasureFactory,
    EffectCheckFactory,
    FollowUpFactory,
    IncidentFactory,
    IncidentReaderFactory,
    QuestionFactory,
    RootCauseFactory,
    SpreadAnswerFactory,
)
from tests.rows import everything
from ushiro.middleware import FeedMiddleware

pytestmark = pytest.mark.django_db

NAUGHTY = "社外秘\r\nATTENDEE:mailto:x@example.jp;,\\n 青空物産 <b>\u202e"


def address(person: Person) -> str:
    return reverse("calendar-feed", args=[feed.make(person, by=person)])


def parts(answer, kind: str = "VEVENT") -> list[icalendar.Component]:
    assert answer.status_code == 200
    return icalendar.Calendar.from_ical(answer.content).walk(kind)


def measures(answer, kind: str = "VEVENT") -> list[icalendar.Component]:
    """Those that are about a countermeasure; a record also has a first report that was given."""
    return [part for part in parts(answer, kind) if "対策の期限" in str(part["SUMMARY"])]


def titles(answer, kind: str = "VEVENT") -> list[str]:
    return [str(part["SUMMARY"]) for part in parts(answer, kind)]


def of_each_kind(team, incident, owner: Person, due_on: date) -> dict[str, FollowUp]:
    """A promise of every kind, all of them of one record, full of words that must not be told."""
    measure = CountermeasureFactory(incident=incident, title=NAUGHTY[:100])
    root = RootCauseFactory(incident=incident)
    pointers = {
        FollowUpKind.COUNTERMEASURE: {"measure": measure},
        FollowUpKind.EFFECT_CHECK: {"check_plan": EffectCheckFactory(measure=measure)},
        FollowUpKind.QUESTION: {"question": QuestionFactory(incident=incident)},
        FollowUpKind.RISK_REVIEW: {"root": root},
        FollowUpKind.NOT_DOING_REVIEW: {"review_of": measure},
        FollowUpKind.ANNIVERSARY: {"review_of": measure},
        FollowUpKind.SPREAD_ANSWER: {"spread_answer": SpreadAnswerFactory(team=team)},
        FollowUpKind.SPREAD_ACTION: {"spread_action": SpreadAnswerFactory(team=team)},
    }
    at = datetime.combine(due_on, datetime.min.time(), UTC) + timedelta(hours=6, minutes=30)
    return {
        kind: FollowUpFactory(
            kind=kind,
            incident=incident,
            team=team,
            owner=owner,
            due_on=due_on,
            due_at=at if kind in MOMENT_KINDS else None,
            text=NAUGHTY,
            to_whom=NAUGHTY[:100],
            **({"measure": None} | pointers.get(kind, {})),
        )
        for kind in FollowUpKind
    }


@pytest.fixture
def world(clock, team, alice, bob, vera, carol) -> SimpleNamespace:
    crack = IncidentFactory(
        team=team,
        title=NAUGHTY[:150],
        who_waits="青空物産さま",
        counterparty="青空物産",
        recorded_by=alice,
        owner=alice,
    )
    return SimpleNamespace(crack=crack, of=of_each_kind(team, crack, bob, date(2026, 12, 11)))


# What stands in it ----------------------------------------------------------------------------


KINDS_JA = {
    "K-{n} 対策の期限",
    "K-{n} 効果確認",
    "K-{n} 一次報告の時計",
    "K-{n} 続報",
    "K-{n} 最終報告",
    "K-{n} お約束",
    "K-{n} 問い",
    "K-{n} 受け入れたリスクの見直し",
    "K-{n} 実施しない対策の見直し",
    "横展開の回答",
    "横展開の取り組み",
    "K-{n} 一年後の確かめ",
}


def test_every_kind_of_promise_stands_in_it_once_as_event_and_once_as_task(world, bob, client):
    answer = client.get(address(bob))
    expected = sorted(title.format(n=world.crack.number) for title in KINDS_JA)
    assert sorted(titles(answer)) == sorted(titles(answer, "VTODO")) == expected
    assert len(expected) == len(FollowUpKind)


def test_a_day_is_a_day_and_a_minute_is_on_the_persons_wall(world, bob, client):
    Person.objects.filter(pk=bob.pk).update(time_zone="America/New_York")
    answer = client.get(address(bob))
    starts = {str(part["SUMMARY"]).split()[-1]: part.decoded("DTSTART") for part in parts(answer)}
    assert starts["対策の期限"] == date(2026, 12, 11)
    assert starts["続報"] == datetime(2026, 12, 11, 6, 30, tzinfo=UTC)
    assert starts["続報"].tzinfo.key == "America/New_York"
    assert b"DTSTART;TZID=America/New_York:20261211T013000\r\n" in answer.content
    assert b"BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n" in answer.content


def test_each_leads_to_the_page_on_which_it_is_kept(world, bob, client, client_of):
    found = {str(part["SUMMARY"]).split()[-1]: str(part["URL"]) for part in parts(client.get(address(bob)))}
    key = f"http://testserver/incidents/K-{world.crack.number}/"
    measure = world.of["countermeasure"].measure_id
    assert found == {
        "対策の期限": f"{key}#measure-{measure}",
        "効果確認": f"{key}#measure-{measure}",
        "一次報告の時計": f"{key}first-report/",
        "続報": f"{key}#promises",
        "最終報告": f"{key}final-report/",
        "お約束": f"{key}#promises",
        "問い": f"{key}#question-{world.of['question'].question_id}",
        "受け入れたリスクの見直し": f"http://testserver/follow-ups/{world.of['risk_review'].pk}/review/",
        "実施しない対策の見直し": f"http://testserver/follow-ups/{world.of['not_doing_review'].pk}/review/",
        "横展開の回答": f"http://testserver/spreads/{world.of['spread_answer'].spread_answer_id}/",
        "横展開の取り組み": f"http://testserver/spreads/{world.of['spread_action'].spread_action_id}/done/",
        "一年後の確かめ": f"http://testserver/follow-ups/{world.of['anniversary'].pk}/review/",
    }
    mine = client_of(bob)
    for url in found.values():
        path = url.removeprefix("http://testserver").partition("#")[0]
        assert Client().get(path).headers["Location"].startswith("/account/login/")
        assert mine.get(path).status_code in {200, 302}


def test_english_reader_has_english_titles(world, bob, client):
    Person.objects.filter(pk=bob.pk).update(language="en")
    answer = client.get(address(bob), headers={"accept-language": "ja"})
    assert f"K-{world.crack.number} Countermeasure due" in titles(answer)
    assert not re.search("[\u3000-\u9fff]", answer.content.decode())
    assert answer.headers["Content-Language"] == "en"


def test_nothing_of_a_record_is_told_but_its_number(world, bob, client):
    text = client.get(address(bob)).content.decode().replace("\r\n ", "")
    told = ["社外秘", "青空物産", "ATTENDEE", "受注課", "佐藤", "鈴木", bob.email, "手順がない", "候補から", "\u202e"]
    assert [word for word in told if word in text] == []
    asked = {world.of[kind].incident.reference for kind in ("spread_answer", "spread_action")}
    assert asked == {world.crack.reference}
    spreads = [part for part in parts(client.get(address(bob))) if str(part["SUMMARY"]).startswith("横展開")]
    assert all(world.crack.reference not in part.to_ical().decode() for part in spreads)
    assert len(spreads) == 2


def test_stand_in_sees_the_day_and_has_no_task(world, alice, bob, client):
    FollowUp.objects.filter(kind__in=["countermeasure", "spread_action"]).update(backup=alice)
    answer = client.get(address(alice))
    assert sorted(titles(answer)) == sorted(
        [f"K-{world.crack.number} 対策の期限（代わりの人）", "横展開の取り組み（代わりの人）"]
    )
    assert parts(answer, "VTODO") == []


def test_names_stay_and_the_version_counts_when_a_date_moves(clock, story, bob, client):
    measure = story.promised()
    url = address(bob)
    (before,) = measures(client.get(url))
    clock.forward(hours=1)
    ledger.move(FollowUp.objects.get(measure=measure), due_on=date(2027, 2, 1))
    (after,) = measures(client.get(url))
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (1, 2)
    assert after.decoded("DTSTART") == date(2027, 2, 1)
    assert after.decoded("LAST-MODIFIED") == after.decoded("DTSTAMP") == clock.now.astimezone(UTC)
    assert before.decoded("CREATED") == after.decoded("CREATED")
    (renewed,) = measures(client.get(address(bob)))
    assert renewed["UID"] == after["UID"], "a new address is the same calendar"


def test_uids_are_of_one_part_each_and_tell_no_number(world, bob, client):
    answer = client.get(address(bob))
    uids = [str(part["UID"]) for kind in ("VEVENT", "VTODO") for part in parts(answer, kind)]
    assert len(uids) == len(set(uids)) == 2 * len(FollowUpKind)
    assert all(len(uid.rsplit("-", 1)[0]) == 36 for uid in uids)


def test_handed_over_goes_with_its_owner(clock, story, alice, bob, client):
    measure, of_bob, of_alice = story.promised(), address(bob), address(alice)
    assert (len(measures(client.get(of_bob))), len(measures(client.get(of_alice)))) == (1, 0)
    ledger.hand_over(FollowUp.objects.get(measure=measure), owner=alice, backup=None)
    assert (len(measures(client.get(of_bob))), len(measures(client.get(of_alice)))) == (0, 1)


def test_kept_and_dropped_are_told_as_such_for_thirty_days(clock, story, bob, alice, client):
    kept, dropped = story.promised(), story.promised()
    url = address(bob)
    clock.forward(minutes=5)
    countermeasure.complete(kept, by=bob, note="出しました")
    ledger.drop(FollowUp.objects.get(measure=dropped), reason="not_doing")
    closed_at = clock.now
    for days in (0, 29):
        clock.to("2026-11-24 09:35")
        clock.forward(days=days)
        answer = client.get(url)
        assert [str(part["STATUS"]) for part in measures(answer)] == ["CANCELLED", "CANCELLED"]
        assert sorted(str(part["STATUS"]) for part in measures(answer, "VTODO")) == ["CANCELLED", "COMPLETED"]
        (done,) = [part for part in measures(answer, "VTODO") if part["STATUS"] == "COMPLETED"]
        assert (done.decoded("COMPLETED"), done["PERCENT-COMPLETE"]) == (closed_at.astimezone(UTC), 100)
    clock.forward(days=2)
    assert parts(client.get(url)) == []
    assert [part.name for part in icalendar.Calendar.from_ical(client.get(url).content).subcomponents] == ["VTIMEZONE"]


def test_no_more_than_so_many_and_the_nearest_first(clock, team, bob, client, monkeypatch):
    monkeypatch.setattr(feeds, "MOST_OPEN", 3)
    monkeypatch.setattr(feeds, "MOST_ENDED", 2)
    crack = IncidentFactory(team=team)
    for day in range(1, 8):
        some_final_report(team, bob, day, crack=crack if day == 1 else None)
    for minutes in range(4):
        FollowUp.objects.filter(pk__in=[some_final_report(team, bob, 20 + minutes).pk]).update(
            state=FollowUpState.KEPT, closed_at=clock.now - timedelta(minutes=minutes)
        )
    days = [part.decoded("DTSTART").day for part in parts(client.get(address(bob)))]
    assert days == [1, 2, 3, 20, 21]


def some_final_report(team, owner, day: int, *, crack: Incident | None = None, **more) -> FollowUp:
    crack = crack or IncidentFactory(team=team)
    return FollowUpFactory(
        kind="final_report", measure=None, incident=crack, team=team, owner=owner, due_on=date(2026, 12, day), **more
    )


# Who may --------------------------------------------------------------------------------------


def test_three_people_read_three_calendars(world, alice, bob, carol, other_team, client):
    theirs = some_final_report(other_team, carol, 3)
    some_final_report(world.crack.team, alice, 4, crack=IncidentFactory(team=world.crack.team, number=777))
    of_alice, of_bob, of_carol = (titles(client.get(address(person))) for person in (alice, bob, carol))
    assert of_alice == ["K-777 最終報告"]
    assert len(of_bob) == len(FollowUpKind)
    assert of_carol == [f"{theirs.incident.reference} 最終報告"]


def test_address_of_one_is_nobody_elses_whoever_is_signed_in(world, alice, bob, carol, client, client_of):
    url = address(bob)
    plain = client.get(url)
    for person in (alice, carol, bob):
        assert client_of(person).get(url).content == plain.content


def test_who_left_the_team_reads_nothing_of_it_any_more(world, bob, client):
    url = address(bob)
    Membership.objects.filter(person=bob).delete()
    assert parts(client.get(url)) == []


def test_who_became_a_viewer_has_nothing_to_do_there(world, bob, client):
    url = address(bob)
    Membership.objects.filter(person=bob).update(role=Role.VIEWER)
    assert parts(client.get(url)) == []


def test_restricted_record_stands_with_its_readers_alone(world, alice, bob, client):
    url = address(bob)
    reader.restrict(world.crack, by=alice, readers=[alice])
    Incident.objects.filter(pk=world.crack.pk).update(restricted=True)
    # What another team asks is this team's and shows nothing of the record.
    assert sorted(titles(client.get(url))) == ["横展開の取り組み", "横展開の回答"]
    IncidentReaderFactory(incident=world.crack, person=bob)
    assert len(titles(client.get(url))) == len(FollowUpKind)


def test_deactivated_renewed_switched_off_and_wrong_are_one_answer(world, bob, alice, client):
    dead = [
        address(bob),
        address(bob)[:-9] + "AAAA.ics",
        "/feed/x.ics",
        "/feed/%00.ics",
        "/feed/" + "a" * 3000 + ".ics",
    ]
    gone, off = address(alice), address(bob)
    feed.switch_off(bob, by=bob)
    Person.objects.filter(pk=alice.pk).update(is_active=False)
    answers = [client.get(url) for url in (*dead, gone, off)]
    assert {(a.status_code, a.content, a.headers["Content-Type"]) for a in answers} == {
        (404, b"Not Found\n", "text/plain; charset=utf-8")
    }


def test_other_secrets_of_the_house_open_no_calendar_and_this_one_opens_nothing_else(world, bob, client):
    token = feed.make(bob, by=bob)
    for other in (dumps(bob.pk, salt="ushiro.mail.care.v1"), dumps([1, bob.pk], salt="ushiro.mail.done.v1")):
        assert client.get(reverse("calendar-feed", args=[other])).status_code == 404
    for path in (f"/m/{token}/", f"/m/care/{token}/", f"/n/{token}/", f"/setup/{token}/"):
        assert client.get(path).status_code in {404, 410}
    assert client.get("/preferences/", headers={"authorization": f"Bearer {token}"}).status_code == 302


# How it is asked ------------------------------------------------------------------------------


def test_program_that_has_it_already_is_told_so(clock, story, bob, client):
    measure, url = story.promised(), address(bob)
    first = client.get(url)
    mark = first.headers["ETag"]
    for said in (mark, f"W/{mark}", f'"other", {mark}'):
        again = client.get(url, headers={"if-none-match": said})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", mark)
        assert "no-store" in again.headers["Cache-Control"]
    clock.forward(hours=5)
    assert client.get(url).content == first.content, "time alone changes nothing"
    assert client.get(url, headers={"if-none-match": '"other"'}).status_code == 200
    ledger.move(FollowUp.objects.get(measure=measure), due_on=date(2027, 2, 1))
    assert client.get(url, headers={"if-none-match": mark}).status_code == 200


@pytest.mark.parametrize("change", [{"language": "en"}, {"time_zone": "Europe/Berlin"}])
def test_mark_changes_with_the_persons_settings(world, bob, client, change):
    url = address(bob)
    mark = client.get(url).headers["ETag"]
    Person.objects.filter(pk=bob.pk).update(**change)
    assert client.get(url).headers["ETag"] != mark


def test_headers(world, bob, client):
    headers = client.get(address(bob)).headers
    assert {
        name: headers[name]
        for name in ("Content-Type", "Content-Disposition", "Cache-Control", "Referrer-Policy", "X-Robots-Tag")
    } == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": 'attachment; filename="ushiro.ics"',
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_cookie_goes_in_or_out(world, bob, client_of):
    client = client_of(bob)
    client.get("/preferences/")
    url = address(bob)
    with CaptureQueriesContext(connection) as seen:
        answers = [client.get(url), client.get("/feed/x.ics"), client.post(url), client.get("/feed/")]
    assert [len(answer.cookies) for answer in answers] == [0, 0, 0, 0]
    assert not [query for query in seen if "session" in query["sql"]]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_it_is_read_and_nothing_else(world, bob, method):
    url = address(bob)
    before = everything()
    for client in (Client(), Client(enforce_csrf_checks=True)):
        for where in (url, "/feed/x.ics"):
            answer = getattr(client, method)(where)
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert everything() == before


def test_robot_that_comes_three_times_changes_nothing_but_the_day(world, bob, client):
    url = address(bob)
    client.get(url)
    before = everything()
    for _ in range(3):
        assert client.get(url).status_code == 200
        head = client.head(url)
        assert (head.status_code, head.content) == (200, b"")
    assert everything() == before
    assert CalendarFeed.objects.get().last_read_on == date(2026, 11, 24)


def test_query_of_an_address_means_nothing(world, bob, client):
    url = address(bob)
    assert client.get(f"{url}?owner=1&_connector=OR&format=json").content == client.get(url).content


def test_no_log_line_tells_an_address(world, bob, client, caplog, monkeypatch):
    token = feed.make(bob, by=bob)
    url = reverse("calendar-feed", args=[token])
    refused = Client(enforce_csrf_checks=True, raise_request_exception=False)
    with caplog.at_level(logging.DEBUG):
        for answer in (client.get(url), refused.post(url), client.get(url[:-5] + "x.ics"), client.get(url + "/")):
            assert answer.status_code in {200, 404, 405}
        assert client.get(url, headers={"host": "evil.example"}).status_code == 400
        monkeypatch.setattr(feeds, "MOST_OPEN", "broken")
        assert refused.get(url).status_code == 500
    django_said = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert len(django_said) >= 4
    assert not [line for line in django_said if token[:20] in line]
    assert any("/feed/" in line for line in django_said)


def test_too_often_is_told_when_to_come_again(world, bob, alice, client, monkeypatch):
    monkeypatch.setattr(BRAKE, "most", 3)
    monkeypatch.setattr(BRAKE, "_day", None)
    url = address(bob)
    answers = [client.get(url) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert client.get(address(alice)).status_code == 200, "each feed has its own"


def test_address_that_comes_by_http_is_led_on_with_all_of_it(world, bob, client, settings):
    settings.SECURE_SSL_REDIRECT = True
    url = address(bob)
    fresh = Client()
    assert fresh.get(url).headers["Location"] == f"https://testserver{url}"
    assert fresh.get(url, secure=True).status_code == 200


def test_middleware_stands_before_whatever_looks_at_a_session_or_refuses_a_form(settings):
    order = settings.MIDDLEWARE
    mine = order.index("ushiro.middleware.FeedMiddleware")
    assert order.index("django.middleware.security.SecurityMiddleware") < mine
    for later in ("sessions.middleware.SessionMiddleware", "csrf.CsrfViewMiddleware", "common.CommonMiddleware"):
        assert mine < next(place for place, name in enumerate(order) if name.endswith(later))
    assert reverse("calendar-feed", args=["x"]).startswith(FeedMiddleware.PREFIX)


# In the preferences ---------------------------------------------------------------------------


def shown(client) -> str:
    return client.get("/preferences/").content.decode()


def test_address_is_shown_once_and_works(clock, story, bob, client_of):
    story.promised()
    client = client_of(bob)
    assert "アドレスを作る" in shown(client) and "止める" not in shown(client)
    answer = client.post("/preferences/calendar/")
    url = answer.content.decode().partition('value="http://testserver')[2].partition('"')[0]
    assert url.startswith("/feed/ushirocal_")
    assert f'href="webcal://testserver{url}"' in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "対策の期限" in titles(Client().get(url))[0]
    assert url not in shown(client) and "ushirocal_" not in shown(client)
    assert "最後に読まれた日: 11月24日（火）" in shown(client)


def test_renewed_and_switched_off_by_its_person(clock, bob, client_of):
    client, url = client_of(bob), address(bob)
    assert "まだ読まれていません" in shown(client)
    client.post("/preferences/calendar/")
    assert Client().get(url).status_code == 404
    url = address(bob)
    answer = client.post("/preferences/calendar/off/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/preferences/#calendar")
    assert "カレンダーのアドレスを止めました。" in shown(client)
    assert "アドレスを作る" in shown(client)
    assert Client().get(url).status_code == 404


@pytest.mark.parametrize("path", ["/preferences/calendar/", "/preferences/calendar/off/"])
def test_looking_makes_and_ends_nothing(bob, dave, client_of, path):
    feed.make(bob, by=bob)
    mine, guarded = client_of(bob), client_of(bob, csrf=True)
    before = everything()
    assert mine.get(path).headers["Location"] == "/preferences/#calendar"
    assert guarded.post(path).status_code == 403
    assert client_of(dave).post(path).headers["Location"].startswith("/account/login/")
    assert everything() == before


def test_saving_the_preferences_leaves_the_calendar(bob, client_of):
    url, client = address(bob), client_of(bob)
    client.post(
        "/preferences/",
        {
            "name": "鈴木 健太",
            "language": "en",
            "time_zone": "UTC",
            "digest_hour": "8",
            "quiet_until": "8",
            "theme": "auto",
        },
    )
    assert Client().get(url).headers["Content-Language"] == "en"


def test_promise_made_by_the_verbs_stands_there_to_the_minute(clock, story, bob, client):
    made = story.reported()
    promise.promise(made, by=bob, text="折り返しのお電話", due_at=clock.now + timedelta(hours=2), owner=bob)
    at = {str(part["SUMMARY"]): part.decoded("DTSTART") for part in parts(client.get(address(bob)))}
    assert at[f"{made.reference} お約束"] == clock.now + timedelta(hours=2)
