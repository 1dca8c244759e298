"""Who wrote without a name, and when within a batch, stands nowhere (hardening f-6).

A real web server on a real database. Somebody signed in, somebody else signed in and somebody unknown each send the
same note; afterwards everything that an installation keeps is laid side by side: the dump of all tables, the broker,
the server's log, the mail.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from incidents.domain import nameless
from incidents.models import NamelessNote, Team
from incidents.queries import nameless as notes
from tests import servers
from tests.conftest import BACKEND, TOKYO
from tests.factories import MembershipFactory, OrganisationFactory, PersonFactory, TeamFactory

pytestmark = pytest.mark.integration

TEXT = "振込先を一行ずらして貼るところだった"
RANDOM = r"[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass
class Visitor:
    """A browser with an address and a program of its own, and a session when somebody is signed in."""

    name: str
    address: str
    program: str
    cookie: str = ""
    traces: list[str] = field(default_factory=list)

    def ask(self, port: int, path: str, form: dict[str, str] | None = None) -> http.client.HTTPResponse:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(self.address, 0))
        headers = {
            "User-Agent": self.program,
            "X-Forwarded-For": self.address,
            "Referer": f"http://127.0.0.1:{port}/incidents/?owner={self.program}",
            "Cookie": self.cookie,
        }
        body = None
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null"}
            body = urlencode(form)
        link.request("GET" if form is None else "POST", path, body, headers)
        answer = link.getresponse()
        answer.text = answer.read().decode()
        return answer


@dataclass
class Kept:
    """All that an installation keeps, as one can read it."""

    tables: list[str]
    broker: bytes
    log: str
    mail: int

    @property
    def whole(self) -> str:
        return "\n".join([*self.tables, repr(self.broker), self.log])


@pytest.fixture
def site(install: Callable[..., servers.Installation]) -> servers.Installation:
    made = install()
    OrganisationFactory()
    TeamFactory(name="受注課", slug="orders")
    made.server = made.web(LOG_LEVEL="DEBUG")
    return made


@pytest.fixture
def visitors(site: servers.Installation) -> list[Visitor]:
    """Two people of the team, signed in and at work, and somebody whom nobody knows."""
    found = []
    for number, (name, role) in enumerate([("佐藤 美咲", "lead"), ("鈴木 健太", "member")], 2):
        person = PersonFactory(name=name, email=f"{role}@example.jp")
        MembershipFactory(person=person, team=Team.objects.get(), role=role)
        client = Client()
        client.force_login(person, backend=BACKEND)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        visitor = Visitor(name, f"127.0.0.{number}", f"Program-{role}/1.0", f"ushiro_sid={session}")
        visitor.traces = [person.email, session, visitor.address, visitor.program]
        assert visitor.ask(site.port, "/").status == 200, "the session is good"
        found.append(visitor)
    unknown = Visitor("だれか", "127.0.0.9", "Program-unknown/1.0")
    unknown.traces = [unknown.address, unknown.program]
    return [*found, unknown]


def dump() -> list[str]:
    """Every row of every table, in the order in which the database's own tool writes them."""
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(place["NAME"])) as link:
            return list(link.iterdump())
    beside = Path(servers._postgres_program("initdb")).with_name("pg_dump")
    command = [
        str(beside),
        "--inserts",
        "--restrict-key=x",
        "-h",
        "127.0.0.1",
        "-p",
        str(place["PORT"]),
        "-U",
        "ushiro",
        place["NAME"],
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "restrict-key" in done.stderr:  # an older pg_dump writes no key
        command.remove("--restrict-key=x")
        done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def kept(site: servers.Installation) -> Kept:
    return Kept(dump(), site.broker._ask(site.broker.socket, "KEYS *"), site.server.said, len(site.inbox.accepted))


def added(before: list[str], after: list[str]) -> list[str]:
    """Lines that are new, their random values named alike; no line may have gone."""
    assert [line for line in before if line not in set(after)] == []
    return [re.sub(RANDOM, "<random>", line) for line in after if line not in set(before)]


def write(site: servers.Installation, visitor: Visitor, text: str = TEXT) -> str:
    """Open the page, send the form, and return the receipt."""
    path = notes.door_path(Team.objects.get())
    assert visitor.ask(site.port, path).status == 200
    answer = visitor.ask(site.port, path, {"text": text, "category": "double_payment", "process": "支払"})
    assert answer.status == 200, answer.text
    return re.search(r'class="receipt num">([^<]+)<', answer.text)[1]


@pytest.fixture(autouse=True)
def _nothing_stays_open(site: servers.Installation) -> Iterator[None]:
    yield
    connection.close()


def test_everything_kept_is_the_same_whoever_wrote(site, visitors):
    before = kept(site)
    rounds: dict[str, Any] = {}
    for visitor in visitors:
        receipt = write(site, visitor)
        after = kept(site)
        rounds[visitor.name] = (added(before.tables, after.tables), after.broker, after.log, after.mail)
        lines = [line for line in after.tables if line not in set(before.tables)]
        for trace in [*visitor.traces, visitor.name, receipt, receipt.replace("-", "")]:
            assert trace not in "\n".join(lines)
            assert trace not in after.log
        assert notes.token_of(Team.objects.get()) not in after.whole
        # Without the note the database is what it was: no sequence, no session, no stamp has moved.
        NamelessNote.objects.all().delete()
        assert dump() == before.tables

    (lines, broker, log, mail), *others = rounds.values()
    assert all(one == (lines, broker, log, mail) for one in others)
    assert (broker, log, mail) == (before.broker, before.log, before.mail)
    assert len(lines) == 1
    assert "<random>" in lines[0] and TEXT in lines[0]
    assert not re.search(r"20\d\d-\d\d-\d\d|\d\d:\d\d", lines[0]), "no day and no time"


def test_order_of_writing_is_nowhere_in_the_dump(site, visitors):
    """Three notes one after the other, again and again: the dump shows them in every order, and one that chance drew."""
    seen = set()
    for _round in range(8):
        for number, visitor in enumerate(visitors):
            write(site, visitor, f"知らせ {number}")
        seen.add(tuple(re.findall(r"知らせ \d", "\n".join(dump()))))
        NamelessNote.objects.all().delete()
    assert len(seen) > 1


def test_after_the_batch_only_the_morning_is_known(site, visitors):
    morning = datetime(2026, 11, 25, 9, 0, tzinfo=TOKYO)
    rounds = []
    for order in (visitors, visitors[::-1]):
        before = dump()
        for visitor in order:
            write(site, visitor, f"知らせ {visitors.index(visitor)}")
        nameless.publish_due(morning)
        rows = NamelessNote.objects.values_list("text", "published_on", "reply", "incident")
        assert {day for _text, day, *_rest in rows} == {morning.date()}
        rounds.append(sorted(re.sub(RANDOM, "<random>", line) for line in dump() if "知らせ" in line))
        whole = "\n".join(line for line in dump() if line not in set(before))
        for visitor in visitors:
            for trace in [*visitor.traces, visitor.name]:
                assert trace not in whole
        NamelessNote.objects.all().delete()
        Team.objects.update(nameless_batch_on=morning.date() - timedelta(days=1))
    assert rounds[0] == rounds[1]


def test_what_is_refused_is_not_logged_either(site, visitors):
    path, before = notes.door_path(Team.objects.get()), kept(site)
    for visitor in visitors:
        assert visitor.ask(site.port, path, {"text": ""}).status == 200
        assert visitor.ask(site.port, path.replace("/n/", "/n/x")).status == 404
        assert visitor.ask(site.port, f"{path}answer/", {"receipt": "nothing"}).status == 200
        assert visitor.ask(site.port, f"{path}?who={visitor.address}").status == 200
    assert kept(site) == before
