"""While recording: what is pasted is kept as it came, and similar records are offered."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.domain import reader, search
from incidents.domain.incident import edit
from incidents.models import AuditEntry, Incident, Paste
from tests.factories import IncidentFactory, MembershipFactory

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


# Similar records ----------------------------------------------------------------------------


@pytest.fixture
def earlier(clock, team, bob, story):
    """A mended record whose countermeasure held, and one whose countermeasure did not."""
    held, failed = story.done(title="社名と宛先を突き合わせる画面"), story.done(title="二人で読み合わせる")
    for measure, status, title in (
        (held, "effective", "請求書を別のお客様へ郵送した"),
        (failed, "ineffective", "請求書の送り先をお客様ごとに取りちがえた"),
    ):
        type(measure).objects.filter(pk=measure.pk).update(status=status)
        edit(measure.incident, by=bob, title=title, category="billing", process="請求書の発送")
    clock.forward(days=1)
    return held.incident, failed.incident


def offered(client, **typed) -> str:
    return client.post("/incidents/similar/", typed, headers={"HX-Request": "true"}).content.decode()


def test_typing_offers_what_reads_alike_with_what_held_and_what_did_not(client_of, alice, earlier, team):
    shown = offered(client_of(alice), title="請求書を郵送でまちがえた", team=team.slug)

    held, failed = earlier
    assert f'href="{held.get_absolute_url()}" target="_blank"' in shown
    assert shown.index(held.reference) < shown.index(failed.reference)
    assert "効いた</span> 社名と宛先を突き合わせる画面" in shown and "効かなかった</span> 二人で読み合わせる" in shown
    assert f'value="recurrence:{held.reference}"' in shown and f'value="same:{held.reference}"' in shown
    assert "<html" not in shown


@pytest.mark.parametrize("typed", ["", "送った", "a", "健康診断の予約を忘れた", "\x00", "%", "🏺" * 90, "請" * 200])
def test_what_reads_like_nothing_offers_nothing(client_of, alice, earlier, typed):
    answer = client_of(alice).post("/incidents/similar/", {"title": typed}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.content.decode().strip()) == (200, "")


def test_pasted_text_is_asked_when_the_title_says_little(client_of, alice, earlier):
    held, _failed = earlier
    assert held.reference in offered(
        client_of(alice), title="まちがえた", pasted="お客様からお電話。請求書が郵送で二通"
    )


def test_at_most_three_are_offered_and_never_more_queries(client_of, alice, team, earlier):
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            shown = offered(client_of_alice, title="請求書を郵送でまちがえた", team=team.slug)
        assert shown.count("どれとも別のこと") == 1 and shown.count('value="recurrence:') <= 3
        return len(seen)

    client_of_alice = client_of(alice)
    cost()
    before = cost()
    more = [IncidentFactory(team=team, title=f"請求書を郵送で {n} 通") for n in range(30)]
    search.write([one.pk for one in more])
    assert cost() == before


def test_other_teams_and_restricted_records_are_never_offered(client_of, alice, bob, carol, vera, team, earlier):
    held, failed = earlier
    assert "similar" not in offered(client_of(carol), title="請求書を郵送でまちがえた")
    reader.restrict(held, by=alice, readers=[alice])
    shown = offered(client_of(vera), title="請求書を郵送でまちがえた", again=f"same:{held.reference}")
    assert held.reference not in shown and failed.reference in shown
    assert "社名と宛先を突き合わせる画面" not in shown
    for named in (alice, bob):  # bob has a promise in it
        assert held.reference in offered(client_of(named), title="請求書を郵送でまちがえた")


def test_record_of_another_own_team_is_shown_but_cannot_be_tied(client_of, alice, other_team, earlier):
    MembershipFactory(person=alice, team=other_team, role="member")
    shown = offered(client_of(alice), title="請求書を郵送でまちがえた", team=other_team.slug)

    assert earlier[0].reference in shown and 'value="recurrence:' not in shown


def test_choice_stays_while_typing_goes_on(client_of, alice, earlier, team):
    held, _failed = earlier
    chosen = f"recurrence:{held.reference}"
    shown = offered(client_of(alice), title="健康診断の予約を忘れた", again=chosen, team=team.slug)

    assert f'value="{chosen}" checked' in shown


@pytest.mark.parametrize(("how", "where"), [("recurrence", "recurrence"), ("same", "end")])
def test_choice_records_and_leads_to_the_page_that_ties(client_of, alice, team, earlier, how, where):
    held, _failed = earlier
    client = client_of(alice)
    answer = client.post("/incidents/new/", report_form(team, again=f"{how}:{held.reference}"))
    made = Incident.objects.latest("pk")

    assert answer["Location"] == f"/incidents/{made.reference}/{where}/?of={held.reference}"
    assert (made.category, made.process, made.recurrence_of, made.end) == ("billing", "請求書の発送", None, "")
    assert f'value="{held.reference}"' in client.get(answer["Location"]).content.decode()


def test_same_matter_is_ended_as_a_duplicate_from_the_prefilled_page(client_of, alice, team, earlier):
    held, _failed = earlier
    client = client_of(alice)
    url = client.post("/incidents/new/", report_form(team, again=f"same:{held.reference}"))["Location"]
    shown = client.get(url).content.decode()
    assert "同じ件が、先に記録されていました。" in shown and 'value="duplicate"' in shown
    client.post(url, {"end": "duplicate", "duplicate_of": held.reference, "reason": "同じ件です。"})

    assert Incident.objects.latest("pk").duplicate_of == held


@pytest.mark.parametrize("again", ["recurrence:K-99999", "same:K-99999"])
def test_choice_of_what_is_not_there_records_nothing_and_loses_nothing(client_of, alice, team, again):
    answer = client_of(alice).post("/incidents/new/", report_form(team, again=again))

    assert (answer.status_code, Incident.objects.count()) == (200, 0)
    assert "その番号の記録は見つかりません" in answer.content.decode()
    assert "請求書を別のお客様へ送った" in answer.content.decode()


def test_choice_in_another_team_is_refused(client_of, alice, other_team, earlier):
    MembershipFactory(person=alice, team=other_team, role="member")
    before = Incident.objects.count()
    form = report_form(other_team, again=f"same:{earlier[0].reference}")
    answer = client_of(alice).post("/incidents/new/", form)

    assert "別のチームの記録とは、つなげません" in answer.content.decode()
    assert Incident.objects.count() == before


def test_without_javascript_the_records_page_leads_there(client_of, alice, vera, team, earlier):
    held, _failed = earlier
    client = client_of(alice)
    url = client.post("/incidents/new/", report_form(team, title="請求書を郵送でまちがえた"))["Location"]
    assert f'href="{url}similar/"' in client.get(url).content.decode()
    page = client.get(f"{url}similar/").content.decode()
    part = client.get(f"{url}similar/", headers={"HX-Request": "true"}).content.decode()

    assert "<html" in page and "<html" not in part
    for shown in (page, part):
        assert f"{url}recurrence/?of={held.reference}" in shown and f"{url}end/?of={held.reference}" in shown
    assert "?of=" not in client_of(vera).get(f"{url}similar/").content.decode()


@pytest.mark.parametrize("how", ["get", "post"])
def test_offer_is_asked_by_post_and_signed_in(client_of, alice, dave, how):
    assert client_of(dave).post("/incidents/similar/", {"title": "請求書"}).status_code == 302
    assert getattr(client_of(alice), how)("/incidents/similar/").status_code == (302 if how == "get" else 200)


def test_same_form_twice_is_one_record_with_one_pasted_text(client_of, bob, team):
    """Its answer was lost on the way, and the browser sends it again; another pasted text is another form."""
    form = report_form(team, pasted=THREAD)
    for _ in range(2):
        client_of(bob).post("/incidents/new/", form)
    assert (Incident.objects.count(), Paste.objects.count()) == (1, 1)
    client_of(bob).post("/incidents/new/", form | {"pasted": "別の文面"})
    assert (Incident.objects.count(), Paste.objects.count()) == (2, 2)
