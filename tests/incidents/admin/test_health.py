"""お知らせの健康, as an administrator sees it; and who does not see it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.admin import health
from incidents.enums import LetterKind, LetterState
from incidents.models import EngineMark, Incident, Person
from incidents.tasks.signs import rings
from tests.factories import EngineMarkFactory, LetterFactory, MirrorFactory, ReminderDeliveryFactory
from tests.house.test_languages import JAPANESE

PAGE = "/console/health/"


def text_of(client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def well(now):
    for name in ("beat", "bell", *rings()):
        EngineMarkFactory(name=name, at=now)


@pytest.mark.parametrize("who", ["alice", "vera", "carol"])
def test_it_is_for_administrators(who, client_of, request, organisation):
    assert client_of(request.getfixturevalue(who)).get(PAGE, follow=True).status_code == 403


def test_a_stranger_is_led_to_the_door(client, db):
    answer = client.get(PAGE)
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, reverse("admin:login"))


def test_the_console_leads_there(console):
    assert f'href="{PAGE}"' in console.get(reverse("admin:index")).content.decode()


def test_every_ring_has_its_words():
    assert health.RINGS.keys() == rings().keys()


def test_all_is_well(console, clock):
    well(clock.now - timedelta(seconds=5))
    LetterFactory(state=LetterState.SENT, sent_at=clock.now - timedelta(minutes=3))
    text = text_of(console)
    assert "動いています。" in text and "errornote" not in text
    for words in health.RINGS.values():
        assert str(words) in text
    assert "5秒前" in text and "180秒前" not in text and "3分前" in text
    assert "beat が最後に鐘を鳴らしたのは5秒前です。" in text


def test_what_is_wrong_is_said_in_words(console, clock, settings):
    well(clock.now)
    EngineMark.objects.filter(name="letter.sweep").update(at=clock.now - timedelta(minutes=5))
    EngineMark.objects.filter(name="care.check_in").update(failed_at=clock.now + timedelta(seconds=1), error="KeyError")
    EngineMark.objects.filter(name="nameless.publish").delete()
    text = text_of(console)
    assert "動いていますが、遅れている所があります。" in text
    assert "遅れています" in text and "失敗しました（KeyError）" in text and "まだ一度も動いていません" in text
    clock.forward(hours=2, minutes=1)
    assert "2時間以上止まっています。worker と beat" in text_of(console)


def test_in_its_first_minute_it_is_said_to_begin_and_nothing_is_marked(console, clock):
    well(clock.now)
    EngineMark.objects.filter(name__in=["reminder.digest", "reminder.moments"]).delete()
    text = text_of(console)
    assert "動き始めています。" in text and "遅れている所" not in text


def test_a_queue_that_waits_says_for_how_long(console, clock):
    well(clock.now)
    LetterFactory(next_try_at=clock.now - timedelta(minutes=12))
    text = text_of(console)
    assert "<td>1</td><td>12分</td>" in text and "動いています。" in text
    EngineMark.objects.update(at=clock.now)
    LetterFactory(next_try_at=clock.now - timedelta(hours=3))
    assert "2時間以上待っています" in text_of(console)


def test_a_mail_server_that_takes_nothing_is_said(console, clock):
    well(clock.now)
    EngineMark.objects.create(name="mail", failed_at=clock.now - timedelta(minutes=3), error="535")
    assert "メールサーバーの様子" not in text_of(console)  # and nothing waits for it
    LetterFactory(due_at=clock.now - timedelta(minutes=3), next_try_at=clock.now + timedelta(minutes=1))
    text = text_of(console)
    assert "メールサーバーに手紙を渡せていません" in text and "3分前に渡せませんでした（535）" in text
    EngineMark.objects.filter(name="mail").update(at=clock.now)
    assert "メールサーバーの様子" not in text_of(console)
    LetterFactory(state=LetterState.FAILED), LetterFactory(state=LetterState.FAILED)
    text = text_of(console)
    assert (
        "メールサーバーがどの手紙も受け取りません。" in text and '<dd class="ill">どの手紙も受け取りません</dd>' in text
    )


def test_one_letter_that_is_tried_for_long_is_said(console, clock):
    well(clock.now)
    LetterFactory(due_at=clock.now - timedelta(hours=3), next_try_at=clock.now + timedelta(hours=1), attempts=4)
    assert "一部を送り直しています" in text_of(console)


def test_letters_to_look_at_are_named_with_their_reason(console, clock):
    well(clock.now)
    one = LetterFactory(state=LetterState.FAILED, subject="今日のお知らせ 2件", error="550 5.1.1 unknown")
    LetterFactory(state=LetterState.FAILED, kind=LetterKind.CARE, subject="ひと息いかがですか")
    text = text_of(console)
    assert f'<a href="/console/incidents/letter/{one.pk}/change/">今日のお知らせ 2件</a>' in text
    assert "550 5.1.1 unknown" in text and "見てほしい手紙があります" in text
    assert 'state__exact=failed">1</a>' in text
    assert "ひと息いかがですか" not in text


def test_the_subject_of_a_closed_record_is_not_told(console, clock, story):
    well(clock.now)
    measure = story.promised()
    Incident.objects.filter(pk=measure.incident_id).update(restricted=True)
    letter = LetterFactory(state=LetterState.FAILED, kind=LetterKind.DIGEST, subject="社外秘の件", recipient=story.bob)
    ReminderDeliveryFactory(follow_up=measure.follow_up, recipient=story.bob, letter=letter, step="x", state="failed")
    text = text_of(console)
    assert "社外秘" not in text and "今日のお知らせ</a>" in text


def test_the_test_letter_is_one_press_away(console, clock, admin, mailoutbox):
    text = text_of(console)
    assert 'action="/console/incidents/letter/test/"' in text
    assert console.post("/console/incidents/letter/test/").status_code == 302


def test_without_a_mail_server_it_says_so(console, clock, settings):
    well(clock.now)
    settings.MAIL_CONFIGURED = False
    text = text_of(console)
    assert "手紙はここから出ません" in text and "手元に保管されます" in text


def test_the_heartbeat_shows_its_host_and_what_became_of_it(console, clock, settings):
    well(clock.now)
    assert "設定されていません。HEARTBEAT_URL" in text_of(console)
    settings.HEARTBEAT_URL = "https://watch.example.jp/ping/s3cr3t"
    assert "まだありません" in text_of(console)
    EngineMark.objects.create(name="heartbeat", at=clock.now - timedelta(seconds=30))
    text = text_of(console)
    assert "watch.example.jp" in text and "30秒前" in text and "s3cr3t" not in text
    for word in [*health.HEARTBEAT, "answered_503"]:
        EngineMark.objects.filter(name="heartbeat").update(failed_at=clock.now, error=word)
        said = "外の見張りが 503 と答えました。" if word == "answered_503" else str(health.HEARTBEAT[word])
        assert said in text_of(console)


def test_it_is_there_in_english(console, clock, admin):
    Person.objects.filter(pk=admin.pk).update(language="en")
    well(clock.now - timedelta(seconds=1))
    text = text_of(console)
    assert "1 second ago" in text and "Health of the reminders" in text
    assert JAPANESE.findall(re.sub(r"<script.*?</script>|管理 花子|管理", "", text)) == []


@pytest.mark.parametrize("rows", [1, 30])
def test_it_costs_the_same(console, clock, rows):
    well(clock.now)
    for _ in range(rows):
        LetterFactory(state=LetterState.FAILED)
        LetterFactory(state=LetterState.SENT, sent_at=clock.now)
    console.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        console.get(PAGE)
    assert len(queries) == 20


def test_a_chat_channel_that_takes_nothing_is_named_without_its_address(console, clock):
    well(clock.now)
    off = MirrorFactory(state="broken", why="answered_404", name="止まった", off_at=clock.now)
    MirrorFactory(name="届く")
    shown = text_of(console)
    assert "届かないチャット" in shown and "止まった" in shown and "その場所はない" in shown
    assert "届く</th>" not in shown
    for secret in (off.address, off.secret, "token-secret"):
        assert secret not in shown
