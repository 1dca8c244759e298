"""The address of one's calendar, made, copied, renewed and switched off on a phone and at a desk."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from incidents.models import Person
from tests.browser.fixtures import PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = {"width": 1400, "height": 900}


@pytest.mark.parametrize("viewport", [PHONE, WIDE], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_address_is_made_copied_renewed_and_switched_off(alice, page_of, axe, viewport, scheme):
    page = page_of(alice, viewport=viewport, color_scheme=scheme)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/preferences/")
    page.get_by_role("button", name="アドレスを作る").click()
    address = page.get_by_label("あなただけのアドレス").input_value()
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("button", name="コピーする").click()
    page.get_by_text("コピーしました。").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == address
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])").count("ushirocal_") == 0
    assert page.request.get(address).headers["content-type"] == "text/calendar; charset=utf-8"

    page.get_by_role("link", name="設定にもどる").click()
    assert urlsplit(page.url).path == "/preferences/" and "ushirocal_" not in page.content()
    expect(page.locator("#calendar")).to_contain_text("最後に読まれた日")
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("button", name="アドレスを新しくする").click()
    newer = page.get_by_label("あなただけのアドレス").input_value()
    assert [page.request.get(one).status for one in (address, newer)] == [404, 200]
    page.get_by_role("link", name="設定にもどる").click()
    page.get_by_role("button", name="カレンダーで見るのを止める").click()
    page.get_by_text("カレンダーのアドレスを止めました。").wait_for()
    assert page.request.get(newer).status == 404


def test_without_javascript_the_address_is_there_to_mark(alice, page_of):
    page = page_of(alice, viewport=PHONE, java_script_enabled=False)
    page.goto("/preferences/")
    page.get_by_role("button", name="アドレスを作る").click()
    assert "/feed/ushirocal_" in page.get_by_label("あなただけのアドレス").input_value()
    assert page.get_by_role("button", name="コピーする").count() == 0


def test_english_reader_reads_english(alice, page_of, axe):
    Person.objects.filter(pk=alice.pk).update(language="en")
    page = page_of(alice, viewport=PHONE)
    page.goto("/preferences/")
    page.get_by_role("button", name="Make an address").click()
    said = page.locator("main").inner_text()
    assert "This address is shown only now." in said and not re.search("[\u3000-\u9fff]", said)
    assert (axe(page), sideways(page)) == ([], 0)
