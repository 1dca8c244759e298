"""最終報告 on the pages: on the record, on 今日, and its own form with the two ways around it."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from incidents.domain import containment, final_report, incident, reminder
from incidents.models import FollowUp, Incident
from tests.incidents.views.test_meanwhile import opened
from tests.incidents.views.test_written_over import refused

pytestmark = pytest.mark.django_db

SENT = {"channel": "mail", "reported_at": "2026-11-24T09:30", "note": "原因と、画面で止めることを説明した"}
DAY = {"due_on": "2026-12-08", "reason": "先方の役員会", "told": "on"}


@pytest.fixture
def one(clock, story, bob):
    made = story.reported()
    containment.record(made, by=bob, text="削除をお願いした", done_at=clock.now)
    return made


def shown(client, record) -> str:
    return client.get(record.get_absolute_url()).content.decode()


def path(record, *more: str) -> str:
    return "/".join([record.get_absolute_url().rstrip("/"), "final-report", *more, ""])


def state() -> tuple[str, date]:
    found = FollowUp.objects.get(kind="final_report")
    return found.state, found.due_on


def test_record_says_when_it_is_due_and_leads_to_it(one, client_of, bob, vera):
    text = shown(client_of(bob), one)
    assert "12/1（火） まで" in text and "あと5営業日" in text
    assert f'href="{path(one)}"' in text
    text = shown(client_of(vera), one)
    assert "12/1（火） まで" in text
    assert f'href="{path(one)}"' not in text


def test_late_is_said_as_a_fact(clock, one, client_of, bob):
    clock.to("2026-12-03 10:00")
    assert "2営業日超過" in shown(client_of(bob), one)


def test_given_on_its_page(one, client_of, bob):
    page = client_of(bob)
    answer = page.post(path(one), SENT)
    assert (answer.status_code, answer["Location"]) == (302, one.get_absolute_url() + "#final-report")
    text = shown(page, one)
    assert "原因と、画面で止めることを説明した" in text
    assert f'href="{path(one)}"' not in text
    assert "に最終報告をしました（メール）。" in page.get(path(one)).content.decode()
    again = page.post(path(one), SENT)  # the form that was sent a second time
    assert (again.status_code, state()[0]) == (200, "kept")


@pytest.mark.parametrize(
    "change", [{"note": ""}, {"reported_at": "きのう"}, {"reported_at": "2026-11-25T09:30"}, {"channel": "鳩"}]
)
def test_bad_input_is_said_and_nothing_is_lost(one, client_of, bob, change):
    sent = SENT | change
    text = client_of(bob).post(path(one), sent).content.decode()
    assert "errorlist" in text or "invalid-feedback" in text
    assert sent["note"] in text and sent["reported_at"] in text
    assert state()[0] == "open"


def test_a_day_agreed_with_the_other_side(one, client_of, bob):
    page = client_of(bob)
    url = path(one, "day")
    assert 'value="2026-12-01"' in page.get(url).content.decode()
    assert page.post(url, DAY | {"told": ""}).status_code == 200
    assert page.post(url, opened(page, url) | DAY).status_code == 302
    assert state() == ("open", date(2026, 12, 8))
    assert "相手と決めた日" in shown(page, one)


def test_two_people_agree_on_two_days_at_once(one, client_of, alice, bob):
    url = path(one, "day")
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    assert client_of(alice).post(url, hers | DAY).status_code == 302
    answer = client_of(bob).post(url, his | DAY | {"due_on": "2026-12-10"})
    again = refused(answer, f"{alice}: 期限 2026-12-01 → 2026-12-08")
    assert state() == ("open", date(2026, 12, 8))
    assert client_of(bob).post(url, his | again | DAY | {"due_on": "2026-12-10"}).status_code == 302
    assert state() == ("open", date(2026, 12, 10))


def test_not_needed_and_needed_after_all(one, client_of, bob):
    page = client_of(bob)
    url = path(one, "waive")
    assert page.get(url)["Location"] == path(one)
    refusal = page.post(url, {"reason": " "})
    assert (
        refusal.status_code == 200 and '<details class="add form-narrow" id="waive" open>' in refusal.content.decode()
    )
    assert page.post(url, {"reason": "先方が不要と言われた"}).status_code == 302
    text = shown(page, one)
    assert "最終報告は不要" in text and "先方が不要と言われた" in text
    assert 'id="waive"' not in page.get(path(one)).content.decode()
    assert page.post(path(one), SENT).status_code == 302
    assert Incident.objects.get(pk=one.pk).final_reported_at is not None


def test_settling_outside_says_that_it_is_still_to_come(one, client_of, bob):
    page = client_of(bob)
    url = reverse("incident-outside", args=[one.reference])
    assert "最終報告がまだのため" in page.get(url).content.decode()
    page.post(path(one), SENT)
    assert "最終報告がまだのため" not in page.get(url).content.decode()
    page.post(url, {"agreed": "終わり", "channel": "mail", "closed_at": "2026-11-24T09:30"})
    assert state()[0] == "kept"


def test_settled_without_it_the_record_says_why_none_comes(one, client_of, bob):
    page = client_of(bob)
    url = reverse("incident-outside", args=[one.reference])
    page.post(url, {"agreed": "終わり", "channel": "mail", "closed_at": "2026-11-24T09:30"})
    assert "最終報告は予定していません（対外完了のため）。" in shown(page, one)


def test_today_shows_it_to_its_owner_and_leads_to_it(clock, one, client_of, alice, bob):
    clock.to("2026-12-02 10:00")
    text = client_of(bob).get("/").content.decode()
    assert f'<a href="{path(one)}">最終報告</a>' in text
    assert path(one) not in client_of(alice).get("/").content.decode()


def test_repaired_only_still_shows_it(one, client_of, bob):
    incident.end_otherwise(one, by=bob, end="repaired_only", reason="軽かった")
    page = client_of(bob)
    assert f'href="{path(one)}"' in shown(page, one)
    assert page.post(path(one), SENT).status_code == 302
    assert state()[0] == "kept"


def test_where_none_is_owed_it_can_be_given(clock, story, client_of, bob):
    one = story.reported(severity="S4")
    page = client_of(bob)
    assert f'href="{path(one)}"' in shown(page, one)
    assert page.post(path(one), SENT).status_code == 302
    assert not FollowUp.objects.filter(kind="final_report").exists()


def test_before_the_first_report_it_is_refused_calmly(clock, crack, client_of, bob):
    answer = client_of(bob).post(path(crack), SENT)
    assert answer.status_code == 200
    assert "待っている方への一次報告がまだです。" in answer.content.decode()


def test_the_list_of_changes_says_it_in_words(one, client_of, bob):
    final_report.agree(one, by=bob, due_on=date(2026, 12, 8), reason="先方の役員会", told=True)
    text = client_of(bob).get(reverse("incident-history", args=[one.reference])).content.decode()
    assert "最終報告の日を相手と決めました" in text and "最終報告を予定しました" in text
    assert "final_report" not in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ("今日が最終報告の日です", "■ 最終報告")), ("en", ("The final report is due today", "■ Final report"))],
)
def test_the_letter_leads_to_it_in_the_language_of_its_reader(clock, one, bob, language, words):
    bob.language = language
    bob.save()
    clock.to("2026-12-01 09:30")
    letter = reminder.write_digest(bob, asked_for=True)
    assert all(said in letter.text for said in words)
    assert path(one) in letter.text
