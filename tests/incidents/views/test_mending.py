"""継いだ人 on the pages: named calmly, with the sum of all of them and of nobody."""

from __future__ import annotations

import re

import pytest

from incidents.domain import incident, mending
from incidents.models import Mending

pytestmark = pytest.mark.django_db

SENT = {"what": "見積書を作り直した", "done_on": "2026-11-24", "minutes": "１時間２０分"}


def part(client, one) -> str:
    text = client.get(one.get_absolute_url()).content.decode()
    found = re.search(r'<section class="card" id="mending".*?</section>', text, re.S)
    return found[0] if found else ""


def test_written_on_its_page_and_shown_with_the_sum_alone(clock, crack, client_of, alice, bob):
    page = client_of(bob)
    url = f"{crack.get_absolute_url()}mending/"
    assert url in part(page, crack)
    assert f'<option value="{bob.pk}" selected>' in page.get(url).content.decode()

    answer = page.post(url, SENT | {"person": bob.pk})
    assert (answer.status_code, answer["Location"]) == (302, crack.get_absolute_url() + "#mending")
    assert page.post(url, SENT | {"person": alice.pk, "minutes": "2h"}).status_code == 302

    text = part(page, crack)
    assert re.search(r"佐藤 美咲、鈴木 健太\s*・\s*<span class=\"num\">合計 3時間20分</span>", text)
    assert "1時間20分" not in text
    assert "2時間<" not in text


def test_minutes_that_cannot_be_read_stand_with_the_reason(clock, crack, client_of, bob):
    url = f"{crack.get_absolute_url()}mending/"
    for minutes, told in {
        "1.5": "時間か分か決められません。",
        "半日": "時間として読めませんでした。",
        "25時間": "一日にかかった時間は、1分から24時間までです。",
    }.items():
        answer = client_of(bob).post(url, SENT | {"person": bob.pk, "minutes": minutes})
        text = answer.content.decode()
        assert (answer.status_code, told in text, f'value="{minutes}"' in text) == (200, True, True), minutes
        assert 'value="見積書を作り直した"' in text
    assert not Mending.objects.exists()


def test_taken_back_with_a_reason(clock, crack, client_of, alice, bob):
    made = mending.record(crack, by=bob, person=bob, what="見積書を作り直した", done_on=clock.today, minutes=80)
    url = f"/mendings/{made.pk}/withdraw/"
    shown = client_of(alice).get(url).content.decode()
    assert "鈴木 健太: 見積書を作り直した" in shown
    assert "1時間20分" not in shown  # beside the name it could be added up (invariant 8)
    assert client_of(alice).post(url, {"reason": ""}).status_code == 200
    assert client_of(alice).post(url, {"reason": "別の記録の仕事"}).status_code == 302
    text = part(client_of(bob), crack)
    assert "<s>見積書を作り直した</s>" in text
    assert "合計" not in text


def test_viewer_reads_and_has_no_button(clock, crack, client_of, bob, vera):
    assert part(client_of(vera), crack) == ""
    mending.record(crack, by=bob, person=bob, what="見積書を作り直した", done_on=clock.today)
    text = part(client_of(vera), crack)
    assert "鈴木 健太" in text
    assert "/mending" not in text


def test_withdrawn_record_offers_nothing(clock, crack, client_of, bob):
    incident.end_otherwise(crack, by=bob, end="withdrawn", reason="まちがい")
    assert part(client_of(bob), crack) == ""
    answer = client_of(bob).post(f"{crack.get_absolute_url()}mending/", SENT | {"person": bob.pk})
    assert "この記録は「重複」か「取下げ」で終わっています。" in answer.content.decode()


def test_nothing_else_shows_who_mended(clock, crack, client_of, alice, bob, team):
    """No list, no file and no figure: nowhere could it be added up (invariant 8)."""
    from tests.conftest import _member

    third = _member(team, "継手 だれか", "tsugite", "member")
    mending.record(crack, by=bob, person=third, what="見積書を作り直した", done_on=clock.today, minutes=77)
    client = client_of(alice)
    for url in ("/", "/incidents/?all=1", "/seams/?view=all", "/incidents/csv/?all=1", "/seams/csv/?view=all"):
        text = b"".join(client.get(url)).decode()
        assert "見積書を作り直した" not in text, url
        assert "1時間17分" not in text, url
    assert "継手 だれか" not in b"".join(client.get("/incidents/csv/?all=1")).decode()
    history = client.get(f"{crack.get_absolute_url()}history/").content.decode()
    assert "継いだ仕事を書きました" in history
    assert "77" not in re.sub(r"<[^>]*>", "", history)


def test_sum_of_one_person_is_not_shown(clock, crack, client_of, alice, bob):
    """Alone on a record, the sum would be that person's (invariant 8)."""
    for person, minutes in ((bob, 80), (bob, 15), (alice, None)):
        mending.record(crack, by=bob, person=person, what="見積書を作り直した", done_on=clock.today, minutes=minutes)
    text = part(client_of(alice), crack)
    assert "鈴木 健太" in text
    assert "合計" not in text
