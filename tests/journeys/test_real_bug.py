"""A supplier's real bug that its customers found first, entered by hand: why it broke, and why nobody stopped it.

PostHog, October 2025 (MIT). The report tells both tracks: "Why It Failed" and "Why It Wasn't Caught".
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.models import Countermeasure, Person, ReminderDelivery, RootCause
from incidents.templatetags.ui import shortday
from tests.journeys import driver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOT_THERE = "The old SDK (< 1.257.1) didn't have the isDisabled function"
ALWAYS_LATEST = "The survey extension is loaded asynchronously from our CDN and always downloads the latest version"
NO_ALERT = "No monitoring alerted us to the spike in customer-side exceptions"
NO_TEST = "We lack automated tests that verify new extension code works with older SDK versions"
MEASURE = "Version compatibility testing"


def enter_facts(page, bug: dict) -> str:
    path = driver.record(page, what=bug["title"], noticed="2025-10-03T14:59", waits="305 teams on older SDK versions")
    lines = [(event["text"][:40], "", "") for event in bug["timeline"]]  # their times are read from the text
    driver.take_over(page, path, bug["raw_markdown"], lines)
    driver.limit(page, path, what="Reverts deployed. SDK version 1.270.1 released", when="2025-10-03T16:11")
    driver.tell_first(
        page,
        path,
        channel="メール",
        when="2025-10-03T16:45",
        said="Customer communications sent to affected teams",
        no_next="Mitigated at 16:11; the post-mortem is public.",
    )
    return path


def enter_causes(page, path: str) -> None:
    page.goto(path)
    driver.ask_why(page, NOT_THERE)
    driver.ask_why(page, ALWAYS_LATEST, under=NOT_THERE)
    driver.ask_why(page, NO_ALERT, track="escape")
    driver.ask_why(page, NO_TEST, track="escape")
    for root, factor in [(ALWAYS_LATEST, "tool"), (NO_TEST, "procedure")]:
        driver.mark_root(page, root, factor)


def promise(page, path: str, *, owner, checker, due, title: str, root: str) -> None:
    driver.promise_measure(
        page,
        path,
        title=title,
        root=str(RootCause.objects.get(why__text=root).pk),
        before="New extension code is tested against the newest SDK alone",
        after="The latest extension code runs against the last minor versions, in CI, and blocks",
        strength="5",
        owner=str(owner.pk),
        due_on=due.isoformat(),
        check_what="TypeErrors of our own SDK at customers",
        check_threshold="0 in 90 days",
        checker=str(checker.pk),
    )


def test_bug_on_two_tracks(alice, bob, team, page_of, axe):
    bug = driver.post_mortem("posthog-2025-10-03-surveys-sdk-bug")
    Person.objects.filter(pk__in=[alice.pk, bob.pk]).update(time_zone="UTC")
    page = page_of(alice, timezone_id="UTC")
    path = enter_facts(page, bug)
    assert driver.stage_of(page) == ["ok", "ok", "now", "todo", "todo"]  # a revert is no countermeasure
    assert "一次報告（106分、期限から46分後）" in page.locator(".steps").inner_text()
    shown = driver.timeline_of(page, path)
    told = [[event["at"], event["text"]] for event in bug["timeline"]]
    assert [one for one in shown if one in told] == told
    assert ["16:11", "応急処置: Reverts deployed. SDK version 1.270.1 released"] in shown
    assert ["16:45", "メールで一次報告: Customer communications sent to affected teams"] in shown

    enter_causes(page, path)
    page.goto(f"{path}causes/")
    assert page.locator(".read-back .chip").all_inner_texts() == ["発生", "流出"]
    assert page.locator(".read-back li p").all_inner_texts() == [
        f"{ALWAYS_LATEST}。だから、{NOT_THERE}。だから、{bug['title']}。",
        f"{NO_TEST}。だから、{bug['title']}。",
    ]
    rows = page.locator("table tbody tr").evaluate_all(
        "rows => rows.map(r => [r.cells[0].textContent, r.cells[1].innerText])"
    )
    assert [row for row in rows if row[1] != "–"] == [["道具", f"{NOT_THERE} ← {ALWAYS_LATEST}"], ["手順", NO_TEST]]
    assert NO_ALERT in page.locator("main").inner_text()  # still without a root
    assert axe(page) == []

    due = timezone.localdate() + timedelta(days=90)
    promise(page, path, owner=bob, checker=alice, due=due, title=MEASURE, root=NO_TEST)
    assert driver.stage_of(page) == ["ok", "ok", "ok", "now", "todo"]
    promise(page, path, owner=bob, checker=alice, due=due, title="API compatibility layer", root=ALWAYS_LATEST)
    assert driver.stage_of(page) == ["ok", "ok", "ok", "ok", "now"]
    card = page.locator("article.seam", has_text=MEASURE)
    expect(card).to_contain_text(bob.name)
    expect(card).to_contain_text(f"{shortday(due)} 期限")
    expect(card).to_contain_text(
        f"確かめ方: TypeErrors of our own SDK at customers、0 in 90 days（{shortday(due + timedelta(days=30))}、{alice.name}）"
    )

    owner = page_of(bob)
    owner.goto("/")
    expect(owner.locator(".line", has_text=MEASURE)).to_contain_text(shortday(due))
    told = ReminderDelivery.objects.filter(follow_up=Countermeasure.objects.get(title=MEASURE).follow_up)
    assert {row.recipient for row in told} >= {bob}
