"""Writing without a name in a real browser, on a phone, while signed in: sent, answered, and nothing left behind."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.domain import nameless
from incidents.models import NamelessNote
from incidents.queries.nameless import door_path
from tests.browser.fixtures import DESK, PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_somebody_signed_in_writes_and_reads_the_reply(alice, bob, team, page_of, axe, scheme):
    page = page_of(bob, viewport=PHONE, color_scheme=scheme)
    page.goto("/incidents/new/")
    page.get_by_role("link", name="名前を出さずに書く").click()
    assert page.url.endswith(door_path(team))
    cookies, kept = page.context.cookies(), page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_label("何がありましたか").fill("宛先を一つ選びまちがえた")
    page.get_by_role("button", name="送る").click()
    receipt = page.locator(".receipt").inner_text()
    assert (axe(page), sideways(page)) == ([], 0)
    assert page.context.cookies() == cookies
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])") == kept
    NamelessNote.objects.update(published_on=timezone.localdate())
    nameless.reply(NamelessNote.objects.get(), by=alice, text="画面を直します")

    page.get_by_role("link", name="このページを片づける").click()
    assert page.get_by_label("何がありましたか").input_value() == ""
    page.get_by_role("link", name="前に送った知らせの返事を読む").click()
    page.get_by_label("控えの合言葉").fill(receipt)
    page.get_by_role("button", name="読む").click()
    expect(page.locator("main")).to_contain_text("画面を直します")
    assert (axe(page), sideways(page)) == ([], 0)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_lead_makes_a_record_of_it(alice, team, page_of, axe, viewport):
    nameless.write(team, text="宛先を一つ選びまちがえた")
    NamelessNote.objects.update(published_on=timezone.localdate())
    page = page_of(alice, viewport=viewport)
    page.goto("/nameless/")
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("link", name="記録にする").click()
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("button", name="記録にする").click()
    page.wait_for_url("**/incidents/K-*/")
    expect(page.locator("h1")).to_contain_text("宛先を一つ選びまちがえた")
