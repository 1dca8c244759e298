"""The company's sign-in against a provider that runs as a process of its own, over TLS."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from incidents.gateways import company
from incidents.models import Letter, Person
from tests.servers import Certificate, until

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
START = "/account/company/login/"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *gone: Any) -> None:
        return None


class Provider:
    """What the browser would do at the provider: choose who one is, and be sent back."""

    def __init__(self, certificate: Certificate):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.issuer = f"https://127.0.0.1:{self.port}"
        trust = ssl.create_default_context(cafile=str(certificate.file))
        self._open = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust), _Stay).open
        script = Path(__file__).with_name("oidc_provider.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(self.port), str(certificate.file), str(certificate.key)],
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, 30, "the provider answers")

    def _answers(self) -> bool:
        try:
            return self._open(f"{self.issuer}/jwks", timeout=2).status == 200
        except OSError:
            return False

    def knows(self, sub: str, **claims: Any) -> None:
        import json

        body = json.dumps(claims).encode()
        url = f"{self.issuer}/users/{quote(sub)}"
        self._open(urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PUT"))

    def sends_back(self, address: str, sub: str, action: str = "authorize") -> str:
        """The address to which the provider sends the browser of somebody who says to be `sub`."""
        try:
            self._open(address, urlencode({"sub": sub, "action": action}).encode())
        except urllib.error.HTTPError as redirect:
            return redirect.headers["Location"]
        raise AssertionError("the provider sent nobody back")


@pytest.fixture(scope="session")
def provider(certificate: Certificate) -> Iterator[Provider]:
    made = Provider(certificate)
    yield made
    made.process.terminate()
    made.process.wait(10)


@pytest.fixture
def house(settings: Any, provider: Provider, certificate: Certificate) -> Provider:
    cache.clear()
    settings.EGRESS_CA_FILE = str(certificate.file)
    settings.OIDC_ISSUER, settings.OIDC_NAME = provider.issuer, "青葉商事のアカウント"
    app = {
        "provider_id": "company",
        "name": settings.OIDC_NAME,
        "client_id": "ushiro",
        "secret": "a-secret-of-the-test",
        "settings": {"server_url": provider.issuer, "fetch_userinfo": True, "oauth_pkce_enabled": True},
    }
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return provider


def goes(client: Client, house: Provider, sub: str, **more: str) -> Any:
    """From the button to the answer of the callback."""
    leaves = client.post(START, more)
    back = house.sends_back(leaves["Location"], sub)
    client.back = back[back.index("/", len("http://x")) :]
    return client.get(client.back)


def is_in(client: Client) -> bool:
    return client.get("/preferences/").status_code == 200


def test_whoever_is_registered_comes_in_and_back_to_where_they_were(house, bob):
    page = Client().get("/account/login/").content.decode()
    assert "青葉商事のアカウントでサインインする" in page
    house.knows("bob-1", email="BOB@Example.jp", email_verified=True)
    client = Client()
    answer = goes(client, house, "bob-1", next="/incidents/")
    assert (answer.status_code, answer["Location"]) == (302, "/incidents/")
    assert is_in(client)
    assert int(client.session["_auth_user_id"]) == bob.pk


def test_the_way_there_says_what_it_has_to(house, bob):
    leaves = Client().post(START)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(leaves["Location"]).query).items()}
    assert leaves["Location"].startswith(f"{house.issuer}/oauth2/authorize?")
    assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == ("ushiro", "code", "S256")
    assert asked["redirect_uri"].endswith("/account/company/login/callback/")
    assert len(asked["state"]) >= 16
    assert Client().get(START).status_code == 200, "a link alone signs nobody in"


@pytest.mark.parametrize(
    ("sub", "claims"),
    [
        ("unknown", {"email": "nobody@example.jp", "email_verified": True}),
        ("unverified", {"email": "bob@example.jp", "email_verified": False}),
        ("silent", {"email": "bob@example.jp"}),
        ("in-words", {"email": "bob@example.jp", "email_verified": "false"}),
        ("nameless", {"email_verified": True}),
        ("other-audience", {"email": "bob@example.jp", "email_verified": True}),
        ("other-issuer", {"email": "bob@example.jp", "email_verified": True}),
        ("look-alike", {"email": "bob@example.jp.evil.example", "email_verified": True}),
    ],
)
def test_nobody_else_comes_in_and_all_are_told_the_same(house, bob, sub, claims):
    house.knows(sub, **claims)
    client, people = Client(), Person.objects.count()
    answer = goes(client, house, sub)
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")
    assert "会社のアカウントでは入れませんでした" in client.get("/account/login/").content.decode()
    assert not is_in(client)
    assert Person.objects.count() == people


def test_a_company_whose_addresses_are_all_its_own(house, bob, settings):
    settings.OIDC_ADDRESSES_ARE_OURS = True
    house.knows("silent", email="bob@example.jp")
    house.knows("unverified", email="bob@example.jp", email_verified=False)
    client = Client()
    goes(client, house, "unverified")
    assert not is_in(client)
    goes(client, house, "silent")
    assert is_in(client)


def test_somebody_deactivated_does_not(house, bob):
    bob.is_active = False
    bob.save()
    house.knows("bob-2", email="bob@example.jp", email_verified=True)
    client = Client()
    goes(client, house, "bob-2")
    assert not is_in(client)


def test_a_callback_serves_once_and_for_the_browser_that_asked(house, bob):
    house.knows("bob-3", email="bob@example.jp", email_verified=True)
    client = Client()
    goes(client, house, "bob-3")
    assert is_in(client)
    for other in (Client(), client):
        if other is client:
            client.post("/account/logout/")
        assert other.get(client.back)["Location"] == "/account/login/"
        assert not is_in(other)


@pytest.mark.parametrize("state", ["", "x", "0" * 32])
def test_another_state_is_refused(house, bob, state):
    house.knows("bob-4", email="bob@example.jp", email_verified=True)
    client = Client()
    back = house.sends_back(client.post(START)["Location"], "bob-4")
    path = back[back.index("/", len("http://x")) :]
    assert client.get(re.sub(r"state=[^&]+", f"state={state}", path))["Location"] == "/account/login/"
    assert not is_in(client)


def test_who_thinks_better_of_it_is_back_at_the_sign_in(house, bob):
    client = Client()
    back = house.sends_back(client.post(START)["Location"], "bob-5", action="deny")
    assert client.get(back[back.index("/", len("http://x")) :])["Location"] == "/account/login/"


def test_a_second_factor_is_asked_after_it(house, bob):
    import time

    from incidents.domain import factor
    from tools.plain import totp

    secret = totp.new_secret()
    code = totp.code_at(secret, int(time.time()) // 30)
    factor.add_app(bob, by=bob, stored=factor.seal(bob, secret), code=code)
    house.knows("bob-6", email="bob@example.jp", email_verified=True)
    client = Client()
    assert goes(client, house, "bob-6")["Location"] == "/account/factor/authenticate/"
    assert not is_in(client)


def test_without_passwords_there_is_one_way_in(house, bob, settings):
    settings.OIDC_ONLY = True
    bob.set_password("urushi-to-kin-2026")
    bob.save()
    client = Client()
    assert 'name="password"' not in client.get("/account/login/").content.decode()
    client.post("/account/login/", {"login": bob.email, "password": "urushi-to-kin-2026"})
    assert not is_in(client)
    client.post("/account/password/reset/", {"email": bob.email})
    assert Letter.objects.count() == 0


@pytest.mark.parametrize(
    "url",
    ["https://elsewhere.example/jwks", "http://127.0.0.1/", "https://127.0.0.1:1/", "https://127.0.0.1@evil.example/"],
)
def test_a_provider_leads_nowhere_else(house, url):
    with pytest.raises(company.Unanswered):
        company.Wire().get(url)
