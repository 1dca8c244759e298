"""What each probe says of a server that is there, one that is away, one that hangs and one that is somebody else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.db.migrations.recorder import MigrationRecorder

from incidents.gateways import probe
from tests import servers
from tests.browser.fixtures import missing
from ushiro import embedded_broker, env


@pytest.fixture
def hanging() -> Iterator[int]:
    """A port that takes whoever comes and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        yield there.getsockname()[1]


@pytest.fixture
def saying() -> Iterator[Callable[[bytes], int]]:
    """`saying(text)`: a port that says this to whoever comes."""
    made: list[socket.socket] = []

    def serve(there: socket.socket, text: bytes) -> None:
        while True:
            try:
                link, _from = there.accept()
                with link:
                    link.settimeout(2)
                    if text.startswith(b"HTTP"):
                        link.recv(4096)
                    link.sendall(text)
            except OSError:
                if there.fileno() < 0:
                    return

    def build(text: bytes) -> int:
        made.append(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=serve, args=(made[-1], text), daemon=True).start()
        return made[-1].getsockname()[1]

    yield build
    for one in made:
        one.close()


def soon(call: Callable[[], str]) -> str:
    """The answer, which has to come within the short limit and a little."""
    begun = time.monotonic()
    said = call()
    assert time.monotonic() - begun < 4
    return said


# Database --------------------------------------------------------------------------------------


def test_the_database_of_the_tests_is_there(db):
    assert (probe.database(), probe.migrations()) == ("", "")


@pytest.mark.parametrize("there", [False, True], ids=["closed", "hanging"])
def test_a_postgresql_that_does_not_answer(there, hanging, django_db_blocker):
    port = hanging if there else servers.free_port()
    with django_db_blocker.unblock(), servers.work_on(f"postgres://nobody@127.0.0.1:{port}/none"):
        assert soon(probe.database) == "database_unreachable"


def test_a_file_that_is_no_database(tmp_path, django_db_blocker):
    file = tmp_path / "x.sqlite3"
    file.write_bytes(b"no database at all, " * 100)
    with django_db_blocker.unblock(), servers.work_on(f"sqlite:///{file}"):
        assert probe.database() == "database_unreachable"


def test_tables_that_are_missing_are_named(db):
    last = sorted(
        name for app, name in MigrationRecorder.Migration.objects.values_list("app", "name") if app == "incidents"
    )[-1]
    MigrationRecorder.Migration.objects.filter(app="incidents", name=last).delete()
    assert probe.missing_migrations() == [f"incidents.{last}"]
    assert probe.migrations() == "migrations_missing"


@pytest.mark.parametrize("seconds", [-3600, 0, 90])
def test_the_clock_is_compared_with_the_databases(db, seconds):
    from datetime import UTC, datetime

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True):
        assert abs(probe.clock_skew() - timedelta(seconds=seconds)) < timedelta(seconds=3)


# Cache and broker ------------------------------------------------------------------------------


def redis_cache(settings, url: str) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_or_hangs(scheme, hanging):
    for port in (servers.free_port(), hanging):
        assert soon(lambda port=port: probe.broker(1, f"{scheme}://127.0.0.1:{port}/")) == "broker_unreachable"


def test_a_cache_that_is_away_or_hangs(settings, hanging):
    for port in (servers.free_port(), hanging):
        redis_cache(settings, f"redis://127.0.0.1:{port}/0")
        assert soon(lambda: probe.cache(1)) == "cache_unreachable"


@pytest.mark.integration
def test_a_broker_and_a_cache_that_are_there(settings, tmp_path):
    there = servers.Broker(tmp_path)
    try:
        redis_cache(settings, f"unix://{there.socket}")
        assert (probe.broker(url=there.url), probe.cache()) == ("", "")
        there.kill()
        assert (probe.broker(url=there.url), probe.cache()) == ("broker_unreachable", "cache_unreachable")
    finally:
        there.stop()


@pytest.mark.integration
def test_a_rabbitmq_that_is_there_and_one_that_does_not_let_us_in():
    try:
        there = servers.Rabbit()
    except servers.Missing as not_there:
        missing(str(not_there))
    try:
        assert probe.broker(url=there.url) == ""
        wrong = there.url.replace("guest:guest", "guest:wrong")
        assert soon(lambda: probe.broker(url=wrong)) == "broker_unreachable"
        closed = f"amqp://127.0.0.1:{servers.free_port()}//"
        assert probe.broker(url=f"{closed};{there.url}") == ""  # the second of two
    finally:
        there.stop()


@pytest.mark.integration
def test_a_password_of_the_broker_that_is_wrong(tmp_path):
    there = servers.Broker(tmp_path)
    try:
        assert embedded_broker.ask(there.socket, "CONFIG", "SET", "requirepass", "right").startswith(b"+OK")
        scheme, path = there.url.split("://", 1)
        assert probe.broker(url=f"{scheme}://:right@{path}") == ""
        assert probe.broker(url=f"{scheme}://:wrong@{path}") == "broker_unreachable"
        assert probe.broker(url=there.url) == "broker_unreachable"
    finally:
        there.stop()


def test_what_lies_in_memory_is_there(settings):
    assert (probe.broker(url="memory://"), probe.cache()) == ("", "")


# Mail ------------------------------------------------------------------------------------------

SENDER = "うしろ <ushiro@example.jp>"


def asked(url: str, sender: str = SENDER) -> str:
    return soon(lambda: probe.mail(env.smtp(url), sender, 2))


class Handler:
    def __init__(self, sender: str = "250 OK"):
        self.sender, self.letters = sender, 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        return self.sender

    async def handle_DATA(self, server, session, envelope):
        self.letters += 1
        return "250 OK"


@pytest.fixture
def mail_server() -> Iterator[Callable[..., tuple[Handler, int]]]:
    made: list[Controller] = []

    def build(handler: Handler, **options) -> int:
        port = servers.free_port()
        made.append(Controller(handler, hostname="127.0.0.1", port=port, **options))
        made[-1].start()
        return port

    yield build
    for one in made:
        one.stop()


def test_a_mail_server_that_would_take_a_letter_gets_none(mail_server):
    handler = Handler()
    port = mail_server(handler)
    assert asked(f"smtp://127.0.0.1:{port}") == ""
    assert handler.letters == 0


def test_a_mail_server_that_is_away_hangs_or_is_none(hanging, saying):
    assert asked(f"smtp://127.0.0.1:{servers.free_port()}") == "mail_unreachable"
    assert asked(f"smtp://127.0.0.1:{hanging}") == "mail_unreachable"
    assert asked("smtp://no-such-host.invalid:25") == "mail_unreachable"
    assert asked(f"smtp://127.0.0.1:{saying(b'SSH-2.0-OpenSSH_9.2' + bytes([13, 10]))}") == "mail_odd"


def test_a_password_that_is_wrong(mail_server):
    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password == b"right", handled=False)

    port = mail_server(Handler(), authenticator=check, auth_require_tls=False, auth_required=True)
    assert asked(f"smtp://ushiro:right@127.0.0.1:{port}") == ""
    assert asked(f"smtp://ushiro:wrong@127.0.0.1:{port}") == "mail_password_refused"
    assert asked(f"smtp://127.0.0.1:{port}") == "mail_password_refused"  # it wants one, and SMTP_URL has none
    port = mail_server(Handler())
    assert asked(f"smtp://ushiro:right@127.0.0.1:{port}") == "mail_password_refused"  # it lets nobody sign in


def test_a_sender_that_is_not_ours(mail_server):
    port = mail_server(Handler("553 5.7.1 not yours"))
    assert asked(f"smtp://127.0.0.1:{port}") == "mail_sender_refused"


def test_tls_is_as_the_address_says(certificate, monkeypatch, hanging):
    plain, starttls, smtps = (
        servers.MailServer(),
        servers.MailServer("smtp+tls", certificate),
        servers.MailServer("smtps", certificate),
    )
    try:
        assert asked(starttls.url) == "mail_tls_failed"  # nobody vouches for it
        assert asked(smtps.url) == "mail_tls_failed"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        assert asked(starttls.url) == ""
        assert asked(smtps.url) == ""
        assert asked(f"smtp+tls://127.0.0.1:{plain.port}") == "mail_tls_failed"  # it offers no STARTTLS
        assert asked(f"smtps://127.0.0.1:{plain.port}") == "mail_tls_failed"
        assert asked(f"smtps://127.0.0.1:{hanging}") == "mail_unreachable"
    finally:
        for one in (plain, starttls, smtps):
            one.stop()


# Our own address, our disk -----------------------------------------------------------------------

HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


def test_whoever_answers_at_our_address_is_known(saying, hanging):
    def at(text: bytes) -> str:
        return probe.address(f"http://127.0.0.1:{saying(text)}", 1)

    assert at(HEAD % b"200 OK" + b'{"ok": true}') == ""
    assert at(HEAD % b"400 Bad Request") == "url_not_allowed"
    assert at(HEAD % b"200 OK" + b"<h1>It works!</h1>") == "url_somebody_else"
    assert at(HEAD % b"301 Moved") == "url_somebody_else"
    assert at(b"220 ESMTP\r\n") == "url_unreachable"
    assert soon(lambda: probe.address(f"http://127.0.0.1:{hanging}", 1)) == "url_unreachable"
    assert probe.address(f"http://127.0.0.1:{servers.free_port()}") == "url_unreachable"
    assert probe.address("https://[::1") == "url_unreachable"


def test_our_address_with_a_certificate(watch, monkeypatch):
    there = watch(lambda link: link.sendall(HEAD % b"200 OK" + b'{"ok": true}'))
    assert probe.address(f"https://127.0.0.1:{there.port}", 2) == ""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert probe.address(f"https://127.0.0.1:{there.port}", 2) == "url_certificate"


def test_our_own_pages_answer_it(live_server):
    assert probe.address(live_server.url) == ""


def test_the_disk_of_attached_files(tmp_path, monkeypatch):
    assert probe.disk(tmp_path / "media") == ""
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    assert probe.disk(tmp_path / "file") == "disk_not_writable"
    assert probe.disk(tmp_path / "file" / "media") == "disk_not_writable"
    monkeypatch.setattr(probe, "FREE_MB", 10**9)
    assert probe.disk(tmp_path) == "disk_full"
