"""Somebody else was faster while a form was open: what was typed stands in it again, with a sentence why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents.domain import check, countermeasure, incident, review, spread
from incidents.letters import links
from incidents.models import FollowUp, SpreadAnswer
from tests.factories import IncidentFactory

pytestmark = pytest.mark.django_db

TYPED = "手で書いた、なくしたくない文"


def days(n: int):
    return timezone.localdate() + timedelta(days=n)


def test_an_idea_that_somebody_else_promised_meanwhile_comes_back_as_it_was_typed(client_of, bob, alice, story):
    measure = story.proposed()
    countermeasure.commit(measure, by=alice)
    page = client_of(bob).post(reverse("measure-edit", args=[measure.pk]), {"title": TYPED, "keep": "1"})
    assert page.status_code == 200
    assert TYPED in page.content.decode()
    assert "この対策は、もう約束されています。" in page.content.decode()
    measure.refresh_from_db()
    assert measure.title != TYPED


def test_a_body_without_fields_is_an_empty_form_and_no_fault(client_of, bob, story):
    for measure in (story.proposed(), story.promised()):
        for body in (b"", b"{"):
            url = reverse("measure-edit", args=[measure.pk])
            page = client_of(bob).generic("POST", url, body, content_type="application/json")
            assert (page.status_code, page.context["form"].is_bound) == (200, True)


def test_a_promised_measure_is_not_opened_as_an_idea(client_of, bob, story):
    measure = story.promised()
    answer = client_of(bob).get(reverse("measure-edit", args=[measure.pk]))
    assert answer.url == measure.get_absolute_url()


@pytest.mark.parametrize("name", ["incident-why", "incident-containment", "incident-timeline"])
def test_a_line_for_a_record_that_ended_meanwhile_stands_in_its_form_again(client_of, bob, alice, crack, name):
    incident.end_otherwise(crack, by=alice, end="withdrawn", reason="まちがい")
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    fields = {"text": TYPED, "track": "occurrence", "done_at": now, "event_at": now, "certainty": "fact"}
    answer = client_of(bob).post(reverse(name, args=[crack.reference]), fields, follow=True)
    assert TYPED in answer.content.decode()  # in its form, or on the record where that is still allowed


def asked_of(team, *, by):
    asking = IncidentFactory(team=by.memberships.get().team, recorded_by=by)
    spread.spread(asking, by=by, teams=[team], title="同じ作業がありますか", body="", due_on=days(9))
    return SpreadAnswer.objects.get(team=team)


def test_an_answer_to_a_question_that_a_colleague_answered_comes_back(client_of, alice, bob, carol, team):
    asked = asked_of(team, by=carol)
    spread.answer(asked, by=alice, reply="not_applicable")
    page = client_of(bob).post(reverse("spread-answer", args=[asked.pk]), {"reply": "covered", "note": TYPED})
    assert TYPED in page.content.decode()
    assert "もう答えています" in page.content.decode()


def test_a_review_that_a_colleague_answered_comes_back(client_of, alice, bob, story):
    countermeasure.not_doing(story.proposed(), by=alice, reason="r", review_on=days(30))
    follow_up = FollowUp.objects.get(kind="not_doing_review")
    review.leave(follow_up, by=alice, again_on=days(60), reason="まだ")
    url = reverse("follow-up-review", args=[follow_up.pk])
    fields = {"answer": "stays", "again_on": days(70).isoformat(), "reason": TYPED}
    page = client_of(bob).post(url, fields).content.decode()
    assert TYPED in page
    assert "alert-danger" in page
    assert "<textarea" not in client_of(bob).get(url).content.decode()


def test_a_decided_check_says_what_was_decided_and_shows_no_form(client_of, alice, bob, story):
    measure = story.done()
    found = measure.checks.get()
    url = reverse("check", args=[found.pk])
    assert "<textarea" in client_of(alice).get(url).content.decode()
    check.record_outcome(found, by=alice, outcome="effective", note="三か月、起きていません。")
    page = client_of(alice).get(url).content.decode()
    assert "三か月、起きていません。" in page
    assert alice.name in page
    assert "<textarea" not in page
    late = client_of(alice).post(url, {"outcome": "partly", "note": TYPED, "again_on": days(40).isoformat()})
    assert TYPED in late.content.decode()
    assert "alert-danger" in late.content.decode()


def test_what_was_done_is_not_thrown_away_when_it_was_done_already(client_of, alice, bob, dave, story):
    measure = story.promised()
    url = links.done_url(measure.follow_up, bob).removeprefix("http://testserver")
    countermeasure.complete(measure, by=alice, note="先に")
    token = links.page_token(url.rstrip("/").rpartition("/")[2])
    page = client_of(dave).post(url, {"note": TYPED, "page_token": token}).content.decode()
    assert TYPED in page
    assert "alert-danger" in page


def test_the_browser_cuts_no_line_that_is_jotted_down(client_of, bob):
    client = client_of(bob)
    assert "maxlength" not in client.get(reverse("today")).content.decode()
    long = "長" * 501
    page = client.post(reverse("jotting-new"), {"text": long}).content.decode()
    assert long in page
    assert "いまは501文字あります" in page


# The session has ended -----------------------------------------------------------------------


def test_after_signing_in_again_a_person_stands_where_the_form_stood(client_of, dave, crack):
    """An address that only acts is no page to come back to; the browser says on which one the form stood."""
    page = crack.get_absolute_url()
    for url in (reverse("jotting-new"), f"{page}whys/", f"{page}containment/", f"{page}first-report/waive/"):
        answer = client_of(dave).post(url, {"text": TYPED}, headers={"Referer": f"http://testserver{page}?under=3"})
        assert answer.url == f"/account/login/?next={page}%3Funder%3D3"
        for elsewhere in ("https://elsewhere.example/x", "", "http://["):
            answer = client_of(dave).post(url, {"text": TYPED}, headers={"Referer": elsewhere})
            assert answer.url == f"/account/login/?next={url}"


def test_a_page_of_its_own_is_come_back_to(client_of, dave, story):
    url = reverse("measure-done", args=[story.promised().pk])
    answer = client_of(dave).post(url, {"note": TYPED}, headers={"Referer": "http://testserver/"})
    assert answer.url == f"/account/login/?next={url}"


def test_an_address_that_only_acts_leads_to_the_place_of_its_form(client_of, alice, story, crack):
    page, measure = crack.get_absolute_url(), story.proposed()
    places = {
        f"{page}whys/": f"{page}#why-add",
        f"{page}whys/hint/": f"{page}#why-add",
        f"{page}containment/": f"{page}#containment",
        f"{page}first-report/waive/": f"{page}first-report/",
        f"{page}readers/open/": f"{page}#facts",
        reverse("measure-start", args=[measure.pk]): measure.get_absolute_url(),
        reverse("why-root", args=[measure.root.why_id]): f"{measure.incident.get_absolute_url()}#causes",
        reverse("jotting-new"): "/jottings/",
        reverse("similar"): "/incidents/new/",
        reverse("letter-write-today"): "/letters/",
        "/teams/orders/nameless/": "/nameless/",
    }
    client = client_of(alice)
    for url, place in places.items():
        assert client.get(url).url == place
        assert client.get(place).status_code == 200
        assert client.put(url).status_code == 405
