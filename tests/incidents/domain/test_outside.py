"""対外完了: settled with the other side, apart from the stage."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.domain import check, incident, outside, promise
from incidents.enums import Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, EffectCheck, FollowUp, Incident, TimelineEntry

pytestmark = pytest.mark.django_db

AGREED = "差し替えの見積書を受け取り、これで終わり"


def settle(one, by, **more):
    said = {"closed_at": timezone.now(), "channel": "phone", "agreed": AGREED} | more
    return outside.close(one, by=by, **said)


def columns(one) -> dict:
    return Incident.objects.filter(pk=one.pk).values(*outside.FIELDS).get()


NOTHING = {
    "customer_closed_at": None,
    "customer_closed_by": None,
    "customer_closed_channel": "",
    "customer_closed_agreed": "",
    "customer_closed_note": "",
}


def test_what_was_agreed_is_kept_with_its_line_and_trace(clock, story, bob):
    one = story.reported()
    clock.forward(hours=2)
    at = clock.now - timedelta(minutes=5)
    settle(one, bob, closed_at=at, note="控えは総務へ")

    assert columns(one) == {
        "customer_closed_at": at,
        "customer_closed_by": bob.pk,
        "customer_closed_channel": "phone",
        "customer_closed_agreed": AGREED,
        "customer_closed_note": "控えは総務へ",
    }
    line = TimelineEntry.objects.get(kind="outside")
    assert (line.event_at, line.author, line.text) == (at, bob, f"対外完了（電話）: {AGREED}。控えは総務へ")
    entry = AuditEntry.objects.get(verb="outside.closed")
    assert entry.changes["customer_closed_agreed"] == ["", AGREED]


def test_the_stage_does_not_move_and_promises_go_on(clock, story, bob):
    measure = story.promised()
    told = promise.promise(measure.incident, by=bob, text="報告書", due_at=clock.now + timedelta(days=2))
    before = Incident.objects.get(pk=measure.incident_id)
    settle(before, bob)

    after = Incident.objects.get(pk=before.pk)
    assert (after.stage, after.mended_at, after.end) == (before.stage, None, "")
    followed = FollowUp.objects.filter(incident=after).exclude(kind="first_report")
    assert set(followed.values_list("pk", "state")) == {
        (told.pk, "open"),
        (measure.follow_up.pk, "open"),
    }


def test_gold_comes_of_the_effect_alone(clock, story, alice, bob):
    measure = story.done()
    settle(measure.incident, bob)
    assert Incident.objects.get(pk=measure.incident_id).stage == Stage.MEASURES_COMMITTED
    check.record_outcome(EffectCheck.objects.get(measure=measure), by=alice, outcome="effective", note="0件")
    mended = Incident.objects.get(pk=measure.incident_id)
    assert mended.stage == Stage.MENDED

    outside.reopen(mended, by=bob, reason="同じ請求書がまた届いたと言われた")
    assert (Incident.objects.get(pk=mended.pk).stage, columns(mended)) == (Stage.MENDED, NOTHING)


@pytest.mark.parametrize("end", [Stage.REPAIRED_ONLY, Stage.WITHDRAWN])
def test_another_end_can_be_settled_too(clock, story, bob, end):
    one = incident.end_otherwise(story.reported(), by=bob, end=end, reason="一度きり")
    settle(one, bob)
    assert columns(one)["customer_closed_by"] == bob.pk
    assert Incident.objects.get(pk=one.pk).stage == end


def test_reopening_keeps_the_story(clock, story, alice, bob):
    one = settle(story.reported(), bob)
    clock.forward(days=3)
    outside.reopen(one, by=alice, reason="金額がまだ違うと言われた")

    assert columns(one) == NOTHING
    assert list(TimelineEntry.objects.filter(kind="outside").values_list("text", flat=True)) == [
        f"対外完了（電話）: {AGREED}",
        "対外完了を取り消し: 金額がまだ違うと言われた",
    ]
    entry = AuditEntry.objects.get(verb="outside.reopened")
    assert (entry.reason, entry.changes["customer_closed_agreed"]) == ("金額がまだ違うと言われた", [AGREED, ""])
    settle(one, alice)
    assert columns(one)["customer_closed_by"] == alice.pk


def refused(act) -> tuple[str, str]:
    with pytest.raises(Refused) as found:
        act()
    return found.value.code, found.value.fix_anchor


def test_each_refusal_changes_nothing(clock, story, crack, alice, bob, team):
    inside = incident.report(by=bob, team=team, title="棚の札がちがう", noticed_at=clock.now)
    told = story.reported()
    clock.forward(hours=1)
    settled = settle(story.reported(), bob)
    before = list(Incident.objects.order_by("pk").values())

    assert refused(lambda: settle(inside, bob)) == ("nobody_outside", "outside")
    assert refused(lambda: settle(crack, bob)) == ("first_report_missing", "first-report")
    assert refused(lambda: settle(told, bob, agreed="  ")) == ("nothing_agreed", "outside")
    future = clock.now + timedelta(minutes=6)
    assert refused(lambda: settle(told, bob, closed_at=future)) == ("settled_in_future", "outside")
    early = told.first_reported_at - timedelta(minutes=2)
    assert refused(lambda: settle(told, bob, closed_at=early)) == ("settled_before_report", "outside")
    assert refused(lambda: settle(settled, bob)) == ("already_settled", "outside")
    assert refused(lambda: outside.reopen(told, by=bob, reason="まだ")) == ("not_settled", "outside")
    assert refused(lambda: outside.reopen(settled, by=bob, reason=" ")) == ("no_reason", "outside")
    assert list(Incident.objects.order_by("pk").values()) == before


def test_a_waived_report_is_enough(clock, crack, bob):
    incident.waive_first_report(crack, by=bob, reason="先方から連絡を受けた")
    settle(crack, bob)
    assert columns(crack)["customer_closed_by"] == bob.pk


def test_member_and_lead_settle_viewer_and_stranger_do_not(clock, story, alice, bob, vera, carol):
    for by in (alice, bob):
        assert columns(settle(story.reported(), by))["customer_closed_by"] == by.pk
    one = story.reported()
    for by in (vera, carol):
        with pytest.raises(NotAllowed):
            settle(one, by)
    assert columns(one) == NOTHING


def test_the_database_wants_all_of_it(clock, story, bob):
    one = story.reported()
    for half in ({"customer_closed_agreed": AGREED}, {"customer_closed_by": bob}, {"customer_closed_channel": "mail"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Incident.objects.filter(pk=one.pk).update(customer_closed_at=timezone.now(), **half)
    # An imported record brings the time alone.
    assert Incident.objects.filter(pk=one.pk).update(customer_closed_at=timezone.now()) == 1
