"""A real calendar program reads the feed from a real web server: vdirsyncer, which keeps a calendar as a folder of files."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from django.db import connection
from django.utils import timezone

from incidents.domain import feed, ledger, promise
from incidents.models import FollowUp, Incident
from tests import servers
from tests.factories import IncidentFactory, MembershipFactory, OrganisationFactory, PersonFactory, TeamFactory

pytestmark = pytest.mark.integration


class Reader:
    """vdirsyncer with a subscription to one address and a folder beside it."""

    def __init__(self, folder: Path, url: str):
        self.folder = folder / "calendar"
        self._settings = folder / "vdirsyncer.conf"
        self._settings.write_text(
            f"""
[general]
status_path = "{folder}/status/"
[pair ushiro]
a = "here"
b = "there"
collections = null
conflict_resolution = "b wins"
partial_sync = "ignore"
[storage here]
type = "filesystem"
path = "{self.folder}/"
fileext = ".ics"
[storage there]
type = "http"
url = "{url}"
""",
            encoding="utf-8",
        )
        self._run("discover")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vdirsyncer", "-c", str(self._settings), *words]
        return subprocess.run(command, capture_output=True, text=True, input="y\ny\n", timeout=120)

    def sync(self) -> dict[str, icalendar.Component]:
        """Look again; the entries that then lie in the folder, by their title and part."""
        done = self._run("sync", "--force-delete")
        assert done.returncode == 0, done.stdout + done.stderr
        found = {}
        for file in self.folder.glob("*.ics"):
            (part,) = [one for one in icalendar.Calendar.from_ical(file.read_bytes()).walk() if "UID" in one]
            found[f"{part.name} {part['SUMMARY']}"] = part
        return found

    def fails(self) -> str:
        done = self._run("sync")
        assert done.returncode != 0
        return done.stdout + done.stderr


@pytest.fixture
def site(install: Callable[..., servers.Installation]) -> servers.Installation:
    made = install()
    OrganisationFactory()
    made.server = made.web(LOG_LEVEL="DEBUG")
    return made


@pytest.fixture(autouse=True)
def _nothing_stays_open(site: servers.Installation) -> Iterator[None]:
    yield
    connection.close()


def some_team(site: servers.Installation) -> tuple[Any, Incident]:
    team = TeamFactory(name="受注課", slug="orders")
    person = PersonFactory(name="鈴木 健太", email="bob@example.jp", time_zone="Europe/Berlin")
    MembershipFactory(person=person, team=team, role="member")
    return person, IncidentFactory(team=team, title="見積書を青空物産へ送った", recorded_by=person, owner=person)


def test_program_reads_what_was_promised_and_follows_what_becomes_of_it(site, tmp_path):
    bob, crack = some_team(site)
    due_at = timezone.now().replace(microsecond=0) + timedelta(hours=3)
    final = ledger.follow(kind="final_report", incident=crack, owner=bob, backup=None, due_on=date(2031, 3, 29))
    call = promise.promise(crack, by=bob, text="青空物産さまへ折り返し", due_at=due_at, owner=bob)
    token = feed.make(bob, by=bob)
    program = Reader(tmp_path, f"{site.url}/feed/{token}.ics")

    found = program.sync()
    name = crack.reference
    assert found.keys() == {f"{part} {name} {kind}" for part in ("VEVENT", "VTODO") for kind in ("最終報告", "お約束")}
    assert found[f"VEVENT {name} 最終報告"].decoded("DTSTART") == date(2031, 3, 29)
    assert found[f"VEVENT {name} お約束"].decoded("DTSTART").astimezone(UTC) == due_at
    assert found[f"VTODO {name} お約束"].decoded("DUE").astimezone(UTC) == due_at
    assert all("青空物産" not in part.to_ical().decode() for part in found.values())

    ledger.move(FollowUp.objects.get(pk=final.pk), due_on=date(2031, 4, 2))
    promise.keep(FollowUp.objects.get(pk=call.pk), by=bob, note="お話ししました")
    again = program.sync()
    assert again[f"VEVENT {name} 最終報告"].decoded("DTSTART") == date(2031, 4, 2)
    assert again.keys() == found.keys()
    assert again[f"VEVENT {name} お約束"]["STATUS"] == "CANCELLED"
    assert again[f"VTODO {name} お約束"]["STATUS"] == "COMPLETED"

    feed.switch_off(bob, by=bob)
    assert "Not Found" in program.fails()
    assert token not in site.server.said and token.removeprefix(feed.PREFIX) not in site.server.said


def test_server_answers_a_program_as_the_protocol_wants(site):
    bob, crack = some_team(site)
    ledger.follow(kind="final_report", incident=crack, owner=bob, backup=None, due_on=date(2031, 3, 29))
    path = f"/feed/{feed.make(bob, by=bob)}.ics"

    def ask(method: str = "GET", **headers: str) -> Any:
        link = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
        link.request(method, path, headers=headers)
        answer = link.getresponse()
        answer.body = answer.read()
        return answer

    whole, head = ask(), ask("HEAD")
    assert (whole.status, head.status, head.body) == (200, 200, b"")
    assert int(head.headers["Content-Length"]) == len(whole.body)
    assert head.headers["ETag"] == whole.headers["ETag"]
    again = ask(**{"If-None-Match": whole.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert ask("POST").status == ask("PROPFIND").status == ask("OPTIONS").status == 405
    for answer in (whole, head, again):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert path.removeprefix("/feed/")[:30] not in site.server.said
