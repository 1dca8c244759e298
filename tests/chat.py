"""A chat service on this machine: real TLS under the real names, to which every name leads, and what was posted there."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from incidents.gateways import egress
from tests import servers

NAMES = (
    "hooks.slack.com",
    "discord.com",
    "webhook.worksmobile.com",
    "api.chatwork.com",
    "prod-01.japaneast.logic.azure.com",
    "abc.05.environment.api.powerplatform.com",
    "hooks.example.jp",
)
PLACES = {
    "slack": "https://hooks.slack.com/services/T0/B0/slackSecretToken",
    "discord": "https://discord.com/api/webhooks/1234/discord-secret-token",
    "lineworks": "https://webhook.worksmobile.com/message/lineworks-secret-token",
    "chatwork": "https://www.chatwork.com/#!rid12345",
    "teams": "https://prod-01.japaneast.logic.azure.com:443/workflows/abc123/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=teams-secret-signature",
    "webhook": "https://hooks.example.jp/in/webhook-secret-token",
}
TOKEN = "chatworksecrettoken0"


@dataclass
class Posted:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def host(self) -> str:
        return self.headers["host"]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())

    @property
    def ident(self) -> str:
        return self.headers["x-idempotency-key"]


def said(status: int, headers: str = "", body: str = "ok") -> bytes:
    return f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@dataclass
class Service:
    """What was posted, and what is answered: `answers` in turn, then 200 for ever. before: done before each answer."""

    context: ssl.SSLContext
    answers: list[bytes] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    always: bytes = field(default_factory=lambda: said(200))

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _place = self._socket.accept()
            except OSError:
                return
            try:
                with plain, self.context.wrap_socket(plain, server_side=True) as link:
                    link.settimeout(5)
                    self.posted.append(_read(link))
                    self.before()
                    link.sendall(self.answers.pop(0) if self.answers else self.always)
            except OSError:
                continue

    def stop(self) -> None:
        self._socket.close()


def _read(link: ssl.SSLSocket) -> Posted:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += link.recv(65536) or _gone()
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        body += link.recv(65536) or _gone()
    return Posted(line, headers, body)


def _gone() -> bytes:
    raise OSError("gone")


@pytest.fixture(scope="session")
def chat_certificate(tmp_path_factory: pytest.TempPathFactory) -> servers.Certificate:
    return servers.Certificate(Path(tmp_path_factory.mktemp("chat")), names=NAMES)


@pytest.fixture
def service(chat_certificate: servers.Certificate, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Every name of NAMES leads to it, on port 443 as it is asked for; its certificate is one of the house's authority."""
    there = Service(chat_certificate.context)

    def look_up(host: str, port: int, **_: Any) -> list:
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    connect = egress._connected
    monkeypatch.setattr(egress, "look_up", look_up)
    monkeypatch.setattr(
        egress, "_connected", lambda address, found, until: connect(replace(address, port=there.port), found, until)
    )
    settings.EGRESS_ALLOW = list(NAMES)
    settings.EGRESS_CA_FILE = str(chat_certificate.file)
    yield there
    there.stop()
