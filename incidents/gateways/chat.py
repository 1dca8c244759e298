"""Messages to chat services and to webhooks: written by apprise's plugins, carried by egress and by nothing else.

apprise's own plugins ask `requests` for the way out, under that name in their module. Here that name stands for `_Wire`,
which hands every request to gateways/egress.py; what it cannot hand over (files, other methods) is refused. Services
that apprise does not know (Chatwork, LINE WORKS) and our own signed webhook are plugins of the same kind, below.

Imported when a message is sent, not before: apprise takes a third of a second.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from apprise import AppriseAsset, NotifyFormat, NotifyType
from apprise.plugins import discord, slack, workflows
from apprise.plugins.base import NotifyBase

from incidents.gateways import egress
from tools.plain import chatplaces
from tools.plain.webaddress import BadAddress

# The library names whole addresses in its log, tokens included.
logging.getLogger("apprise").disabled = True

MOST_WAIT = 24 * 3600  # seconds that another side may ask us to wait


@dataclass(frozen=True)
class Said:
    """What became of a message. word: "" when it was taken, else why not (docs/features/mirror.md). wait: seconds for which the other side asks."""

    word: str = ""
    wait: int = 0


@dataclass
class _Call:
    """One message on its way: what goes along with it, and what came of it."""

    headers: Mapping[str, str]
    answers: list[egress.Answer] = field(default_factory=list)
    word: str = ""


_now: ContextVar[_Call] = ContextVar("ushiro_chat_call")


def send(kind: str, address: str, *, title: str, text: str, data: dict[str, Any], ident: str, secret: str = "") -> Said:
    """Post one message. address, secret: as they are kept. data: what a webhook gets beside the words. ident: of the
    message, the same at every try. Never raises for what the other side, the name server or the address does.
    """
    call = _Call({"X-Idempotency-Key": ident})
    try:
        plugin = _plugin(kind, chatplaces.read(kind, address), secret=secret, data=data)
    except BadAddress as fault:
        return Said(fault.code)
    with _on_the_way(call):
        taken = plugin.notify(body=text, title=title, notify_type=NotifyType.INFO, body_format=NotifyFormat.TEXT)
    if call.word:
        return Said(call.word)
    if not call.answers:
        return Said("not_written")
    answer = call.answers[-1]
    if taken and 200 <= answer.status < 300:
        return Said()
    return Said(f"answered_{answer.status}", _asked_to_wait(answer))


@contextmanager
def _on_the_way(call: _Call) -> Iterator[None]:
    token = _now.set(call)
    try:
        yield
    finally:
        _now.reset(token)


def _asked_to_wait(answer: egress.Answer) -> int:
    """Seconds of Retry-After (RFC 9110 10.2.3) or of Chatwork's x-ratelimit-reset; 0 when nothing was asked."""
    if answer.status not in {429, 503}:
        return 0
    asked = answer.headers.get("retry-after", "")
    until = answer.headers.get("x-ratelimit-reset", "")
    seconds = 0.0
    try:
        if asked:
            seconds = float(asked[:12])
        elif until:
            seconds = float(until[:12]) - time.time()
    except ValueError:
        return 0
    return int(min(max(seconds, 0), MOST_WAIT))


# The way out -----------------------------------------------------------------------------------


class _Refused(slack.requests.RequestException):
    """Ends the plugin's work; what happened stands in the call."""


class _Answer:
    """What a plugin reads of an answer."""

    def __init__(self, said: egress.Answer):
        self.status_code, self.content, self.headers = said.status, said.body, said.headers

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


class _Wire:
    """Stands for the module `requests` in apprise's plugins. One request of one message goes out, by egress."""

    codes = slack.requests.codes
    RequestException = slack.requests.RequestException

    def post(self, url: str, **more: Any) -> _Answer:
        return self.request("post", url, **more)

    def request(
        self,
        method: str,
        url: str,
        *,
        data: str | bytes | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        files: object = None,
        auth: object = None,
        verify: object = True,
        timeout: object = None,
        allow_redirects: object = False,
    ) -> _Answer:
        call = _now.get()
        if method.lower() != "post" or files or auth or call.answers or call.word:
            # A second request of one message would be a second message, a look-up that nobody asked for, or a retry that
            # waits in the worker's place; the row is tried again later.
            raise _Refused
        body = urlencode(data) if isinstance(data, Mapping) else (data or "")
        target = f"{url}?{urlencode(params)}" if params else url
        sent = {**(headers or {}), **call.headers}
        sent.pop("User-Agent", None)
        try:
            said = egress.call(target, headers=sent, body=body.encode() if isinstance(body, str) else body)
        except egress.NotSent as fault:
            call.word = fault.word
            raise _Refused from None
        call.answers.append(said)
        if not 200 <= said.status < 300:
            raise _Refused
        return _Answer(said)


_wire = _Wire()
for _module in (slack, workflows, discord):
    _module.requests = _wire


# The plugins -----------------------------------------------------------------------------------


class _Posting(NotifyBase):
    """A plugin of our own: one request with a body."""

    request_rate_per_sec = 0
    title_maxlen = 250
    body_maxlen = 30_000

    def __init__(self, place: str, **more: Any):
        super().__init__(**more)
        self.place = place

    def written(self, title: str, body: str) -> tuple[bytes, dict[str, str]]:
        raise NotImplementedError

    def send(self, body: str, title: str = "", notify_type: NotifyType = NotifyType.INFO, **more: Any) -> bool:
        text, headers = self.written(title, body)
        try:
            _wire.post(self.place, data=text, headers=headers)
        except _Refused:
            return False
        return True


_JSON = {"Content-Type": "application/json; charset=utf-8"}


class NotifyChatwork(_Posting):
    """Chatwork's interface, version 2: a form with the text, in the name of whoever has the token."""

    service_name = "Chatwork"
    secure_protocol = "chatwork"

    def __init__(self, place: str, token: str, **more: Any):
        super().__init__(place, **more)
        self.token = token

    def written(self, title: str, body: str) -> tuple[bytes, dict[str, str]]:
        text = f"[info][title]{title}[/title]{body}[/info]" if title else body
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-ChatWorkToken": self.token}
        return urlencode({"body": text, "self_unread": "1"}).encode(), headers


class NotifyLineWorks(_Posting):
    """The Incoming Webhook of LINE WORKS: a title and a text."""

    service_name = "LINE WORKS"
    secure_protocol = "lineworks"

    def written(self, title: str, body: str) -> tuple[bytes, dict[str, str]]:
        return json.dumps({"title": title, "body": {"text": body}}, ensure_ascii=False).encode(), _JSON


class NotifySigned(_Posting):
    """A webhook of the house's own: JSON whose bytes are signed, so that the receiver knows who wrote them and when."""

    service_name = "Webhook"
    secure_protocol = "ushiro"

    def __init__(self, place: str, key: str, data: dict[str, Any], **more: Any):
        super().__init__(place, **more)
        self.key, self.data = key, data

    def written(self, title: str, body: str) -> tuple[bytes, dict[str, str]]:
        text = json.dumps({**self.data, "title": title, "text": body}, ensure_ascii=False, sort_keys=True).encode()
        return text, {**_JSON, "X-Ushiro-Signature": signature(self.key, text, at=int(time.time()))}


def signature(key: str, body: bytes, *, at: int) -> str:
    """The header by which a receiver verifies a body: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body", hex>`."""
    mac = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def _plugin(kind: str, place: chatplaces.Place, *, secret: str, data: dict[str, Any]) -> NotifyBase:
    """The plugin for a place. Its parts are given one by one: of an address read by the library itself, a query could
    name a template on our disk."""
    more: dict[str, Any] = {"asset": AppriseAsset(app_id="Ushiro", app_desc="Ushiro", app_url="")}
    if kind == "slack":
        a, b, c = place.parts
        return slack.NotifySlack(
            token_a=a, token_b=b, token_c=c, include_image=False, include_footer=False, use_blocks=True, **more
        )
    if kind == "discord":
        number, token = place.parts
        return discord.NotifyDiscord(webhook_id=number, webhook_token=token, avatar=False, footer=False, **more)
    if kind == "teams":
        flow, signed, version, route, is_automate = place.parts
        return workflows.NotifyWorkflows(
            workflow=flow,
            signature=signed,
            version=version,
            routing_id=route or None,
            power_automate=bool(is_automate),
            include_image=False,
            wrap=True,
            host=place.host,
            secure=True,
            **more,
        )
    if kind == "chatwork":
        return NotifyChatwork(place.address, secret, **more)
    if kind == "lineworks":
        return NotifyLineWorks(place.address, **more)
    return NotifySigned(place.address, secret, data, **more)
