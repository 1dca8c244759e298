"""One word to a watching service: to a real TLS server, with each of its faults."""

from __future__ import annotations

import ssl
import time

import pytest

from incidents.gateways import heartbeat
from tests import servers

ANSWERS = {
    "200": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
    "old protocol": (b"HTTP/1.0 200 OK\r\n\r\n", ""),
    "moved": (b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\n\r\n", "redirected"),
    "fault": (b"HTTP/1.1 500 Oh\r\n\r\n", "answered_500"),
    "gone": (b"HTTP/1.1 404 Not Found\r\n\r\n", "answered_404"),
    "nonsense": (b"220 mail.example.jp ESMTP\r\n", "bad_answer"),
    "nothing": (b"", "bad_answer"),
    "endless": (b"x" * 100_000, "bad_answer"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_means(watch, name):
    said, word = ANSWERS[name]
    there = watch(lambda link: link.sendall(said))
    assert heartbeat.ping(f"https://127.0.0.1:{there.port}/ping/abc?from=ushiro") == word
    [asked] = there.asked
    assert asked.split(b"\r\n")[:3] == [
        b"GET /ping/abc?from=ushiro HTTP/1.1",
        b"Host: 127.0.0.1:%d" % there.port,
        b"User-Agent: Ushiro",
    ]


def test_one_deadline_holds_for_a_drip(watch, monkeypatch):
    monkeypatch.setattr(heartbeat, "PATIENCE", 0.6)

    def drip(link: ssl.SSLSocket) -> None:
        for _ in range(50):
            link.sendall(b"H")
            time.sleep(0.1)

    there = watch(drip)
    begun = time.monotonic()
    assert heartbeat.ping(f"https://127.0.0.1:{there.port}/") == "too_slow"
    assert time.monotonic() - begun < 2


def test_silence_is_too_slow(watch, monkeypatch):
    monkeypatch.setattr(heartbeat, "PATIENCE", 0.4)
    there = watch(lambda link: time.sleep(2))
    assert heartbeat.ping(f"https://127.0.0.1:{there.port}/") == "too_slow"


def test_a_certificate_that_nobody_vouches_for(watch, monkeypatch):
    there = watch(lambda link: None)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert heartbeat.ping(f"https://127.0.0.1:{there.port}/") == "bad_certificate"
    assert there.asked == []


def test_nobody_there():
    assert heartbeat.ping(f"https://127.0.0.1:{servers.free_port()}/") == "unreachable"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "ftp://127.0.0.1/", "https://", "", "https://[::1", "https://h:x/"]
)
def test_another_address_is_not_asked(url):
    assert heartbeat.ping(url) == "not_https"


def test_an_address_that_no_request_can_hold_is_answered():
    assert heartbeat.ping(f"https://127.0.0.1:{servers.free_port()}/鍵") == "unreachable"
