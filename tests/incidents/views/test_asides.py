"""What stands beside the work and asks nothing: whom to tell first, the days of personal data, where to look for a why."""

from __future__ import annotations

from datetime import date

import pytest
from django.template.loader import render_to_string

from incidents.domain import incident as verbs
from incidents.models import Closure, Incident, Person
from tests.conftest import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
TELL_FIRST = "おわびを送る前に、まずリーダーに一言知らせます。"
LEGAL = "個人データのことかもしれないとき"


def seen(client, record: Incident) -> str:
    return client.get(record.get_absolute_url()).content.decode()


def test_who_is_not_the_lead_is_told_to_tell_the_lead_while_the_clock_runs(client_of, alice, bob, vera, crack, story):
    assert TELL_FIRST in seen(client_of(bob), crack)
    for person in (alice, vera):
        assert TELL_FIRST not in seen(client_of(person), crack)
    assert TELL_FIRST not in seen(client_of(bob), story.reported())


@pytest.mark.parametrize("effect", ["legal_report", "many_or_sensitive", "personal_data"])
def test_days_of_personal_data_are_counted_from_knowledge_and_nothing_is_judged(client_of, alice, bob, crack, effect):
    assert LEGAL not in seen(client_of(bob), crack)
    verbs.edit(crack, by=alice, effects=[effect], noticed_at=at("2026-11-24 09:00"))
    text = seen(client_of(bob), crack)
    assert LEGAL in text and "うしろは判断しません" in text
    # The 24th is day 1: day 3 to 5, day 30 (23 December) and day 60 (22 January).
    for day in ("11/26", "11/28", "12/23", "1/22"):
        assert day in text.partition(LEGAL)[2][:1500], day


def test_day_of_knowledge_is_the_houses_whoever_reads(client_of, alice, bob, crack):
    """Half past midnight in Tokyo is still the day before in London; the law counts Tokyo's day."""
    Person.objects.filter(pk=bob.pk).update(time_zone="Europe/London")
    verbs.edit(crack, by=alice, effects=["personal_data"], noticed_at=at("2026-11-24 00:30"))
    text = seen(client_of(bob), crack).partition(LEGAL)[2][:1500]
    assert "11/26" in text and "12/23" in text and "11/25" not in text


def test_what_the_house_knew_earlier_and_no_closing_day_of_the_team_count(client_of, alice, bob, crack, team):
    for day in (21, 22, 23, 24, 25, 26, 27, 28):
        Closure.objects.create(day=date(2026, 12, day), name="冬休み", team=team)
    fields = {"noticed_at": at("2026-11-24 09:00"), "recognised_at": at("2026-11-23 18:00"), "occurred_at": None}
    Incident.objects.filter(pk=crack.pk).update(effects=["personal_data"], **fields)
    text = seen(client_of(bob), crack).partition(LEGAL)[2][:1500]
    assert "11/25" in text and "12/22" in text  # day 3 and day 30 from the 23rd


def test_other_effects_say_nothing_of_it(client_of, alice, bob, crack):
    verbs.edit(crack, by=alice, effects=["one_outside"])
    assert LEGAL not in seen(client_of(bob), crack)


def test_six_sides_stand_under_the_whys_of_who_may_add_one(client_of, bob, vera, crack):
    assert "六つの目で見る" in seen(client_of(bob), crack)
    assert "六つの目で見る" not in seen(client_of(vera), crack)
    assert render_to_string("components/cause_frames.html").count("<dt>") == 6
