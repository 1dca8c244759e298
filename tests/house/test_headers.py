"""Every address of the house answers under the same headers: pages, redirects, refusals, faults, files."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.urls import reverse

from tests.house.test_strangers import ROUTES, arguments, world  # noqa: F401  the fixture

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'", "'nonce'"],
    "style-src": ["'self'", "'nonce'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}
# Files of strangers: narrower than the policy of pages.
SANDBOX = {"sandbox": [], "default-src": ["'none'"], "frame-ancestors": ["'none'"]}
FILES = {"attachment-file", "received-original"}
WITHOUT_REFERRER = ("/m/", "/n/", "/feed/")


def policy_of(answer: HttpResponse) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";") if part.strip()]
    # Django names a nonce only where a page has used one.
    return {name: [re.sub(r"'nonce-[\w+/=-]+'", "'nonce'", one) for one in values] for name, *values in parts}


def is_the_policy(answer: HttpResponse) -> bool:
    found = policy_of(answer)
    without = {name: [one for one in values if one != "'nonce'"] for name, values in POLICY.items()}
    return found in (POLICY, without, SANDBOX)


def faults(answer: HttpResponse, place: str) -> list[str]:
    headers = answer.headers
    wanted = {
        "X-Frame-Options": {"DENY"},
        "X-Content-Type-Options": {"nosniff"},
        "Cross-Origin-Opener-Policy": {"same-origin"},
        "Referrer-Policy": {"no-referrer" if place.startswith(WITHOUT_REFERRER) else "same-origin"},
    }
    found = [f"{name}: {headers.get(name)}" for name, values in wanted.items() if headers.get(name) not in values]
    if "Content-Security-Policy" not in headers or not is_the_policy(answer):
        found.append(f"Content-Security-Policy: {headers.get('Content-Security-Policy')}")
    if "no-store" not in headers.get("Cache-Control", ""):
        found.append(f"Cache-Control: {headers.get('Cache-Control')}")
    found += [name for name in headers if name.startswith("Access-Control-")]
    return found


def places() -> dict[str, str]:
    """An address of every route of the house, of the sign-in and of the console."""
    found = {}
    for name, route in ROUTES.items():
        if route.converters and name.startswith("admin:"):
            continue  # the console's pages of one record have the frame of its lists
        values = arguments(route) if len(route.converters) else []
        try:
            found[name] = reverse(name, args=values)
        except Exception:  # a converter of another kind: a key that is none leads to 404, below
            continue
    return found


@pytest.mark.parametrize("who", ["dave", "alice", "admin"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address_answers_with_every_header(who, method, request, client_of, world, subtests):  # noqa: F811
    person = request.getfixturevalue(who)
    found = places()
    assert len(found) > 120, "the search has gone blind"
    for name, place in found.items():
        client = client_of(person)
        answer = getattr(client, method)(place)
        with subtests.test(name=name, status=answer.status_code):
            assert faults(answer, place) == []
        answer.close()


def test_pages_of_records_have_them_too(client_of, alice, world, subtests):  # noqa: F811
    for name, route in ROUTES.items():
        if ":" in name or not route.converters:
            continue
        try:
            values = arguments(route, world)
        except KeyError:  # its key is a token or a public id; the walk above asks with one of nothing
            continue
        if None in values:
            continue
        place = reverse(name, args=values)
        answer = client_of(alice).get(place)
        with subtests.test(name=name, status=answer.status_code):
            assert faults(answer, place) == []
        answer.close()


def test_what_is_not_there_and_what_fails_have_them(client_of, alice, dave, monkeypatch, subtests):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    for person in (alice, dave):
        client = client_of(person)
        client.raise_request_exception = False
        for place in ("/nothing/", "/today", "/static/nothing.css", "/console/nothing/", "/m/nothing/", "/n/x/y/z/"):
            answer = client.get(place)
            with subtests.test(place=place, status=answer.status_code):
                assert faults(answer, place) == []
    monkeypatch.setattr("incidents.views.letter.letters.my_letters", broken)
    client = client_of(alice)
    client.raise_request_exception = False
    answer = client.get("/letters/")
    assert (answer.status_code, faults(answer, "/letters/")) == (500, [])


def test_a_form_without_its_token_and_a_foreign_host_have_them(alice, client_of):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    refused = strict.post("/letters/today/")
    assert (refused.status_code, faults(refused, "/letters/")) == (403, [])
    for place in ("/m/done/x/", "/n/x/"):
        elsewhere = strict.post(place, headers={"sec-fetch-site": "cross-site"})
        assert (elsewhere.status_code, faults(elsewhere, place)) == (403, [])
    foreign = client_of(alice).get("/today/", headers={"host": "evil.example"})
    assert foreign.status_code == 400
    assert faults(foreign, "/today/") == []


def test_answers_of_a_person_are_told_apart_by_caches(client_of, alice):
    vary = {one.strip().lower() for one in client_of(alice).get("/today/").headers["Vary"].split(",")}
    assert vary >= {"cookie", "hx-request", "accept-language"}
