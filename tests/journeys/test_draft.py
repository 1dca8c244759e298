"""Nothing typed is lost: the record page through a reload, a sign-out, an ended session and a cut line (C1)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from incidents.models import Incident
from tests.browser.fixtures import PHONE
from tests.journeys import driver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHAT, WAITS = "請求書を別のお客様へ送った", "青山商事さま"
NOTE = ".draft-note"
CUT = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|htmx:"


def what(page):
    return page.get_by_label("何が起きましたか")


def waits(page):
    return page.get_by_label("だれが待っていますか")


def typed(page) -> tuple[str, str]:
    return what(page).input_value(), waits(page).input_value()


def begin(page) -> None:
    page.goto("/incidents/new/")
    driver.fill_record(page, what=WHAT, waits=WAITS)
    page.wait_for_timeout(700)


def at_the_record(page) -> Incident:
    page.wait_for_url("**/incidents/K-*/")
    made = Incident.objects.get()
    assert (made.title, made.who_waits) == (WHAT, WAITS)
    return made


def test_draft_is_back_after_a_reload_a_sign_out_and_only_for_its_writer(bob, carol, site, open_page):
    page = open_page(site, viewport=PHONE)
    driver.sign_in(page, bob.email)
    begin(page)
    page.reload()
    expect(page.locator(NOTE)).to_contain_text("書きかけた下書きを戻しました。")
    assert typed(page) == (WHAT, WAITS)

    driver.sign_out(page)
    driver.sign_in(page, carol.email)
    page.goto("/incidents/new/")
    page.wait_for_timeout(300)
    assert typed(page) == ("", "")
    expect(page.locator(NOTE)).to_have_count(0)
    driver.fill_record(page, what="給与明細の封筒が足りない")
    page.wait_for_timeout(700)
    driver.sign_out(page)

    driver.sign_in(page, bob.email)
    page.goto("/incidents/new/")
    assert typed(page) == (WHAT, WAITS)
    driver.send_record(page)
    assert at_the_record(page).recorded_by == bob
    page.goto("/incidents/new/")
    page.wait_for_timeout(300)
    assert typed(page) == ("", "")


def test_draft_that_is_thrown_away_stays_away(bob, page_of):
    page = page_of(bob, viewport=PHONE)
    begin(page)
    page.reload()
    page.get_by_role("button", name="破棄する").click()
    assert typed(page) == ("", "")
    page.reload()
    page.wait_for_timeout(300)
    assert typed(page) == ("", "")


def test_session_that_ended_asks_to_sign_in_and_gives_all_back(bob, site, open_page, settings):
    page = open_page(site, viewport=PHONE)
    driver.sign_in(page, bob.email)
    begin(page)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    driver.send_record(page)
    page.wait_for_url(re.compile(r"/account/login/\?next="))
    driver.fill_sign_in(page, bob.email)
    page.wait_for_url("**/incidents/new/")
    assert typed(page) == (WHAT, WAITS)
    assert Incident.objects.count() == 0
    driver.send_record(page)
    at_the_record(page)


def test_form_waits_for_the_line_and_goes_out_once(bob, page_of, complaints, axe):
    complaints.expect(CUT)
    page = page_of(bob, viewport=PHONE, has_touch=True)
    begin(page)
    page.context.set_offline(True)
    driver.send_record(page)
    note = page.locator("form#record .draft-note[role=status]")
    expect(note).to_contain_text("つながっていません。書いたものはここに残っています。")
    driver.send_record(page)  # impatient
    expect(note).to_have_count(1)
    assert (typed(page), axe(page)) == ((WHAT, WAITS), [])
    assert Incident.objects.count() == 0

    page.context.set_offline(False)
    at_the_record(page)
    page.context.set_offline(True)
    page.context.set_offline(False)
    page.wait_for_timeout(1500)
    assert Incident.objects.count() == 1


def test_nothing_is_sent_by_itself_when_that_was_called_off(bob, page_of, complaints):
    complaints.expect(CUT)
    page = page_of(bob, viewport=PHONE)
    begin(page)
    page.context.set_offline(True)
    driver.send_record(page)
    page.get_by_role("button", name="自動で送らない").click()
    expect(page.get_by_role("button", name="記録する", exact=True)).to_be_focused()
    page.context.set_offline(False)
    page.wait_for_timeout(1500)
    assert (typed(page), Incident.objects.count()) == ((WHAT, WAITS), 0)
    driver.send_record(page)
    at_the_record(page)


@pytest.mark.parametrize("arrived", [False, True], ids=["form lost", "answer lost"])
def test_line_cut_under_way_makes_one_record(bob, page_of, complaints, arrived):
    """Whether the form had arrived cannot be known here; it goes again, and the server makes one record of both."""
    complaints.expect(CUT)
    page = page_of(bob, viewport=PHONE)
    begin(page)

    def cut(route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        if arrived:
            assert route.fetch(max_redirects=0).status == 204
        page.context.set_offline(True)
        route.abort("internetdisconnected")

    page.route("**/incidents/new/", cut)
    driver.send_record(page)
    expect(page.locator(NOTE)).to_contain_text("つながったら、自動で送ります。")
    assert (typed(page), Incident.objects.count()) == ((WHAT, WAITS), int(arrived))
    page.unroute("**/incidents/new/")
    page.context.set_offline(False)
    at_the_record(page)
    page.wait_for_timeout(500)
    assert Incident.objects.count() == 1


def test_tab_that_was_closed_without_a_line_gives_all_back(bob, page_of, complaints):
    complaints.expect(CUT)
    page = page_of(bob, viewport=PHONE)
    begin(page)
    page.context.set_offline(True)
    driver.send_record(page)
    context = page.context
    page.close()
    context.set_offline(False)
    later = context.new_page()
    later.goto("/incidents/new/")
    expect(later.locator(NOTE)).to_contain_text(re.compile("下書きを戻しました"))
    assert (typed(later), Incident.objects.count()) == ((WHAT, WAITS), 0)


def test_plain_form_waits_as_well(bob, crack, page_of, complaints):
    """A form that htmx does not send: no browser error page takes its place."""
    complaints.expect(CUT)
    page = page_of(bob, viewport=PHONE)
    page.goto(f"{crack.get_absolute_url()}first-report/")
    page.get_by_label("伝えたこと").fill("起きたことと、17時の続報をお伝えしました。")
    page.context.set_offline(True)
    page.get_by_role("button", name="伝えました").click()
    expect(page.locator(NOTE)).to_contain_text("つながったら、自動で送ります。")
    page.context.set_offline(False)
    page.wait_for_url(f"**{crack.get_absolute_url()}")
    crack.refresh_from_db()
    assert crack.first_reported_at is not None


def test_refusal_stands_in_the_form_and_what_was_typed_beside_it(bob, page_of, axe):
    page = page_of(bob, viewport=PHONE)
    begin(page)
    page.get_by_label("いつ気づきましたか").fill("2040-01-01T09:00")
    page.evaluate("window.sameDocument = true")
    driver.send_record(page)
    expect(page.locator("#record")).to_contain_text("気づいた時刻が未来になっています。")
    assert (typed(page), page.evaluate("window.sameDocument"), axe(page)) == ((WHAT, WAITS), True, [])
    page.get_by_label("いつ気づきましたか").fill("2026-01-05T09:00")
    driver.send_record(page)
    at_the_record(page)


def test_why_typed_in_an_ended_session_is_not_lost(bob, crack, site, open_page, settings):
    """The record's own forms swap its body: the sign-in page must not take its place, nor the draft be thrown away."""
    page = open_page(site)
    driver.sign_in(page, bob.email)
    page.goto(f"{crack.get_absolute_url()}?under=0#why-add")
    page.locator("#why-text").fill("似た名前が並んだ候補から選んだ")
    page.wait_for_timeout(700)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator("#why-text").press("Enter")
    page.wait_for_url(re.compile(r"/account/login/\?next="))
    driver.fill_sign_in(page, bob.email)
    page.wait_for_url(re.compile(re.escape(crack.get_absolute_url())))
    assert page.locator("#why-text").input_value() == "似た名前が並んだ候補から選んだ"
