"""まず一言 in a browser: on a phone from any page, without a script, and on to a record."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from incidents.models import Jotting
from tests.browser.fixtures import DESK, PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINE = "納品書の控えが一枚足りない気がする"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_from_a_line_to_a_concern(bob, team, page_of, axe, viewport, script):
    page = page_of(bob, viewport=viewport, java_script_enabled=script)
    page.goto("/incidents/")
    page.locator("summary", has_text="まず一言").click()
    field = page.locator("#jot-top")
    field.fill(LINE)
    box = page.locator(".jot > .menu").bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= viewport["width"]
    if script:
        assert (axe(page), sideways(page)) == ([], 0)
    page.locator(".jot").get_by_role("button", name="書きとめる").click()
    assert page.url.endswith("/incidents/")
    expect(page.locator("#messages")).to_contain_text("書きとめました")
    assert Jotting.objects.get().text == LINE
    page.goto("/")
    if script:
        assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("link", name="記録にする").click()
    page.locator(".tabs").get_by_role("link", name="違和感").click()
    assert page.get_by_label("何が気になりますか").input_value() == LINE
    assert page.get_by_label("だれが待っていますか").count() == 0
    if script:
        assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("button", name="記録する", exact=True).click()
    page.wait_for_url("**/incidents/K-*/")
    page.goto("/jottings/")
    expect(page.locator("main")).to_contain_text("K-1")
    if script:
        assert (axe(page), sideways(page)) == ([], 0)
