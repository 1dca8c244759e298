"""The first-report clock has no holes: a recorded report or 不要 with a reason stops it, and nothing else (F1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import incident, promise
from incidents.enums import Channel, IncidentKind, Stage
from incidents.errors import Refused
from incidents.models import AuditEntry, FollowUp, Incident
from tests.conftest import at

pytestmark = pytest.mark.usefixtures("clock")


def refused(call, *arguments, **named) -> Refused:
    with pytest.raises(Refused) as kept:
        call(*arguments, **named)
    return kept.value


def follow_ups() -> list[str]:
    return list(FollowUp.objects.filter(kind="first_report").order_by("pk").values_list("state", flat=True))


def lines(one: Incident) -> list[str]:
    return list(one.timeline.order_by("pk").values_list("text", flat=True))


def report(by, team, **known) -> Incident:
    return incident.report(
        by=by, team=team, **{"title": "二重払い", "noticed_at": timezone.now(), "who_waits": "銀行"} | known
    )


# What does not stop it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"who_waits": ""}, {"who_waits": " 　"}, {"kind": IncidentKind.NEAR_MISS}, {"kind": IncidentKind.CONCERN}],
)
def test_nobody_who_waits_is_crossed_out_while_the_clock_runs(crack, bob, change):
    refusal = refused(incident.edit, crack, by=bob, title="書きなおした題", **change)

    assert (refusal.code, refusal.fix_anchor) == ("clock_runs", "first-report")
    assert "不要" in str(refusal.fix)
    now = Incident.objects.get(pk=crack.pk)
    assert (now.title, now.who_waits, now.clock_is_running) == (crack.title, "青空物産さま", True)
    assert follow_ups() == ["open"]


def test_another_name_for_who_waits_is_no_stop_and_the_reminder_says_it(crack, bob):
    now = incident.edit(crack, by=bob, who_waits="青空物産の山本さま")

    assert (now.clock_is_running, now.first_report_due_at) == (True, crack.first_report_due_at)
    assert FollowUp.objects.get(kind="first_report").to_whom == "青空物産の山本さま"


@pytest.mark.parametrize("told", [True, False])
def test_after_report_or_waiver_who_waits_may_be_emptied(crack, bob, told):
    if told:
        incident.record_first_report(crack, by=bob, channel=Channel.PHONE, reported_at=timezone.now())
    else:
        incident.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    assert incident.edit(crack, by=bob, who_waits="", kind=IncidentKind.NEAR_MISS).who_waits == ""


# The other ends -------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Stage.WITHDRAWN, Stage.DUPLICATE])
def test_an_end_of_the_record_ends_its_clock_as_waived_and_says_so(crack, bob, team, end):
    other = report(bob, team, who_waits="")
    reason = "同じ電話の件です。" * 60
    ended = incident.end_otherwise(crack, by=bob, end=end, reason=reason, duplicate_of=other)

    assert (ended.first_report_waived, ended.end_reason) == (reason[:300], reason)
    assert lines(ended)[-2:] == [f"一次報告は不要: {reason[:300]}", f"{end.label}: {reason}"]
    assert AuditEntry.objects.filter(incident_id=crack.pk, verb="incident.first_report_waived").count() == 1
    assert follow_ups() == ["cancelled"]


def test_an_end_without_a_running_clock_waives_nothing(crack, bob, team):
    quiet = incident.end_otherwise(report(bob, team, who_waits=""), by=bob, end=Stage.WITHDRAWN, reason="別件")
    incident.record_first_report(crack, by=bob, channel=Channel.PHONE, reported_at=timezone.now())
    told = incident.end_otherwise(crack, by=bob, end=Stage.WITHDRAWN, reason="別件")
    assert (quiet.first_report_waived, told.first_report_waived) == ("", "")


def test_reopened_the_waiver_of_the_end_is_gone_and_the_clock_runs(crack, bob):
    due = crack.first_report_due_at
    incident.end_otherwise(crack, by=bob, end=Stage.WITHDRAWN, reason="別件 ")
    again = incident.reopen(crack, by=bob, reason="やはりこの件")

    assert (again.clock_is_running, again.first_report_due_at, again.stage) == (True, due, Stage.RECORDED)
    assert follow_ups() == ["cancelled", "open"]
    assert lines(again)[-1] == "一次報告の時計が、また動いています。"
    trace = AuditEntry.objects.get(incident_id=crack.pk, verb="incident.reopened")
    assert trace.changes["first_report_waived"] == ["別件", ""]


def test_reopened_a_waiver_of_its_own_stays(crack, bob):
    incident.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    incident.end_otherwise(crack, by=bob, end=Stage.WITHDRAWN, reason="別件")
    again = incident.reopen(crack, by=bob, reason="やはりこの件")
    assert (again.first_report_waived, again.clock_is_running) == ("先方から不要と言われた", False)


# Duplicates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Stage.WITHDRAWN, Stage.DUPLICATE])
def test_the_original_of_a_duplicate_goes_on_itself(crack, bob, team, end):
    gone, kept = report(bob, team), report(bob, team)
    incident.end_otherwise(gone, by=bob, end=end, reason="別件", duplicate_of=kept)

    named = {"by": bob, "end": Stage.DUPLICATE, "reason": "同じ件", "duplicate_of": gone}
    assert refused(incident.end_otherwise, crack, **named).code == "original_ended"
    assert Incident.objects.get(pk=crack.pk).clock_is_running
    incident.reopen(gone, by=bob, reason="やはりこの件")
    assert incident.end_otherwise(crack, **named).duplicate_of == gone


def test_a_repaired_original_is_a_good_one(crack, bob, team):
    other = incident.end_otherwise(report(bob, team), by=bob, end=Stage.REPAIRED_ONLY, reason="すぐに直した")
    ended = incident.end_otherwise(crack, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=other)
    assert ended.duplicate_of == other


@pytest.mark.parametrize("end", [Stage.WITHDRAWN, Stage.DUPLICATE])
def test_a_record_with_duplicates_does_not_go_before_they_are_moved(crack, bob, team, end):
    original, other = report(bob, team), report(bob, team)
    incident.end_otherwise(crack, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=original)

    leave = {"by": bob, "end": end, "reason": "別件", "duplicate_of": other}
    refusal = refused(incident.end_otherwise, original, **leave)
    assert (refusal.code, crack.reference in str(refusal.reason)) == ("has_duplicates", True)
    incident.reopen(crack, by=bob, reason="元を選び直す")
    incident.end_otherwise(crack, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=other)
    assert incident.end_otherwise(original, **leave).end == end


def test_a_restricted_duplicate_is_not_named_to_who_may_not_read_it(crack, alice, bob, team):
    original = report(alice, team)
    incident.end_otherwise(crack, by=bob, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=original)
    Incident.objects.filter(pk=crack.pk).update(restricted=True)
    refusal = refused(incident.end_otherwise, original, by=alice, end=Stage.WITHDRAWN, reason="別件")
    assert (refusal.code, crack.reference in refusal.sentence()) == ("has_duplicates", False)


# Lateness is a fact ---------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False])
def test_once_stopped_the_end_of_the_clock_is_never_reckoned_again(crack, bob, team, told):
    due = crack.first_report_due_at
    if told:
        incident.record_first_report(crack, by=bob, channel=Channel.PHONE, reported_at=timezone.now())
    else:
        incident.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    team.first_report_minutes = 5
    team.save()
    for change in (
        {"severity": "S1"},
        {"noticed_at": at("2026-11-24 09:00")},
        {"who_waits": "青空物産の山本さま"},
        {"who_waits": ""},
        {"kind": IncidentKind.NEAR_MISS},
    ):
        assert incident.edit(Incident.objects.get(pk=crack.pk), by=bob, **change).first_report_due_at == due, change
    assert Incident.objects.get(pk=crack.pk).first_report_due_at == due


# Somebody else begins to wait -----------------------------------------------------------------


@pytest.fixture
def waived(crack, bob, clock):
    """Nobody is owed a report, for a reason; two hours have passed."""
    made = incident.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    clock.forward(hours=2)
    return made


def restarted(one: Incident, clock) -> bool:
    """Whether the clock runs its hour from now, with one reminder, and the timeline says why."""
    line = f"{one.who_waits} が待っています。一次報告の時計が、また動きはじめました"
    said = [text for text in lines(one) if text.startswith(line) and "先方から不要と言われた" in text]
    one.refresh_from_db()
    assert bool(said) == one.clock_is_running
    if not said:
        assert (one.first_report_waived, follow_ups()) == ("先方から不要と言われた", ["cancelled"])
        return False
    assert one.first_report_due_at == clock.now + timedelta(minutes=60)
    assert (follow_ups(), one.stage) == (["cancelled", "open"], Stage.RECORDED)
    now = FollowUp.objects.get(kind="first_report", state="open")
    assert (now.due_at, now.to_whom) == (one.first_report_due_at, one.who_waits)
    return True


def test_after_a_waiver_somebody_who_begins_to_wait_starts_the_clock(waived, bob, clock):
    assert not restarted(incident.edit(waived, by=bob, who_waits=""), clock)
    assert restarted(incident.edit(waived, by=bob, who_waits="緑商事さま"), clock)
    trace = AuditEntry.objects.filter(incident_id=waived.pk, verb="incident.edited").latest("pk").changes
    assert trace["first_report_waived"] == ["先方から不要と言われた", ""]


def test_after_a_waiver_another_kind_and_back_starts_the_clock(waived, bob, clock):
    incident.edit(waived, by=bob, kind=IncidentKind.NEAR_MISS)
    assert restarted(incident.edit(waived, by=bob, kind=IncidentKind.INCIDENT), clock)


def test_a_corrected_name_starts_nothing_and_a_tick_does(waived, bob, clock):
    assert not restarted(incident.edit(waived, by=bob, who_waits="青空物産の山本さま"), clock)
    assert not restarted(incident.edit(waived, by=bob, severity="S2"), clock)
    assert restarted(incident.edit(waived, by=bob, another_waits=True), clock)


def test_a_tick_with_nobody_who_waits_is_refused(waived, bob):
    for change in ({"who_waits": " "}, {"kind": IncidentKind.CONCERN}):
        assert refused(incident.edit, waived, by=bob, another_waits=True, **change).code == "nobody_waits"


def test_a_tick_beside_a_recorded_report_or_a_running_clock_changes_nothing(crack, bob):
    due = crack.first_report_due_at
    assert incident.edit(crack, by=bob, another_waits=True).first_report_due_at == due
    incident.record_first_report(crack, by=bob, channel=Channel.PHONE, reported_at=timezone.now())
    now = incident.edit(crack, by=bob, another_waits=True, who_waits="緑商事さま")
    assert (now.clock_is_running, now.first_report_due_at) == (False, due)


def test_a_clock_that_started_again_keeps_its_start(waived, bob, clock, team):
    start = clock.now
    incident.edit(waived, by=bob, another_waits=True, who_waits="緑商事さま")
    clock.forward(minutes=10)
    team.first_report_minutes = 20
    team.save()
    now = incident.edit(waived, by=bob, severity="S1", noticed_at=at("2026-11-24 08:00"))
    assert now.first_report_due_at == start + timedelta(minutes=20)
    assert FollowUp.objects.get(kind="first_report", state="open").due_at == now.first_report_due_at


def test_a_waiver_that_was_taken_back_is_no_report_in_the_count(waived, bob, clock):
    incident.edit(waived, by=bob, another_waits=True)
    told = {"by": bob, "channel": Channel.PHONE, "reported_at": clock.now}
    promise.report_first(waived, **told, no_next="解決")
    promise.report_again(waived, **told, note="2件とわかった", next_at=None, no_next="解決")
    assert [text[:3] for text in lines(waived) if text.startswith("第")] == ["第2報"]
