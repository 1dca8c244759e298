"""Each kind of channel, really posted by apprise over TLS and read back; and that nothing of it goes another way."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import subprocess
import sys

import pytest

from incidents.gateways import chat, egress
from tests.chat import PLACES, TOKEN, said
from tools.plain import chatplaces
from tools.plain.webaddress import BadAddress

TITLE = "今日のお知らせ（受注課）"
TEXT = "・K-128 対策の期限（佐藤 美咲さん、今日まで）\n\nくわしくは、うしろで: https://ushiro.example.jp/"
DATA = {"kind": "morning", "items": [{"number": "K-128"}]}


def post(kind: str, **more) -> chat.Said:
    given = {"title": TITLE, "text": TEXT, "data": DATA, "ident": "id-1", "secret": TOKEN} | more
    return chat.send(kind, given.pop("address", PLACES[kind]), **given)


def only(service):
    [one] = service.posted
    return one


def test_slack(service):
    assert post("slack") == chat.Said()
    one = only(service)
    assert (one.line, one.host) == ("POST /services/T0/B0/slackSecretToken HTTP/1.1", "hooks.slack.com")
    header, section = one.json["attachments"][0]["blocks"]
    assert (header["text"]["text"], section["text"]["text"]) == (TITLE, TEXT)


def test_discord(service):
    service.always = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert post("discord") == chat.Said()
    one = only(service)
    assert (one.line, one.host) == ("POST /api/webhooks/1234/discord-secret-token HTTP/1.1", "discord.com")
    assert one.json["content"].replace("\\", "") == f"{TITLE}\r\n{TEXT}"


def test_teams(service):
    service.always = said(202)
    assert post("teams") == chat.Said()
    one = only(service)
    path, _, query = one.target.partition("?")
    assert path == "/workflows/abc123/triggers/manual/paths/invoke"
    assert "sig=teams-secret-signature" in query
    assert "api-version=2016-06-01" in query
    card = one.json["attachments"][0]["content"]
    # A card reads Markdown, so the library marks what is meant as it stands.
    assert [block["text"].replace("\\", "") for block in card["body"]] == [TITLE, TEXT]


def test_teams_on_power_automate(service):
    address = (
        "https://abc.05.environment.api.powerplatform.com/powerautomate/automations/direct/cu/01/workflows/w1"
        "/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=s"
    )
    assert post("teams", address=address) == chat.Said()
    one = only(service)
    assert one.host == "abc.05.environment.api.powerplatform.com"
    path, _, query = one.target.partition("?")
    assert path == "/powerautomate/automations/direct/cu/01/workflows/w1/triggers/manual/paths/invoke"
    assert "api-version=1" in query.split("&")


def test_chatwork(service):
    assert post("chatwork") == chat.Said()
    one = only(service)
    assert (one.line, one.host) == ("POST /v2/rooms/12345/messages HTTP/1.1", "api.chatwork.com")
    assert one.headers["x-chatworktoken"] == TOKEN
    assert one.form == {"body": [f"[info][title]{TITLE}[/title]{TEXT}[/info]"], "self_unread": ["1"]}


def test_lineworks(service):
    assert post("lineworks") == chat.Said()
    one = only(service)
    assert (one.line, one.host) == ("POST /message/lineworks-secret-token HTTP/1.1", "webhook.worksmobile.com")
    assert one.json == {"title": TITLE, "body": {"text": TEXT}}


def test_webhook_is_signed_over_the_very_bytes(service):
    assert post("webhook") == chat.Said()
    one = only(service)
    assert (one.line, one.host) == ("POST /in/webhook-secret-token HTTP/1.1", "hooks.example.jp")
    assert one.json == {**DATA, "title": TITLE, "text": TEXT}
    at, mac = (part.partition("=")[2] for part in one.headers["x-ushiro-signature"].split(","))
    mine = hmac.new(TOKEN.encode(), f"{at}.".encode() + one.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mac, mine)


@pytest.mark.parametrize("kind", PLACES)
def test_every_kind_names_the_message_and_its_program(service, kind):
    post(kind, ident="0f3c")
    post(kind, ident="0f3c")
    assert {one.ident for one in service.posted} == {"0f3c"}
    assert {one.headers["user-agent"] for one in service.posted} == {"Ushiro"}
    assert {one.headers["connection"] for one in service.posted} == {"close"}


# What does not arrive --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503])
def test_refusal_is_told_and_not_tried_again_by_the_library(service, kind, status):
    service.always = said(status, "Retry-After: 30\r\n")
    wait = 30 if status in {429, 503} else 0
    assert post(kind) == chat.Said(f"answered_{status}", wait)
    only(service)


@pytest.mark.parametrize("kind", PLACES)
def test_redirect_is_no_place(service, kind):
    service.always = said(302, "Location: https://hooks.example.jp/\r\n")
    assert post(kind) == chat.Said("redirected")
    only(service)


@pytest.mark.parametrize("kind", PLACES)
def test_what_egress_refuses_is_refused_for_every_kind(service, settings, kind):
    settings.EGRESS_ALLOW = []  # the names lead to the loopback still
    assert post(kind) == chat.Said("not_public")
    assert service.posted == []


@pytest.mark.parametrize(
    ("headers", "wait"),
    [("Retry-After: soon\r\n", 0), ("Retry-After: -5\r\n", 0), ("Retry-After: 9999999\r\n", chat.MOST_WAIT), ("", 0)],
)
def test_wait_that_is_asked_for_has_a_measure(service, headers, wait):
    service.always = said(429, headers)
    assert post("webhook") == chat.Said("answered_429", wait)


def test_words_of_the_library_hold_no_secret(service, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    for answer in (said(200), said(404), said(500)):
        service.always = answer
        for kind in PLACES:
            post(kind)
    told = caplog.text
    for secret in ("secret", TOKEN, "slackSecretToken", "sig="):
        assert secret not in told


# The way -----------------------------------------------------------------------------------------


def test_plugins_know_no_other_way_out():
    for module in (chat.slack, chat.workflows, chat.discord):
        assert module.requests is chat._wire
    program = (
        "import sys, socket, requests\n"
        "import incidents.gateways.chat as chat\n"
        "assert requests.post.__module__ == 'requests.api'\n"  # the library itself is left as it is
        "print(chat.slack.requests is chat._wire)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=None)
    assert done.stdout.strip() == "True", done.stderr


@pytest.mark.parametrize("more", [{"files": {"a": 1}}, {"auth": ("a", "b")}])
def test_wire_takes_no_file_and_no_password(service, more):
    call = chat._Call({})
    with chat._on_the_way(call), pytest.raises(chat._Refused):
        chat._wire.post(PLACES["webhook"], **more)
    assert service.posted == []


def test_one_message_is_one_request(service):
    call = chat._Call({})
    with chat._on_the_way(call):
        chat._wire.post(PLACES["webhook"], data="{}")
        with pytest.raises(chat._Refused):
            chat._wire.post(PLACES["webhook"], data="{}")
        with pytest.raises(chat._Refused):
            chat._wire.request("get", PLACES["webhook"])
    only(service)


# Addresses -----------------------------------------------------------------------------------------

WRONG = [
    ("slack", "https://hooks.slack.com.evil.example/services/T/B/x"),
    ("slack", "https://hooks.slack.com/services/T/B"),
    ("slack", "https://hooks.slack.com/services/T/B/x?template=file:///etc/passwd"),
    ("slack", "https://slack.com/services/T/B/x"),
    ("slack", "https://hooks.slack.com/services/T/B/../../x"),
    ("discord", "https://discord.com/api/webhooks/abc/x"),
    ("discord", "https://discord.com/api/webhooks/1/x?thread=1&template=/etc/passwd"),
    ("discord", "https://evil.example/api/webhooks/1/x"),
    ("teams", "https://evil.example/workflows/a/triggers/manual/paths/invoke?sig=x"),
    ("teams", "https://logic.azure.com.evil.example/workflows/a/triggers/manual/paths/invoke?sig=x"),
    ("teams", "https://a.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig="),
    ("teams", "https://a.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=x%0d%0aHost:%20y"),
    ("teams", "https://a.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=x&sp=/other"),
    ("teams", "https://a.logic.azure.com/workflows/a/triggers/manual/paths/invoke?sig=x&api-version=../x"),
    ("lineworks", "https://webhook.worksmobile.com/other/x"),
    ("lineworks", "https://evil.example/message/x"),
    ("chatwork", "https://evil.example/#!rid1"),
    ("chatwork", "12345/../../x"),
    ("chatwork", "0"),
    ("chatwork", "room"),
]


@pytest.mark.parametrize(("kind", "address"), WRONG)
def test_address_of_something_else_is_no_address(kind, address):
    with pytest.raises(BadAddress) as fault:
        chatplaces.read(kind, address)
    assert fault.value.code == "other_service"


@pytest.mark.parametrize("kind", ["slack", "discord", "teams", "lineworks", "webhook"])
@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://hooks.slack.com/services/T/B/x", "not_https"),
        ("https://a@hooks.slack.com/services/T/B/x", "has_user"),
        ("https://2130706433/services/T/B/x", "bad_host"),
        ("", "not_https"),
    ],
)
def test_grammar_comes_before_the_service(kind, address, code):
    with pytest.raises(BadAddress) as fault:
        chatplaces.read(kind, address)
    assert fault.value.code == code


def test_what_is_shown_of_an_address_opens_nothing():
    for kind, address in PLACES.items():
        place = chatplaces.read(kind, address)
        assert len(place.tail) == chatplaces.SHOWN
        assert egress.webaddress.read(place.address).host == place.host
    assert chatplaces.read("chatwork", PLACES["chatwork"]).tail == "2345"
    assert json.dumps(chatplaces.read("chatwork", "12345").parts) == '["12345"]'
