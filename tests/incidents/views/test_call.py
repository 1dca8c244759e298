"""電話メモ on the pages: one tap away, five questions, and none about anger (A-22)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import call, incident
from incidents.forms.call import CallForm
from incidents.models import FollowUp, Incident, TimelineEntry
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db


def url_of(one) -> str:
    return f"{one.get_absolute_url()}call/"


def test_form_asks_for_facts_wishes_and_a_time_and_for_no_feeling():
    assert list(CallForm.base_fields) == [
        "with_whom",
        "called_at",
        "said",
        "asks",
        "promised_at",
        "promised_what",
        "is_first_report",
    ]


def test_one_tap_from_the_record_and_one_save(clock, crack, client_of, bob, alice):
    page = client_of(bob)
    head = re.search(r'<div class="head-line">.*?</div>', page.get(crack.get_absolute_url()).content.decode(), re.S)
    assert url_of(crack) in head[0]
    sent = opened(page, url_of(crack))
    assert (sent["with_whom"], sent["called_at"]) == ("青空物産さま", "2026-11-24T09:30")

    answer = page.post(
        url_of(crack),
        sent | {"said": "見積書が1通届いた", "asks": "今日中に差し替えがほしい", "promised_at": "午前11時"},
    )
    assert (answer.status_code, answer["Location"]) == (302, crack.get_absolute_url() + "#outside")
    text = client_of(alice).get(crack.get_absolute_url()).content.decode()
    outside = re.search(r'<section class="card" id="outside".*?</section>', text, re.S)[0]
    assert "青空物産さま のご要望: 今日中に差し替えがほしい" in outside
    assert FollowUp.objects.get(kind="promise").text == "折り返しのお電話"
    assert Incident.objects.get(pk=crack.pk).first_reported_at is None


def test_tick_is_there_while_the_clock_runs_and_stops_it(clock, crack, client_of, bob):
    page = client_of(bob)
    plain = page.get(url_of(crack)).content.decode()
    assert 'name="is_first_report"' in plain
    assert f"{url_of(crack)}?first=1" in page.get(f"{crack.get_absolute_url()}first-report/phone/").content.decode()
    sent = opened(page, url_of(crack) + "?first=1") | {"said": "1通届いた"}
    assert (sent["is_first_report"], sent["promised_at"]) == ("on", "2026-11-25T09:30")
    assert page.post(url_of(crack), sent).status_code == 302
    assert Incident.objects.get(pk=crack.pk).first_report_channel == "phone"
    assert 'name="is_first_report"' not in page.get(url_of(crack) + "?first=1").content.decode()


def test_refusals_stand_beside_what_was_typed(clock, crack, client_of, bob):
    sent = opened(client_of(bob), url_of(crack)) | {"said": "見積書が1通届いた", "is_first_report": "on"}
    text = client_of(bob).post(url_of(crack), sent).content.decode()
    assert "次の報告の時刻が決まっていません。" in text
    assert "見積書が1通届いた</textarea>" in text
    for change, told in (
        ({"said": ""}, "伺ったことも、ご要望も書かれていません。"),
        ({"called_at": "2026-11-24T10:30"}, "電話の時刻が未来になっています。"),
        ({"called_at": "そのうち"}, "日付として読めませんでした。"),
        ({"promised_at": "2026-11-24T08:00"}, "お約束の時刻が過ぎています。"),
        ({"with_whom": ""}, "必須"),
    ):
        answer = client_of(bob).post(url_of(crack), sent | {"promised_at": "2026-11-24T12:00"} | change)
        assert (answer.status_code, told in answer.content.decode()) == (200, True), change
    assert not TimelineEntry.objects.filter(kind="call").exists()


def test_clock_that_somebody_else_stopped_meanwhile_loses_nothing(clock, crack, client_of, alice, bob):
    sent = opened(client_of(bob), url_of(crack)) | {"said": "1通届いた", "is_first_report": "on"}
    incident.record_first_report(crack, by=alice, channel="mail", reported_at=clock.now)
    browser = client_of(bob)
    answer = browser.post(url_of(crack), sent | {"promised_at": "2026-11-24T12:00"})
    assert answer.status_code == 302
    assert (
        "一次報告は、ほかの方がすでに記録していた" in browser.get(answer.url).content.decode()
    )  # the tick is not dropped in silence
    now = Incident.objects.get(pk=crack.pk)
    assert now.first_report_channel == "mail"
    assert TimelineEntry.objects.filter(kind="call").count() == 1
    assert FollowUp.objects.get(kind="promise").due_at == clock.now + timedelta(hours=2, minutes=30)


def test_viewer_reads_what_is_asked_for_and_has_no_button(clock, crack, client_of, bob, vera):
    call.note(crack, by=bob, with_whom="青空物産さま", called_at=timezone.now(), said="", asks="返金してほしい")
    text = client_of(vera).get(crack.get_absolute_url()).content.decode()
    assert "返金してほしい" in text
    assert "/call/" not in text


def test_record_of_the_house_takes_a_call_and_shows_the_wish(clock, client_of, bob, team):
    one = incident.report(by=bob, team=team, title="棚の札がちがう", noticed_at=clock.now)
    sent = opened(client_of(bob), url_of(one)) | {"with_whom": "運送会社", "asks": "札の写しがほしい"}
    assert client_of(bob).post(url_of(one), sent).status_code == 302
    text = client_of(bob).get(one.get_absolute_url()).content.decode()
    assert "運送会社 のご要望: 札の写しがほしい" in text
