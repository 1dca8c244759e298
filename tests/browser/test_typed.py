"""Dates in words, a paste of a mebibyte and a request that is too big, in a real browser: nothing typed is lost."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.models import Incident, TimelineEntry
from tests.browser.fixtures import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def paste(page, field, text: str) -> None:
    """As the browser does it: the event first, then the text unless somebody took it."""
    field.evaluate(
        """(field, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
            if (field.dispatchEvent(event)) field.setRangeText(text, 0, field.value.length, "end");
        }""",
        text,
    )


def test_a_moment_is_typed_in_words_on_a_phone(bob, team, page_of, axe):
    page = page_of(bob, viewport=PHONE)
    page.goto("/incidents/new/")
    page.get_by_label("何が起きましたか").fill("見積書を別の会社に送った")
    noticed = page.get_by_label("いつ気づきましたか")
    assert axe(page) == []
    page.get_by_role("button", name="文字で入力").click()
    expect(noticed).to_be_focused()
    noticed.fill("令和8年2月30日 午後3時")
    page.get_by_role("button", name="記録する").click()
    expect(page.locator(".invalid-feedback")).to_contain_text("こよみにありません")
    expect(noticed).to_have_value("令和8年2月30日 午後3時")
    noticed.fill("令和８年２月２８日　午後３時２０分")
    page.get_by_role("button", name="記録する").click()
    page.wait_for_url("**/incidents/K-*/")
    assert f"{timezone.localtime(Incident.objects.get().noticed_at):%Y-%m-%d %H:%M}" == "2026-02-28 15:20"


def test_what_is_pasted_into_a_picker_is_kept_also_by_the_draft(bob, team, page_of):
    page = page_of(bob)
    page.goto("/incidents/new/")
    noticed = page.get_by_label("いつ気づきましたか")
    paste(page, noticed, "2026-02-28T15:20")
    expect(noticed).to_have_attribute("type", "datetime-local")
    expect(noticed).to_have_value("2026-02-28T15:20")
    paste(page, noticed, "2026年2月28日 15時半")
    expect(noticed).to_have_value("2026年2月28日 15時半")
    page.get_by_label("だれが待っていますか").fill("青空物産さま")
    page.wait_for_timeout(600)
    page.reload()
    expect(page.locator(".draft-note")).to_be_visible()
    expect(noticed).to_have_value("2026年2月28日 15時半")


def test_a_paste_of_a_mebibyte_comes_back_with_its_length(bob, crack, page_of):
    page = page_of(bob)
    page.goto(f"{crack.get_absolute_url()}timeline/")
    text = "宛先の確認" * 70_000  # 1 MiB of UTF-8, 3 MiB on its way
    page.locator("#timeline-add summary").click()
    field = page.locator("#timeline-text")
    field.evaluate("(field, text) => { field.value = text; }", text)
    page.get_by_role("button", name="書く", exact=True).click()
    expect(page.locator("#timeline-add .invalid-feedback")).to_contain_text(
        "5000文字までです。いまは350000文字あります。"
    )
    assert page.locator("#timeline-text").input_value() == text
    assert not TimelineEntry.objects.filter(text__startswith="宛先の確認").exists()


def test_a_request_beyond_the_limit_says_what_to_do_and_the_text_is_there_when_one_goes_back(
    bob, crack, page_of, complaints
):
    complaints.expect("status of 413")
    page = page_of(bob)
    page.goto(f"{crack.get_absolute_url()}edit/")
    text = "宛先の確認" * 100_000  # 4.3 MiB on its way
    page.get_by_label("くわしく").evaluate(
        "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})); }", text
    )
    page.wait_for_timeout(600)
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        page.get_by_role("button", name="保存する").click()
    assert sent.value.status == 413
    expect(page.get_by_role("heading", level=1)).to_have_text("一度に送れる大きさを超えています")
    page.go_back()
    assert page.get_by_label("くわしく").input_value() == text
