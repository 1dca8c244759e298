"""電話メモ: what was said and is asked for, and the promised time; all of it or nothing (A-22)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.domain import call, incident, timeline
from incidents.enums import Certainty, FollowUpKind, FollowUpState, Stage, Verdict
from incidents.errors import NotAllowed, Refused
from incidents.models import FollowUp, Incident, TimelineEntry
from incidents.queries import record
from incidents.queries.timeline import asks_of

pytestmark = pytest.mark.django_db

KINDS = ("call", "request")


def noted(one, by, clock, **more):
    said = {"with_whom": "青空物産さま", "called_at": clock.now, "said": "見積書が1通届いた"} | more
    return call.note(one, by=by, **said)


def lines(one) -> list[tuple]:
    rows = TimelineEntry.objects.filter(incident=one, kind__in=KINDS).order_by("pk")
    return list(rows.values_list("kind", "text", "certainty"))


def test_what_was_said_is_told_as_theirs_and_what_they_ask_for_apart(clock, crack, bob):
    at = clock.now - timedelta(minutes=3)
    noted(crack, bob, clock, called_at=at, asks="今日中に差し替えがほしい")
    assert lines(crack) == [
        ("call", "青空物産さま から伺ったこと: 見積書が1通届いた", Certainty.FACT),
        ("request", "青空物産さま のご要望: 今日中に差し替えがほしい", Certainty.FACT),
    ]
    assert {row.event_at for row in TimelineEntry.objects.filter(kind__in=KINDS)} == {at}
    assert not FollowUp.objects.filter(kind=FollowUpKind.PROMISE).exists()


def test_promised_time_is_followed_with_its_reminders(clock, crack, bob):
    due = clock.now + timedelta(hours=2)
    noted(crack, bob, clock, promised_at=due)
    made = FollowUp.objects.get(kind=FollowUpKind.PROMISE)
    assert (made.text, made.to_whom, made.due_at, made.owner) == ("折り返しのお電話", "青空物産さま", due, bob)
    assert made.deliveries.filter(planned_at=due - timedelta(minutes=15)).exists()

    noted(crack, bob, clock, promised_at=due, promised_what="差し替えの送付")
    assert FollowUp.objects.filter(text="差し替えの送付").exists()


def test_call_may_be_the_first_report(clock, crack, bob):
    due = clock.now + timedelta(hours=2)
    noted(crack, bob, clock, promised_at=due, is_first_report=True)
    now = Incident.objects.get(pk=crack.pk)
    assert (now.first_reported_at, now.first_report_channel, now.stage) == (clock.now, "phone", Stage.FIRST_REPORTED)
    assert FollowUp.objects.get(kind=FollowUpKind.FIRST_REPORT).state == FollowUpState.KEPT
    following = FollowUp.objects.get(kind=FollowUpKind.NEXT_REPORT)
    assert (following.due_at, following.text) == (due, "続報")


def test_sent_twice_is_one_call_and_what_was_forgotten_is_added(clock, bob, team):
    one = incident.report(by=bob, team=team, title="誤送付", noticed_at=clock.now, who_waits="青空物産さま")
    due = clock.now + timedelta(hours=2)
    first = noted(one, bob, clock, asks="差し替えがほしい")
    for _ in range(2):
        assert noted(one, bob, clock, asks="差し替えがほしい", promised_at=due, is_first_report=True) == first
    assert len(lines(one)) == 2
    assert FollowUp.objects.filter(kind=FollowUpKind.NEXT_REPORT, due_at=due).count() == 1
    noted(one, bob, clock, asks="いつ届きますか")
    assert len(lines(one)) == 3  # what they said is the same, what they ask for is new


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"said": " "}, "nothing_said"),
        ({"called_at": timedelta(minutes=6)}, "call_in_future"),
        ({"promised_what": "差し替え"}, "promise_without_time"),
        ({"promised_at": -timedelta(hours=1)}, "promise_in_past"),
        ({"is_first_report": True}, "no_next_report"),
        (
            {"is_first_report": True, "promised_at": timedelta(hours=1), "called_at": -timedelta(hours=1)},
            "report_before_notice",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_refused_call_leaves_nothing(clock, crack, bob, change, code):
    values = {name: clock.now + value if isinstance(value, timedelta) else value for name, value in change.items()}
    before = (TimelineEntry.objects.count(), FollowUp.objects.count())
    with pytest.raises(Refused) as refused:
        noted(crack, bob, clock, **values)
    assert refused.value.code == code
    assert (TimelineEntry.objects.count(), FollowUp.objects.count()) == before
    assert Incident.objects.get(pk=crack.pk).first_reported_at is None


@pytest.mark.parametrize("end", [Stage.REPAIRED_ONLY, Stage.WITHDRAWN])
def test_other_side_calls_after_the_end_too(clock, crack, bob, end):
    ended = incident.end_otherwise(crack, by=bob, end=end, reason="ここまで")
    noted(ended, bob, clock, promised_at=clock.now + timedelta(hours=1))
    assert len(lines(crack)) == 1


def test_viewer_and_stranger_write_nothing(clock, crack, vera, carol):
    for person in (vera, carol):
        with pytest.raises(NotAllowed):
            noted(crack, person, clock)
    assert lines(crack) == []


def test_request_stands_until_an_addendum_refutes_it(clock, crack, bob):
    _call, request = noted(crack, bob, clock, asks="返金してほしい")
    timeline.amend(request, by=bob, text="返金は経理で手続き中")

    def standing() -> list[tuple]:
        return [(line.entry.pk, [one.text for one in line.addenda]) for line in asks_of(record.record_page(crack).asks)]

    assert standing() == [(request.pk, ["返金は経理で手続き中"])]
    timeline.amend(request, by=bob, text="返金ではなく差し替えのご希望だった", verdict=Verdict.REFUTED)
    assert standing() == []


def test_request_stands_though_the_timeline_is_long(clock, crack, bob):
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=crack, text=f"できごと {n}", event_at=clock.now - timedelta(days=1)) for n in range(120)
    )
    noted(crack, bob, clock, asks="返金してほしい")
    assert len(asks_of(record.record_page(crack).asks)) == 1


def test_no_trace_no_call(clock, crack, bob, monkeypatch):
    monkeypatch.setattr(timeline.audit, "note", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        noted(crack, bob, clock)
    assert lines(crack) == []
