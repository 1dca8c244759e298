"""While recording: what is pasted is kept as it came, and similar records are offered."""

from __future__ import annotations

import hashlib

import pytest
from django.utils import timezone

from incidents.models import AuditEntry, Incident, Paste

THREAD = "  [2026/11/24 10:12] 佐藤: 請求書の宛先が\r\n違うようです\r\n\r\n10:20 青空物産さまから <b>お電話</b>\r\n"


def report_form(team, **more) -> dict[str, object]:
    return {
        "title": "請求書を別のお客様へ送った",
        "noticed_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
        "who_waits": "青空物産",
        "team": team.slug,
    } | more


# Pasted while recording ---------------------------------------------------------------------


def test_what_is_pasted_is_kept_to_the_character(client_of, bob, team):
    client_of(bob).post("/incidents/new/", report_form(team, pasted=THREAD))

    incident, paste = Incident.objects.get(), Paste.objects.get()
    assert (paste.text, paste.incident, paste.author, incident.body) == (THREAD, incident, bob, "")
    assert paste.sha256 == hashlib.sha256(THREAD.encode()).hexdigest()
    assert "paste.kept" in AuditEntry.objects.values_list("verb", flat=True)


def test_raw_text_stands_on_the_page_with_the_way_to_its_lines(client_of, bob, vera, team):
    answer = client_of(bob).post("/incidents/new/", report_form(team, pasted=THREAD))
    paste = Paste.objects.get()

    mine, viewers = (client_of(person).get(answer["Location"]).content.decode() for person in (bob, vera))
    assert "貼り付けた文面（原文）" in mine and "&lt;b&gt;お電話&lt;/b&gt;" in mine
    assert f'href="/pastes/{paste.pk}/"' in mine and "行を選んで経緯に入れる" in mine
    assert "原文を行ごとに見る" in viewers and "行を選んで経緯に入れる" not in viewers


def test_nothing_pasted_keeps_nothing(client_of, bob, team):
    answer = client_of(bob).post("/incidents/new/", report_form(team, pasted=" \r\n "))

    assert not Paste.objects.exists()
    assert "貼り付けた文面" not in client_of(bob).get(answer["Location"]).content.decode()


def test_long_thread_is_kept_whole_and_shown_in_part(client_of, bob, team):
    thread = "行\r\n" * 20_000
    answer = client_of(bob).post("/incidents/new/", report_form(team, pasted=thread))
    shown = client_of(bob).get(answer["Location"]).content.decode()

    assert Paste.objects.get().text == thread
    assert "はじめの2万字" in shown and len(shown) < 100_000


@pytest.mark.parametrize("bad", [{"noticed_at": "きのう"}, {"pasted": "あ" * 300_001}])
def test_refused_form_keeps_nothing_and_shows_what_was_pasted(client_of, bob, team, bad):
    answer = client_of(bob).post("/incidents/new/", report_form(team, pasted=THREAD) | bad)

    assert (answer.status_code, Incident.objects.count(), Paste.objects.count()) == (200, 0, 0)
    assert ("青空物産さまから" in answer.content.decode()) == ("pasted" not in bad)
