"""A finance team's real false alarm, entered by hand through the pages: what was thought first turned out not to be so.

Chia Network, February 2024 (Apache-2.0): the bank took a new address of the accounting tool for a stranger's sign-in.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.enums import FollowUpState, MeasureStatus
from incidents.models import Countermeasure, FollowUp, Person, RootCause, TimelineEntry
from incidents.templatetags.ui import shortday
from tests.browser.fixtures import PHONE
from tests.journeys import driver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REPORT = "chia-2024-02-2024-02-15-Financial-instutition-credentials"
GUESS = "They mentioned that someone gained access to the financial institution system using a code"
FOUND = "It was only after careful examination on the financial institutions end"
TAKEN = [  # the table of the report writes its times in a way that is not read, so they are typed
    ("CNI Employee received an email from financial institution indicating", "2024-02-15T07:56", ""),
    ("CNI Employee saw the email from financial institution.", "2024-02-15T13:15", ""),
    ("CNI Employee contacted financial institution and informed them", "2024-02-15T15:59", ""),
    (GUESS, "2024-02-15T17:33", "estimate"),
    ("CNI Employee called MFA provider and explained the situation. They checked", "2024-02-15T18:35", ""),
    (FOUND, "2024-02-16T19:20", ""),
]
REPORTED = "the new IP used by the financial admin tool was reported as a distinct and possibly malicious use"
CREDENTIALS = "A CNI employee's credentials were used to set up this integration"
CONFIRMED = (
    "the financial institution was reached and in error, confirmed that the account had in fact been logged into"
)
NO_REVIEW = "It only appeared that way without a fine tooth review of the logins"
REMOVED = "The integration in question was scheduled for removal"


def enter_facts(page, alarm: dict) -> str:
    path = driver.record(
        page, what=alarm["title"], noticed="2024-02-15T13:15", waits="Financial institution, fraud prevention"
    )
    driver.tell_first(
        page,
        path,
        channel="電話",
        when="2024-02-15T15:59",
        said="He did not access the banking system at 7:56am UTC.",
        no_next="They would raise the issue to their IT team.",
    )
    driver.take_over(page, path, alarm["raw_markdown"], TAKEN)
    return path


def enter_causes(page, path: str) -> None:
    page.goto(path)
    driver.ask_why(page, REPORTED)
    driver.ask_why(page, CREDENTIALS, under=REPORTED)
    driver.ask_why(page, CONFIRMED, track="escape")
    driver.ask_why(page, NO_REVIEW, under=CONFIRMED)
    driver.mark_root(page, CREDENTIALS, "tool")
    driver.mark_root(page, NO_REVIEW, "procedure")


def test_alarm_whose_first_guess_was_wrong(alice, bob, team, page_of, axe):
    alarm = driver.post_mortem(REPORT)
    Person.objects.filter(pk=bob.pk).update(time_zone="UTC")
    page = page_of(bob, viewport=PHONE, has_touch=True, timezone_id="UTC")
    path = enter_facts(page, alarm)
    page.goto(path)
    assert driver.stage_of(page) == ["ok", "ok", "now", "todo", "todo"]
    assert "一次報告（164分、期限から104分後）" in page.locator(".steps").inner_text()

    guess, found = (TimelineEntry.objects.get(text__contains=words) for words in (GUESS, FOUND))
    assert guess.certainty == "estimate"
    driver.refute(page, path, entry=guess.pk, found_out=found.text)
    expect(page.locator(f"#entry-{guess.pk} s")).to_have_text(guess.text)
    facts = driver.timeline_of(page, path, show="facts")
    assert guess.text not in [words for _at, words in facts]
    assert ["19:20", found.text] in facts
    everything = driver.timeline_of(page, path)
    assert [at for at, words in everything if words == guess.text] == ["17:33"]
    clocks = [at for at, words in everything if any(mark in words for mark, _when, _sure in TAKEN)]
    assert clocks == ["07:56", "13:15", "15:59", "17:33", "18:35", "19:20"]

    enter_causes(page, path)
    assert driver.stage_of(page) == ["ok", "ok", "ok", "now", "todo"]
    page.goto(f"{path}causes/")
    assert page.locator(".read-back .chip").all_inner_texts() == ["発生", "流出"]
    assert page.locator(".read-back li p").all_inner_texts() == [
        f"{CREDENTIALS}。だから、{REPORTED}。だから、{alarm['title']}。",
        f"{NO_REVIEW}。だから、{CONFIRMED}。だから、{alarm['title']}。",
    ]
    assert axe(page) == []

    due = timezone.localdate() + timedelta(days=30)
    driver.promise_measure(
        page,
        path,
        title=REMOVED,
        root=str(RootCause.objects.get(factor="tool").pk),
        before="This connector feeds banking transactions under an employee's own login",
        after="No integration signs in with a person's credentials",
        strength="6",
        owner=str(alice.pk),
        due_on=due.isoformat(),
        check_what="Sign-ins from unknown addresses that the bank reports",
        check_threshold="0",
        checker=str(bob.pk),
    )
    measure = Countermeasure.objects.get()
    card = page.locator(f"#measure-{measure.pk}")
    expect(card).to_contain_text(alice.name)
    expect(card).to_contain_text(f"{shortday(due)} 期限")
    assert (measure.status, measure.follow_up.state) == (MeasureStatus.COMMITTED, FollowUpState.OPEN)
    assert driver.stage_of(page) == ["ok", "ok", "ok", "now", "todo"]  # one root of two is covered
    owner = page_of(alice)
    owner.goto("/")
    expect(owner.locator(".line", has_text=REMOVED)).to_contain_text(shortday(due))

    # The other root lies with the bank: the lead takes the risk and looks at it again.
    owner.goto(path)
    driver.line_of(owner, NO_REVIEW).get_by_role("link", name="リスクを受け入れる").click()
    owner.get_by_label("対策をとらずに受け入れる理由").fill("Luckily the account in question was read only.")
    owner.get_by_label("見直す日").fill((due + timedelta(days=90)).isoformat())
    owner.get_by_role("button", name="保存する").click()
    driver.at_record(owner, path)
    assert driver.stage_of(owner) == ["ok", "ok", "ok", "ok", "now"]
    assert list(FollowUp.objects.order_by("pk").values_list("kind", "state")) == [
        ("first_report", "kept"),
        ("countermeasure", "open"),
        ("risk_review", "open"),
    ]
