"""Facts and causes by keyboard alone, on a phone and without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from incidents.domain import cause, paste, timeline
from incidents.models import RootCause, TimelineEntry, Why
from tests.browser.fixtures import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def focused(page) -> str:
    return page.evaluate("document.activeElement.id")


def test_three_whys_and_a_root_by_keyboard_alone(bob, crack, page_of):
    page = page_of(bob)
    page.goto(f"{crack.get_absolute_url()}#why-add")
    text_field = page.locator("#why-text")
    expect(text_field).to_be_focused()
    for n, text in enumerate(("候補から似た社名を選んだ", "候補に取引のない会社も出る", "名簿を掃除する手順がない"), 1):
        page.keyboard.type(text, delay=60)  # slower than the browser's draft: it must not come back
        page.keyboard.press("Enter")
        expect(page.locator(".why > li")).to_have_count(n)
        expect(text_field).to_be_focused()
        expect(text_field).to_have_value("")
    assert page.locator(".draft-note").count() == 0
    assert [(w.text[:4], w.parent_id and w.parent.text[:4]) for w in Why.objects.order_by("pk")] == [
        ("候補から", None),
        ("候補に取", "候補から"),
        ("名簿を掃", "候補に取"),
    ]

    last = Why.objects.order_by("pk").last()
    for _ in range(12):  # backwards from the field to the fold of the last why
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent").startswith("真因にする"):
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == f"factor-{last.pk}"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".why li.root")
    root = RootCause.objects.get()
    assert (root.why, root.factor) == (last, "procedure")


def test_hint_stands_under_the_field_while_typing(bob, crack, page_of):
    page = page_of(bob)
    page.goto(f"{crack.get_absolute_url()}#why-add")
    page.get_by_label("なぜ、そうなりましたか").fill("確認不足だった")
    page.wait_for_selector("#why-hint .why-hint")
    expect(page.locator("#why-hint")).to_contain_text("人の目と注意だけに頼っていた")
    page.get_by_label("なぜ、そうなりましたか").fill("確認する画面がない")
    expect(page.locator("#why-hint .why-hint")).to_have_count(0)


def test_link_on_a_why_leads_to_the_field_under_it(bob, crack, page_of):
    first = cause.ask_why(crack, by=bob, text="候補から似た社名を選んだ")
    cause.ask_why(crack, by=bob, text="急ぎの便だった")
    page = page_of(bob, viewport=PHONE)
    page.goto(crack.get_absolute_url())
    page.get_by_role("link", name=re.compile("この下に、なぜを足す.*候補から似た社名を選んだ")).click()
    assert (focused(page), page.locator("#why-parent").input_value()) == ("why-text", str(first.pk))


def test_addendum_in_place_and_without_a_script(bob, crack, page_of):
    line = timeline.record(crack, by=bob, text="宛先の打ちまちがい", event_at=crack.noticed_at, certainty="estimate")
    page = page_of(bob, viewport=PHONE)
    page.goto(crack.get_absolute_url())
    page.locator(f"#addendum-{line.pk}").get_by_role("link", name="追記").click()
    page.get_by_label("わかったこと").fill("控えでは宛先は正しかった")
    page.get_by_label("事実ではなかった").check()
    page.get_by_role("button", name="追記する").click()
    page.wait_for_selector(f"#entry-{line.pk}.refuted")
    assert page.locator(f"#entry-{line.pk} s").inner_text() == "宛先の打ちまちがい"

    plain = page_of(bob, java_script_enabled=False)
    plain.goto(crack.get_absolute_url())
    plain.locator(f"#addendum-{line.pk}").get_by_role("link", name="追記").click()
    plain.get_by_label("わかったこと").fill("もう一度確かめた")
    plain.get_by_role("button", name="追記する").click()
    expect(plain.locator(f"#entry-{line.pk}")).to_contain_text("もう一度確かめた")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_lines_are_marked_by_keyboard_on_a_phone(bob, crack, page_of, script):
    kept = paste.keep(crack, by=bob, text="2026-11-24 10:12 お電話\n10:20 送ったのは1通だけ\n10:30 削除を確認")
    page = page_of(bob, viewport=PHONE, java_script_enabled=script)
    page.goto(f"/pastes/{kept.pk}/")
    page.locator("input[type=checkbox]").first.focus()
    page.keyboard.press("Space")
    for _ in range(3):  # certainty, then the parts of the time
        page.keyboard.press("Tab")
    page.locator("input[type=checkbox]").nth(2).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_selector(".paste-line.taken")
    assert page.locator(".paste-line.taken").count() == 2
    assert list(TimelineEntry.objects.filter(paste=kept).values_list("paste_line", flat=True)) == [1, 3]
