"""A page costs the same number of queries for 1, 3 and 1,000 rows; the numbers are said here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.domain import feed
from incidents.domain import incident as verbs
from incidents.enums import EntryKind
from incidents.models import (
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Jotting,
    Letter,
    NamelessNote,
    ReminderDelivery,
    TimelineEntry,
    Why,
)
from incidents.queries.nameless import door_path

pytestmark = pytest.mark.django_db

TODAY, LIST, SEAMS, LETTERS, INCIDENT = 4, 8, 8, 7, 8
NAMELESS, JOTTINGS = 6, 6
FEED = 4


def cost(client, url: str) -> int:
    assert client.get(url).status_code == 200  # the first visit fills what is filled once a process
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def many_incidents(team, person, count: int) -> None:
    first = verbs.take_numbers(count)
    now = timezone.now()
    Incident.objects.bulk_create(
        Incident(
            number=first + n,
            team=team,
            title=f"割れ {n}",
            noticed_at=now - timedelta(hours=n % 2000),
            owner=person,
            recorded_by=person,
            who_waits="お客様",
            first_report_due_at=now + timedelta(minutes=30),
        )
        for n in range(count)
    )


def many_promises(incident, root, owner, count: int) -> None:
    due = timezone.localdate() + timedelta(days=3)
    whole = {"root": root, "owner": owner, "before": "前", "after": "後", "due_on": due, "status": "committed"}
    measures = Countermeasure.objects.bulk_create(
        Countermeasure(incident=incident, title=f"対策 {n}", **whole) for n in range(count)
    )
    EffectCheck.objects.bulk_create(
        EffectCheck(measure=m, what="件数", threshold="0件", check_on=due) for m in measures
    )
    followed = FollowUp.objects.bulk_create(
        FollowUp(kind="countermeasure", incident=incident, team=incident.team, measure=m, owner=owner, due_on=due)
        for m in measures
    )
    ReminderDelivery.objects.bulk_create(
        ReminderDelivery(follow_up=f, recipient=owner, step="d0", due_version=1, planned_on=due) for f in followed
    )


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_list_of_incidents_costs_the_same(client_of, alice, team, rows):
    many_incidents(team, alice, rows)
    assert cost(client_of(alice), "/incidents/") == LIST


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_today_costs_the_same(client_of, alice, team, story, rows):
    many_incidents(team, alice, rows)
    known = story.with_root()
    many_promises(known.incident, known.root, alice, rows)
    assert cost(client_of(alice), "/") == TODAY


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_seams_cost_the_same(client_of, alice, story, rows):
    known = story.with_root()
    many_promises(known.incident, known.root, alice, rows)
    assert cost(client_of(alice), "/seams/?view=all") == SEAMS


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_incident_costs_the_same(client_of, alice, story, rows):
    known = story.with_root()
    many_promises(known.incident, known.root, alice, rows)
    Why.objects.bulk_create(Why(incident=known.incident, parent=known.why, text=f"なぜ {n}") for n in range(rows))
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=known.incident, kind=EntryKind.NOTE, text=f"できごと {n}", author=alice)
        for n in range(rows)
    )
    assert cost(client_of(alice), known.incident.get_absolute_url()) == INCIDENT


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_final_reports_cost_the_same(client_of, alice, team, rows):
    many_incidents(team, alice, rows)
    records = list(Incident.objects.order_by("pk"))
    due = timezone.localdate() + timedelta(days=3)
    FollowUp.objects.bulk_create(
        FollowUp(kind="final_report", incident=one, team=team, owner=alice, due_on=due) for one in records
    )
    assert cost(client_of(alice), "/") == TODAY
    assert cost(client_of(alice), records[0].get_absolute_url()) == INCIDENT


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_letters_cost_the_same(client_of, alice, rows):
    now = timezone.now()
    Letter.objects.bulk_create(
        Letter(
            key=f"k{n}",
            kind="test",
            recipient=alice,
            to_email=alice.email,
            language="ja",
            subject=f"件 {n}",
            text="本文",
            message_id=f"<{n}@x>",
            next_try_at=now,
        )
        for n in range(rows)
    )
    assert cost(client_of(alice), "/letters/") == LETTERS


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_notes_without_a_name_cost_the_same(client_of, alice, team, rows):
    day = timezone.localdate()
    NamelessNote.objects.bulk_create(NamelessNote(team=team, text=f"知らせ {n}", published_on=day) for n in range(rows))
    assert cost(client_of(alice), "/nameless/") == NAMELESS


def test_page_without_a_name_asks_for_the_team_alone(client_of, alice, team):
    assert cost(client_of(alice), door_path(team)) == 1


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_jottings_cost_the_same(client_of, alice, team, rows):
    Jotting.objects.bulk_create(Jotting(person=alice, text=f"一言 {n}") for n in range(rows))
    assert cost(client_of(alice), "/jottings/") == JOTTINGS


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_calendar_costs_the_same(client_of, dave, alice, story, rows):
    known = story.with_root()
    many_promises(known.incident, known.root, alice, rows)
    ended = FollowUp.objects.filter(pk__in=list(FollowUp.objects.filter(owner=alice).values_list("pk", flat=True)[::2]))
    ended.update(state="kept", closed_at=timezone.now())
    url = f"/feed/{feed.make(alice, by=alice)}.ics"
    assert cost(client_of(dave), url) == FEED
