"""The doctor names each thing that is wrong: with a real server, a closed port, or settings as somebody would set them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from incidents.enums import LetterState
from incidents.management import findings, findings_engine, findings_house
from incidents.models import Closure, EngineMark, Letter, Organisation, Person, ReminderDelivery
from incidents.tasks.signs import rings
from tests import servers
from tests.factories import (
    EngineMarkFactory,
    LetterFactory,
    MirrorFactory,
    ReceivedMailFactory,
    ReminderDeliveryFactory,
)
from tests.house.test_docs import FEATURES
from tests.house.test_docs_match import in_code, tables
from tests.ushiro.test_settings import FAULTS, GOOD

ROOT = Path(__file__).resolve().parents[3]
SECRET = "s3cr3t"


@pytest.fixture
def site(live_server, settings):
    """Where USHIRO_URL leads to this very Ushiro."""
    settings.SITE_URL, settings.HTTPS = live_server.url, False
    return live_server


@pytest.fixture
def healthy(site, settings, tmp_path, organisation, monkeypatch):
    """An installation with nothing wrong: beat rings, each task was done, the mail server takes letters."""
    mail = servers.MailServer()
    settings.SMTP_URL, settings.DATA_DIR, settings.MEDIA_ROOT = mail.url, tmp_path, tmp_path / "media"
    settings.HEARTBEAT_URL = "https://watch.example.jp/ping"
    monkeypatch.delenv("EMAIL_HOST", raising=False)
    monkeypatch.setenv("WEB_WORKERS", "1")
    for name in ("beat", "bell", *rings()):
        EngineMarkFactory(name=name)
    yield mail
    mail.stop()


def doctor(**options) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit code and findings by their code."""
    out = io.StringIO()
    try:
        call_command("doctor", "--json", "--wait=0.3", stdout=out, **options)
        code = 0
    except SystemExit as end:
        code = int(end.code)
    told = json.loads(out.getvalue())
    found = {one["code"]: one for one in told["findings"]}
    levels = [one["level"] for one in found.values()]
    assert (told["ok"], told["faults"], told["warnings"]) == (not code, levels.count("fault"), levels.count("warning"))
    assert all(one["what"] and one["do"] for one in found.values())
    assert set(levels) <= {"fault", "warning", "hint"}
    assert SECRET not in out.getvalue()
    return code, found


def names(**options) -> tuple[int, set[str]]:
    code, found = doctor(**options)
    return code, set(found)


pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_wrong(healthy):
    assert doctor() == (0, {})
    out = io.StringIO()
    call_command("doctor", stdout=out)
    assert out.getvalue() == "Nothing wrong was found.\n"
    assert healthy.inbox.accepted == []


def test_sentences_say_what_and_what_to_do(healthy, settings):
    settings.SMTP_URL = f"smtp://user:{SECRET}@127.0.0.1:{(port := servers.free_port())}"
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("doctor", stdout=out)
    assert end.value.code == 1
    assert out.getvalue().splitlines() == [
        f"FAULT   mail_unreachable: Nobody answers at the mail server 127.0.0.1:{port}.",
        "        Check host and port of SMTP_URL, and whether the firewall lets this machine out to it.",
        "Faults: 1. Warnings: 0.",
    ]


# Mail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sender", "expected"),
    [
        ("smtp://user:s3cr3t@127.0.0.1:{closed}", "Ushiro <ushiro@example.jp>", (1, {"mail_unreachable"})),
        ("smtp+tls://127.0.0.1:{there}", "Ushiro <ushiro@example.jp>", (1, {"mail_tls_failed"})),
        ("smtp://user:s3cr3t@127.0.0.1:{there}", "Ushiro <ushiro@example.jp>", (1, {"mail_password_refused"})),
        ("smtp://127.0.0.1:{there}", "Ushiro <ushiro@localhost>", (1, {"mail_from_broken"})),
        ("smtp://127.0.0.1:{there}", "Ushiro <ushiro@>", (1, {"mail_from_broken"})),
        ("smtp://127.0.0.1:{there}", "Ushiro <ushiro@example..jp>", (1, {"mail_from_broken", "mail_sender_refused"})),
        ("smtp://mail.invalid:25", "Ushiro <ushiro@example.jp>", (1, {"mail_unreachable", "mail_clear_text"})),
    ],
)
def test_mail_that_would_not_leave(healthy, settings, url, sender, expected):
    settings.SMTP_URL = url.format(closed=servers.free_port(), there=healthy.port)
    settings.MAIL_FROM = sender
    assert names() == expected


@pytest.mark.parametrize(
    ("inbound", "port", "expected"),
    [
        ("ushiro@example.jp", 0, (0, {"inbound_silent"})),
        ("ushiro@localhost", 0, (0, {"inbound_domain", "inbound_silent"})),
        ("ushiro@elsewhere.example", 0, (0, {"inbound_other_domain", "inbound_silent"})),
        ("ushiro@example.jp", 1, (1, {"imap_unreachable"})),
    ],
)
def test_mail_that_would_not_come_in(healthy, settings, inbound, port, expected):
    settings.INBOUND_ADDRESS = inbound
    place = {"host": "127.0.0.1", "port": servers.free_port(), "user": "u", "password": SECRET, "security": "tls"}
    settings.IMAP = {**place, "folder": "INBOX"} if port else {}
    assert names() == expected


def test_mail_that_has_come_in_once_is_enough(healthy, settings):
    settings.INBOUND_ADDRESS = "ushiro@example.jp"
    ReceivedMailFactory()
    assert names() == (0, set())


class Strict:
    """A mail server that takes mail from the address it is told of, and from no other."""

    def __init__(self, takes: str):
        self.takes = takes

    async def handle_MAIL(self, server, session, envelope, address, options):
        if address != self.takes:
            return "550 5.7.1 not yours"
        envelope.mail_from = address
        return "250 2.1.0 ok"


@contextmanager
def strict_server(takes: str):
    made = Controller(Strict(takes), hostname="127.0.0.1", port=servers.free_port())
    made.start()
    try:
        yield f"smtp://127.0.0.1:{made.port}"
    finally:
        made.stop()


def test_a_server_that_does_not_take_the_address_of_bounces(healthy, settings):
    with strict_server("ushiro@example.jp") as settings.SMTP_URL:
        assert names() == (0, set())
        settings.INBOUND_ADDRESS = "ushiro@example.jp"
        code, found = doctor()
        assert (code, set(found)) == (1, {"mail_return_refused", "inbound_silent"})
        settings.INBOUND_ADDRESS = "ushiro@elsewhere.example"  # then bounces go to MAIL_FROM
        assert names() == (0, {"inbound_other_domain", "inbound_silent"})


def test_a_sender_that_the_server_does_not_take(healthy, settings):
    strict = Controller(Strict("somebody@example.jp"), hostname="127.0.0.1", port=servers.free_port())
    strict.start()
    try:
        settings.SMTP_URL = f"smtp://127.0.0.1:{strict.port}"
        code, found = doctor()
    finally:
        strict.stop()
    assert (code, set(found)) == (1, {"mail_sender_refused"})
    assert "ushiro@example.jp" in found["mail_sender_refused"]["what"]


def test_no_mail_server_is_a_warning(healthy, settings):
    settings.SMTP_URL, settings.MAIL_CONFIGURED = "", False
    assert names() == (0, {"mail_off"})


# Our own address -------------------------------------------------------------------------------


def test_an_address_that_leads_nowhere(healthy, settings):
    settings.SITE_URL = f"http://127.0.0.1:{servers.free_port()}"
    assert names() == (1, {"url_unreachable"})


def test_an_address_whose_host_is_refused(healthy, settings, site):
    settings.ALLOWED_HOSTS = ["ushiro.example.jp"]
    assert names() == (1, {"url_not_allowed"})


def test_an_address_of_somebody_else(healthy, settings, watch):
    there = watch(lambda link: link.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<h1>It works!</h1>"))
    settings.SITE_URL, settings.HTTPS = f"https://127.0.0.1:{there.port}", True
    assert names() == (1, {"url_somebody_else"})


def test_an_address_whose_certificate_nobody_vouches_for(healthy, settings, watch, monkeypatch):
    there = watch(lambda link: None)
    monkeypatch.delenv("SSL_CERT_FILE")
    settings.SITE_URL, settings.HTTPS = f"https://127.0.0.1:{there.port}", True
    assert names() == (1, {"url_certificate"})


@pytest.mark.parametrize(("leads_to", "expected"), [("/", {"url_redirects"}), ("/accounts/login/?next=/", set())])
def test_a_front_door_that_leads_to_itself(healthy, settings, watch, leads_to, expected):
    """A proxy ends TLS, and USHIRO_BEHIND_TLS_PROXY is not set: /healthz answers, and no page does."""

    def act(link):
        if there.asked[-1].startswith(b"GET /healthz "):
            link.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"ok": true}')
        else:
            place = f"https://127.0.0.1:{there.port}{leads_to}".encode()
            link.sendall(b"HTTP/1.1 301 Moved\r\nConnection: close\r\nLocation: " + place + b"\r\n\r\n")

    there = watch(act)
    settings.SITE_URL, settings.HTTPS = f"https://127.0.0.1:{there.port}", True
    assert names() == (int(bool(expected)), expected)


def test_an_address_in_clear_text_is_a_warning(healthy, settings):
    settings.SITE_URL = "http://ushiro.invalid"
    code, found = doctor()
    assert (code, set(found)) == (1, {"url_not_https", "url_unreachable"})
    assert found["url_not_https"]["level"] == "warning"


# Servers ---------------------------------------------------------------------------------------


def test_a_broker_and_a_cache_that_are_away(healthy, settings):
    closed = servers.free_port()
    settings.CELERY_BROKER_URL = f"amqp://user:{SECRET}@127.0.0.1:{closed}//"
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://user:{SECRET}@127.0.0.1:{closed}/1",
        }
    }
    code, found = doctor()
    assert (code, set(found)) == (1, {"broker_unreachable", "cache_unreachable"})
    assert f"amqp://127.0.0.1:{closed}" in found["broker_unreachable"]["what"]


SCANNER = """#!/bin/sh
test -r "$1" || exit 2
{does}
"""


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        ("exit 0", (0, set())),
        ("exit 2", (1, {"scan_silent"})),
        ("exit 1", (1, {"scan_silent"})),
        ("sleep 30", (1, {"scan_silent"})),
        (None, (1, {"scan_missing"})),
    ],
)
def test_a_scanner_that_would_not_look(healthy, settings, tmp_path, monkeypatch, does, expected):
    from incidents.gateways import probe

    program = tmp_path / "scanner"
    if does is not None:
        program.write_text(SCANNER.format(does=does))
        program.chmod(0o755)
    monkeypatch.setattr(probe, "PATIENT", 1.0)
    settings.ATTACHMENT_SCAN = [str(program)]
    begun = time.monotonic()
    assert names() == expected
    assert time.monotonic() - begun < 10


def test_a_scanner_that_may_not_be_run(healthy, settings, tmp_path):
    (tmp_path / "scanner").write_text("x")
    settings.ATTACHMENT_SCAN = [str(tmp_path / "scanner"), "--secret", SECRET]
    assert names() == (1, {"scan_missing"})


def test_a_folder_that_takes_no_notes(healthy, tmp_path):
    (tmp_path / "sending").write_bytes(b"")
    assert names() == (1, {"sending_not_writable"})


def test_servers_that_hang_last_no_longer_than_one(healthy, settings, monkeypatch):
    """Each of them takes the connection and says nothing."""
    import socket

    from incidents.gateways import probe

    monkeypatch.setattr(probe, "PATIENT", 2.0)
    monkeypatch.setattr(probe.mail, "__defaults__", (2.0,))
    monkeypatch.setattr(probe.address, "__defaults__", (2.0,))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
        settings.SITE_URL = f"http://127.0.0.1:{port}"
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{port}/0"
        settings.INBOUND_ADDRESS = "ushiro@example.jp"
        settings.IMAP = {
            **{"host": "127.0.0.1", "port": port, "user": "u", "password": SECRET, "security": "none"},
            "folder": "INBOX",
        }
        begun = time.monotonic()
        code, found = names()
        assert time.monotonic() - begun < 6
    assert (code, found) == (1, {"mail_unreachable", "url_unreachable", "broker_unreachable", "imap_unreachable"})


def test_a_broker_in_memory(healthy, settings):
    settings.MODE, settings.EMBEDDED = "embedded", True
    assert names() == (1, {"broker_in_memory"})


def test_a_cache_in_memory_of_several_processes(healthy, settings, monkeypatch):
    monkeypatch.setenv("WEB_WORKERS", "3")
    assert names() == (1, {"cache_in_memory"})
    settings.EMBEDDED = True
    assert names() == (0, set())


def test_a_database_that_is_away(healthy, settings, django_db_blocker):
    url = f"postgres://ushiro:{SECRET}@127.0.0.1:{(port := servers.free_port())}/ushiro"
    with servers.work_on(url):
        code, found = doctor()
    assert (code, set(found)) == (1, {"database_unreachable"})
    assert f"127.0.0.1:{port}" in found["database_unreachable"]["what"]


def test_tables_that_are_missing(healthy):
    row = MigrationRecorder.Migration.objects.filter(app="incidents").order_by("-id")[0]
    row.delete()
    try:
        code, found = doctor()
    finally:
        MigrationRecorder.Migration.objects.create(app=row.app, name=row.name, applied=row.applied)
    assert (code, set(found)) == (1, {"migrations_missing"})
    assert f"incidents.{row.name}" in found["migrations_missing"]["what"]


def test_tables_that_are_not_there_at_all(settings, site, tmp_path, organisation, monkeypatch):
    monkeypatch.setenv("WEB_WORKERS", "1")
    settings.SMTP_URL, settings.MAIL_CONFIGURED, settings.MEDIA_ROOT = "", False, tmp_path
    settings.HEARTBEAT_URL = "https://watch.example.jp/ping"
    with servers.work_on(f"sqlite:///{tmp_path / 'empty.sqlite3'}"):
        assert names() == (1, {"mail_off", "migrations_missing"})


def test_a_disk_that_takes_no_file(healthy, settings, tmp_path):
    (tmp_path / "media").write_bytes(b"")
    assert names() == (1, {"disk_not_writable"})
    settings.MEDIA_ROOT = tmp_path / "elsewhere"
    assert names() == (0, set())


def test_a_disk_that_is_full(healthy, monkeypatch):
    from incidents.gateways import probe

    monkeypatch.setattr(probe, "FREE_MB", 10**9)
    assert names() == (1, {"disk_full"})


# Settings, clocks ------------------------------------------------------------------------------


def test_two_mail_servers_of_which_one_is_ignored(healthy, monkeypatch):
    monkeypatch.setenv("EMAIL_HOST", "relay.example.jp")
    assert names() == (0, set())  # SMTP_URL was made of it
    monkeypatch.setenv("SMTP_URL", "smtp://mail.example.jp")
    assert names() == (0, {"email_host_ignored"})


def test_no_heartbeat_is_a_hint_and_no_warning(healthy, settings):
    settings.HEARTBEAT_URL = ""
    code, found = doctor()
    assert (code, set(found)) == (0, {"heartbeat_unset"})
    assert found["heartbeat_unset"]["level"] == "hint"
    out = io.StringIO()
    call_command("doctor", stdout=out)
    assert out.getvalue().startswith("HINT    heartbeat_unset: ")
    assert out.getvalue().endswith("Nothing wrong was found.\n")


def test_a_calendar_without_a_business_day(healthy, team):
    today = timezone.localdate()
    for number in range(45):
        Closure.objects.create(day=today + timedelta(days=number), name="休業", team=team)
    code, found = doctor()
    assert (code, set(found)) == (1, {"no_business_day"})
    assert "of the team orders" in found["no_business_day"]["what"]
    Closure.objects.update(team=None)
    code, found = doctor()
    assert (code, set(found)) == (1, {"no_business_day"})
    assert "of the organisation" in found["no_business_day"]["what"]
    day = today + timedelta(days=20)
    Closure.objects.filter(day=day).update(works=True)
    assert names() == (0, set())


def test_addresses_to_which_no_mail_comes(healthy, alice, bob, vera):
    Person.objects.filter(pk__in=[alice.pk, bob.pk]).update(mail_bounced_at=timezone.now())
    code, found = doctor()
    assert (code, set(found)) == (0, {"addresses_marked"})
    assert ": 2." in found["addresses_marked"]["what"]
    assert not {"佐藤", "alice", "bob"} & set(found["addresses_marked"]["what"].split())
    Person.objects.filter(pk__in=[alice.pk, bob.pk]).update(is_active=False)
    assert names() == (0, set())
    for address in ("nobody", "x@y@z", "ぼぶ@example.jp", "vera@example.invalid"):
        Person.objects.filter(pk=vera.pk).update(email=address)
        code, found = doctor()
        assert (code, set(found)) == (0, {"people_without_address"}), address
        assert "vera" not in found["people_without_address"]["what"]
    Person.objects.filter(pk=vera.pk).update(email="vera@mail.corp.local")  # a relay of the house may know it
    assert names() == (0, set())


def test_debug_is_named(healthy, settings):
    settings.DEBUG = True
    assert "debug_on" in names()[1]


def test_texts_that_were_not_compiled(healthy, settings, tmp_path):
    settings.LOCALE_PATHS = [tmp_path]
    assert names() == (1, {"texts_missing"})


def test_sqlite_in_production_is_a_warning(healthy, settings):
    settings.PRODUCTION = True
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}}
    assert names() == (0, {"sqlite_in_production"})


def test_zones_that_do_not_fit(healthy, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert names() == (0, {"time_zone_odd"})
    Organisation.objects.update(time_zone="Mars/Olympus")
    assert names() == (1, {"time_zone_unknown"})


def test_clocks_that_differ(healthy):
    import time_machine

    now = timezone.now()
    with time_machine.travel(now + timedelta(seconds=40), tick=True):
        code, found = doctor()
    assert (code, set(found)) == (1, {"clock_skew"})
    assert "ahead of" in found["clock_skew"]["what"]


# The engine ------------------------------------------------------------------------------------


def test_beat_that_is_silent(healthy):
    EngineMark.objects.filter(name="bell").update(at=timezone.now() - timedelta(minutes=4))
    assert names() == (1, {"beat_silent"})
    EngineMark.objects.filter(name="bell").delete()
    assert names() == (1, {"beat_silent"})


def test_a_worker_that_is_silent(healthy, monkeypatch):
    monkeypatch.setattr(findings_engine, "later", lambda name: None)  # rung, and nobody there
    assert names() == (1, {"worker_silent"})


def test_a_task_that_fails_or_is_left_undone(healthy):
    EngineMark.objects.filter(name="reminder.digest").update(
        failed_at=timezone.now() + timedelta(seconds=1), error="KeyError"
    )
    code, found = doctor()
    assert (code, set(found)) == (1, {"ring_failed"})
    assert "reminder.digest failed the last time (KeyError)" in found["ring_failed"]["what"]
    EngineMark.objects.filter(name="reminder.digest").update(failed_at=None, at=timezone.now() - timedelta(minutes=5))
    assert names() == (1, {"ring_late"})


def test_what_waits_too_long(healthy):
    LetterFactory(next_try_at=timezone.now() - timedelta(minutes=31))
    assert names() == (1, {"letters_overdue"})
    Letter.objects.update(next_try_at=timezone.now(), due_at=timezone.now())
    moment = timezone.now() - timedelta(minutes=31)
    row = ReminderDeliveryFactory(planned_on=moment.date(), planned_at=moment)
    assert names() == (1, {"reminders_overdue"})
    past = timezone.now() - timedelta(days=30)
    ReminderDelivery.objects.filter(pk=row.pk).update(planned_at=None, planned_on=past.date(), updated_at=past)
    assert names() == (1, {"reminders_overdue"})


def tried_in_vain(**known):
    """A letter that has been due for 40 minutes and waits for its next try."""
    now = timezone.now()
    one = LetterFactory(due_at=now - timedelta(minutes=40), next_try_at=now + timedelta(minutes=5), **known)
    return one


def test_a_mail_server_that_was_away_when_it_was_wanted(healthy):
    tried_in_vain()
    EngineMark.objects.create(name="mail", failed_at=timezone.now(), error="535")
    code, found = doctor()
    assert (code, set(found)) == (1, {"mail_away"})
    assert "(535)" in found["mail_away"]["what"] and "40 minutes" in found["mail_away"]["what"]
    Letter.objects.update(due_at=timezone.now())  # it was away for a moment
    assert names() == (0, set())


def test_letters_that_a_mail_server_puts_off(healthy):
    tried_in_vain(attempts=3)
    code, found = doctor()
    assert (code, set(found)) == (0, {"letters_put_off"})
    LetterFactory(next_try_at=timezone.now() - timedelta(minutes=31))  # and one for which nobody comes
    assert names() == (1, {"letters_overdue"})


def test_a_mail_server_that_refuses_every_letter(healthy):
    LetterFactory(state=LetterState.FAILED)
    LetterFactory(state=LetterState.FAILED)
    assert names() == (1, {"mail_refuses_all", "letters_failed"})
    LetterFactory(state=LetterState.SENT, sent_at=timezone.now())
    assert names() == (1, {"letters_failed"})


def test_a_letter_that_waits_for_its_morning_is_nothing(healthy):
    LetterFactory(next_try_at=timezone.now() + timedelta(hours=12))
    assert names() == (0, set())


def test_a_task_that_has_never_been_done(healthy):
    EngineMark.objects.filter(name="letter.sweep").delete()
    assert names() == (0, set())  # the installation has just come to be
    Organisation.objects.update(created_at=timezone.now() - timedelta(hours=2, minutes=1))
    code, found = doctor()
    assert (code, set(found)) == (1, {"ring_never"})
    assert "letter.sweep" in found["ring_never"]["what"]


def test_a_comparison_that_was_not_made_or_found_something(healthy):
    now = timezone.now()
    EngineMarkFactory(name="audit", at=now - timedelta(hours=2))
    EngineMarkFactory(name="audit_clean", at=now - timedelta(hours=2) + timedelta(seconds=1))
    assert names() == (0, set())
    EngineMark.objects.filter(name="audit_clean").update(at=now - timedelta(hours=3))
    assert names() == (1, {"audit_found"})
    EngineMark.objects.filter(name="audit_clean").delete()
    assert names() == (1, {"audit_found"})
    EngineMarkFactory(name="audit_clean", at=now - timedelta(hours=3))
    EngineMark.objects.filter(name="audit").update(at=now - timedelta(hours=3, minutes=1))
    assert names() == (1, {"audit_silent"})
    EngineMark.objects.filter(name__startswith="audit").delete()
    assert names() == (0, set())
    Organisation.objects.update(created_at=now - timedelta(hours=3, minutes=1))
    assert names() == (1, {"audit_silent"})


def test_letters_to_look_at(healthy):
    LetterFactory(state=LetterState.FAILED)
    code, found = doctor()
    assert (code, set(found)) == (1, {"letters_failed"})


def test_a_heartbeat_that_does_not_go_out(healthy, settings):
    settings.HEARTBEAT_URL = f"https://watch.example.jp/{SECRET}"
    EngineMark.objects.create(name="heartbeat", failed_at=timezone.now(), error="unreachable")
    code, found = doctor()
    assert (code, set(found)) == (1, {"heartbeat_failing"})
    assert "watch.example.jp" in found["heartbeat_failing"]["what"]


def test_a_chat_channel_that_takes_nothing_is_named_without_its_address(healthy):
    off = MirrorFactory(state="broken", why="answered_404", name="止まった")
    MirrorFactory(failures=3, failing_since=timezone.now(), name="届かない")
    MirrorFactory(name="届く")
    MirrorFactory(state="off", name="止めた")
    code, found = doctor()
    assert (code, set(found)) == (0, {"mirror_off", "mirror_failing"})
    assert "止まった" in found["mirror_off"]["what"] and "answered_404" in found["mirror_off"]["what"]
    assert "届かない" in found["mirror_failing"]["what"]
    assert off.address not in str(found) and off.secret not in str(found)


# Settings that refuse to load ------------------------------------------------------------------


def in_a_shell(values: dict[str, str], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "USHIRO_DATA": str(folder / "none"), **values}
    command = [sys.executable, "manage.py", "doctor", *options]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["default key", "debug", "clear text site", "mail in clear text", "broker in memory"])
def test_settings_that_refuse_to_load_are_a_finding(name, tmp_path):
    change, sentence = FAULTS[name]
    done = in_a_shell({**GOOD, **change}, tmp_path, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["faults"]) == (78, False, 1)
    [finding] = told["findings"]
    assert finding["code"] == "settings_refused" and finding["what"].startswith(sentence)


def test_an_unknown_zone_is_a_finding(tmp_path):
    done = in_a_shell({**GOOD, "TIME_ZONE": "Asia/Tokio"}, tmp_path)
    assert done.returncode == 78
    assert done.stdout.startswith("FAULT   settings_refused: TIME_ZONE is 'Asia/Tokio'")


# The page that tells them ----------------------------------------------------------------------


def test_every_finding_is_told_and_every_told_one_can_be_found():
    told = {code for cells in tables(FEATURES / "health.md", "Finding") for code in in_code(cells[0])}
    modules = (findings, findings_engine, findings_house)
    source = "".join(Path(str(one.__file__)).read_text("utf-8") for one in modules)
    known = set(findings.PROBES) | {code for code, _level in findings.CHECKS.values()} | {"settings_refused"}
    import re

    known |= set(re.findall(r"Finding\(\s*\"(\w+)\"", source))
    assert told == known
