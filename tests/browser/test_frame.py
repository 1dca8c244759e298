"""The pages around the sign-in, as a browser sees them. They also prove that the browser's fixtures hear complaints."""

import pytest

from tests.browser.fixtures import DESK, PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/"])
def test_signed_out_page_is_accessible(path, viewport, scheme, locale, site, open_page, axe):
    page = open_page(site, viewport=viewport, color_scheme=scheme, locale=locale)
    page.goto(path)

    assert axe(page) == []
    assert sideways(page) == 0


def test_complaints_are_heard(page, complaints):
    page.goto("/account/login/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    page.evaluate("console.error('thrown on purpose')")
    page.wait_for_timeout(100)

    heard = "\n".join(complaints.heard)
    complaints.expect(".")
    assert "CSP: style-src" in heard
    assert "thrown on purpose" in heard
