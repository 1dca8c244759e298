"""Who is who, what time it is, and a browser that complains. Used by every test of the Django side."""

from __future__ import annotations

import os

# Playwright's loop runs in the test's thread; Django would refuse its database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from incidents.domain import cause, countermeasure, incident
from incidents.enums import Channel, Factor, Role, Severity, Strength
from incidents.models import Countermeasure, Incident, Organisation, Person, Team
from tests import servers
from tests.append_only import let_tests_flush
from tests.browser.fixtures import (  # noqa: F401  fixtures
    answered,
    axe,
    browser_type_launch_args,
    complaints,
    missing,
    open_page,
    page,
    page_of,
    site,
)
from tests.chat import chat_certificate, service  # noqa: F401  fixtures
from tests.factories import MembershipFactory, OrganisationFactory, PersonFactory, TeamFactory

TOKYO = ZoneInfo("Asia/Tokyo")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def at(text: str) -> datetime:
    """ "2026-11-24 09:00" on a wall in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


# The database ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """The database of the tests, which may be emptied between tests although its trace is append-only."""
    let_tests_flush()


# People -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_zone_seen() -> Iterator[None]:
    """No test knows the organisation's zone from another one."""
    yield
    Organisation.zone_seen = ""


@pytest.fixture
def organisation(db: None) -> Organisation:
    OrganisationFactory()
    return Organisation.objects.get()  # read once, as in a process that has been at work for a while


@pytest.fixture
def team(organisation: Organisation) -> Team:
    """The team of alice, bob and vera."""
    return TeamFactory(name="受注課", slug="orders")


@pytest.fixture
def other_team(organisation: Organisation) -> Team:
    """Carol's team; nobody of it may learn anything about `team`."""
    return TeamFactory(name="経理課", slug="accounts")


def _member(team: Team, name: str, address: str, role: str, **more: Any) -> Person:
    person = PersonFactory(name=name, email=f"{address}@example.jp", **more)
    MembershipFactory(person=person, team=team, role=role)
    return person


@pytest.fixture
def alice(team: Team) -> Person:
    """Lead of the team."""
    return _member(team, "佐藤 美咲", "alice", Role.LEAD)


@pytest.fixture
def bob(team: Team) -> Person:
    """Member of the team."""
    return _member(team, "鈴木 健太", "bob", Role.MEMBER)


@pytest.fixture
def vera(team: Team) -> Person:
    """Viewer of the team."""
    return _member(team, "高橋 直子", "vera", Role.VIEWER)


@pytest.fixture
def carol(other_team: Team) -> Person:
    """Lead of another team: a stranger here."""
    return _member(other_team, "田中 恵", "carol", Role.LEAD)


@pytest.fixture
def dave() -> AnonymousUser:
    """Signed out."""
    return AnonymousUser()


@pytest.fixture
def admin(organisation: Organisation) -> Person:
    """The organisation's administrator, who stands outside the teams."""
    return PersonFactory(name="管理 花子", email="admin@example.jp", is_admin=True)


@pytest.fixture
def client_of() -> Callable[[Any], Client]:
    """`client_of(alice).get(...)`; a client of `dave` is signed out. CSRF is checked as in the real site when asked for."""

    def build(person: Any, *, csrf: bool = False, **headers: str) -> Client:
        client = Client(enforce_csrf_checks=csrf, headers=headers)
        if person is not None and person.is_authenticated:
            client.force_login(person, backend=BACKEND)
        return client

    return build


# Time ---------------------------------------------------------------------------------------


class Clock:
    """The clock of a test; it stands still until it is moved. Times are on a wall in Tokyo."""

    def __init__(self, traveller: time_machine.Traveller):
        self._traveller = traveller

    def to(self, text: str) -> datetime:
        """Set it to "2026-11-24 09:00" (or a day, then 09:30 of it)."""
        moment = at(text if " " in text else f"{text} 09:30")
        self._traveller.move_to(moment, tick=False)
        return moment

    def forward(self, **delta: float) -> datetime:
        """Let `minutes=5` (or days, hours, seconds) pass."""
        self._traveller.shift(timedelta(**delta))
        return self.now

    @property
    def now(self) -> datetime:
        return datetime.now(TOKYO)

    @property
    def today(self) -> date:
        return self.now.date()


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Tuesday 24 November 2026, 09:30 in Tokyo; the day before was a holiday."""
    with time_machine.travel(at("2026-11-24 09:30"), tick=False) as traveller:
        yield Clock(traveller)


# Files --------------------------------------------------------------------------------------


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """An empty folder for attachments."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


# Watched from outside -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> servers.Certificate:
    """A certificate for 127.0.0.1 that nobody vouches for, unless SSL_CERT_FILE names it."""
    try:
        return servers.Certificate(tmp_path_factory.mktemp("tls"))
    except servers.Missing as not_there:
        missing(str(not_there))


@pytest.fixture
def watch(certificate: servers.Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., servers.Watch]]:
    """`watch(act)` is a trusted TLS server that does `act` with each link; without `act` it says 200."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    made: list[servers.Watch] = []

    def build(act: Callable[..., object] = lambda link: link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) -> servers.Watch:
        made.append(servers.Watch(certificate, act))
        return made[-1]

    yield build
    for one in made:
        one.stop()


# Records ------------------------------------------------------------------------------------


@pytest.fixture
def crack(alice: Person, bob: Person, vera: Person, team: Team) -> Incident:
    """An incident that bob has just recorded; the other side waits, nothing else is known."""
    now = datetime.now(TOKYO)
    return incident.report(
        by=bob,
        team=team,
        title="見積書を別の会社に送った",
        noticed_at=now - timedelta(minutes=10),
        who_waits="青空物産さま",
    )


@dataclass
class Story:
    """How far a record has come; each step is done by the verbs, as the pages do it."""

    alice: Person
    bob: Person
    team: Team

    def reported(self, **known: Any) -> Incident:
        """A crack (S2) whose first report is out."""
        now = datetime.now(TOKYO)
        known = {"severity": Severity.S2, "who_waits": "青空物産さま", "title": "見積書を別の会社に送った"} | known
        made = incident.report(by=self.bob, team=self.team, noticed_at=now - timedelta(minutes=30), **known)
        return incident.record_first_report(made, by=self.bob, channel=Channel.PHONE, reported_at=now)

    def with_root(self, **known: Any) -> SimpleNamespace:
        made = self.reported(**known)
        why = cause.ask_why(made, by=self.bob, text="送る前に宛先を見る手順がない")
        root = cause.mark_root(why, by=self.bob, factor=Factor.PROCEDURE)
        made.refresh_from_db()
        return SimpleNamespace(incident=made, why=why, root=root)

    def proposed(self, *, to: SimpleNamespace | None = None, **plan: Any) -> Countermeasure:
        """A complete measure that only needs to be promised: bob does it, alice checks it."""
        known = to or self.with_root()
        due_on = plan.get("due_on") or datetime.now(TOKYO).date() + timedelta(days=21)
        plan = {
            "title": "送信前に宛先と社名を突き合わせる画面を出す",
            "root": known.root,
            "before": "宛先を手で選んでそのまま送る",
            "after": "社名が違うと送信ボタンが押せない",
            "strength": Strength.IMPOSSIBLE,
            "owner": self.bob,
            "due_on": due_on,
            "check_what": "誤送信の件数",
            "check_threshold": "90日間 0件",
            "check_on": due_on + timedelta(days=90),
            "checker": self.alice,
        } | plan
        return countermeasure.propose(known.incident, by=self.bob, **plan)

    def promised(self, *, to: SimpleNamespace | None = None, **plan: Any) -> Countermeasure:
        """A promised measure with its ledger."""
        made = countermeasure.commit(self.proposed(to=to, **plan), by=self.alice)
        return Countermeasure.objects.select_related("incident__team", "owner", "backup", "root", "follow_up").get(
            pk=made.pk
        )

    def done(self, **plan: Any) -> Countermeasure:
        """A measure that bob has done; alice is to check it."""
        made = countermeasure.complete(self.promised(**plan), by=self.bob, note="画面を出しました。")
        return Countermeasure.objects.select_related("incident__team", "owner").get(pk=made.pk)


@pytest.fixture
def story(alice: Person, bob: Person, vera: Person, team: Team) -> Story:
    return Story(alice, bob, team)
