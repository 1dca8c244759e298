"""得たもの and 減ったもの on the pages."""

from __future__ import annotations

import re

import pytest

from incidents.domain import check, gain, incident
from incidents.models import Countermeasure, EffectCheck
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db

OTHERS = "ほかの方が同じ所を変えました。"


def told(measure) -> tuple[int | None, int | None]:
    return Countermeasure.objects.filter(pk=measure.pk).values_list("steps_removed", "minutes_saved").get()


def part(client, one) -> str:
    text = client.get(one.get_absolute_url()).content.decode()
    found = re.search(r'<section class="card" id="gained".*?</section>', text, re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found[0])) if found else ""


def test_asked_with_dekimashita_and_never_required(clock, story, client_of, bob):
    measure = story.promised()
    page = client_of(bob)
    sent = opened(page, f"/measures/{measure.pk}/done/") | {"note": "替えました"}
    assert (sent["steps_removed"], sent["minutes_saved"]) == ("", "")
    answer = page.post(f"/measures/{measure.pk}/done/", sent | {"minutes_saved": "ときどき"})
    assert "時間として読めませんでした。" in answer.content.decode()
    assert page.post(f"/measures/{measure.pk}/done/", sent | {"steps_removed": "２"}).status_code == 302
    assert told(measure) == (2, None)


def test_told_with_the_check_and_shown_on_the_mended_record(clock, story, client_of, alice, bob):
    measure = story.done()
    url = f"/checks/{EffectCheck.objects.get(measure=measure).pk}/"
    assert part(client_of(alice), measure.incident) == ""
    clock.forward(days=60)
    sent = opened(client_of(alice), url) | {"outcome": "effective", "note": "214件で0件", "again_on": ""}
    answer = client_of(alice).post(url, sent | {"steps_removed": "2", "minutes_saved": "3時間20分"})
    assert answer.status_code == 302
    assert told(measure) == (2, 200)
    words = part(client_of(bob), measure.incident)
    for said in ("効いている対策 1 本", "0 件", "最後の対策から 60 日", "まで見守り", "2 つ", "月に 3時間20分"):
        assert said in words, said


def test_untouched_field_of_the_check_puts_nothing_back(clock, story, client_of, alice, bob):
    measure = story.done()
    url = f"/checks/{EffectCheck.objects.get(measure=measure).pk}/"
    hers = opened(client_of(alice), url) | {"outcome": "effective", "note": "0件"}
    gain.tell_gain(measure, by=bob, steps_removed=3, minutes_saved=None)
    assert client_of(alice).post(url, hers).status_code == 302
    assert told(measure) == (3, None)


def test_two_who_tell_it_at_once_see_each_other(clock, story, client_of, alice, bob):
    measure = story.done()
    url = f"/checks/{EffectCheck.objects.get(measure=measure).pk}/"
    hers = opened(client_of(alice), url) | {"outcome": "effective", "note": "0件", "steps_removed": "2"}
    gain.tell_gain(measure, by=bob, steps_removed=3, minutes_saved=None)
    answer = client_of(alice).post(url, hers)
    text = answer.content.decode()
    assert (answer.status_code, OTHERS in text, "なくなった手順 – → 3" in text) == (200, True, True)
    assert (told(measure), EffectCheck.objects.get(measure=measure).outcome) == ((3, None), "")
    again = {name: value for name, value in opened_from(text).items() if name in {"seen", "shown"}}
    assert client_of(alice).post(url, hers | again).status_code == 302
    assert told(measure) == (2, None)


def opened_from(text: str) -> dict[str, str]:
    import html

    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text)
    return {name: html.unescape(value) for name, value in found}


def test_page_of_its_own_writes_changes_and_empties(clock, story, client_of, alice, bob):
    measure = story.done()
    url = f"/measures/{measure.pk}/gain/"
    assert "減ったものを書く" in client_of(bob).get(measure.incident.get_absolute_url()).content.decode()
    his, hers = opened(client_of(bob), url), opened(client_of(alice), url)
    assert client_of(bob).post(url, his | {"steps_removed": "2", "minutes_saved": "90"}).status_code == 302
    text = re.sub(r"\s+", " ", client_of(bob).get(measure.incident.get_absolute_url()).content.decode())
    assert "減ったもの: 手順 2 つ、月に 1時間30分" in text

    answer = client_of(alice).post(url, hers | {"steps_removed": "5"})
    assert OTHERS in answer.content.decode()
    assert told(measure) == (2, 90)
    now = opened(client_of(alice), url)
    assert client_of(alice).post(url, now | {"steps_removed": "", "minutes_saved": ""}).status_code == 302
    assert told(measure) == (None, None)


def test_zero_is_asked_about(clock, story, client_of, bob):
    measure = story.done()
    answer = client_of(bob).post(f"/measures/{measure.pk}/gain/", {"steps_removed": "0", "minutes_saved": "999999"})
    text = answer.content.decode()
    assert "1以上で入れてください。" in text
    assert "大きすぎるようです。" in text
    assert 'value="999999"' in text


def test_no_button_before_it_is_done_and_a_clear_sentence_by_the_address(clock, story, client_of, bob):
    measure = story.promised()
    assert "/gain/" not in client_of(bob).get(measure.incident.get_absolute_url()).content.decode()
    answer = client_of(bob).post(f"/measures/{measure.pk}/gain/", {"steps_removed": "1", "minutes_saved": ""})
    assert "この対策は、まだ実施されていないか、もう続いていません。" in answer.content.decode()


def test_repaired_only_shows_no_gold(clock, story, client_of, alice, bob):
    measure = story.done()
    gone = incident.end_otherwise(measure.incident, by=bob, end="repaired_only", reason="ここまで")
    words = part(client_of(alice), gone)
    assert "実施済みの対策 1 本（効き目はまだ確かめていません）" in words
    assert "効いている対策" not in words


def test_nothing_told_nothing_shown(clock, story, client_of, alice):
    measure = story.done()
    check.record_outcome(
        EffectCheck.objects.select_related("measure__incident").get(measure=measure),
        by=alice,
        outcome="effective",
        note="0件",
    )
    words = part(client_of(alice), measure.incident)
    assert "効いている対策 1 本" in words
    assert "手順" not in words
    assert "時間" not in words
