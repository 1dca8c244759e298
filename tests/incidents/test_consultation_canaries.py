"""Fifty notes with a word of their own each: every way out of the house is looked through, and two people find them."""

from __future__ import annotations

import io
import logging
import re
import sqlite3
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from celery.signals import task_prerun
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver

from incidents.domain import adviser, consultation, consulted
from incidents.letters import links
from incidents.models import AuditEntry, Consultation, Letter, Person
from tests.factories import JottingFactory, MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db
NOTES = 50
WORD = re.compile(r"kanariya-\d\d-[0-9a-f]{8}")
CONTROL = "hontoni-mitsukaru-kotoba"


def walked(patterns=None, before: str = "") -> Iterator[str]:
    """Every address that the URLconf offers, with its keys as `<int:pk>` or as the groups of a regular expression."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from walked(one.url_patterns, here)
        elif isinstance(one, URLPattern):
            yield here


def filled(address: str, threads: list[UUID], tokens: list[str]) -> list[str]:
    """Real addresses of a pattern: of threads all for a thread's page and one for the others, of anything else the first."""
    address = re.sub(r"\(\?P<\w+>[^)]*\)|\(\?:[^)]*\)|<int:\w+>|<path:\w+>|<\w+>", "1", address)
    address = address.replace("<str:reference>", "K-1").replace("<slug:slug>", "orders").replace("<str:slug>", "orders")
    address = re.sub(r"[\^$\\?]|\\Z", "", address)
    if "<uuid:" in address:
        mine = threads if address == "private/<uuid:pk>/" else threads[:1]
        return ["/" + re.sub(r"<uuid:\w+>", str(pk), address) for pk in mine]
    if "<str:token>" in address:
        return ["/" + address.replace("<str:token>", token) for token in tokens]
    return ["/" + re.sub(r"<\w+:\w+>", "K-1", address)]


@pytest.fixture
def principals(alice, bob, vera, carol, admin, team, other_team, organisation) -> dict[str, Person | AnonymousUser]:
    def somebody(name: str, *places: tuple, **more) -> Person:
        person = PersonFactory(name=name, email=f"{uuid4()}@example.jp", **more)
        for where, role in places:
            MembershipFactory(person=person, team=where, role=role)
        return person

    return {
        "signed out": AnonymousUser(),
        "without a team": somebody("山本 一"),
        "viewer": vera,
        "member (author)": bob,
        "lead (adviser)": alice,
        "another member": somebody("中村 二", (team, "member")),
        "another lead": somebody("小林 三", (team, "lead")),
        "administrator in the team": somebody("加藤 四", (team, "lead"), is_admin=True),
        "viewer elsewhere": somebody("吉田 五", (other_team, "viewer")),
        "member elsewhere": somebody("佐々木 六", (other_team, "member")),
        "lead elsewhere": carol,
        "administrator elsewhere": somebody("松本 七", (other_team, "lead"), is_admin=True),
        "deactivated": somebody("井上 八", (team, "lead"), is_active=False),
        "administrator": admin,
        "named adviser": somebody("木村 九"),
        "former adviser": somebody("林 十"),
    }


@pytest.fixture
def words(principals, admin) -> dict[str, UUID]:
    """The canaries, by the thread in which each stands; half of them without a name, some with another adviser before."""
    author, chosen = principals["member (author)"], principals["lead (adviser)"]
    for who in ("named adviser", "former adviser"):
        adviser.set_adviser(by=admin, person=principals[who])
    made = {}
    for n in range(NOTES // 2):
        asked, answered = (f"kanariya-{2 * n + k:02}-{uuid4().hex[:8]}" for k in (0, 1))
        first = principals["former adviser"] if n % 5 == 0 else chosen
        thread = consultation.begin(by=author, adviser=first, text=asked, named=n % 2 == 0, reply_by=None)
        if first != chosen:
            consultation.change_adviser(thread, by=author, adviser=chosen)
        consultation.write(thread, by=chosen, text=answered)
        made |= {asked: thread.pk, answered: thread.pk}
    return made


@pytest.fixture
def rung() -> Iterator[list[str]]:
    """What went to a task, as it stood in the message."""
    heard: list[str] = []

    def hear(sender=None, args=(), kwargs=None, **_more) -> None:
        heard.append(f"{sender.name} {args} {kwargs}")

    task_prerun.connect(hear)
    yield heard
    task_prerun.disconnect(hear)


def test_two_people_find_them_on_all_pages_and_nobody_else_finds_one(principals, words, client_of, story, caplog):
    story.proposed()
    caplog.set_level(logging.DEBUG)
    threads = list(dict.fromkeys(words.values()))
    tokens = ["1", links.care_url(person_id=principals["member (author)"].pk).rstrip("/").rpartition("/")[2]]
    addresses = [one for pattern in walked() for one in filled(pattern, threads, tokens)]
    addresses += ["/incidents/?q=kanariya", "/seams/?q=kanariya", "/admin/incidents/auditentry/?q=kanariya"]
    assert len(addresses) > 150
    found: dict[str, set[str]] = {}
    for name, person in principals.items():
        if name == "deactivated":
            person.is_active = True  # signed in, and then no longer
        client = client_of(person)
        client.raise_request_exception = False
        if name == "deactivated":
            Person.objects.filter(pk=person.pk).update(is_active=False)
        seen: set[str] = set()
        for address in addresses:
            answer = client.get(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            seen |= set(WORD.findall(body.decode("utf-8", "replace") + str(answer.headers)))
            assert answer.status_code < 500 or "readyz" in address or "enginez" in address, (name, address)
        found[name] = seen
    assert {name: len(seen) for name, seen in found.items() if seen} == {
        "member (author)": NOTES,
        "lead (adviser)": NOTES,
    }
    assert WORD.findall(caplog.text) == []


def test_neither_letters_nor_tasks_nor_the_trace_nor_commands_hold_one(
    words, rung, caplog, capsys, clock, client_of, bob, django_capture_on_commit_callbacks
):
    caplog.set_level(logging.DEBUG)
    thread = Consultation.objects.order_by("pk").first()
    Letter.objects.all().delete()  # one that waits already would be enough
    one = f"kanariya-99-{uuid4().hex[:8]}"
    with django_capture_on_commit_callbacks(execute=True):
        assert client_of(bob).post(f"/private/{thread.pk}/", {"text": one}).status_code == 302
    client_of(bob).post(f"/private/{uuid4()}/", {"text": one})
    client_of(bob).post("/private/new/", {"adviser": "1", "text": one, "named": "what", "reply_by": one})
    consulted.write_due()
    consulted.let_go()
    consulted.forget_old()
    for command in ("rotate_consultation_key", "audit_reminders", "doctor", "rebuild_index", "check_files"):
        out = io.StringIO()
        try:
            call_command(command, stdout=out, stderr=out)
        except (CommandError, SystemExit):
            pass
        assert WORD.findall(out.getvalue()) == []
    assert rung
    assert Letter.objects.exists()
    assert AuditEntry.objects.filter(verb="consultation.begun").count() == NOTES // 2
    letters = str(list(Letter.objects.values_list("subject", "text", "html", "headers", "key")))
    trace = str(list(AuditEntry.objects.values()))
    told = letters + trace + str(rung) + caplog.text + "".join(capsys.readouterr())
    told += "".join(str(one.message()) for one in mail.outbox)
    assert WORD.findall(told) == []
    consultations = AuditEntry.objects.filter(verb__startswith="consultation.")
    assert set(consultations.values_list("actor_label", "actor_id", "target_id")) == {("うしろ", None, None)}


def test_what_is_stored_and_backed_up_holds_none(words, tmp_path, bob):
    JottingFactory(person=bob, text=CONTROL)
    dumped = _dump(tmp_path)
    assert CONTROL.encode() in dumped, "the search has gone blind"
    assert WORD.findall(dumped.decode("utf-8", "replace")) == []
    assert [one for one in words if one.encode("utf-16-le") in dumped] == []


def _dump(folder) -> bytes:
    """The bytes of a backup: of SQLite the file and its log of writes, of PostgreSQL what pg_dump would write."""
    if connection.vendor == "sqlite":
        file = folder / "backup.sqlite3"
        file.write_bytes(connection.connection.serialize())
        with sqlite3.connect(file) as target:
            target.execute("PRAGMA journal_mode=WAL")
            target.execute("PRAGMA wal_autocheckpoint=0")
            target.execute("UPDATE incidents_consultationnote SET body_sealed = body_sealed")
            target.commit()
            return b"".join(one.read_bytes() for one in sorted(folder.glob("backup.sqlite3*")))
    rows = io.BytesIO()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            with cursor.copy(f'COPY "{table}" TO STDOUT') as copied:
                rows.write(b"".join(bytes(block) for block in copied))
    return rows.getvalue()
