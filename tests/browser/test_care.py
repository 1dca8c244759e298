"""A-7: words in a draft open a private panel; nothing of it leaves the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.fixtures import DESK, PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PANEL = ".care-panel"


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_that_ask_for_care_open_a_panel_and_send_nothing(bob, team, page_of, axe, viewport, scheme):
    page = page_of(bob, viewport=viewport, color_scheme=scheme)
    page.goto("/incidents/new/")
    page.wait_for_load_state("networkidle")
    field = page.locator("input[name=title]")
    asked = []
    field.fill("宛先をまちがえて送った")
    page.wait_for_timeout(900)  # the offer of similar records has been asked
    expect(page.locator(PANEL)).to_have_count(0)
    page.on("request", lambda request: asked.append(request.url))
    paste = page.locator("textarea[name=pasted]")
    page.locator("details summary", has_text="文面を貼る").click()
    paste.fill("自分は 無能だ。もう終わりだ。")
    expect(page.locator(PANEL)).to_have_count(1)
    page.wait_for_timeout(900)
    assert [url for url in asked if "similar" not in url] == []
    stored = page.evaluate("JSON.stringify([...Object.keys(localStorage), ...Object.keys(sessionStorage)])")
    assert "care" not in stored
    assert (axe(page), sideways(page)) == ([], 0)

    paste.fill("宛先をまちがえた")
    expect(page.locator(PANEL)).to_have_count(0)
    paste.fill("全部自分のせいだ")
    page.locator(PANEL).get_by_role("button", name="この案内を閉じる").click()
    expect(paste).to_be_focused()
    paste.fill("消えたい")
    expect(page.locator(PANEL)).to_have_count(0)  # closed is closed, on this page
    assert paste.input_value() == "消えたい"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I'm completely useless", True),
        ("it's all over for me", True),
        ("わたしのせいで全部すべて自分のせいです", True),
        ("この手順はもう終わりにする", False),
        ("担当は自分でした", False),
        ("期限が終わりました", False),
        ("システムがだめだった", False),
    ],
)
def test_what_is_not_said_of_oneself_opens_nothing(bob, team, page_of, text, shown):
    page = page_of(bob)
    page.goto("/incidents/new/")
    page.locator("input[name=title]").fill(text)
    expect(page.locator(PANEL)).to_have_count(1 if shown else 0)
