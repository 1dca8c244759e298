"""The two lists as a browser meets them: any address is answered, and what was typed stays."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils.html import escape

from incidents.models import Countermeasure
from incidents.queries import countermeasure as measures
from incidents.queries import incident as incidents
from tests.factories import CountermeasureFactory, IncidentFactory
from tests.shared import shared

pytestmark = pytest.mark.django_db

LISTS = ("/incidents/", "/seams/")
KEYS = (
    *("q", "view", "stage", "team", "owner", "due", "strength", "category", "severity", "kind", "restricted", "sort"),
    *("after", "before", "page", "save", "all", "csrfmiddlewaretoken"),
    *("owner__password", "team__slug", "stage[]", "q[$ne]", "__class__", "order_by", "self", "by", "filters", ""),
)
VALUES = (
    *("me", "1", "0", "-1", "9" * 30, "1e9", "NaN", "null", "None", "true", "[]", "{}", "open", "all", "late", "S1"),
    *("２", "Ｓ１", "\x00", "\x00\x01\x1f", "‮abc", "\ud800".encode("utf-8", "replace").decode(), "a" * 5000),
    *("2026-13-45~1", "0001-01-01~1", "9999-12-31~9999999999", "2026-11-24T00:00:00+99:00~1", "~", "1~1", "-5~2"),
    *("' OR 1=1 --", '"; DROP TABLE incidents_incident; --', "%", "_", "\\", "*", 'a" OR b:*', "NEAR(", "{{ 7*7 }}"),
)


def hostile_queries(count: int) -> list[str]:
    """The same each time: one to four keys, known and unknown, with values out of everything that breaks things."""
    draw = random.Random(9)
    naughty = json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8"))
    values = [*VALUES, *naughty]
    found = []
    for n in range(count):
        pairs = [(draw.choice(KEYS), draw.choice(values)) for _ in range(draw.randint(1, 4))]
        query = urlencode(pairs, errors="replace")
        if n % 10 == 0:
            query += "&" + draw.choice(["q=%E0%A4%A", "%", "&&&=", "a" * 3000, "q=%ff%fe", "view=%00", ";;", "q==&=q"])
        found.append(query)
    return found


def test_five_hundred_hostile_addresses_are_answered(client_of, alice, story):
    measure = story.promised()
    client = client_of(alice)
    client.raise_request_exception = False
    wrong = [
        (path, query, status)
        for query in hostile_queries(250)
        for path in LISTS
        if (status := client.get(f"{path}?{query}").status_code) != 200
    ]
    assert wrong == []
    assert Countermeasure.objects.get().pk == measure.pk


def made_up_keys(count: int) -> list[str]:
    """Look-ups that an ORM would follow, each another: relations, operators, words of Django's own."""
    draw = random.Random(11)
    ways = ("owner", "team", "incident", "measures", "recorded_by", "index", "root", "checks", "_connector", "_negated")
    ends = ("password", "email", "pk", "in", "gt", "regex", "isnull", "contains", "year", "slug", "\x00", "\u202e")
    keys: set[str] = set()
    while len(keys) < count:
        keys.add("__".join(draw.choice(ways) for _ in range(draw.randint(1, 4))) + "__" + draw.choice(ends))
    return sorted(keys)


@pytest.mark.parametrize("path", [*LISTS, "/incidents/csv/", "/seams/csv/"])
def test_five_hundred_keys_that_are_none_leave_the_list_as_it_is(client_of, alice, story, path):
    for _turn in range(3):
        story.promised()
    client, keys = client_of(alice), made_up_keys(500)

    def seen(query: dict[str, str]) -> list:
        answer = client.get(path, {"view": "all"} | query)
        if answer.streaming:
            return b"".join(answer).splitlines()
        return [getattr(row, "measure", row).pk for row in answer.context["page"].rows]

    whole = seen({})
    assert len(whole) == (4 if "csv" in path else 3)
    for start in range(0, len(keys), 25):
        asked = {key: VALUES[(start + n) % len(VALUES)] for n, key in enumerate(keys[start : start + 25])}
        assert seen(asked) == whole, asked


@pytest.mark.parametrize("path", LISTS)
def test_unknown_values_are_told_and_what_was_typed_stays(client_of, alice, crack, path):
    typed = "見積 <b>\"'" + "あ" * 300
    answer = client_of(alice).get(path, {"q": typed, "severity": "S9", "owner": "x", "view": "all", "foo": "bar"})
    text = answer.content.decode()
    assert escape(typed) in text
    assert "使えない値なので外した条件" in text
    assert set(answer.context["left_out"]) == {"ことば", "重大度", "担当"}
    assert answer.context["chosen"] in ({}, {"view": "all"})


@pytest.mark.parametrize("path", LISTS)
def test_a_list_says_nothing_of_conditions_that_it_knows(client_of, alice, crack, path):
    text = client_of(alice).get(path, {"q": "見積", "severity": "S2", "due": "week"}).content.decode()
    assert "使えない値" not in text


@pytest.fixture
def long_lists(team, alice, clock):
    """More than a page of records, each with an idea."""
    for n in range(35):
        incident = IncidentFactory(
            team=team, owner=alice, title=f"割れ {n:02}", noticed_at=clock.now - timedelta(hours=n)
        )
        CountermeasureFactory(incident=incident, title=f"対策 {n:02}", owner=alice)


@pytest.mark.parametrize("path", LISTS)
def test_pages_follow_by_plain_links_and_keep_the_conditions(client_of, alice, long_lists, path):
    client = client_of(alice)
    first = client.get(path, {"view": "all", "sort": "new", "owner": "me"} if path == "/seams/" else {"owner": "me"})
    assert (len(first.context["page"].rows), first.context["page"].count) == (25, 35)
    address = f"{path}?{first.context['query']}&after={first.context['page'].after}".replace("+", "%2B")
    second = client.get(address)
    assert len(second.context["page"].rows) == 10 and second.context["chosen"]["owner"] == "me"
    assert 'rel="prev"' in second.content.decode() and 'rel="next"' not in second.content.decode()


def test_tabs_keep_the_conditions_and_the_own_tab_asks_for_no_owner(client_of, alice, story):
    story.promised(owner=alice, checker=story.bob)
    client = client_of(alice)
    own = client.get("/seams/", {"q": "見積", "owner": "1"})
    assert "owner" not in own.context["form"].fields and own.context["left_out"] == []
    tabs = {tab["query"]: tab["is_now"] for tab in own.context["tabs"]}
    assert tabs["view=mine&q=%E8%A6%8B%E7%A9%8D"] is True and tabs["view=gold&q=%E8%A6%8B%E7%A9%8D"] is False
    assert len(own.context["page"].rows) == 1
    nothing = client.get("/seams/", {"view": "gold", "q": "見積"}).content.decode()
    assert "この条件に合う対策はありません。" in nothing and 'href="/seams/?view=gold"' in nothing


def test_every_offered_condition_is_understood(client_of, alice, story):
    story.promised()
    client = client_of(alice)
    for path, asks in (("/incidents/", incidents.Filters), ("/seams/", measures.Filters)):
        form = client.get(path, {"view": "all"}).context["form"]
        for name, field in form.fields.items():
            assert hasattr(asks(), name)
            for value, _label in getattr(field, "choices", []):
                answer = client.get(path, {"view": "all", name: value})
                assert (name, value, answer.status_code, answer.context["left_out"]) == (name, value, 200, [])


@pytest.mark.parametrize("path", LISTS)
def test_the_rows_of_another_person_are_shown_and_not_counted(client_of, alice, bob, long_lists, path):
    everyone = {"view": "all"} if path == "/seams/" else {}
    own, others = ({**everyone, "owner": str(person.pk)} for person in (alice, bob))
    told = {}
    for who in (alice, bob):
        client = client_of(who)
        told[who] = client.get(path, {**everyone, "owner": str(alice.pk)})
        assert len(told[who].context["page"].rows) == 25
        assert len(client.get(f"{path}csv/", own).getvalue().splitlines()) == 36
    assert "35 件" in told[alice].content.decode()
    assert "件数を数えません" in told[bob].content.decode() and "35" not in _status(told[bob])
    assert "0 件" not in _status(client_of(alice).get(path, others))


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("words", ["鈴木 健太", "鈴木", "ｹﾝﾀ 健太", "鈴木健太"])
def test_the_name_of_a_colleague_is_found_and_not_counted(client_of, alice, bob, long_lists, path, words):
    everyone = {"view": "all"} if path == "/seams/" else {}
    answer = client_of(alice).get(path, {**everyone, "q": words})
    assert "件数を数えません" in answer.content.decode()
    assert " 件" not in _status(answer)
    mine = _status(client_of(bob).get(path, {**everyone, "q": words}))
    assert "件数を数えません" not in mine  # one's own name


def _status(answer) -> str:
    return answer.content.decode().partition('role="status">')[2].partition("</p>")[0]
