"""What is promised can be found: every open promise of a person stands on 今日 with the way to its answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents.domain import countermeasure, incident, promise, question, spread
from incidents.models import FollowUp, SpreadAnswer
from incidents.queries import frame, today
from tests.factories import IncidentFactory

pytestmark = pytest.mark.django_db


def days(n: int):
    return timezone.localdate() + timedelta(days=n)


def shown(client, url: str = "/") -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def asked(team, *, by, due_on):
    asking = IncidentFactory(team=by.memberships.get().team, recorded_by=by, title="社外秘の件")
    spread.spread(asking, by=by, teams=[team], title="手で選んで送る作業はありますか", body="", due_on=due_on)
    return SpreadAnswer.objects.get(team=team)


# 今日 ----------------------------------------------------------------------------------------


def test_a_question_of_another_team_stands_on_today_for_those_who_may_answer(
    client_of, clock, alice, bob, vera, carol, team
):
    one = asked(team, by=carol, due_on=days(9))
    address = reverse("spread-answer", args=[one.pk])
    for person in (alice, bob):
        page = shown(client_of(person))
        assert "ほかのチームからの問い" in page
        assert f'href="{address}"' in page
        assert "手で選んで送る作業はありますか" in page
        assert "12/3（木）" in page
        assert "社外秘の件" not in page
    for person in (vera, carol):
        assert address not in shown(client_of(person))
    spread.answer(one, by=bob, reply="not_applicable")
    assert "ほかのチームからの問い" not in shown(client_of(alice))


def test_what_else_is_mine_stands_on_today_the_most_pressing_first(client_of, clock, alice, bob, story, crack):
    later = question.ask(crack, by=alice, text="何通出たか", owner=bob, due_on=days(9))
    countermeasure.not_doing(story.proposed(title="自動化する"), by=bob, reason="費用", review_on=days(2))
    review = FollowUp.objects.get(kind="not_doing_review")
    page = shown(client_of(bob))
    card = page[page.index("そのほかのお約束") : page.index("<aside")]
    review_at, question_at = reverse("follow-up-review", args=[review.pk]), reverse("question-answer", args=[later.pk])
    assert 0 < card.index(f'href="{review_at}"') < card.index(f'href="{question_at}"')
    assert "自動化する" in card
    assert "何通出たか" in card
    assert "そのほかのお約束" not in shown(client_of(alice))


def test_at_most_eight_are_shown_and_all_are_counted(client_of, clock, alice, crack):
    for n in range(9):
        question.ask(crack, by=alice, text=f"問い{n}", owner=alice, due_on=days(n))
    page = shown(client_of(alice))
    assert [f"問い{n}" in page for n in range(9)] == [True] * 8 + [False]
    assert '<h2 id="rest">そのほかのお約束</h2><span class="chip plain num">9</span>' in page


def test_the_number_in_the_menu_is_the_number_of_what_today_shows(clock, alice, bob, carol, story, team, crack):
    """All kinds, all due today: the badge counts nothing that no card shows."""
    now = timezone.now()
    story.promised(owner=alice, checker=bob, due_on=days(0))
    question.ask(crack, by=alice, text="何通出たか", owner=alice, due_on=days(0))
    asked(team, by=carol, due_on=days(0))
    promise.promise(crack, by=alice, text="折り返し", due_at=now + timedelta(hours=1), owner=alice)
    found = today.today(alice)
    mine = [
        *found.promises,
        *(line.follow_up for line in (*found.measures, *found.checks, *found.asked_us, *found.rest)),
    ]
    due = [one for one in mine if one.owner_id == alice.pk and one.due_on <= clock.today]
    assert {one.kind for one in due} == {"countermeasure", "question", "spread_answer", "promise"}
    assert frame.around(alice).pressing == len(due)


# A call back -----------------------------------------------------------------------------------


def test_a_call_back_can_be_promised_before_the_report_after_none_is_needed_and_when_nobody_waits(
    client_of, alice, bob, vera, team, crack
):
    nobody = incident.report(by=bob, team=team, title="棚の札", noticed_at=timezone.now() - timedelta(minutes=5))
    waived = incident.report(
        by=bob, team=team, title="件", noticed_at=timezone.now() - timedelta(minutes=5), who_waits="客"
    )
    incident.waive_first_report(waived, by=bob, reason="本人に口頭で伝えた")
    for record in (crack, nobody, waived):
        address = reverse("incident-promise", args=[record.reference])
        assert f'href="{address}"' in shown(client_of(bob), record.get_absolute_url())
        assert f'href="{address}"' not in shown(client_of(vera), record.get_absolute_url())
        now = timezone.localtime() + timedelta(hours=2)
        fields = {"text": "折り返し", "due_at": now.strftime("%Y-%m-%dT%H:%M"), "owner": bob.pk, "to_whom": "客"}
        assert client_of(bob).post(address, fields).status_code == 302
        assert FollowUp.objects.filter(incident=record, kind="promise").count() == 1
