"""Passkeys in a real browser with a virtual authenticator: made, used at the sign-in and as a second factor, taken away."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from incidents.domain import factor
from incidents.models import AuditEntry
from tests.browser.fixtures import PHONE, sideways
from tools.plain import totp

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "urushi-to-kin-2026"


@pytest.fixture
def person(bob):
    cache.clear()
    bob.set_password(PASSWORD)
    bob.save()
    return bob


def at_home(url: str) -> bool:
    return urlsplit(url).path == "/"


def with_authenticator(page: Any) -> tuple[Any, str]:
    """A phone's passkeys, as Chromium plays them: the person is verified at once, and the key is kept in it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def make_passkey(page: Any) -> None:
    page.goto("/preferences/sign-in/")
    page.get_by_role("link", name="パスキーを加える").click()
    page.locator("#id_name").fill("会社の電話")
    page.get_by_role("button", name="パスキーを作る").click()
    page.get_by_role("heading", name="予備のコード").wait_for()


def types_password(page: Any, person: Any) -> None:
    page.goto("/account/login/")
    page.locator("#id_login").fill(person.email)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="サインインする", exact=True).click()


def test_a_passkey_from_its_making_to_its_end(person, page, axe):
    session, authenticator = with_authenticator(page)
    types_password(page, person)
    page.wait_for_url(at_home)
    make_passkey(page)
    assert axe(page) == []
    assert len(page.get_by_label("予備のコード（10個）").input_value().split()) == 10
    page.get_by_role("link", name="控えました").click()
    page.get_by_text("会社の電話").wait_for()
    assert axe(page) == []

    # Without a password
    page.context.clear_cookies()
    page.goto("/account/login/?next=/preferences/")
    assert axe(page) == []
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.wait_for_url("**/preferences/")

    # After a password
    page.context.clear_cookies()
    types_password(page, person)
    page.get_by_role("heading", name="二つめの確認").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="パスキーで確かめる").click()
    page.wait_for_url(at_home)
    assert page.goto("/preferences/").status == 200

    # Somebody who is not verified gets no further
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.context.clear_cookies()
    page.goto("/account/login/")
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.get_by_text("パスキーで確かめられませんでした。").wait_for()
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.wait_for_url(at_home)

    # Taken away
    page.goto("/preferences/sign-in/")
    page.get_by_role("link", name="パスキー「会社の電話」を外す").click()
    page.get_by_role("button", name="外す").click()
    page.get_by_text("まだ登録していません。").wait_for()
    assert not Authenticator.objects.filter(user=person).exists()
    page.context.clear_cookies()
    page.goto("/account/login/")
    page.get_by_role("button", name="パスキーでサインインする").click()
    page.get_by_text("確かめられませんでした。もう一度試してください。").wait_for()
    verbs = AuditEntry.objects.filter(actor_id=person.pk, verb__startswith="factor.").values_list("verb", flat=True)
    assert sorted(verbs) == ["factor.added", "factor.removed"]


def test_an_answer_of_a_passkey_serves_once(person, page):
    with_authenticator(page)
    types_password(page, person)
    page.wait_for_url(at_home)
    make_passkey(page)
    page.context.clear_cookies()
    page.goto("/account/login/")
    with page.expect_request(lambda asked: asked.method == "POST") as sent:
        page.get_by_role("button", name="パスキーでサインインする").click()
    page.wait_for_url(at_home)
    answer = sent.value.post_data_json["credential"]
    assert json.loads(answer)["type"] == "public-key"
    page.context.clear_cookies()
    for asked_before in (False, True):  # without a challenge of its own, and with another one
        page.goto("/account/login/")
        page.evaluate(
            """async ([answer, ask]) => {
                const form = document.querySelector("form[data-passkey]");
                if (ask) await fetch(form.dataset.passkeyFrom, { headers: { Accept: "application/json" } });
                form.elements.credential.value = answer;
                form.submit();
            }""",
            [answer, asked_before],
        )
        page.get_by_text("確かめられませんでした。もう一度試してください。").wait_for()
        assert page.goto("/preferences/").url.endswith("/account/login/?next=/preferences/")


def test_a_passkey_proves_who_somebody_is_before_a_key_is_made(person, page, settings):
    with_authenticator(page)
    types_password(page, person)
    page.wait_for_url(at_home)
    make_passkey(page)
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 1
    time.sleep(1.1)  # the browser's clock is the real one
    page.goto("/preferences/")
    page.locator("#calendar").get_by_role("button", name="アドレスを作る").click()
    page.get_by_role("heading", name="もう一度、確かめます").wait_for()
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
    page.get_by_role("button", name="パスキーで確かめる").click()
    page.get_by_label("あなただけのアドレス").wait_for()  # what was pressed is done


def test_an_app_is_set_up_on_a_phone_and_the_page_keeps_its_width(person, open_page, site, axe):
    page = open_page(site, viewport=PHONE, color_scheme="dark")
    types_password(page, person)
    page.wait_for_url(at_home)
    page.goto("/preferences/sign-in/")
    assert (axe(page), sideways(page)) == ([], 0)
    page.get_by_role("link", name="認証アプリを加える").click()
    assert (axe(page), sideways(page)) == ([], 0)
    page.locator("summary", has_text="読み取れないとき").click()
    secret = page.locator("code.num").inner_text().replace(" ", "")
    page.locator("#id_code").fill(totp.code_at(secret, int(time.time()) // 30))
    page.get_by_role("button", name="確かめて加える").click()
    page.get_by_role("heading", name="予備のコード").wait_for()
    assert sideways(page) == 0
    assert factor.factors.has_factor(person)
