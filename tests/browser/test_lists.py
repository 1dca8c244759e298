"""The lists in a browser: calm on desk and phone, narrowed and paged without leaving the page."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.browser.fixtures import PHONE, sideways
from tests.factories import CountermeasureFactory, IncidentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK = {"width": 1400, "height": 900}


@pytest.fixture
def rows(team, alice):
    for n in range(60):
        incident = IncidentFactory(team=team, owner=alice, title=f"割れ {n:02}", noticed_at=timezone.now())
        CountermeasureFactory(incident=incident, title=f"対策 {n:02}", owner=alice)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_lists_are_calm_and_turn_their_pages_in_place(alice, rows, page_of, axe, viewport):
    page = page_of(alice, viewport=viewport)
    for url in ("/incidents/", "/seams/?view=all"):
        page.goto(url)
        assert (url, axe(page), sideways(page)) == (url, [], 0)
        page.evaluate("window.stayed = true")
        page.select_option("select[name=owner]", "me")
        page.wait_for_url("**owner=me**")
        page.get_by_role("link", name="次へ").click()
        page.wait_for_url("**after=**")
        page.get_by_role("link", name="前へ").wait_for()
        assert page.evaluate("window.stayed") is True
        assert (url, axe(page), sideways(page)) == (url, [], 0)


def test_marks_are_reached_by_the_keyboard_and_handed_over(alice, bob, rows, page_of, axe):
    page = page_of(alice, viewport=PHONE)
    page.goto("/incidents/?sort=number")
    first = page.locator("input[name=row]").first
    first.focus()
    page.keyboard.press("Space")
    assert first.is_checked()
    page.get_by_role("button", name="選んだものを引き継ぐ").click()
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_label("新しい担当").select_option(label=bob.name)
    page.get_by_label("理由").fill("異動のため")
    page.get_by_role("button", name="引き継ぐ", exact=True).click()
    page.get_by_role("heading", name="鈴木 健太さんに1件を引き継ぎました").wait_for()
    assert (axe(page), sideways(page)) == ([], 0)
