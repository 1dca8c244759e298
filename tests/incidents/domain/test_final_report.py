"""最終報告 (B-3): made with the containment, moved by severity or by agreement, ended by one of four things."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import cause, check, containment, final_report, handover, incident, outside, promise, reminder
from incidents.enums import FollowUpKind, FollowUpState, Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, EffectCheck, FollowUp, Incident, ReminderDelivery, TimelineEntry
from tests.factories import ClosureFactory, MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db


def contain(one, by, at) -> None:
    containment.record(one, by=by, text="削除をお願いした", done_at=at)


def found() -> FollowUp:
    return FollowUp.objects.get(kind=FollowUpKind.FINAL_REPORT)


def none_yet() -> bool:
    return not FollowUp.objects.filter(kind=FollowUpKind.FINAL_REPORT).exists()


def lines() -> list[str]:
    return list(TimelineEntry.objects.filter(kind="final_report").order_by("pk").values_list("text", flat=True))


def pending(follow_up) -> list[tuple[str, str, int]]:
    rows = ReminderDelivery.objects.filter(follow_up=follow_up, state="pending").order_by("planned_on", "pk")
    return [(row.step, row.planned_on.isoformat(), row.due_version) for row in rows]


def give(one, by, at, note="原因と対策を説明した"):
    return final_report.give(one, by=by, channel="mail", reported_at=at, note=note)


@pytest.fixture
def contained(clock, story, bob):
    """An S2 whose first report is out and whose effect was limited on Tuesday 24 November 2026."""
    one = story.reported()
    contain(one, bob, clock.now)
    return one


# It comes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "due_on"), [("S1", "2026-12-01"), ("S2", "2026-12-01"), ("S3", "2026-11-27"), ("S4", None), ("", None)]
)
def test_containment_makes_it_so_many_business_days_away(clock, story, bob, severity, due_on):
    one = story.reported(severity=severity)
    contain(one, bob, clock.now)
    days = FollowUp.objects.filter(kind=FollowUpKind.FINAL_REPORT).values_list("due_on", flat=True)
    assert [day.isoformat() for day in days] == ([due_on] if due_on else [])


def test_it_belongs_to_the_record_and_has_the_ladder_of_every_promise(clock, story, alice, bob):
    one = story.reported(backup=alice)
    contain(one, bob, clock.now)
    made = found()
    assert (made.owner, made.backup, made.to_whom, made.what) == (bob, alice, "青空物産さま", "最終報告")
    assert pending(made)[:4] == [
        ("d-3", "2026-11-26", 1),
        ("d-1", "2026-11-30", 1),
        ("d0", "2026-12-01", 1),
        ("d+1", "2026-12-02", 1),
    ]
    assert AuditEntry.objects.get(verb="final_report.planned").changes == {"due_on": [None, "2026-12-01"]}


def test_the_teams_own_closed_day_does_not_count(clock, story, bob, team):
    ClosureFactory(team=team, day=date(2026, 11, 25))
    contain(story.reported(severity="S3"), bob, clock.now)
    assert found().due_on == date(2026, 11, 30)


def test_on_a_closed_day_the_next_business_day_is_the_first(clock, story, bob):
    clock.to("2026-11-21 10:00")  # a Saturday; Monday is a holiday
    contain(story.reported(severity="S3"), bob, clock.now)
    assert found().due_on == date(2026, 11, 26)


def test_the_first_containment_counts(clock, contained, bob):
    clock.forward(days=1)
    contain(contained, bob, clock.now)
    assert (found().due_on, found().due_version) == (date(2026, 12, 1), 1)
    contain(contained, bob, clock.now - timedelta(days=4))  # an earlier one that is told later
    assert (found().due_on, found().due_version) == (date(2026, 11, 30), 2)


@pytest.mark.parametrize("last", ["severity", "who_waits"])
def test_whatever_comes_last_makes_it(clock, bob, team, last):
    known = {"severity": "S3", "who_waits": "青空物産さま"}
    early = {name: value for name, value in known.items() if name != last}
    one = incident.report(by=bob, team=team, title="誤送信", noticed_at=clock.now, **early)
    contain(one, bob, clock.now)
    assert none_yet()
    incident.edit(one, by=bob, **{last: known[last]})
    assert found().due_on == date(2026, 11, 27)


def test_a_first_report_to_somebody_not_named_makes_it(clock, bob, team):
    one = incident.report(
        by=bob, team=team, title="誤送信", noticed_at=clock.now, severity="S3", counterparty="青空物産"
    )
    contain(one, bob, clock.now)
    assert none_yet()
    incident.record_first_report(one, by=bob, channel="phone", reported_at=clock.now)
    assert (found().due_on, found().to_whom) == (date(2026, 11, 27), "青空物産")


def test_a_near_miss_and_a_record_inside_have_none(clock, bob, team):
    for known in ({"kind": "near_miss", "severity": "S2"}, {"severity": "S2"}, {"kind": "concern", "severity": "S1"}):
        one = incident.report(by=bob, team=team, title="ひやり", noticed_at=clock.now, **known)
        contain(one, bob, clock.now)
    assert none_yet()


def test_the_database_holds_one_a_record(contained, bob):
    made = found()
    made.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save(force_insert=True)


# It moves ------------------------------------------------------------------------------------


def test_another_severity_reckons_it_anew(contained, bob):
    incident.edit(contained, by=bob, severity="S3", severity_reason="一社だけだった")
    moved = found()
    assert (moved.due_on, moved.due_version) == (date(2026, 11, 27), 2)
    assert AuditEntry.objects.get(verb="final_report.moved").changes == {"due_on": ["2026-12-01", "2026-11-27"]}
    assert {version for _step, _day, version in pending(moved)} == {2}


def test_s4_needs_none_and_the_timeline_says_why(contained, bob):
    incident.edit(contained, by=bob, severity="S4", severity_reason="中だけで済んだ")
    over = found()
    assert (over.state, over.closed_note, pending(over)) == ("cancelled", "重大度が S4 になったため", [])
    assert lines() == ["最終報告は予定しません: 重大度が S4 になったため"]
    incident.edit(contained, by=bob, severity="S2", severity_reason="先方にも届いていた")
    again = found()
    assert (again.state, again.due_on, again.closed_note) == ("open", date(2026, 12, 1), "")
    assert lines()[-1] == "最終報告をまた予定します: 12月1日（火） まで"
    assert {version for _step, _day, version in pending(again)} == {again.due_version}


def test_a_near_miss_after_all_needs_none(clock, contained, bob):
    incident.edit(contained, by=bob, kind="near_miss")
    assert (found().state, found().closed_note) == ("cancelled", "ヒヤリハットか違和感になったため")


def test_a_day_agreed_with_the_other_side_is_theirs(contained, bob):
    final_report.agree(contained, by=bob, due_on=date(2026, 12, 8), reason="先方の役員会に合わせる", told=True)
    assert (found().due_on, found().due_version) == (date(2026, 12, 8), 2)
    assert lines() == ["最終報告の日を相手と決めました: 12月8日（火）（先方の役員会に合わせる）"]
    for severity in ("S3", "S4", "S1"):
        incident.edit(contained, by=bob, severity=severity, severity_reason="わかったこと")
        assert (found().state, found().due_on) == ("open", date(2026, 12, 8))


def test_a_day_may_be_agreed_where_none_was_to_come(clock, story, bob):
    one = story.reported(severity="S4")
    final_report.agree(one, by=bob, due_on=date(2026, 12, 8), reason="先方の希望", told=True)
    assert (found().due_on, found().state) == (date(2026, 12, 8), "open")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"due_on": date(2026, 11, 20)}, "due_in_past"),
        ({"due_on": date(2026, 12, 1)}, "same_day"),
        ({"reason": " "}, "no_reason"),
        ({"told": False}, "not_told"),
    ],
)
def test_what_a_new_day_needs(contained, bob, change, code):
    asked = {"due_on": date(2026, 12, 8), "reason": "先方の希望", "told": True} | change
    with pytest.raises(Refused) as refusal:
        final_report.agree(contained, by=bob, **asked)
    assert (refusal.value.code, found().due_on) == (code, date(2026, 12, 1))


def test_it_goes_with_the_record(contained, alice, bob):
    handover.hand_over(contained, by=alice, owner=alice, reason="異動")
    assert found().owner == alice
    incident.edit(Incident.objects.get(pk=contained.pk), by=alice, backup=bob)
    assert found().backup == bob
    told = ReminderDelivery.objects.filter(follow_up=found(), state="pending").values_list("recipient", flat=True)
    assert bob.pk in told


def test_a_new_owner_alone_makes_none(contained, alice):
    """Records from before are handed over in bulk; that brings no late promise."""
    ReminderDelivery.objects.all().delete()
    FollowUp.objects.all().delete()
    handover.hand_over(contained, by=alice, owner=alice, reason="異動")
    assert none_yet()


def test_an_owner_who_left_is_told_to_the_lead(clock, contained, alice, bob, settings):
    settings.MAIL_CONFIGURED = True
    bob.memberships.all().delete()
    clock.to("2026-12-01 09:30")
    reminder.write_due_digests()
    reminder.write_due_digests()  # the lead's own letter, once the step is theirs
    told = ReminderDelivery.objects.filter(follow_up=found(), recipient=alice, state="written")
    assert told.exists()


# It ends -------------------------------------------------------------------------------------


def test_given_it_is_kept(clock, contained, bob):
    told = promise.promise(
        contained, by=bob, text="続報", due_at=clock.now + timedelta(hours=2), kind=FollowUpKind.NEXT_REPORT
    )
    clock.forward(days=2)
    give(contained, bob, clock.now - timedelta(hours=1))
    kept = found()
    assert (kept.state, kept.closed_by, kept.closed_note, pending(kept)) == ("kept", bob, "原因と対策を説明した", [])
    one = Incident.objects.get(pk=contained.pk)
    assert (one.final_reported_at, one.final_report_channel) == (clock.now - timedelta(hours=1), "mail")
    line = TimelineEntry.objects.get(kind="final_report")
    assert (line.text, line.event_at) == ("最終報告（メール）: 原因と対策を説明した", clock.now - timedelta(hours=1))
    told.refresh_from_db()
    assert told.state == "kept"  # after the final one no further report is to come
    with pytest.raises(Refused) as refusal:
        give(one, bob, clock.now)
    assert refusal.value.code == "final_report_given"


def test_given_before_a_containment_none_comes_any_more(clock, story, bob):
    one = story.reported()
    give(one, bob, clock.now)
    contain(one, bob, clock.now)
    assert none_yet()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"note": " "}, "empty"),
        ({"minutes": 30}, "report_in_future"),
        ({"minutes": -5}, "final_before_first"),
    ],
)
def test_what_a_final_report_needs(clock, contained, bob, change, code):
    at = clock.now + timedelta(minutes=change.get("minutes", 0))
    with pytest.raises(Refused) as refusal:
        give(contained, bob, at, note=change.get("note", "説明した"))
    assert (refusal.value.code, found().state) == (code, "open")


def test_the_first_report_comes_first(clock, crack, bob):
    with pytest.raises(Refused) as refusal:
        give(crack, bob, clock.now)
    assert refusal.value.code == "first_report_missing"


def test_not_needed_with_a_reason(contained, bob):
    with pytest.raises(Refused) as refusal:
        final_report.waive(contained, by=bob, reason=" ")
    assert refusal.value.code == "no_reason"
    final_report.waive(contained, by=bob, reason="先方が不要と言われた")
    assert (found().state, found().closed_note) == ("cancelled", "先方が不要と言われた")
    assert lines() == ["最終報告は不要: 先方が不要と言われた"]
    incident.edit(contained, by=bob, severity="S1", severity_reason="重かった")  # and it stays so
    assert found().state == "cancelled"
    with pytest.raises(Refused) as refusal:
        final_report.waive(contained, by=bob, reason="もう一度")
    assert refusal.value.code == "final_report_waived"


def test_what_was_not_needed_can_be_agreed_or_given_after_all(clock, contained, bob):
    final_report.waive(contained, by=bob, reason="先方が不要と言われた")
    final_report.agree(contained, by=bob, due_on=date(2026, 12, 8), reason="やはり書面で", told=True)
    assert (found().state, found().due_on) == ("open", date(2026, 12, 8))
    assert Incident.objects.get(pk=contained.pk).final_report_waived == ""
    final_report.waive(contained, by=bob, reason="電話で足りた")
    assert Incident.objects.get(pk=contained.pk).final_report_agreed_on is None
    give(contained, bob, clock.now)
    assert Incident.objects.get(pk=contained.pk).final_report_waived == ""


def settle(one, by, at):
    return outside.close(one, by=by, closed_at=at, channel="phone", agreed="これで終わり")


def test_settled_outside_it_is_not_owed_and_comes_back_with_the_other_side(clock, contained, bob):
    settle(contained, bob, clock.now)
    assert (found().state, found().closed_note) == ("cancelled", "対外完了のため")
    assert lines() == ["最終報告は予定しません: 対外完了のため"]
    with pytest.raises(Refused) as refusal:
        final_report.agree(contained, by=bob, due_on=date(2026, 12, 8), reason="希望", told=True)
    assert refusal.value.code == "already_settled"
    outside.reopen(contained, by=bob, reason="また連絡があった")
    assert (found().state, found().due_on) == ("open", date(2026, 12, 1))


def test_settled_after_it_was_given_it_stays_kept(clock, contained, bob):
    give(contained, bob, clock.now)
    settle(contained, bob, clock.now)
    outside.reopen(contained, by=bob, reason="また連絡があった")
    assert found().state == "kept"


def test_an_agreed_day_comes_back_as_agreed(clock, contained, bob):
    final_report.agree(contained, by=bob, due_on=date(2026, 12, 8), reason="先方の希望", told=True)
    settle(contained, bob, clock.now)
    outside.reopen(contained, by=bob, reason="また連絡があった")
    assert (found().state, found().due_on) == ("open", date(2026, 12, 8))


def test_withdrawn_none_is_owed_until_it_is_opened_again(contained, bob):
    incident.end_otherwise(contained, by=bob, end=Stage.WITHDRAWN, reason="間違い")
    assert (found().state, found().closed_note) == ("cancelled", "記録を取下げか重複で終えたため")
    incident.reopen(contained, by=bob, reason="間違いではなかった")
    assert found().state == "open"


def test_repaired_only_and_gold_do_not_silence_it(clock, contained, bob):
    """Invariant 7."""
    incident.end_otherwise(contained, by=bob, end=Stage.REPAIRED_ONLY, reason="軽かった")
    assert found().state == "open"
    clock.to("2026-12-01 09:30")
    assert any(row[1] == "2026-12-01" for row in pending(found()))
    final_report.agree(contained, by=bob, due_on=date(2026, 12, 8), reason="先方の希望", told=True)
    give(contained, bob, clock.now)
    assert found().state == "kept"


def test_mended_goes_on_owing_it(clock, story, alice, bob):
    measure = story.done()
    contain(measure.incident, bob, clock.now)
    check.record_outcome(EffectCheck.objects.get(measure=measure), by=alice, outcome="effective", note="0件")
    assert Incident.objects.get(pk=measure.incident_id).stage == Stage.MENDED
    assert found().state == "open"


def test_who_may_and_who_not(clock, contained, vera, carol):
    for by in (vera, carol):
        with pytest.raises(NotAllowed):
            give(contained, by, clock.now)
        with pytest.raises(NotAllowed):
            final_report.agree(contained, by=by, due_on=date(2026, 12, 8), reason="希望", told=True)
        with pytest.raises(NotAllowed):
            final_report.waive(contained, by=by, reason="不要")
    assert found().state == "open"


def test_on_a_restricted_record_a_stranger_to_it_hears_nothing(clock, story, alice, bob, team):
    """Who is told is asked at the moment of sending, as of every promise."""
    second = PersonFactory(email="second@example.jp")
    MembershipFactory(person=second, team=team, role="lead")
    one = story.reported(restricted=True, readers=[alice])
    contain(one, bob, clock.now)
    told = set(ReminderDelivery.objects.filter(follow_up=found()).values_list("recipient", flat=True))
    assert told == {bob.pk, alice.pk}
    assert not FollowUp.objects.visible_to(second).exists()


def test_nothing_hangs_on_causes(contained, bob):
    cause.ask_why(contained, by=bob, text="なぜ")
    assert found().due_version == 1


@pytest.mark.parametrize("who", ["南風商事さま", "青空物産さま"])
def test_not_needed_speaks_of_nobody_who_begins_to_wait_later(clock, team, bob, who):
    one = incident.report(
        by=bob, team=team, title="誤送信", noticed_at=clock.now, who_waits="青空物産さま", severity="S3"
    )
    one = incident.waive_first_report(one, by=bob, reason="先方から知らせがあった")
    containment.record(one, by=bob, text="送信を止めた", done_at=clock.now)
    one = final_report.waive(one, by=bob, reason="先方が要らないと言った")
    one = incident.edit(one, by=bob, who_waits=who, another_waits=True)
    assert one.final_report_waived == ""
    assert FollowUp.objects.get(incident=one, kind=FollowUpKind.FINAL_REPORT).state == FollowUpState.OPEN
