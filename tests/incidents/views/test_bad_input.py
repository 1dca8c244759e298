"""Bad input is answered with a page, never with a fault: each form × each field × what has broken others before."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import containment, paste, question, reminder, timeline
from incidents.letters import links
from incidents.models import Countermeasure, Incident
from tests.shared import shared

pytestmark = pytest.mark.django_db

NASTY = [
    "",
    " ",
    "\x00",
    "\ud800",
    "9" * 400,
    "-1",
    "0",
    "99999999999999999999",
    "1e400",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "令和8年11月20日",
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% load x %}",
    "javascript:alert(1)",
    "../../etc/passwd",
    "\u202egnp.exe",
    "a\r\nBcc: x@example.jp",
    "%00%0a",
    "' OR 1=1 --",
    "あ" * 60_000,
]


@pytest.fixture
def forms(alice, bob, story, team):
    """Each address that takes a form, with a form that it would take; asked for anew because some answers use it up."""
    due = (timezone.localdate() + timedelta(days=10)).isoformat()
    later = (timezone.localdate() + timedelta(days=40)).isoformat()
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    idea = story.proposed(title="案")
    running = story.promised(owner=alice, checker=bob)
    done = story.done()
    link = links.done_url(follow_up_id=running.follow_up.pk, person_id=alice.pk).removeprefix("http://testserver")
    key = running.incident.reference
    entry = timeline.record(running.incident, by=alice, text="e", event_at=None, certainty="unknown")
    asked = [
        question.ask(running.incident, by=alice, text="q", owner=alice, due_on=timezone.localdate(), entry=entry)
        for _ in range(3)
    ]
    kept = containment.record(running.incident, by=alice, text="c", done_at=timezone.now())
    measure = {
        "title": "画面を足す",
        "root": running.root_id,
        "before": "前",
        "after": "後",
        "strength": "4",
        "kind": "corrective",
        "owner": bob.pk,
        "backup": "",
        "due_on": due,
        "check_what": "件数",
        "check_threshold": "0件",
        "checker": alice.pk,
        "check_on": later,
        "weak_reason": "",
        "commit": "1",
    }
    return {
        "/incidents/new/": {
            "title": "t",
            "noticed_at": now,
            "who_waits": "w",
            "kind": "incident",
            "body": "b",
            "team": team.slug,
        },
        f"/incidents/{key}/edit/": {
            "title": "t",
            "severity": "S2",
            "category": "billing",
            "counterparty": "c",
            "who_waits": "w",
            "process": "p",
            "occurred_at": now,
            "noticed_at": now,
            "owner": bob.pk,
            "body": "b",
        },
        f"/incidents/{story.reported().reference}/first-report/": {"channel": "phone", "reported_at": now, "note": "n"},
        f"/incidents/{key}/first-report/waive/": {"reason": "r"},
        f"/incidents/{key}/timeline/": {"text": "t", "event_at": now, "certainty": "fact"},
        f"/entries/{entry.pk}/addendum/": {"text": "t", "verdict": "refuted", "certainty": "fact"},
        f"/incidents/{key}/paste/": {"text": "10:12 t"},
        f"/pastes/{paste.keep(running.incident, by=alice, text='10:12 t').pk}/": {
            "1-take": "on",
            "1-certainty": "fact",
            "1-at": now,
        },
        f"/incidents/{key}/questions/new/?entry={entry.pk}": {"text": "t", "owner": bob.pk, "due_on": due},
        f"/questions/{asked[0].pk}/due/": {"due_on": due, "reason": "r"},
        f"/questions/{asked[0].pk}/hand-over/": {"owner": bob.pk},
        f"/questions/{asked[1].pk}/answer/": {"answer": "a", "verdict": ""},
        f"/questions/{asked[2].pk}/drop/": {"reason": "r"},
        f"/incidents/{key}/containment/": {"text": "t", "done_at": now},
        f"/containments/{kept.pk}/lift/": {"note": "n"},
        f"/incidents/{key}/whys/": {"text": "t", "parent": "", "track": "occurrence", "evidence": "e"},
        f"/incidents/{key}/whys/hint/": {"text": "t"},
        f"/whys/{running.root.why_id}/evidence/": {"evidence": "e"},
        f"/whys/{running.root.why_id}/withdraw/": {"reason": "r"},
        f"/roots/{running.root_id}/unmark/": {"reason": "r"},
        f"/whys/{running.root.why_id}/root-cause/": {"factor": "tool"},
        f"/roots/{running.root_id}/accept/": {"reason": "r", "review_on": later},
        f"/incidents/{key}/measures/new/": measure,
        f"/measures/{idea.pk}/": measure,
        f"/measures/{running.pk}/due/": {"due_on": due, "reason": "r"},
        f"/measures/{running.pk}/hand-over/": {"owner": alice.pk, "reason": "r"},
        f"/measures/{running.pk}/not-doing/": {"reason": "", "review_on": later},
        f"/measures/{running.pk}/done/": {"note": "", "evidence": ""},
        f"/checks/{done.checks.get().pk}/": {"outcome": "partly", "note": "n", "again_on": ""},
        f"/incidents/{key}/end/": {"end": "duplicate", "duplicate_of": "", "reason": "r"},
        "/preferences/": {
            "name": "n",
            "language": "ja",
            "time_zone": "Asia/Tokyo",
            "digest_hour": "9",
            "theme": "auto",
        },
        link: {"note": "", "evidence": ""},
    }


def test_each_field_of_each_form_takes_anything_without_a_fault(client_of, alice, forms):
    client = client_of(alice)
    client.raise_request_exception = False
    faults = []
    for url, good in forms.items():
        for field in good:
            for nasty in NASTY:
                if nasty == "\ud800":
                    body = "&".join(f"{k}={'%ED%A0%80' if k == field else v}" for k, v in good.items() if v != "")
                    answer = client.post(url, body, content_type="application/x-www-form-urlencoded")
                else:
                    answer = client.post(url, good | {field: nasty})
                if answer.status_code >= 500:
                    faults.append((url, field, nasty[:20]))
    assert faults == []


def test_big_list_of_naughty_strings_is_recorded_and_shown_as_text(client_of, alice, team):
    strings = json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8"))
    client = client_of(alice)
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    for text in strings:
        answer = client.post(
            "/incidents/new/", {"title": text[:200], "noticed_at": now, "team": team.slug, "who_waits": ""}
        )
        assert answer.status_code in {200, 302}, text
    kept = list(Incident.objects.all())
    assert len(kept) > 0.9 * len(strings)
    for incident in kept:
        page = client.get(incident.get_absolute_url())
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
    assert client.get("/incidents/").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "page=abc",
        "page=0",
        "page=-3",
        "page=99999999999999999999999",
        "stage=gold&severity=S9&category=x&team=nobody",
        "q=" + "%00",
        "q=" + "a+" * 200,
        "q=K-99999999999999",
        "q=%E0%A4%A",
        "stage[]=1&q[$ne]=1&owner__password=x",
        "view=../../x",
    ],
)
def test_lists_answer_any_query(client_of, alice, crack, query):
    client = client_of(alice)
    for path in ("/incidents/", "/seams/", "/letters/"):
        assert client.get(f"{path}?{query}").status_code == 200


@pytest.mark.parametrize("key", ["K-0", "K-00", "k-1", "K-", "K-9999999999999999999", "K-1 ", "１", "..", "K-1%00"])
def test_odd_references_are_not_found(client_of, alice, crack, key):
    assert client_of(alice).get(f"/incidents/{key}/").status_code == 404


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999", "9223372036854775808"])
def test_numbers_beyond_the_database_are_not_found(client_of, alice, crack, pk):
    client = client_of(alice)
    for path in (
        "measures/{}/",
        "measures/{}/done/",
        "checks/{}/",
        "roots/{}/accept/",
        "letters/{}/",
        "letters/{}/mail/",
    ):
        assert client.get("/" + path.format(pk)).status_code == 404


@pytest.mark.parametrize("token", ["x", "a:b:c", "." * 50, "WzEsMl0:1a:b", "%00", "あ"])
def test_odd_tokens_are_answered_calmly(client, organisation, token):
    assert client.get(f"/m/{token}/").status_code == 410
    assert client.get(f"/setup/{token}/").status_code == 404


def test_far_dates_do_not_stop_the_morning(alice, bob, story, clock):
    story.promised(due_on=clock.today)
    Countermeasure.objects.update(due_on="9999-12-31")
    assert reminder.write_digest(bob) is not None
