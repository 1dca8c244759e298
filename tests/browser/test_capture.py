"""While recording: what reads alike is offered as one types, and nothing typed is lost by looking at it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from incidents.domain import search
from incidents.models import Incident
from tests.browser.fixtures import PHONE
from tests.factories import IncidentFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def earlier(team, bob):
    one = IncidentFactory(
        team=team, title="請求書を別のお客様へ郵送した", category="billing", recorded_by=bob, owner=bob
    )
    search.write([one.pk])
    return one


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1400, "height": 900}], ids=["phone", "desk"])
def test_similar_record_is_offered_opened_beside_and_chosen(bob, earlier, page_of, axe, viewport):
    page = page_of(bob, viewport=viewport)
    page.goto("/incidents/new/")
    title = page.get_by_label("何が起きましたか")
    title.press_sequentially("請求書を郵送でまちがえた", delay=20)
    link = page.get_by_role("link", name="請求書を別のお客様へ郵送した")
    expect(link).to_be_visible()
    expect(title).to_be_focused()
    assert axe(page) == []

    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("h1")).to_have_text(earlier.title)
    opened.value.close()
    expect(title).to_have_value("請求書を郵送でまちがえた")

    page.get_by_label("これの再発").check()
    page.get_by_label("だれが待っていますか").fill("青空物産さま")
    page.get_by_role("button", name="記録する").click()
    page.wait_for_url("**/recurrence/?of=*")
    made = Incident.objects.latest("pk")
    assert (made.title, made.who_waits, made.category) == ("請求書を郵送でまちがえた", "青空物産さま", "billing")
    expect(page.locator("[name=original]")).to_have_value(earlier.reference)


def test_record_that_is_there_offers_what_reads_alike(bob, earlier, team, page_of):
    one = IncidentFactory(team=team, title="請求書を郵送で二通", recorded_by=bob, owner=bob)
    search.write([one.pk])
    page = page_of(bob)
    page.goto(one.get_absolute_url())
    page.locator("#similar").scroll_into_view_if_needed()

    expect(page.locator("#similar").get_by_role("link", name=earlier.title)).to_be_visible()
