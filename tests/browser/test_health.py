"""お知らせの健康 at a desk and on a phone, light and dark, in both languages: no violation, nothing sideways."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.enums import Language, LetterState
from incidents.models import EngineMark, Person
from incidents.tasks.signs import rings
from tests.browser.fixtures import PHONE
from tests.browser.test_pages import DESK, sideways
from tests.factories import EngineMarkFactory, LetterFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [
    pytest.param("ja", DESK, "light", id="ja-desk-light"),
    pytest.param("ja", PHONE, "dark", id="ja-phone-dark"),
    pytest.param("en", DESK, "dark", id="en-desk-dark"),
    pytest.param("en", PHONE, "light", id="en-phone-light"),
    pytest.param("ja", DESK, "dark", id="ja-desk-dark", marks=pytest.mark.soak),
    pytest.param("ja", PHONE, "light", id="ja-phone-light", marks=pytest.mark.soak),
    pytest.param("en", DESK, "light", id="en-desk-light", marks=pytest.mark.soak),
    pytest.param("en", PHONE, "dark", id="en-phone-dark", marks=pytest.mark.soak),
]


@pytest.fixture
def in_trouble(admin, settings):
    """An engine of which something is well, something late, something failed."""
    settings.HEARTBEAT_URL = "https://watch.example.jp/ping/1"
    now = timezone.now()
    for name in ("beat", "bell", "heartbeat", *rings()):
        EngineMarkFactory(name=name, at=now - timedelta(seconds=9))
    EngineMark.objects.filter(name__in=["care.check_in", "heartbeat"]).update(failed_at=now, error="unreachable")
    EngineMark.objects.filter(name="letter.sweep").update(at=now - timedelta(hours=1))
    LetterFactory(
        state=LetterState.FAILED, subject="今日のお知らせ 3件", error="550 5.1.1 <somebody@example.jp> unknown"
    )
    LetterFactory(next_try_at=now - timedelta(hours=3))
    LetterFactory(state=LetterState.SENT, sent_at=now)


@pytest.mark.parametrize(("language", "viewport", "scheme"), LOOKS)
def test_the_page_is_calm(in_trouble, admin, page_of, axe, language, viewport, scheme):
    Person.objects.filter(pk=admin.pk).update(language=Language(language))
    page = page_of(admin, viewport=viewport, color_scheme=scheme)
    page.goto("/console/health/")
    assert page.locator("html").get_attribute("lang") == language
    assert (axe(page), sideways(page)) == ([], 0)


def test_the_test_letter_is_pressed_by_the_keys(in_trouble, admin, page_of):
    page = page_of(admin)
    page.goto("/console/health/")
    page.locator("form[action$='/letter/test/'] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/letter/*/change/")
    expect(page.locator("#content")).to_contain_text("送信テスト")
