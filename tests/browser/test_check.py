"""効果確認 by the keys alone: from 今日 to gold."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import TimeoutError

from tests.rows import fresh

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Whether what has the focus can be seen: nothing lies over its middle.
SEEN = """() => { const e = document.activeElement, b = e.getBoundingClientRect();
    const top = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);
    return top === e || e.contains(top) || (e.labels && [...e.labels].some(l => l.contains(top))); }"""


def tab_to(page: Any, selector: str, most: int = 60) -> None:
    """Press Tab until the focus is there; each stop on the way is seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        try:
            page.wait_for_function(SEEN, timeout=3000)  # the browser scrolls a moment later
        except TimeoutError:
            pytest.fail(f"the focus is covered: {where}")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"{selector} was not reached in {most} steps")


def test_from_today_to_gold_by_keyboard_alone(alice, story, page_of, axe):
    measure = story.done()
    page = page_of(alice)
    page.goto("/")
    one = measure.checks.get()
    tab_to(page, f'a[href="/checks/{one.pk}/"]')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/checks/{one.pk}/")
    assert axe(page) == []
    tab_to(page, "[name=outcome]")
    page.keyboard.press("Space")
    tab_to(page, "[name=outcome_note], [name=note]")
    page.keyboard.type("90日 0件")
    tab_to(page, "main form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/**")
    assert fresh(measure).status == "effective"
    assert fresh(measure.incident).stage == "mended"
    assert axe(page) == []
