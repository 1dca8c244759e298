"""The form of a countermeasure, by keyboard and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from incidents.models import Countermeasure
from tests.browser.fixtures import PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_strength_is_picked_by_keyboard_and_says_what_it_does(alice, story, page_of, axe):
    known = story.with_root()
    page = page_of(alice, viewport=PHONE)
    page.goto(f"/incidents/{known.incident.reference}/measures/new/")
    ladder = page.get_by_role("group", name="強さ")
    assert ladder.get_by_role("radio").count() == 7
    ladder.get_by_label("確かめる仕組み").focus()
    page.keyboard.press("ArrowUp")
    chosen = ladder.locator("input:checked")
    assert chosen.get_attribute("value") == "4"
    said = page.locator(f"#{chosen.get_attribute('aria-describedby')}").inner_text()
    assert "先へ進めないように" in said and "例:" in said
    assert (axe(page), sideways(page)) == ([], 0)

    # The whole rung is the target of a finger.
    ladder.locator(".rung", has_text="人の手と目のかわりに、機械がします。").click()
    assert ladder.locator("input:checked").get_attribute("value") == "5"
    page.get_by_label("何を変えますか").fill("請求書を自動で作る")
    page.get_by_role("button", name="案として保存する").click()
    page.wait_for_url("**/incidents/K-*/**")
    assert Countermeasure.objects.get().strength == 5
    expect(page.locator("#measures")).to_contain_text("自動にする")
