"""The way out: what reaches nothing, and what of a real TLS server comes back. Every connection of the process is counted."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from incidents.gateways import egress
from tests import servers
from tests.incidents.gateways.hostile import HOSTILE, NAMES
from tools.plain import httpwire, webaddress

_open: list[Any] = []
_counting = threading.Event()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _counting.is_set():
        _open.append(arguments[1])


sys.addaudithook(_hear)  # cannot be taken away again; it keeps nothing while nobody counts


@pytest.fixture
def connections() -> Iterator[list[Any]]:
    """Every address to which this process has tried to connect, whether or not somebody listened there."""
    _open.clear()
    _counting.set()
    yield _open
    _counting.clear()


@pytest.fixture
def house(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An installation whose own machines have names."""
    settings.SITE_URL = "https://ushiro.example.jp"
    settings.ALLOWED_HOSTS = ["ushiro.example.jp"]
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "db.example.jp")
    settings.CACHES = {"default": {"LOCATION": "redis://cache.example.jp:6379/1"}}
    settings.CELERY_BROKER_URL = "redis://:secret@broker.example.jp:6379/0"
    settings.SMTP_URL = "smtp+tls://user:secret@mail.example.jp:587"
    return settings


def answering(names: dict[str, list[str]]) -> Callable[..., list]:
    """A name server that knows these names alone."""

    def look_up(host: str, port: int, **_: Any) -> list:
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in names[host]]

    return look_up


@pytest.fixture
def listener() -> Iterator[tuple[int, list[Any]]]:
    """A port of the loopback, in both families, with all that came."""
    came: list[Any] = []
    first = socket.create_server(("127.0.0.1", 0))
    port = first.getsockname()[1]
    made = [first]
    try:
        made.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    except OSError:  # a machine without IPv6: nobody can come that way
        pass

    def serve(one: socket.socket) -> None:
        while True:
            try:
                link, place = one.accept()
            except OSError:
                return
            came.append(place)
            link.close()

    for one in made:
        threading.Thread(target=serve, args=(one,), daemon=True).start()
    yield port, came
    for one in made:
        one.close()


def refused(url: str, **more: Any) -> str:
    with pytest.raises(egress.NotSent) as fault:
        egress.call(url, **more)
    return fault.value.word


# What reaches nothing --------------------------------------------------------------------------


def test_corpus_is_large_and_each_address_stands_in_it_once():
    assert len({url for url, _word in HOSTILE}) == len(HOSTILE) >= 250


def test_hostile_addresses_reach_nothing(house, monkeypatch, listener, connections, subtests):
    port, came = listener
    monkeypatch.setattr(egress, "PORTS", frozenset({443, port}))  # the port is not what stops them
    monkeypatch.setattr(egress, "look_up", answering(NAMES))
    for template, word in HOSTILE:
        url = template.replace("PORT", str(port))
        with subtests.test(url=url):
            assert refused(url, headers={"X": "1"}, body=b"{}") == word
    assert connections == []
    time.sleep(0.05)
    assert came == []


def test_listener_would_have_counted(listener, connections):
    port, came = listener
    socket.create_connection(("127.0.0.1", port)).close()
    servers.until(lambda: came, 2, "the listener hears of whoever comes")
    assert connections == [("127.0.0.1", port)]


def test_form_refuses_what_the_address_itself_says(house, monkeypatch, connections):
    """The same grammar without a look-up, for the moment at which somebody types it."""
    monkeypatch.setattr(egress, "look_up", None)
    for template, word in HOSTILE:
        by_name = ".example:" in template and word in {"not_public", "unknown_host"}
        said = egress.why_not(template.replace("PORT", "443"))
        assert said == ("" if by_name else word), template
    assert egress.why_not("https://hooks.slack.com/services/T/B/x") == ""
    assert connections == []


def test_a_port_that_is_not_443_is_not_asked(house, monkeypatch, connections):
    monkeypatch.setattr(egress, "look_up", answering({"a.example": ["8.8.8.8"]}))
    assert [refused(f"https://a.example:{port}/") for port in (8443, 80, 444, 1)] == ["bad_port"] * 4
    assert connections == []


def test_name_is_looked_up_once_and_the_second_answer_changes_nothing(house, monkeypatch, listener, connections):
    """DNS rebinding: public at the first question, the loopback at every later one."""
    port, came = listener
    asked: list[str] = []

    def rebinding(host: str, port: int, **_: Any) -> list:
        asked.append(host)
        number = "192.0.2.77" if asked == ["rebind.example"] else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(egress, "PORTS", frozenset({port}))
    monkeypatch.setattr(egress, "look_up", rebinding)
    monkeypatch.setattr(webaddress, "is_public", lambda number: number == "192.0.2.77")
    assert refused(f"https://rebind.example:{port}/", patience=0.5) in {"too_slow", "unreachable"}
    assert asked.count("rebind.example") == 1
    assert connections == [("192.0.2.77", port)]
    assert came == []


def test_machine_with_its_own_public_number_is_not_asked_for_itself(house, monkeypatch, connections):
    house.ALLOWED_HOSTS = ["ushiro.example.jp", "8.8.4.4"]
    monkeypatch.setattr(egress, "look_up", answering({"a.example": ["8.8.4.4"]}))
    assert refused("https://a.example/") == refused("https://8.8.4.4/") == "own_host"
    assert connections == []


OWN = {
    "ushiro.example.jp": ["8.8.4.4", "2606:4700::44"],
    "mail.example.jp": ["8.8.4.5"],
    "imap.example.jp": ["8.8.4.6"],
}


@pytest.mark.parametrize("number", ["8.8.4.4", "2606:4700::44", "8.8.4.5", "8.8.4.6"])
def test_a_foreign_name_that_leads_to_the_houses_own_door_is_refused(house, monkeypatch, connections, number):
    house.IMAP = {"host": "imap.example.jp"}
    names = {**OWN, "mine.attacker.example": ["8.8.8.8", number]}
    monkeypatch.setattr(egress, "look_up", answering(names))
    assert refused("https://mine.attacker.example/") == "own_host"
    place = f"[{number}]" if ":" in number else number
    assert refused(f"https://{place}/") == "own_host"
    assert connections == []


def test_mailbox_of_the_house_is_its_own(house, connections):
    house.IMAP = {"host": "imap.example.jp"}
    assert refused("https://imap.example.jp/") == egress.why_not("https://imap.example.jp/") == "own_host"
    assert connections == []


def test_what_the_operator_names_may_lie_at_the_houses_own_door(house, monkeypatch, connections):
    names = {**OWN, "chat.example.jp": ["8.8.4.4"]}
    monkeypatch.setattr(egress, "look_up", answering(names))
    assert refused("https://chat.example.jp/") == "own_host"
    assert connections == []
    house.EGRESS_ALLOW = ["chat.example.jp"]
    refused("https://chat.example.jp/", patience=0.3)  # asked, and nobody answers from here
    assert connections == [("8.8.4.4", 443)]


def test_names_of_the_house_that_are_unknown_stop_nothing(house, monkeypatch, connections):
    monkeypatch.setattr(egress, "look_up", answering({"a.example": ["192.0.2.77"]}))
    monkeypatch.setattr(webaddress, "is_public", lambda number: number == "192.0.2.77")
    assert refused("https://a.example/", patience=0.3) in {"too_slow", "unreachable"}
    assert connections == [("192.0.2.77", 443)]


def test_names_of_the_house_are_looked_up_once_a_minute(house, monkeypatch, connections):
    asked: list[str] = []

    def look_up(host: str, port: int, **more: Any) -> list:
        asked.append(host)
        return answering({**OWN, "a.example": ["8.8.4.4"]})(host, port, **more)

    monkeypatch.setattr(egress, "look_up", look_up)
    for _ in range(5):
        assert refused("https://a.example/") == "own_host"
    assert asked.count("ushiro.example.jp") == asked.count("mail.example.jp") == 1
    monkeypatch.setattr(egress, "KEPT", 0.0)
    assert refused("https://a.example/") == "own_host"
    assert asked.count("ushiro.example.jp") == 2


@pytest.mark.parametrize("number", ["127.0.0.1", "::1"])
def test_every_address_of_this_machine_is_its_own(house, monkeypatch, connections, number):
    """Whatever card it is on: here the loopback stands for a public address of the machine."""
    if not egress._is_of_this_machine(number):
        pytest.skip("a machine without IPv6")
    monkeypatch.setattr(egress, "look_up", answering({"a.example": [number]}))
    monkeypatch.setattr(webaddress, "is_public", lambda _number: True)
    assert refused("https://a.example/") == "own_host"
    assert connections == []


def test_addresses_of_others_are_not_this_machines(monkeypatch):
    for number in ("8.8.8.8", "192.0.2.1", "2606:4700:4700::1111", "no number"):
        assert not egress._is_of_this_machine(number)
    monkeypatch.setattr(egress, "_can_be_tied", lambda *_: True)  # a system that lets any address be used
    assert not egress._is_of_this_machine("8.8.8.8")


@pytest.mark.parametrize("number", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2400:cb00::1", "133.11.0.1"])
def test_public_addresses_are_public(number):
    assert webaddress.is_public(number)


# The name server -------------------------------------------------------------------------------


def test_name_server_that_does_not_answer_costs_the_limit_and_no_more(monkeypatch, connections):
    release = threading.Event()
    monkeypatch.setattr(egress, "look_up", lambda *_, **__: release.wait(5) and [])
    begun = time.monotonic()
    assert refused("https://slow.example/", patience=0.3) == "too_slow"
    assert time.monotonic() - begun < 1.5
    release.set()
    assert connections == []


def test_hanging_look_ups_take_no_thread_without_end(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(egress, "LOOKING", threading.BoundedSemaphore(2))
    monkeypatch.setattr(egress, "look_up", lambda *_, **__: release.wait(5) and [])
    before = threading.active_count()
    assert {refused("https://slow.example/", patience=0.1) for _ in range(6)} == {"too_slow"}
    assert threading.active_count() <= before + 2
    release.set()


@pytest.mark.parametrize("fault", [socket.gaierror(-2, "x"), OSError("x"), UnicodeError("x"), socket.herror("x")])
def test_fault_of_the_look_up_is_an_unknown_host(monkeypatch, fault):
    def broken(*_: Any, **__: Any) -> list:
        raise fault

    monkeypatch.setattr(egress, "look_up", broken)
    assert refused("https://gone.example/") == "unknown_host"


# What comes back from a real server ------------------------------------------------------------


@pytest.fixture
def receiver(watch, settings, monkeypatch) -> Callable[..., servers.Watch]:
    """A trusted server on the loopback under the name that the certificate has, named by the operator."""

    def build(act: Callable[..., object]) -> servers.Watch:
        there = watch(act)
        settings.EGRESS_ALLOW = [f"localhost:{there.port}"]
        return there

    monkeypatch.setattr(egress, "look_up", answering({"localhost": ["127.0.0.1"], "other.example": ["127.0.0.1"]}))
    return build


def says(data: bytes) -> Callable[[ssl.SSLSocket], object]:
    return lambda link: link.sendall(data)


def test_request_as_it_arrives_and_the_answer(receiver):
    there = receiver(says(b"HTTP/1.1 201 Created\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nok"))
    said = egress.call(f"https://localhost:{there.port}/in?a=b", headers={"X-Key": "1"}, body="鍵".encode())
    assert (said.status, said.headers["retry-after"], said.body) == (201, "7", b"ok")
    [asked] = there.asked
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /in?a=b HTTP/1.1",
        b"Host: localhost:%d" % there.port,
        b"User-Agent: Ushiro",
        b"Accept: */*",
        b"Accept-Encoding: identity",
        b"X-Key: 1",
        b"Content-Length: 3",
        b"Connection: close",
    ]
    assert body.decode() == "鍵"


ANSWERS = {
    "by its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, b"abc"),
    "in chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
        200,
        b"abcde",
    ),
    "to its end": (b"HTTP/1.0 404 Gone\r\n\r\nabc", 404, b"abc"),
    "announced": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        204,
        b"",
    ),
    "cut off": (b"HTTP/1.1 500 Oh\r\nContent-Length: 99\r\n\r\nab", 500, b"ab"),
    "lone line feeds": (b"HTTP/1.1 200 OK\nX: y\n\nabc", 200, b"abc"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_is_read(receiver, name):
    data, status, body = ANSWERS[name]
    there = receiver(says(data))
    said = egress.call(f"https://localhost:{there.port}/", method="GET")
    assert (said.status, said.body[: len(body)]) == (status, body)


BAD = {
    "nothing": b"",
    "no status": b"hello\r\n\r\n",
    "other protocol": b"220 mail.example.jp ESMTP\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no status number": b"HTTP/1.1 2000 OK\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_answer(receiver, name):
    there = receiver(says(BAD[name]))
    assert refused(f"https://localhost:{there.port}/") == "bad_answer"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_redirect_is_followed_nowhere(receiver, listener, connections, status):
    port, came = listener
    there = receiver(says(b"HTTP/1.1 %d X\r\nLocation: https://127.0.0.1:%d/\r\n\r\n" % (status, port)))
    assert refused(f"https://localhost:{there.port}/") == "redirected"
    assert (connections, came) == ([("127.0.0.1", there.port)], [])


@pytest.mark.parametrize("head", [b"", b"Content-Length: 1073741824\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_huge_answer_is_read_so_far_and_no_further(receiver, head):
    sent: list[int] = []

    def flood(link: ssl.SSLSocket) -> None:
        link.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + (b"3fffffff\r\n" if b"chunked" in head else b""))
        for _ in range(4000):
            sent.append(link.send(b"x" * 16384))

    there = receiver(flood)
    said = egress.call(f"https://localhost:{there.port}/")
    assert (said.status, len(said.body)) == (200, egress.MOST)
    assert sum(sent) < 20_000_000


@pytest.mark.parametrize("part", [b"H", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_one_deadline_holds_for_a_drip(receiver, part):
    def drip(link: ssl.SSLSocket) -> None:
        link.sendall(part)
        for _ in range(60):
            link.sendall(b"x")
            time.sleep(0.05)

    there = receiver(drip)
    begun = time.monotonic()
    assert refused(f"https://localhost:{there.port}/", patience=0.5) == "too_slow"
    assert time.monotonic() - begun < 1.5


def test_deadline_holds_for_a_handshake_that_never_ends(settings):
    quiet = socket.create_server(("127.0.0.1", 0))
    settings.EGRESS_ALLOW = [f"127.0.0.1:{quiet.getsockname()[1]}"]
    begun = time.monotonic()
    assert refused(f"https://127.0.0.1:{quiet.getsockname()[1]}/", patience=0.4) == "too_slow"
    assert time.monotonic() - begun < 1.5
    quiet.close()


def test_server_that_does_not_read_is_too_slow(receiver):
    there = receiver(lambda link: time.sleep(1.5))
    assert refused(f"https://localhost:{there.port}/", body=b"x" * 20_000_000, patience=0.5) == "too_slow"


# The certificate -------------------------------------------------------------------------------


def test_certificate_that_nobody_vouches_for(receiver, monkeypatch):
    there = receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"))
    monkeypatch.delenv("SSL_CERT_FILE")
    assert refused(f"https://localhost:{there.port}/") == "bad_certificate"
    assert there.asked == []


def test_certificate_of_another_name(receiver, settings):
    there = receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"))
    settings.EGRESS_ALLOW = [f"other.example:{there.port}"]
    assert refused(f"https://other.example:{there.port}/") == "bad_certificate"
    assert there.asked == []


def test_certificate_that_has_run_out(tmp_path: Path, settings, monkeypatch):
    old = servers.Certificate(tmp_path)
    old.run_out()
    there = servers.Watch(old, says(b"HTTP/1.1 200 OK\r\n\r\n"))
    monkeypatch.setenv("SSL_CERT_FILE", str(old.file))
    settings.EGRESS_ALLOW = [f"127.0.0.1:{there.port}"]
    assert refused(f"https://127.0.0.1:{there.port}/") == "bad_certificate"
    there.stop()


def test_authority_of_the_house_counts_beside_the_others(receiver, settings, certificate, monkeypatch):
    there = receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"))
    monkeypatch.delenv("SSL_CERT_FILE")
    settings.EGRESS_CA_FILE = str(certificate.file)
    assert egress.call(f"https://localhost:{there.port}/").status == 200


# What the operator allows -----------------------------------------------------------------------


def test_allowed_host_is_allowed_with_its_port_and_https_alone(receiver, settings, connections):
    there = receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"))
    assert egress.call(f"https://localhost:{there.port}/").status == 200
    tried = len(connections)
    for url, word in {
        f"https://127.0.0.1:{there.port}/": "bad_port",
        "https://localhost/": "own_host",
        f"http://localhost:{there.port}/": "not_https",
        f"https://a@localhost:{there.port}/": "has_user",
    }.items():
        assert refused(url) == word
    assert len(connections) == tried


def test_proxy_and_password_file_of_the_environment_are_not_asked(receiver, monkeypatch, tmp_path, listener):
    port, came = listener
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    (tmp_path / "netrc").write_text("machine localhost login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    there = receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"))
    egress.call(f"https://localhost:{there.port}/")
    assert came == []
    assert b"authorization" not in there.asked[0].lower()


def test_cookie_is_not_kept(receiver):
    there = receiver(says(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n"))
    for _ in range(2):
        egress.call(f"https://localhost:{there.port}/")
    assert b"cookie" not in b"".join(there.asked).lower()


@pytest.mark.parametrize("headers", [{"X": "a\r\nHost: b"}, {"X\r\nY": "a"}, {"X": "鍵"}, {"X Y": "a"}])
def test_header_cannot_make_a_second_line(receiver, headers, connections):
    there = receiver(says(b""))
    assert refused(f"https://localhost:{there.port}/", headers=headers) == "bad_address"
    assert connections == []
    assert there.asked == []


def test_reading_takes_an_answer_in_any_pieces():
    for data, status, body in ANSWERS.values():
        reading = httpwire.Reading(most=1000)
        done = any(reading.take(data[n : n + 1]) for n in range(len(data))) or reading.take(b"")
        assert (done, reading.status, reading.body) == (True, status, body)
