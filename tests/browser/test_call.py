"""電話メモ on a phone: one tap from the record, kept through a reload, one save."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from incidents.models import TimelineEntry
from tests.browser.fixtures import PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_written_in_a_hurry_kept_through_a_reload_and_shown(bob, crack, page_of, axe):
    page = page_of(bob, viewport=PHONE)
    page.goto(crack.get_absolute_url())
    page.get_by_role("link", name="電話メモ", exact=True).click()
    expect(page.get_by_label("お相手")).to_have_value("青空物産さま")
    page.get_by_label("事実（伺ったこと）").fill("見積書が1通届いた")
    page.get_by_label("ご要望").fill("今日中に差し替えがほしい")
    assert (axe(page), sideways(page)) == ([], 0)

    page.wait_for_timeout(800)  # the draft is written a moment after the last key
    page.reload()
    expect(page.get_by_label("ご要望")).to_have_value("今日中に差し替えがほしい")
    expect(page.get_by_label("事実（伺ったこと）")).to_have_value("見積書が1通届いた")

    page.get_by_role("button", name="残す", exact=True).click()
    expect(page.locator("#outside")).to_contain_text("青空物産さま のご要望: 今日中に差し替えがほしい")
    assert (axe(page), sideways(page)) == ([], 0)
    assert TimelineEntry.objects.filter(kind__in=["call", "request"]).count() == 2
