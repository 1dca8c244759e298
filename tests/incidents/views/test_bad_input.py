"""Bad input is answered with a page, never with a fault: lists, addresses and links; the forms are in test_form_pages."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from django.utils import timezone

from incidents.domain import reminder
from incidents.models import Countermeasure, Incident
from tests.shared import shared

pytestmark = pytest.mark.django_db


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
    risky = [incident for incident in kept if set(incident.title) & set("<>&\"'{}%\\`")]
    assert len(risky) > 100
    for incident in risky:
        page = client.get(incident.get_absolute_url())
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
    shown, address = 0, "/incidents/"
    while address:
        page = client.get(address)
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        found = page.context["page"]
        shown += len(found.rows)
        address = f"/incidents/?after={quote(found.after)}" if found.after else ""
    assert shown == len(kept)


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
