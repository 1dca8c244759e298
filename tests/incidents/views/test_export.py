"""CSV of a list: what the person sees there, safe in a spreadsheet, streamed, and kept in the trace."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.domain import export as verbs
from incidents.domain import reader
from incidents.models import AuditEntry, Incident, Person
from incidents.queries.paging import PAGE_SIZE
from tests.factories import CountermeasureFactory, IncidentFactory
from tests.factories.index import indexed

pytestmark = pytest.mark.django_db

FILES = {"/incidents/": "/incidents/csv/", "/seams/": "/seams/csv/"}


def table(answer) -> list[dict[str, str]]:
    whole = b"".join(answer)
    assert whole.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(whole.decode("utf-8-sig"), newline="")))


def test_incidents_as_they_are_seen(client_of, alice, story, clock):
    measure = story.promised(due_on=clock.today + timedelta(days=2))
    answer = client_of(alice).get("/incidents/csv/?stage=open")
    assert answer.streaming and answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    name = answer.headers["Content-Disposition"]
    assert name.startswith("attachment; filename*=utf-8''") and name.endswith("_2026-11-24.csv")
    (row,) = table(answer)
    expected = {
        "番号": measure.incident.reference,
        "何が起きたか": "見積書を別の会社に送った",
        "段階": "金粉",
        "重大度": "S2 大",
        "チーム": "受注課",
        "担当": "鈴木 健太",
        "待っている人": "青空物産さま",
        "気づいた時刻": "2026-11-24 09:00",
        "次の期限": "2026-11-26",
        "約束した対策": "1",
        "金になった対策": "0",
        "対外完了": "",
    }
    assert {name: row[name] for name in expected} == expected


def test_measures_as_they_are_seen(client_of, alice, story, clock):
    measure = story.promised(due_on=clock.today + timedelta(days=2))
    (row,) = table(client_of(alice).get("/seams/csv/?view=running"))
    expected = {
        "番号": measure.incident.reference,
        "何を変えるか": measure.title,
        "状態": "約束",
        "担当": "鈴木 健太",
        "期限": "2026-11-26",
        "残りの営業日": "2",
        "真因": "送る前に宛先を見る手順がない",
        "お客様に約束した": "いいえ",
    }
    assert {name: row[name] for name in expected} == expected
    assert table(client_of(alice).get("/seams/csv/?view=gold")) == []


@pytest.mark.parametrize(("path", "file"), FILES.items())
def test_file_holds_the_lists_rows_in_the_lists_order(client_of, alice, team, other_team, path, file):
    for n in range(60):
        at = IncidentFactory(team=team, title=f"割れ {n:02}", severity="S2" if n % 3 else "", noticed_at=timezone.now())
        indexed(at)
        CountermeasureFactory(incident=at, title=f"対策 {n:02}", strength=n % 7)
    CountermeasureFactory(incident=IncidentFactory(team=other_team, title="よその割れ"), title="よその対策")
    client, held = client_of(alice), 40
    sorts = client.get(path, {"view": "all"}).context["form"].fields["sort"].choices
    for sort, _label in sorts:
        query = {"view": "all", "severity": "S2", "sort": sort}
        seen = [getattr(row, "measure", row).title for row in client.get(path, query).context["page"].rows]
        column = "何を変えるか" if path == "/seams/" else "何が起きたか"
        found = [row[column] for row in table(client.get(file, query))]
        assert (sort, found[: len(seen)]) == (sort, seen)
        assert (len(seen), len(set(found))) == (PAGE_SIZE, held)


def test_heads_and_values_are_in_the_persons_language_and_zone(clock, client_of, alice, crack):
    Person.objects.filter(pk=alice.pk).update(language="en", time_zone="UTC")
    (row,) = table(client_of(alice).get("/incidents/csv/"))
    assert "番号" not in row and row["Number"] == crack.reference
    assert "2026-11-24 00:20" in row.values()


def test_no_cell_is_a_formula(client_of, alice, team):
    for title in ("=HYPERLINK(1)", "＝1+1", "\t=1", " @x", "-2+3"):
        IncidentFactory(team=team, title=title, counterparty="=cmd|'/C calc'!A0")
    for row in table(client_of(alice).get("/incidents/csv/")):
        assert row["何が起きたか"].startswith("'") and row["相手"].startswith("'=")


def test_restricted_records_leave_with_their_readers_alone(client_of, alice, bob, vera, carol, story):
    measure = story.promised(owner=alice, checker=bob)
    other = IncidentFactory(team=measure.incident.team, title="ふつうの記録")
    Incident.objects.filter(pk=measure.incident.pk).update(recorded_by=alice, owner=alice)
    measure.incident.refresh_from_db()
    reader.restrict(measure.incident, by=alice, readers=[alice])
    for person, seen in ((alice, 2), (bob, 1), (vera, 1), (carol, 0)):
        found = [row["番号"] for row in table(client_of(person).get("/incidents/csv/"))]
        assert (len(found), measure.incident.reference in found) == (seen, person == alice)
        measures = table(client_of(person).get("/seams/csv/?view=all"))
        assert [row["番号"] for row in measures] == ([measure.incident.reference] if person == alice else [])
    assert other.reference in found or carol == person


@pytest.mark.parametrize("file", FILES.values())
def test_signed_out_gets_no_file(client_of, dave, crack, file):
    answer = client_of(dave).get(file)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/account/login/")
    assert not AuditEntry.objects.filter(verb="list.exported").exists()


def test_the_trace_says_what_left_without_the_words(client_of, alice, crack):
    client_of(alice).get("/incidents/csv/", {"q": "見積", "sort": "old", "severity": "S9"})
    entry = AuditEntry.objects.get(verb="list.exported")
    assert entry.actor_id == alice.pk and "見積" not in str(entry.changes)
    assert entry.changes == {"list": ["", "incidents"], "conditions": ["", "q=…&sort=old"], "rows": ["", 1]}


@pytest.mark.parametrize(
    ("file", "query", "conditions", "counted"),
    [
        ("/incidents/csv/", {"owner": "me"}, "owner=…", False),
        ("/incidents/csv/", {"owner": "bob"}, "owner=…", False),
        ("/seams/csv/", {"view": "all", "owner": "bob"}, "view=all&owner=…", False),
        ("/seams/csv/", {"view": "mine"}, "view=mine", False),
        ("/seams/csv/", {}, "", False),
        ("/seams/csv/", {"view": "all"}, "view=all", True),
    ],
)
def test_the_trace_counts_no_person(client_of, alice, bob, story, file, query, conditions, counted):
    story.promised()
    client_of(alice).get(file, {name: str(bob.pk) if value == "bob" else value for name, value in query.items()})
    changes = AuditEntry.objects.get(verb="list.exported").changes
    said = set(changes["conditions"][1].split("&"))
    assert (said, "rows" in changes) == (set(conditions.split("&")), counted)


@pytest.mark.parametrize(("path", "file"), FILES.items())
def test_too_many_rows_are_refused_with_a_sentence(client_of, alice, team, monkeypatch, path, file):
    monkeypatch.setattr(verbs, "MOST", 2)
    for _ in range(3):
        CountermeasureFactory(incident=IncidentFactory(team=team))
    answer = client_of(alice).get(file, {"view": "all"}, follow=True)
    assert answer.redirect_chain[0][0].startswith(path)
    assert "一度に書き出せるのは2件までです。" in answer.content.decode()
    assert not AuditEntry.objects.filter(verb="list.exported").exists()


@pytest.mark.parametrize("file", FILES.values())
def test_rows_are_read_while_they_are_sent(client_of, alice, team, file):
    now = timezone.now()
    Incident.objects.bulk_create(
        Incident(number=7000 + n, team=team, title=f"割れ {n}", noticed_at=now - timedelta(minutes=n % 50))
        for n in range(1200)
    )
    for incident in Incident.objects.all()[:1200] if "seams" in file else ():
        incident.measures.create(title="対策")
    answer = client_of(alice).get(file, {"view": "all"})
    pieces = iter(answer)
    with CaptureQueriesContext(connection) as seen:
        next(pieces), next(pieces)
    first = len(seen)
    with CaptureQueriesContext(connection) as seen:
        rest = list(pieces)
    assert (first, len(seen), len(rest)) == ((1, 2, 2) if "seams" in file else (2, 4, 2))
    assert sum(piece.count(b"\r\n") for piece in rest) == 700


@pytest.mark.parametrize("file", FILES.values())
@pytest.mark.parametrize("query", ["sort=x&q=%00", "view=../x&team=nobody", "q=" + "a+" * 300, "after=~&before=~"])
def test_hostile_addresses_make_files_too(client_of, alice, crack, file, query):
    assert table(client_of(alice).get(f"{file}?{query}")) is not None
