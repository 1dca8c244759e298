"""A real post-mortem entered by hand through the pages: its first guess is wrong, stays to be read, and leaves the facts."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from incidents.models import Incident, Person, RootCause, TimelineEntry, Why
from tests.browser.fixtures import PHONE
from tests.shared import shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GUESS = "A network fault between us and the data centre"


def test_outage_with_a_wrong_first_guess(alice, bob, team, page_of):
    known = json.loads(shared("data/postmortems/postmortems.json").read_text(encoding="utf-8"))
    outage = next(one for one in known if one["id"] == "dfds-PM2021-004")
    Person.objects.filter(pk=bob.pk).update(time_zone="UTC")
    page = page_of(bob, viewport=PHONE, timezone_id="UTC")

    page.goto("/incidents/new/")
    page.get_by_label("何が起きましたか").fill(outage["title"])
    page.get_by_label("いつ気づきましたか").fill("2021-03-31T12:11")
    page.get_by_role("button", name="記録する", exact=True).click()
    page.wait_for_url("**/incidents/K-*/")
    incident = Incident.objects.get()

    # The report as it stands is pasted; its table is marked line by line.
    page.get_by_role("link", name="メールやチャットから取り出す").click()
    page.get_by_label("メールやチャットの文面").fill(outage["raw_markdown"])
    page.get_by_role("button", name="行を選ぶ").click()
    page.wait_for_url("**/pastes/*/")
    for event in outage["timeline"]:
        page.get_by_label(event["text"], exact=False).first.check()
    page.get_by_role("button", name="印をつけた行を経緯に入れる").click()
    expect(page.locator(".paste-line.taken")).to_have_count(len(outage["timeline"]))
    taken = TimelineEntry.objects.exclude(paste=None).order_by("paste_line")
    assert [(e.event_at, e.text) for e in taken] == [
        (datetime.fromisoformat(one["at"]).replace(tzinfo=ZoneInfo("UTC")), one["text"]) for one in outage["timeline"]
    ]
    assert taken[0].paste.text.replace("\r\n", "\n").strip() == outage["raw_markdown"].strip()

    # The first guess, and what was found out 41 minutes later.
    page.goto(f"{incident.get_absolute_url()}#timeline-add")
    form = page.locator("#timeline-add")
    form.get_by_label("何がありましたか").fill(GUESS)
    form.get_by_label("いつ").fill("2021-03-31T12:21")
    form.get_by_label("確かさ").select_option("estimate")
    form.get_by_role("button", name="書く").click()
    expect(page.locator(".tl .what", has_text=GUESS)).to_have_count(1)
    guess = TimelineEntry.objects.get(text=GUESS)
    page.locator(f"#addendum-{guess.pk}").get_by_role("link", name="追記").click()
    page.get_by_label("わかったこと").fill(outage["timeline"][5]["text"])
    page.get_by_label("事実ではなかった").check()
    page.get_by_role("button", name="追記する").click()
    expect(page.locator(f"#entry-{guess.pk} s")).to_have_text(GUESS)

    page.goto(f"/incidents/{incident.reference}/timeline/?show=facts")
    assert GUESS not in page.locator("#list").inner_text()
    assert outage["timeline"][5]["text"] in page.locator("#list").inner_text()
    page.goto(f"/incidents/{incident.reference}/timeline/")
    assert GUESS in page.locator("#list").inner_text()

    # Why: from what happened down to what can be changed.
    page.goto(f"{incident.get_absolute_url()}#why-add")
    for n, text in enumerate(("The certificates of ADFS expired", outage["root_causes"][1]), 1):
        page.locator("#why-text").fill(text)
        page.locator("#why-text").press("Enter")
        expect(page.locator(".why > li")).to_have_count(n)
    page.locator(".why > li").nth(1).locator("summary", has_text="真因にする").click()
    page.locator(f"#factor-{Why.objects.last().pk}").select_option("tool")
    page.locator(".why > li").nth(1).get_by_role("button", name="真因に印をつける").click()
    expect(page.locator(".why li.root")).to_have_count(1)
    assert str(RootCause.objects.get()) == outage["root_causes"][1]
    page.get_by_role("link", name="図と「だから」で読む").click()
    page.wait_for_url("**/causes/")
    read = page.locator(".read-back li p").inner_text()
    assert read == (
        "No monitoring or record of certificate expiry。だから、The certificates of ADFS expired。だから、ADFS Outage。"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
