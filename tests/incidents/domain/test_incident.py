"""Recording, the first-report clock and the other ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.domain import cause, countermeasure, incident, timeline
from incidents.enums import FollowUpState, IncidentKind, Stage
from incidents.models import AuditEntry, FollowUp, Incident, TimelineEntry
from tests.conftest import at
from tests.factories import IncidentFactory
from tests.rows import refused

pytestmark = pytest.mark.usefixtures("clock")


def report(by, team, **known) -> Incident:
    return incident.report(
        by=by, team=team, **{"title": "二重払い", "noticed_at": timezone.now(), "who_waits": "銀行"} | known
    )


@pytest.mark.parametrize(
    ("known", "minutes"),
    [
        ({}, 60),
        ({"who_waits": ""}, None),
        ({"who_waits": "  "}, None),
        ({"kind": IncidentKind.NEAR_MISS}, None),
        ({"kind": IncidentKind.CONCERN}, None),
    ],
)
def test_clock_runs_while_somebody_outside_waits(bob, team, known, minutes):
    made = report(bob, team, **known)

    assert made.first_report_due_at == (made.noticed_at + timedelta(minutes=minutes) if minutes else None)
    made.refresh_from_db()
    assert (made.stage, made.clock_is_running) == (Stage.RECORDED, minutes is not None)


def test_clock_counts_from_the_notice_by_the_teams_minutes(bob, team):
    team.first_report_minutes = 30
    team.save()
    made = report(bob, team, noticed_at=at("2026-11-24 08:00"))
    assert made.first_report_due_at == at("2026-11-24 08:30")


def test_numbers_follow_one_another(bob, team):
    assert [report(bob, team).number for _ in range(3)] == [1, 2, 3]
    assert incident.take_numbers(10) == 4
    assert report(bob, team).reference == "K-14"


def test_form_that_comes_twice_is_one_record(alice, bob, team, other_team, clock):
    form = {"by": bob, "team": team, "title": "二重払い", "noticed_at": timezone.now(), "who_waits": "銀行", "body": ""}
    first = incident.report_once(**form)
    assert incident.report_once(**form) == first
    assert (Incident.objects.count(), TimelineEntry.objects.count()) == (1, 1)

    others = [
        incident.report_once(**form | other)
        for other in (
            {"by": alice},
            {"title": "二重払い。"},
            {"who_waits": ""},
            {"body": "9:40 電話"},
            {"kind": IncidentKind.NEAR_MISS},
            {"noticed_at": timezone.now() - timedelta(minutes=1)},
        )
    ]
    assert len({one.number for one in [first, *others]}) == 7
    incident.end_otherwise(first, by=bob, end=Stage.WITHDRAWN, reason="試しに書いた")
    again = incident.report_once(**form)
    assert again != first
    clock.forward(days=1, seconds=1)
    assert incident.report_once(**form) not in [first, again]


def test_record_cannot_be_of_tomorrow(bob, team):
    assert refused(report, bob, team, noticed_at=timezone.now() + timedelta(minutes=6)) == "noticed_in_future"


def test_first_report_stops_the_clock(crack, bob):
    said = incident.record_first_report(
        crack, by=bob, channel="phone", reported_at=timezone.now(), note="山本さまに電話"
    )

    assert (said.stage, said.clock_is_running, said.first_report_took) == (
        Stage.FIRST_REPORTED,
        False,
        timedelta(minutes=10),
    )
    assert TimelineEntry.objects.filter(text="電話で一次報告: 山本さまに電話").count() == 1


@pytest.mark.parametrize(("minutes", "code"), [(-11, "report_before_notice"), (6, "report_in_future")])
def test_first_report_at_an_impossible_time(crack, bob, minutes, code):
    when = timezone.now() + timedelta(minutes=minutes)
    assert refused(incident.record_first_report, crack, by=bob, channel="mail", reported_at=when) == code


def test_first_report_is_told_once(crack, bob):
    incident.record_first_report(crack, by=bob, channel="phone", reported_at=timezone.now())
    assert (
        refused(incident.record_first_report, crack, by=bob, channel="phone", reported_at=timezone.now())
        == "already_reported"
    )
    assert refused(incident.waive_first_report, crack, by=bob, reason="x") == "already_reported"


def test_waiver_needs_a_reason(crack, bob):
    assert refused(incident.waive_first_report, crack, by=bob, reason=" ") == "no_reason"
    assert incident.waive_first_report(crack, by=bob, reason="先方が先に気づいた").stage == Stage.FIRST_REPORTED


def test_a_waiver_is_said_once_and_its_reason_stays(crack, alice, bob):
    incident.waive_first_report(crack, by=bob, reason="先方が先に気づいた")
    assert refused(incident.waive_first_report, crack, by=alice, reason="別の理由") == "already_waived"
    crack.refresh_from_db()
    assert crack.first_report_waived == "先方が先に気づいた"


def test_edit_starts_the_clock(bob, team):
    quiet = report(bob, team, who_waits="")
    again = incident.edit(quiet, by=bob, who_waits="青空物産さま")
    assert again.first_report_due_at == again.noticed_at + timedelta(minutes=60)


def test_the_reason_of_a_lighter_severity_stays_when_the_effects_change(crack, bob):
    lighter = {"effects": ["personal_data"], "severity": "S3"}
    assert refused(incident.edit, crack, by=bob, **lighter) == "severity_differs"
    incident.edit(crack, by=bob, **lighter, severity_reason="相手が受け取る前に回収")
    for effects in (["personal_data", "danger"], [], ["one_outside"]):
        now = incident.edit(Incident.objects.get(pk=crack.pk), by=bob, effects=effects)
        assert (now.severity, now.severity_reason, now.effects) == ("S3", "相手が受け取る前に回収", effects)


def test_a_heavier_effect_found_later_asks_for_a_reason_and_keeps_it(crack, bob):
    incident.edit(crack, by=bob, severity="S3")
    heavier = {"by": bob, "effects": ["danger"]}
    assert refused(incident.edit, crack, **heavier) == "severity_differs"
    now = incident.edit(crack, **heavier, severity_reason="けがはなかった")
    assert (now.severity, now.severity_reason) == ("S3", "けがはなかった")
    assert now.timeline.filter(text="重大度: S3 中 のまま（けがはなかった）").count() == 1


def test_a_severity_is_decided_by_the_effects_and_never_emptied(crack, bob):
    incident.edit(crack, by=bob, severity="S4")
    assert refused(incident.edit, crack, by=bob, severity="", severity_reason="まだわからない") == "no_effects"
    now = incident.edit(crack, by=bob, severity="", effects=["personal_data"], severity_reason="名簿があった")
    assert (now.severity, now.severity_reason) == ("S2", "名簿があった")


def test_an_old_record_lighter_than_its_effects_is_edited_without_being_asked(crack, bob):
    Incident.objects.filter(pk=crack.pk).update(severity="S3", effects=["danger"])
    same = {"severity": "S3", "effects": ["danger"], "process": "見積書の送付"}
    assert incident.edit(crack, by=bob, **same).process == "見積書の送付"


def test_edit_that_changes_nothing_leaves_no_trace(crack, bob):
    from incidents.models import AuditEntry

    before = AuditEntry.objects.count()
    incident.edit(crack, by=bob, title=crack.title)
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("end", [Stage.REPAIRED_ONLY, Stage.WITHDRAWN])
def test_other_end_and_back(crack, bob, end):
    assert refused(incident.end_otherwise, crack, by=bob, end=end, reason=" ") == "no_reason"
    ended = incident.end_otherwise(crack, by=bob, end=end, reason="一度きり")
    assert ended.stage == end
    assert refused(incident.end_otherwise, crack, by=bob, end=end, reason="x") == "ended"
    assert refused(incident.edit, crack, by=bob, title="x") == "ended"
    assert refused(incident.reopen, crack, by=bob, reason=" ") == "no_reason"

    assert incident.reopen(crack, by=bob, reason="また起きた").stage == Stage.RECORDED
    assert refused(incident.reopen, crack, by=bob, reason="x") == "not_ended"


def test_duplicate_names_the_other(crack, bob, team):
    other = report(bob, team)
    for original in (None, crack):
        named = {"end": Stage.DUPLICATE, "reason": "同じ件", "duplicate_of": original}
        assert refused(incident.end_otherwise, crack, by=bob, **named) == "no_original"
    ended = incident.end_otherwise(crack, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=other)
    assert (ended.stage, ended.duplicate_of) == (Stage.DUPLICATE, other)


def test_promise_outlives_its_record(story, bob):
    measure = story.promised()
    incident.end_otherwise(measure.incident, by=bob, end=Stage.REPAIRED_ONLY, reason="取引が終わった")

    assert FollowUp.objects.exclude(kind="first_report").get().state == FollowUpState.OPEN
    assert not FollowUp.objects.exclude(kind="first_report").get().deliveries.exclude(state="pending").exists()
    countermeasure.complete(measure, by=bob, note="やりました")  # and can still be kept
    assert FollowUp.objects.exclude(kind="first_report").order_by("pk").first().state == FollowUpState.KEPT


def test_why_of_another_record_is_refused(crack, story, bob):
    foreign = story.with_root()
    assert refused(cause.ask_why, crack, by=bob, text="x", parent=foreign.why) == "other_incident"
    assert refused(cause.ask_why, crack, by=bob, text="　") == "empty"
    assert refused(cause.mark_root, foreign.why, by=bob, factor="tool") == "already_root"


def test_addendum_corrects_a_line_of_the_same_record(crack, story, bob):
    line = timeline.record(crack, by=bob, text="9時に送った", event_at=None)
    added = timeline.record(crack, by=bob, text="正しくは9時半", event_at=None, addendum_to=line)
    assert added.addendum_to == line
    assert (
        refused(timeline.record, story.reported(), by=bob, text="x", event_at=None, addendum_to=line)
        == "other_incident"
    )
    assert refused(timeline.record, crack, by=bob, text=" ", event_at=None) == "empty"


@pytest.mark.parametrize(
    "values",
    [
        {"stage": "gold"},
        {"end": Stage.WITHDRAWN},
        {"end": Stage.DUPLICATE, "end_reason": "x"},
        {"external_source": "jira"},
        {"first_reported_at": at("2026-11-24 09:00")},
    ],
    ids=lambda values: ",".join(values),
)
def test_database_refuses_half_a_record(organisation, values):
    with pytest.raises(IntegrityError), transaction.atomic():
        IncidentFactory(**values)


@pytest.mark.parametrize("kind", ["near_miss", "concern"])
def test_what_reached_nobody_is_small_from_the_start(clock, bob, team, kind):
    """B-4."""
    one = incident.report(by=bob, team=team, title="ひやり", noticed_at=clock.now, kind=kind)
    assert one.severity == "S4"
    known = incident.report(by=bob, team=team, title="ひやり", noticed_at=clock.now, kind=kind, severity="S3")
    assert known.severity == "S3"


def test_severity_of_the_kind_goes_with_it_and_its_history_stays(clock, bob, team):
    one = incident.report(by=bob, team=team, title="ひやり", noticed_at=clock.now, kind="near_miss")
    incident.edit(one, by=bob, kind="incident", who_waits="青空物産さま")
    one = Incident.objects.get(pk=one.pk)
    assert one.severity == ""
    line = TimelineEntry.objects.get(incident=one, kind="severity")
    assert line.text == "重大度: S4 小 → –（種類がインシデントになったため）"
    assert AuditEntry.objects.get(verb="incident.edited").changes["severity"] == ["S4", ""]
    incident.edit(one, by=bob, effects=["one_outside"], severity="")
    assert Incident.objects.get(pk=one.pk).severity == "S3"


def test_a_severity_with_its_reason_does_not_go_with_the_kind(clock, bob, team):
    one = incident.report(by=bob, team=team, title="ひやり", noticed_at=clock.now, kind="near_miss")
    incident.edit(one, by=bob, severity_reason="中で止まると確かめた")
    incident.edit(one, by=bob, kind="incident")
    assert Incident.objects.get(pk=one.pk).severity == "S4"


def test_an_incident_that_turns_out_a_near_miss_keeps_what_was_decided(clock, bob, team):
    for severity, effects, after in (("", [], "S4"), ("S2", [], "S2"), ("S2", ["personal_data"], "S2")):
        one = incident.report(
            by=bob, team=team, title="ひやり", noticed_at=clock.now, severity=severity, effects=effects
        )
        incident.edit(one, by=bob, kind="near_miss")
        assert Incident.objects.get(pk=one.pk).severity == after


def test_report_in_the_minute_of_the_notice_is_one_although_the_field_has_no_seconds(clock, team, bob):
    noticed_at = clock.forward(seconds=40)
    one = incident.report(by=bob, team=team, title="見積書の誤送信", noticed_at=noticed_at, who_waits="青空物産さま")
    told_at = noticed_at.replace(second=0, microsecond=0)
    one = incident.record_first_report(one, by=bob, channel="phone", reported_at=told_at)
    assert one.first_reported_at == noticed_at
