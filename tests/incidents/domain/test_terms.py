"""Terms of a promised measure: who stands in, and what was promised outside (U1, M3)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from incidents.domain import countermeasure, due_request, incident, reminder, review, terms
from incidents.enums import FollowUpKind, FollowUpState, MeasureStatus, Role, Stage
from incidents.errors import NotAllowed
from incidents.models import AuditEntry, Countermeasure, FollowUp, Letter, ReminderDelivery, TimelineEntry
from tests.factories import MembershipFactory, PersonFactory
from tests.incidents.views.test_meanwhile import opened
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")
OUTSIDE = {"promised_outside": True, "promised_to": "青空物産 山田さま", "promised_what": "12/15 までに画面を入れる"}
REVIEW = date(2027, 6, 1)
NEXT = datetime(2026, 11, 25, 15, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


def lines(start: str) -> list[str]:
    return list(TimelineEntry.objects.filter(text__startswith=start).values_list("text", flat=True))


@pytest.fixture
def third(team):
    return MembershipFactory(person=PersonFactory(name="伊藤 誠"), team=team, role=Role.MEMBER).person


def told(follow_up, step: str) -> dict[str, str]:
    rows = ReminderDelivery.objects.filter(follow_up=follow_up, step=step).select_related("recipient")
    return {str(row.recipient): row.state for row in rows}


# Who stands in ----------------------------------------------------------------------------------


def test_backup_is_changed_with_a_line_a_trace_and_the_ledger(story, alice, bob, third):
    measure = story.promised(helpers=[third])
    assert told(measure.follow_up, "d+5") == {"鈴木 健太": "pending", "佐藤 美咲": "pending"}  # nobody: the lead
    before = set(ReminderDelivery.objects.filter(recipient=bob).values_list("pk", "state"))

    terms.set_terms(measure, by=bob, backup=third)
    assert fresh(measure).backup == third
    assert fresh(measure.follow_up).backup == third
    assert told(measure.follow_up, "d+5") == {
        "鈴木 健太": "pending",
        "伊藤 誠": "pending",
        "佐藤 美咲": "cancelled",
    }
    assert list(fresh(measure).helpers.all()) == []
    assert AuditEntry.objects.get(verb="measure.terms_changed").changes["backup"] == [None, "伊藤 誠"]
    assert lines("代わりの人") == [f"代わりの人: {measure.title}（伊藤 誠）"]

    terms.set_terms(fresh(measure), by=alice, backup=None)
    assert told(measure.follow_up, "d+5") == {
        "鈴木 健太": "pending",
        "伊藤 誠": "cancelled",
        "佐藤 美咲": "pending",
    }
    # The owner is told no step again, and none is lost.
    assert set(ReminderDelivery.objects.filter(recipient=bob).values_list("pk", "state")) == before
    assert fresh(measure.follow_up).due_version == 1


def test_new_backup_hears_and_the_old_one_does_not(story, bob, third, team, clock):
    fourth = MembershipFactory(person=PersonFactory(name="山本 葵"), team=team, role=Role.MEMBER).person
    measure = story.promised(backup=fourth)
    clock.to("2026-12-22 10:00")  # five business days after the 15th
    reminder.write_due_digests()
    assert Letter.objects.filter(recipient=fourth).count() == 1
    terms.set_terms(measure, by=bob, backup=third)  # the letter still waits
    reminder.write_due_digests()
    assert measure.title in Letter.objects.get(recipient=third).text
    assert told(measure.follow_up, "d+5")["山本 葵"] == "cancelled"


@pytest.mark.parametrize("who", ["bob", "vera", "carol"])
def test_backup_refused(story, bob, vera, carol, who):
    measure = story.promised()
    person = {"bob": bob, "vera": vera, "carol": carol}[who]
    code = "backup_is_owner" if who == "bob" else "not_in_team"
    assert refused(terms.set_terms, measure, by=bob, backup=person) == code
    assert fresh(measure).backup is None


def test_owner_and_lead_change_terms_and_nobody_else(story, alice, bob, vera, carol, third):
    measure = story.promised()
    for by, code in ((third, "not_owner"), (vera, "viewer")):
        with pytest.raises(NotAllowed) as kept:
            terms.set_terms(measure, by=by, backup=alice)
        assert kept.value.code == code
    with pytest.raises(NotAllowed):
        terms.set_terms(measure, by=carol, backup=alice)
    terms.set_terms(measure, by=bob, backup=third)
    terms.set_terms(measure, by=alice, backup=None)


def test_nothing_changed_writes_nothing(story, bob):
    measure = story.promised()
    before = AuditEntry.objects.count(), TimelineEntry.objects.count()
    terms.set_terms(measure, by=bob, backup=None, promised_outside=False, promised_to="")
    assert (AuditEntry.objects.count(), TimelineEntry.objects.count()) == before


def test_only_a_running_promise_of_an_open_record_has_terms(story, alice, bob, third):
    assert refused(terms.set_terms, story.proposed(), by=bob, backup=third) == "not_committed"
    assert refused(terms.set_terms, story.done(), by=bob, backup=third) == "not_running"
    measure = story.promised()
    incident.end_otherwise(measure.incident, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    assert refused(terms.set_terms, measure, by=bob, backup=third) == "ended"


# Promised outside ---------------------------------------------------------------------------------


def test_promise_outside_names_to_whom_and_what(story, bob):
    measure = story.promised()
    for change, code in (
        ({"promised_to": ""}, "no_to_whom"),
        ({"promised_what": " "}, "no_promise"),
        ({"promised_outside": False}, "promise_not_ticked"),
    ):
        assert refused(terms.set_terms, measure, by=bob, **(OUTSIDE | change)) == code
    terms.set_terms(measure, by=bob, **OUTSIDE)
    now = fresh(measure)
    assert (now.promised_outside, now.promised_to, now.promised_what) == tuple(OUTSIDE.values())
    assert lines("対策を外に約束") == [
        f"対策を外に約束: {measure.title}（青空物産 山田さま へ、12/15 までに画面を入れる）"
    ]
    # From here on the date is moved as one that was promised outside.
    assert refused(due_request.ask, now, by=bob, due_on=REVIEW, reason="x") == "no_draft"


def test_a_tick_from_the_idea_does_not_hinder_another_change(story, bob, third):
    measure = story.promised(promised_outside=True)  # the form of an idea asks for the tick alone
    terms.set_terms(measure, by=bob, backup=third)
    assert fresh(measure).backup == third


def test_promise_outside_is_not_taken_away_in_silence(story, alice, bob):
    measure = story.promised()
    terms.set_terms(measure, by=bob, **OUTSIDE)
    assert refused(terms.set_terms, measure, by=alice, promised_outside=False, reason=" ") == "no_reason"
    assert fresh(measure).promised_outside

    terms.set_terms(measure, by=alice, promised_outside=False, reason="先方が要らないと言われた")
    now = fresh(measure)
    assert (now.promised_outside, now.promised_to, now.promised_what) == (False, "", "")
    assert lines("外への約束を外しました") == [f"外への約束を外しました: {measure.title}。先方が要らないと言われた"]
    entry = AuditEntry.objects.filter(verb="measure.terms_changed").first()
    assert entry.reason == "先方が要らないと言われた"
    assert entry.changes["promised_to"] == ["青空物産 山田さま", ""]


def test_the_database_holds_that_the_words_need_the_promise(story, bob):
    measure = story.promised()
    terms.set_terms(measure, by=bob, **OUTSIDE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Countermeasure.objects.filter(pk=measure.pk).update(promised_outside=False)


def test_an_open_wish_without_a_draft_is_not_granted_once_it_is_promised_outside(story, alice, bob):
    measure = story.promised()
    wish = due_request.ask(measure, by=bob, due_on=REVIEW, reason="改修が延びた")
    terms.set_terms(measure, by=bob, **OUTSIDE)
    assert refused(due_request.grant, wish, by=alice) == "no_draft"
    due_request.refuse(wish, by=alice, note="下書きを添えてください")
    wish = due_request.ask(measure, by=bob, due_on=REVIEW, reason="改修が延びた", draft="改めます。")
    due_request.grant(wish, by=alice)
    assert FollowUp.objects.get(kind=FollowUpKind.NEXT_REPORT).to_whom == "青空物産 山田さま"


# The page -------------------------------------------------------------------------------------------


def test_page_changes_terms_and_the_record_shows_them(story, bob, alice, third, vera, client_of):
    measure = story.promised()
    url = reverse("measure-terms", args=[measure.pk])
    for person, there in ((bob, True), (alice, True), (third, False), (vera, False)):
        shown = client_of(person).get(measure.incident.get_absolute_url()).content.decode()
        assert (url in shown) is there
        assert client_of(person).get(url).status_code == (200 if there else 403)
    sent = opened(client_of(bob), url) | OUTSIDE | {"backup": third.pk, "promised_outside": "on"}
    assert client_of(bob).post(url, sent).status_code == 302
    shown = client_of(vera).get(measure.incident.get_absolute_url()).content.decode()
    assert "外への約束: 青空物産 山田さま へ、12/15 までに画面を入れる" in shown
    assert fresh(measure).backup == third


def test_page_unticks_with_a_reason_and_loses_nothing_without_one(story, bob, client_of):
    measure = story.promised()
    terms.set_terms(measure, by=bob, **OUTSIDE)
    url = reverse("measure-terms", args=[measure.pk])
    sent = opened(client_of(bob), url)
    assert sent.pop("promised_outside") == "on"
    answer = client_of(bob).post(url, sent).content.decode()
    assert "お約束を外す理由が書かれていません" in answer and "青空物産 山田さま" in answer
    assert client_of(bob).post(url, sent | {"reason": "話がついた"}).status_code == 302
    assert not fresh(measure).promised_outside


def test_two_at_once_merge_or_are_shown_what_changed(story, alice, bob, third, client_of):
    measure = story.promised()
    url = reverse("measure-terms", args=[measure.pk])
    hers, his, late = opened(client_of(alice), url), opened(client_of(bob), url), opened(client_of(bob), url)
    assert client_of(alice).post(url, hers | OUTSIDE | {"promised_outside": "on"}).status_code == 302
    assert client_of(bob).post(url, his | {"backup": third.pk}).status_code == 302  # another field: both stand
    now = fresh(measure)
    assert (now.promised_to, now.backup) == ("青空物産 山田さま", third)

    answer = client_of(bob).post(url, late | OUTSIDE | {"promised_outside": "on", "promised_to": "別の会社さま"})
    text = answer.content.decode()
    assert "ほかの方が同じ所を変えました" in text and "別の会社さま" in text
    assert re.search(r"佐藤 美咲: 約束した相手 – → 青空物産 山田さま", text)
    assert fresh(measure).promised_to == "青空物産 山田さま"


def test_a_box_ticked_alone_is_saved_on_an_idea_as_well(story, bob, client_of):
    idea = story.proposed()
    url = f"/measures/{idea.pk}/"
    sent = opened(client_of(bob), url) | {"promised_outside": "on", "keep": "1"}
    assert client_of(bob).post(url, sent).status_code == 302
    assert fresh(idea).promised_outside
    sent = opened(client_of(bob), url) | {"keep": "1"}
    del sent["promised_outside"]
    client_of(bob).post(url, sent)
    assert not fresh(idea).promised_outside


# Not doing what was promised outside ------------------------------------------------------------------


@pytest.mark.parametrize("status", ["proposed", "promised"])
def test_what_was_promised_outside_is_not_dropped_in_silence(story, alice, status):
    measure = getattr(story, status)(promised_outside=True)
    whole = {"reason": "費用が出ない", "review_on": REVIEW, "draft": "入れないことにしました。", "next_at": NEXT}
    for change, code in (
        ({"draft": " "}, "no_draft"),
        ({"next_at": None}, "no_next_report"),
        ({"next_at": NEXT - timedelta(days=2)}, "promise_in_past"),
    ):
        assert refused(countermeasure.not_doing, measure, by=alice, **(whole | change)) == code
    assert not FollowUp.objects.filter(kind=FollowUpKind.NEXT_REPORT).exists()

    countermeasure.not_doing(measure, by=alice, **whole)
    report = FollowUp.objects.get(kind=FollowUpKind.NEXT_REPORT)
    assert (report.owner, report.due_at, report.to_whom, report.state) == (
        alice,
        NEXT,
        "青空物産さま",
        FollowUpState.OPEN,
    )
    assert measure.title in report.text and report.deliveries.exists()
    now = fresh(measure)
    assert (now.status, now.not_doing_draft) == (MeasureStatus.NOT_DOING, "入れないことにしました。")


def test_what_was_promised_to_nobody_outside_is_dropped_as_before(story, alice):
    countermeasure.not_doing(story.promised(), by=alice, reason="費用", review_on=REVIEW)
    assert not FollowUp.objects.filter(kind=FollowUpKind.NEXT_REPORT).exists()


def test_taken_up_again_the_draft_is_in_the_trace_alone(story, alice):
    measure = story.promised(promised_outside=True)
    countermeasure.not_doing(measure, by=alice, reason="費用", review_on=REVIEW, draft="入れません。", next_at=NEXT)
    review.take_up(FollowUp.objects.get(kind=FollowUpKind.NOT_DOING_REVIEW), by=alice, reason="費用が出た")
    assert fresh(measure).not_doing_draft == ""
    assert AuditEntry.objects.get(verb="measure.taken_up").changes["not_doing_draft"] == ["入れません。", ""]


def test_page_asks_for_draft_and_time_only_when_promised_outside(story, alice, vera, client_of):
    plain = client_of(alice).get(f"/measures/{story.promised().pk}/not-doing/").content.decode()
    assert 'name="draft"' not in plain and 'name="next_at"' not in plain

    measure = story.promised(promised_outside=True)
    url = f"/measures/{measure.pk}/not-doing/"
    form = client_of(alice).get(url).content.decode()
    assert 'name="draft"' in form and re.search(r'name="next_at"[^>]*value="2026-11-24T11:30"', form)
    sent = {"reason": "費用が出ない", "review_on": "2027-06-01", "draft": "", "next_at": "2026-11-25T15:00"}
    answer = client_of(alice).post(url, sent).content.decode()
    assert "続報の下書きがまだありません" in answer and "費用が出ない" in answer
    assert client_of(alice).post(url, sent | {"draft": "入れないことにしました。"}).status_code == 302
    shown = client_of(vera).get(measure.incident.get_absolute_url()).content.decode()
    assert "入れないことにしました。" in shown
    assert "実施しないことを先方に伝える" in shown


# A weak one that is left alone -------------------------------------------------------------------


@pytest.fixture
def weak(story, alice, bob):
    """A weak measure, promised while the record was light; then the severity rose."""
    known = story.with_root()
    incident.edit(known.incident, by=alice, severity="S4", severity_reason="社内だけ")
    measure = story.promised(to=known, strength=1)
    incident.edit(fresh(measure.incident), by=alice, severity="S2", severity_reason="ほかのお客様にも出ていた")
    assert fresh(measure.incident).stage == Stage.CAUSE_KNOWN
    return fresh(measure)


@pytest.mark.parametrize("done", [False, True], ids=["running", "done"])
def test_lead_says_why_a_weak_one_is_enough_after_the_severity_rose(weak, alice, bob, client_of, done):
    if done:
        countermeasure.complete(weak, by=weak.owner, note="周知した")
    path = reverse("measure-terms", args=[weak.pk])
    assert path in client_of(alice).get(weak.incident.get_absolute_url()).content.decode()
    sent = opened(client_of(alice), path)
    assert ("weak_reason" in sent, "backup" in sent) == (True, not done)
    assert client_of(alice).post(path, sent | {"weak_reason": "画面の改修が1月に入るまで"}).status_code == 302
    assert (fresh(weak).weak_reason, fresh(weak.incident).stage) == (
        "画面の改修が1月に入るまで",
        Stage.MEASURES_COMMITTED,
    )
    assert lines("弱い対策だけで進める理由") == [f"弱い対策だけで進める理由: {weak.title}。画面の改修が1月に入るまで"]


def test_nobody_but_a_lead_says_it_and_only_of_a_weak_one(weak, story, alice, bob):
    assert refused(terms.set_terms, weak, by=bob, weak_reason="急ぐ") == "weak_needs_lead"
    strong = story.promised()
    assert refused(terms.set_terms, strong, by=alice, weak_reason="x") == "weak_needs_lead"
    assert fresh(weak.incident).stage != Stage.MENDED


def test_terms_of_a_strong_one_that_is_done_are_refused_also_when_nothing_changed(story, alice, client_of):
    measure = story.done()
    path = reverse("measure-terms", args=[measure.pk])
    sent = opened(client_of(alice), path)
    assert "backup" in sent and "weak_reason" not in sent
    answer = client_of(alice).post(path, sent)
    assert (answer.status_code, "いま実施中ではありません" in answer.content.decode()) == (200, True)
