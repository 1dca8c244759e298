"""A promised date moves by a request; what was promised outside is told outside (M3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from incidents.domain import countermeasure, due_request
from incidents.enums import FollowUpKind, FollowUpState, RequestState
from incidents.errors import NotAllowed
from incidents.models import Countermeasure, DueRequest, EffectCheck, FollowUp
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")
LATER = date(2027, 1, 20)


def test_members_wish_moves_nothing_until_a_lead_grants_it(story, alice, bob):
    measure = story.promised()
    planned = EffectCheck.objects.get().check_on
    wish = due_request.ask(measure, by=bob, due_on=LATER, reason="改修が延びた")

    assert (wish.state, fresh(measure).due_on) == (RequestState.ASKED, date(2026, 12, 15))
    with pytest.raises(NotAllowed):
        due_request.grant(wish, by=bob)
    due_request.grant(wish, by=alice, note="わかりました")

    wish = fresh(wish)
    assert (wish.state, wish.decided_by, wish.decision_note) == (RequestState.GRANTED, alice, "わかりました")
    assert fresh(measure).due_on == LATER
    assert FollowUp.objects.exclude(kind="first_report").get().due_version == 2
    assert EffectCheck.objects.get().check_on - planned == LATER - date(2026, 12, 15)
    assert refused(due_request.grant, wish, by=alice) == "request_closed"
    assert refused(due_request.refuse, wish, by=alice, note="x") == "request_closed"


def test_leads_own_wish_is_granted_at_once(story, alice):
    measure = story.promised()
    wish = due_request.ask(measure, by=alice, due_on=LATER, reason="改修が延びた")

    assert (fresh(wish).state, fresh(measure).due_on) == (RequestState.GRANTED, LATER)


def test_member_does_not_move_a_date_around_the_lead(story, bob):
    with pytest.raises(NotAllowed):
        countermeasure.change_due(story.promised(), by=bob, due_on=LATER, reason="x")


def test_refused_wish_leaves_the_date_and_says_why(story, alice, bob):
    measure = story.promised()
    wish = due_request.ask(measure, by=bob, due_on=LATER, reason="改修が延びた")
    assert refused(due_request.refuse, wish, by=alice, note=" ") == "no_reason"
    due_request.refuse(wish, by=alice, note="先に約束がある")

    assert (fresh(wish).decision_note, fresh(measure).due_on) == ("先に約束がある", date(2026, 12, 15))
    assert due_request.ask(measure, by=bob, due_on=LATER, reason="やはり延びる").state == RequestState.ASKED


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"due_on": LATER, "reason": " "}, "no_reason"),
        ({"due_on": date(2026, 11, 20), "reason": "x"}, "due_in_past"),
        ({"due_on": date(2026, 12, 15), "reason": "x"}, "same_date"),
    ],
)
def test_wish_refused(story, bob, wish, code):
    assert refused(due_request.ask, story.promised(), by=bob, **wish) == code


def test_one_open_wish(story, alice, bob):
    measure = story.promised()
    due_request.ask(measure, by=bob, due_on=LATER, reason="x")
    assert refused(due_request.ask, measure, by=alice, due_on=date(2027, 2, 1), reason="x") == "already_asked"


def test_what_was_promised_outside_is_told_outside(story, alice, bob):
    measure = story.promised(promised_outside=True)
    assert refused(due_request.ask, measure, by=alice, due_on=LATER, reason="x") == "no_draft"
    assert not DueRequest.objects.exists()

    wish = due_request.ask(measure, by=bob, due_on=LATER, reason="改修が延びた", draft="12/15 を 1/20 に改めます。")
    assert not FollowUp.objects.filter(kind=FollowUpKind.NEXT_REPORT).exists()
    due_request.grant(wish, by=alice)

    report = FollowUp.objects.get(kind=FollowUpKind.NEXT_REPORT)
    assert (report.owner, report.due_on, report.to_whom, report.state) == (
        bob,
        date(2026, 11, 25),
        "青空物産さま",
        FollowUpState.OPEN,
    )
    assert report.due_at == datetime(2026, 11, 25, 17, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert measure.title in report.text
    assert report.deliveries.exists()


def test_done_measure_leaves_no_wish_open(story, bob):
    measure = story.promised()
    wish = due_request.ask(measure, by=bob, due_on=LATER, reason="x")
    countermeasure.complete(measure, by=bob, note="先にできました")

    assert fresh(wish).state == RequestState.REFUSED


def test_granted_too_late_is_refused(story, alice, bob, clock):
    measure = story.promised()
    wish = due_request.ask(measure, by=bob, due_on=clock.today + timedelta(days=30), reason="x")
    clock.forward(days=40)
    assert refused(due_request.grant, wish, by=alice) == "due_in_past"
    assert fresh(wish).state == RequestState.ASKED


def test_page_shows_the_wish_and_its_draft_with_buttons_for_leads(story, alice, bob, vera, client_of):
    measure = story.promised(promised_outside=True)
    page = client_of(bob).post(f"/measures/{measure.pk}/due/", {"due_on": "2027-01-20", "reason": "部品待ち"})
    assert "続報の下書きがまだありません" in page.content.decode()
    client_of(bob).post(
        f"/measures/{measure.pk}/due/", {"due_on": "2027-01-20", "reason": "部品待ち", "draft": "改めます。"}
    )
    wish = DueRequest.objects.get()
    url = measure.incident.get_absolute_url()
    for person, buttons in ((alice, True), (bob, False), (vera, False)):
        shown = client_of(person).get(url).content.decode()
        assert "改めます。" in shown
        assert (f"/due-requests/{wish.pk}/grant/" in shown) is buttons

    assert client_of(bob).post(f"/due-requests/{wish.pk}/grant/", {}).status_code == 403
    assert client_of(alice).post(f"/due-requests/{wish.pk}/grant/", {"note": ""}).status_code == 302
    assert Countermeasure.objects.get(pk=measure.pk).due_on == LATER


def test_a_lead_sees_the_open_wishes_on_today_and_nobody_else_does(story, alice, bob, carol, client_of):
    measure = story.promised()
    wish = due_request.ask(measure, by=bob, due_on=measure.due_on + timedelta(days=7), reason="部品が届かないため")
    page = client_of(alice).get("/").content.decode()
    assert "期限の相談が届いています" in page and "部品が届かないため" in page
    for person in (bob, carol):
        assert "期限の相談が届いています" not in client_of(person).get("/").content.decode()
    due_request.grant(wish, by=alice)
    assert "期限の相談が届いています" not in client_of(alice).get("/").content.decode()
