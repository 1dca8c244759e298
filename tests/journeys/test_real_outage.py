"""A real post-mortem entered by hand through the pages: its first guess is wrong, stays to be read, and leaves the facts."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from incidents.models import Person, RootCause, TimelineEntry
from tests.browser.fixtures import PHONE
from tests.journeys import driver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GUESS = "A network fault between us and the data centre"


def test_outage_with_a_wrong_first_guess(alice, bob, team, page_of):
    outage = driver.post_mortem("dfds-PM2021-004")
    Person.objects.filter(pk=bob.pk).update(time_zone="UTC")
    page = page_of(bob, viewport=PHONE, timezone_id="UTC")
    path = driver.record(page, what=outage["title"], noticed="2021-03-31T12:11")

    # The report as it stands is pasted; its table is marked line by line, and its times are read.
    driver.take_over(page, path, outage["raw_markdown"], [(event["text"], "", "") for event in outage["timeline"]])
    taken = TimelineEntry.objects.exclude(paste=None).order_by("paste_line")
    assert [(e.event_at, e.text) for e in taken] == [
        (datetime.fromisoformat(one["at"]).replace(tzinfo=ZoneInfo("UTC")), one["text"]) for one in outage["timeline"]
    ]
    assert taken[0].paste.text.replace("\r\n", "\n").strip() == outage["raw_markdown"].strip()

    # The first guess, and what was found out 41 minutes later.
    driver.happened(page, path, what=GUESS, when="2021-03-31T12:21", certainty="estimate")
    guess, found = TimelineEntry.objects.get(text=GUESS), outage["timeline"][5]["text"]
    driver.refute(page, path, entry=guess.pk, found_out=found)
    expect(page.locator(f"#entry-{guess.pk} s")).to_have_text(GUESS)
    facts = [words for _at, words in driver.timeline_of(page, path, show="facts")]
    assert (GUESS in facts, found in facts) == (False, True)
    assert GUESS in [words for _at, words in driver.timeline_of(page, path)]

    # Why: from what happened down to what can be changed.
    page.goto(path)
    expired, root = "The certificates of ADFS expired", outage["root_causes"][1]
    driver.ask_why(page, expired)
    driver.ask_why(page, root, under=expired)
    driver.mark_root(page, root, "tool")
    assert str(RootCause.objects.get()) == root
    page.get_by_role("link", name="図と「だから」で読む").click()
    page.wait_for_url("**/causes/")
    read = page.locator(".read-back li p").inner_text()
    assert read == (
        "No monitoring or record of certificate expiry。だから、The certificates of ADFS expired。だから、ADFS Outage。"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
