"""A lead connects a channel on a phone and at a desk, tries it, and stops it; no address stays in the browser."""

from __future__ import annotations

import re

import pytest

from incidents.models import Mirror, Person
from tests.browser.fixtures import PHONE
from tests.chat import PLACES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = {"width": 1400, "height": 900}


def sideways(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (WIDE, "light")], ids=["phone", "desk"])
def test_channel_is_connected_tried_and_stopped(alice, page_of, axe, service, viewport, scheme):
    page = page_of(alice, viewport=viewport, color_scheme=scheme)
    page.goto("/mirrors/")
    page.get_by_role("link", name="写す先をつなぐ").click()
    page.get_by_label("写す先").select_option("webhook")
    page.get_by_label("名前").fill("受注課のチャンネル")
    page.get_by_label("アドレス").fill("https://10.0.0.1/")
    page.get_by_role("button", name="保存する").click()
    page.get_by_text("インターネットの外").wait_for()
    assert page.get_by_label("名前").input_value() == "受注課のチャンネル"
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_label("アドレス").fill(PLACES["webhook"])
    page.get_by_role("button", name="保存する").click()
    key = page.get_by_label("の署名の鍵").input_value()
    assert key == Mirror.objects.get().secret
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("link", name="次へ").click()
    page.get_by_role("button", name="ためして、はじめる").click()
    page.get_by_text("届きました。").wait_for()
    assert service.posted[0].json["kind"] == "test"
    assert (axe(page), sideways(page)) == ([], 0)
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    for secret in (key, PLACES["webhook"], "webhook-secret"):
        assert secret not in page.content() + kept
    page.get_by_role("button", name="写すのを止める").click()
    page.get_by_text("写すのを止めました。").wait_for()
    assert (axe(page), sideways(page)) == ([], 0)


def test_english_lead_reads_english(alice, page_of, axe):
    Person.objects.filter(pk=alice.pk).update(language="en")
    page = page_of(alice, viewport=PHONE)
    for path in ("/mirrors/", "/teams/orders/mirrors/new/"):
        page.goto(path)
        said = page.locator("main").inner_text().replace("受注課", "").replace("日本語", "")
        assert not re.search("[\u3000-\u9fff]", said), said
        assert (axe(page), sideways(page)) == ([], 0)
