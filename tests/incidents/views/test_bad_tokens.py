"""A thousand tokens that are none: tampered, expired, foreign, replayed. Each is refused, none is a fault, nothing changes."""

from __future__ import annotations

import base64
import random
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from incidents.domain import feed, invitation
from incidents.enums import MailAct, Role
from incidents.letters import links
from incidents.models import Invitation, Letter
from incidents.queries.nameless import door_path
from tests.rows import everything

SEED = 20261124
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:"
ODD = [
    "",
    ".",
    "..",
    "%00",
    "%0d%0aX: y",
    "a" * 4_000,
    "あ" * 40,
    "\u202e",
    "null",
    "-1",
    "0",
    "[]",
    "{}",
    "W10:x:y",
    "::",
    "%2e%2e",
]


def tampered(token: str, chance: random.Random) -> Iterator[str]:
    """Forty ways in which one token may come back wrong."""
    for _ in range(16):
        at = chance.randrange(len(token))
        other = chance.choice([one for one in LETTERS if one != token[at]])
        yield token[:at] + other + token[at + 1 :]
    for cut in (1, 2, len(token) // 2, len(token) - 1):
        yield token[:-cut]
        yield token[cut:]
    yield from (
        token + "A",
        "A" + token,
        token + token,
        token[::-1],
        token.swapcase(),
        token.replace(":", ""),
        token + ":",
    )
    for _ in range(5):
        yield secrets.token_urlsafe(32)
    for _ in range(4):
        yield base64.urlsafe_b64encode(chance.randbytes(24)).decode().rstrip("=")


@pytest.fixture
def doors(story, alice, clock) -> dict[str, tuple[str, str]]:
    """Each kind of address that holds a secret, as (what stands before the token, a good token)."""
    measure = story.promised(owner=alice, checker=story.bob)

    def parts(url: str) -> tuple[str, str]:
        head, token = urlsplit(url).path.rstrip("/").rsplit("/", 1)
        return head + "/", token

    made, url = invitation.invite(story.team, by=alice, email="new@example.jp", role=Role.MEMBER, language="ja")
    link = url or re.search(r"https?://\S+/m/join/\S+/", Letter.objects.get(key=f"invitation:{made.pk}").text)[0]
    return {
        "mail-done": parts(links.done_url(measure.follow_up, alice)),
        **{f"mail-{act.value}": parts(links.act_url(act, measure.follow_up, alice)) for act in MailAct},
        "mail-away": parts(links.away_url(alice)),
        "mail-care": parts(links.care_url(person_id=alice.pk)),
        "mail-join": parts(link),
        "calendar": ("/feed/", feed.make(alice, by=alice) + ".ics"),
        "nameless": parts(door_path(story.team)),
        "setup": ("/setup/", secrets.token_urlsafe(32)),
    }


def test_a_thousand_tokens_that_are_none(doors, client_of, dave, alice):
    chance, client, inside = random.Random(SEED), client_of(dave), client_of(alice)
    before, asked, wrong = everything(), 0, []

    def ask(path: str) -> None:
        nonlocal asked
        for browser, method in ((client, "get"), (client, "post"), (inside, "get")):
            if method == "post" and path.startswith("/feed/"):
                continue
            asked += 1
            status = getattr(browser, method)(path, {"page_token": "x"} if method == "post" else None).status_code
            if status not in {301, 400, 404, 405, 410}:
                wrong.append((method, path[:80], status))

    for prefix, token in doors.values():
        ending = "" if prefix == "/feed/" else "/"
        for one in set(tampered(token.removesuffix(".ics"), chance)) - {token.removesuffix(".ics")}:
            ask(f"{prefix}{quote(one, safe=':')}{'.ics' if not ending else ending}")
        # A good one at every other door.
        for other_prefix, _token in doors.values():
            if other_prefix != prefix and prefix != "/setup/":
                ask(f"{other_prefix}{token.removesuffix('.ics')}{'.ics' if other_prefix == '/feed/' else '/'}")
        for odd in ODD:
            ask(f"{prefix}{quote(odd)}{'.ics' if not ending else ending}")
    assert wrong == [], wrong
    assert asked >= 1_000
    assert everything() == before


@pytest.mark.parametrize("name", ["mail-done", "mail-due", "mail-help", "mail-not_mine", "mail-away", "mail-join"])
def test_a_good_token_is_none_after_its_days(name, doors, client_of, dave, clock):
    prefix, token = doors[name]
    assert client_of(dave).get(f"{prefix}{token}/").status_code == 200
    clock.forward(days=61)
    assert client_of(dave).get(f"{prefix}{token}/").status_code == 410


def test_an_invitation_is_none_once_it_was_redeemed(doors, client_of, dave):
    prefix, token = doors["mail-join"]
    invitation.accept_as_new(
        invitation.hash_of(token), name="新田 望", password="ことりが-7わ-とんでいった", language="ja"
    )
    before = everything()
    for _ in range(20):
        client = client_of(dave)
        assert client.get(f"{prefix}{token}/").status_code == 410
        assert client.post(f"{prefix}{token}/", {"page_token": links.page_token(token)}).status_code == 410
        assert client.get("/join/").status_code == 410
    assert everything() == before


def test_a_page_of_one_link_does_not_press_the_button_of_another(doors, client_of, dave, team, alice):
    prefix, token = doors["mail-join"]
    other = links.page_token(doors["mail-away"][1])
    client = client_of(dave)
    assert client.post(f"{prefix}{token}/", {"page_token": other}).status_code == 200
    assert client.get("/join/").status_code == 410


def test_a_session_cannot_name_an_invitation_by_itself(doors, client_of, dave):
    """What a session keeps comes from the page behind the link alone: no field of a form sets it."""
    client = client_of(dave)
    made = Invitation.objects.get()
    client.post("/join/", {"invitation": made.token_hash, "name": "x", "password": "ことりが-7わ-とんでいった"})
    client.get(f"/join/?invitation={made.token_hash}")
    assert Invitation.objects.get().accepted_at is None
    assert made.expires_at - made.created_at <= timedelta(days=7, seconds=1)


# Where links lead -------------------------------------------------------------------------------

HOSTS = [
    {"Host": "evil.example"},
    {"Host": "evil.example:8000"},
    {"Host": "testserver.evil.example"},
    {"Host": "testserver@evil.example"},
    {"Host": "testserver:80@evil.example"},
    {"Host": "evil.example/testserver"},
    {"Host": "evil.example\t"},
    {"Host": "127.0.0.1:99999"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Host": "testserver, evil.example"},
    {"X-Forwarded-For": "10.0.0.1, evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"},
    {"Forwarded": "host=evil.example;proto=https", "X-Original-Host": "evil.example", "X-Rewrite-URL": "//evil.example/"},
]  # fmt: skip


@pytest.fixture
def mailing(story, alice, admin, client_of, settings) -> dict[str, Callable[[dict[str, str]], Any]]:
    """Every request that makes a mail, by what it does."""
    settings.MAIL_CONFIGURED = True
    settings.ALLOWED_HOSTS = ["testserver"]
    measure = story.promised(owner=alice, checker=story.bob)
    inside, console = client_of(alice), client_of(admin)
    invitation.invite(story.team, by=alice, email="n@example.jp", role=Role.MEMBER, language="ja")

    def invited(headers: dict[str, str]) -> Any:
        form = {"email": "new@example.jp", "role": "member", "language": "ja"}
        return inside.post("/teams/orders/invite/", form, headers=headers)

    def again(headers: dict[str, str]) -> Any:
        one = Invitation.objects.unsettled().get(email="n@example.jp")
        return inside.post(f"/invitations/{one.pk}/again/", headers=headers)

    return {
        "invitation": invited,
        "invitation again": again,
        "password": lambda h: client_of(None).post("/account/password/reset/", {"email": alice.email}, headers=h),
        "digest": lambda h: inside.post("/letters/today/", headers=h),
        "trial": lambda h: console.post("/console/incidents/letter/test/", headers=h),
        "hand over": lambda h: inside.post(
            f"/measures/{measure.pk}/hand-over/", {"owner": alice.pk, "reason": "異動"}, headers=h
        ),
        "away": lambda h: inside.post(
            "/preferences/away/",
            {"starts_on": "2026-12-01", "ends_on": "2026-12-02", "stand_in": story.bob.pk},
            headers=h,
        ),
    }


@pytest.mark.parametrize("headers", HOSTS, ids=[f"{n}" for n in range(len(HOSTS))])
def test_no_header_says_where_the_links_of_a_mail_lead(headers, mailing, settings):
    assert len(HOSTS) == 12
    asked = {}
    for name, send in mailing.items():
        before = set(Letter.objects.values_list("pk", flat=True))
        asked[name] = send(headers).status_code
        made = Letter.objects.exclude(pk__in=before)
        assert asked[name] == 400 or asked[name] < 500, name
        if asked[name] == 400:
            assert not made.exists(), name
        for one in made:
            whole = one.text + one.html + one.subject
            assert "evil.example" not in whole, name
            hosts = set(re.findall(r"https?://([^/\s\"'<>]+)", whole))
            assert hosts <= {urlsplit(settings.SITE_URL).netloc}, name
    assert ("Host" in headers) == (set(asked.values()) == {400}), asked
