"""The first report's clock in the strip of every page: three taps, a laptop that slept, a line that was cut."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.domain import incident as incidents
from incidents.domain import promise
from incidents.enums import FollowUpKind, FollowUpState
from incidents.models import FollowUp
from tests.browser.fixtures import PHONE, sideways
from tests.factories import MembershipFactory, PersonFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK = {"width": 1400, "height": 900}
STRIP = "#clock-strip .strip"


def wake(page) -> None:
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def ring_up(incident, by) -> None:
    """Somebody else has told the other side."""
    promise.report_first(
        incident, by=by, channel="phone", reported_at=timezone.now(), next_at=timezone.now() + timedelta(hours=2)
    )


def test_told_by_phone_in_three_taps(bob, crack, page_of):
    page = page_of(bob, viewport=PHONE, has_touch=True)
    page.goto("/letters/")
    page.get_by_role("link", name="電話で伝えた").tap()
    page.get_by_role("button", name="伝えました").tap()
    page.wait_for_url(f"**{crack.get_absolute_url()}")

    crack.refresh_from_db()
    assert (crack.first_report_channel, crack.first_reported_at is not None) == ("phone", True)
    kinds = FollowUp.objects.filter(incident=crack).order_by("pk").values_list("kind", "state", "owner")
    assert list(kinds) == [
        (FollowUpKind.FIRST_REPORT, FollowUpState.KEPT, bob.pk),
        (FollowUpKind.NEXT_REPORT, FollowUpState.OPEN, bob.pk),
    ]
    page.goto("/letters/")
    expect(page.locator(STRIP)).to_have_count(0)


def test_countdown_is_right_after_a_sleep(bob, crack, page_of):
    due = FollowUp.objects.get(incident=crack, kind=FollowUpKind.FIRST_REPORT).due_at
    page = page_of(bob, viewport=PHONE)
    page.clock.install(time=due - timedelta(minutes=47))
    page.clock.pause_at(due - timedelta(minutes=46))
    page.goto("/letters/")
    shown = page.locator("#clock-strip [data-clock-due]")
    expect(shown).to_have_text("00:46:00")
    page.clock.run_for(5000)
    expect(shown).to_have_text("00:45:55")

    page.clock.set_fixed_time(due - timedelta(minutes=12, seconds=30))  # the lid was closed: no timer ran meanwhile
    wake(page)
    expect(shown).to_have_text("00:12:30")
    page.clock.set_fixed_time(due + timedelta(minutes=3, seconds=4))
    wake(page)
    expect(page.locator("#clock-strip .over")).to_have_text("超過 00:03:04")


def test_clock_stopped_by_somebody_else_goes_without_a_reload(alice, bob, crack, page_of):
    page = page_of(bob)
    page.goto("/letters/")
    page.evaluate("window.sameDocument = true")
    expect(page.locator(STRIP)).to_have_count(1)
    ring_up(crack, alice)
    wake(page)
    expect(page.locator(STRIP)).to_have_count(0)
    assert page.evaluate("window.sameDocument")
    assert page.locator("#clock-strip").bounding_box()["height"] == 0


def test_cut_line_leaves_the_clock_running_and_asks_when_it_is_back(alice, bob, crack, page_of, complaints):
    complaints.expect("ERR_INTERNET_DISCONNECTED|htmx:sendError|htmx:afterRequest")
    page = page_of(bob)
    page.goto("/letters/")
    page.context.set_offline(True)
    wake(page)
    page.wait_for_timeout(300)
    expect(page.locator(STRIP)).to_have_count(1)
    counted = page.locator("#clock-strip [data-clock-due]")
    expect(counted).not_to_have_text(counted.inner_text())  # a machine with much to do paints a second late
    assert page.locator("#messages").inner_text() == ""  # a strip that could not be asked is nobody's trouble
    ring_up(crack, alice)
    page.context.set_offline(False)
    expect(page.locator(STRIP)).to_have_count(0)


def test_a_signed_out_strip_brings_no_sign_in_page_into_the_page(bob, crack, page_of):
    page = page_of(bob)
    page.goto("/letters/")
    page.context.clear_cookies()
    wake(page)
    page.wait_for_load_state("networkidle")
    assert page.locator("input[type=password]").count() == 0 or "/account/login/" in page.url


def test_focus_stays_when_the_strip_is_asked_again(bob, crack, page_of):
    page = page_of(bob)
    page.goto("/letters/")
    link = page.get_by_role("link", name="電話で伝えた")
    link.focus()
    with page.expect_response("**/clocks/"):
        wake(page)
    page.wait_for_timeout(300)
    expect(link).to_be_focused()


def test_strip_is_for_owner_backup_and_lead(alice, bob, vera, carol, team, crack, page_of):
    backup, other = (MembershipFactory(person=PersonFactory(name=n), team=team).person for n in ("代理", "同僚"))
    incidents.edit(crack, by=bob, backup=backup)
    for person, seen in [(bob, 1), (backup, 1), (alice, 1), (other, 0), (vera, 0), (carol, 0)]:
        page = page_of(person)
        page.goto("/letters/")
        assert (person.name, page.locator(STRIP).count()) == (person.name, seen)
        page.close()


def test_strip_leaves_out_only_what_the_page_itself_shows_large(bob, crack, page_of):
    page = page_of(bob)
    for path, seen in {
        "": 0,
        "?x=1": 0,
        "first-report/": 0,
        "first-report/phone/": 1,
        "history/": 1,
        "edit/": 1,
    }.items():
        page.goto(crack.get_absolute_url() + path)
        assert (path, page.locator(STRIP).count()) == (path, seen)
        with page.expect_response("**/clocks/"):
            wake(page)
        page.wait_for_timeout(150)
        assert (path, page.locator(STRIP).count()) == (path, seen)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_strip_is_calm(bob, team, crack, page_of, axe, viewport, scheme):
    late = timezone.now() - timedelta(hours=3)
    incidents.report(by=bob, team=team, title="とても長い題の割れ" * 9, noticed_at=late, who_waits="青空物産さま")
    page = page_of(bob, viewport=viewport, color_scheme=scheme)
    page.goto("/letters/")
    expect(page.locator(STRIP)).to_have_count(2)
    page.wait_for_timeout(200)
    assert (axe(page), sideways(page)) == ([], 0)
    for strip in page.locator(STRIP).all():
        assert strip.evaluate("e => e.scrollWidth - e.clientWidth") == 0
        assert strip.bounding_box()["height"] <= 60
