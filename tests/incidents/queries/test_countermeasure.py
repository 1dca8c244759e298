"""The list of countermeasures: narrowed, sorted and paged, each row once, by people of the team alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from incidents.enums import Role
from incidents.models import Countermeasure
from incidents.queries import countermeasure as measures
from incidents.queries import paging
from tests.factories import (
    ClosureFactory,
    CountermeasureFactory,
    IncidentFactory,
    MembershipFactory,
    TeamFactory,
)
from tests.factories.index import indexed

pytestmark = pytest.mark.usefixtures("clock")


def listed(by, **filters) -> list[str]:
    page = measures.seam_list(by=by, filters=measures.Filters(**{"view": "all"} | filters))
    return [line.measure.title for line in page.rows]


def running(title: str, due_on: date | None, owner, team, **more) -> Countermeasure:
    return CountermeasureFactory(
        incident=IncidentFactory(team=team), title=title, owner=owner, due_on=due_on, status="committed", **more
    )


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_list_costs_the_same(alice, team, rows, django_assert_num_queries):
    for number in range(rows):
        running(f"{number}", date(2026, 12, 1), alice, team)
    with django_assert_num_queries(4):  # teams (no page has read them), calendars, rows, count
        shown = measures.seam_list(by=alice, filters=measures.Filters()).rows
        assert len([(str(one.measure.owner), one.measure.root.why.text, one.days) for one in shown]) == min(
            rows, paging.PAGE_SIZE
        )


def test_filters(alice, bob, team, carol, other_team):
    one = running("a", date(2026, 12, 1), bob, team, strength=1)
    two = running("b", date(2026, 11, 25), alice, team, strength=3)
    idea = CountermeasureFactory(incident=IncidentFactory(team=team, severity="S1", category="billing"), title="c")
    running("他", date(2026, 11, 25), carol, other_team)
    indexed(one.incident, two.incident, idea.incident)
    asked = {
        "all": ({}, ["b", "a", "c"]),
        "mine": ({"view": "mine"}, ["b"]),
        "running": ({"view": "running"}, ["b", "a"]),
        "ideas": ({"view": "ideas"}, ["c"]),
        "gold": ({"view": "gold"}, []),
        "owner": ({"owner": bob.pk}, ["a"]),
        "team": ({"team": "orders"}, ["b", "a", "c"]),
        "a stranger's team": ({"team": "accounts"}, []),
        "category": ({"category": "billing"}, ["c"]),
        "severity": ({"severity": "S1"}, ["c"]),
        "weak": ({"strength": "weak"}, ["a"]),
        "middle": ({"strength": "middle"}, ["b"]),
        "strong": ({"strength": "strong"}, ["c"]),
        "no date": ({"due": "none"}, ["c"]),
        "this week": ({"due": "week"}, ["b"]),
        "words": ({"q": f"K-{two.incident.number}"}, ["b"]),
        "no words": ({"q": "存在しない"}, []),
    }
    assert {name: listed(alice, **filters) for name, (filters, _found) in asked.items()} == {
        name: found for name, (_filters, found) in asked.items()
    }
    assert listed(carol) == ["他"]


def test_orders(alice, team):
    for title, due, strength in (("a", date(2026, 12, 1), 2), ("b", date(2026, 11, 25), 6), ("c", None, 0)):
        CountermeasureFactory(incident=IncidentFactory(team=team), title=title, due_on=due, strength=strength)
    assert {sort: "".join(listed(alice, sort=sort)) for sort in measures.SORTS} == {
        "due": "bac",
        "far": "cab",
        "new": "cba",
        "strong": "bac",
        "weak": "cab",
    }


@pytest.mark.parametrize("sort", list(measures.SORTS))
def test_pages_go_there_and_back_and_hold_each_row_once(alice, team, sort):
    days = [None, date(2026, 12, 1), date(2026, 12, 1), date(2026, 11, 20)]
    for n in range(11):
        CountermeasureFactory(incident=IncidentFactory(team=team), due_on=days[n % 4], strength=n % 3)
    filters = measures.Filters(view="all", sort=sort)
    rows = measures.seam_rows(by=alice, filters=filters, calendars={}, found=None)
    order = measures.SORTS[sort]
    pages, after = [], ""
    while True:
        page = paging.paged(rows, order, after=after, size=4)
        pages.append(page)
        if not (after := page.after):
            break
    assert [one for page in pages for one in page.rows] == list(order.sorted(rows))
    assert [len(page.rows) for page in pages] == [4, 4, 3]
    back = paging.paged(rows, order, before=pages[2].before, size=4)
    assert (back.rows, back.after != "", back.before != "") == (pages[1].rows, True, True)
    for text in ("~", "x~y", "9999-12-31~1", "1~99999999999", "99999~1", "\x00", "-1~-1"):
        assert order.parse(text) is None or paging.paged(rows, order, after=text, size=4)


def test_what_is_filtered_as_late_is_what_the_page_calls_late(alice, team, clock):
    """Nothing becomes late on a closed day (U3); a closed day of one team is no closed day of another."""
    other = TeamFactory(slug="second")
    MembershipFactory(person=alice, team=other, role=Role.MEMBER)
    ClosureFactory(team=other, day=date(2026, 11, 26))
    for of in (team, other):
        for n in range(14):
            running(f"{of.slug} {n}", date(2026, 11, 18) + timedelta(days=n), alice, of)
    for day in ("2026-11-24", "2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"):
        clock.to(day)
        page = measures.seam_list(by=alice, filters=measures.Filters(view="all"))
        late = [line.measure.title for line in page.rows if line.is_late]
        assert (day, sorted(listed(alice, due="late"))) == (day, sorted(late)) and late


def test_who_is_in_several_teams_sees_each_measure_once(alice, bob, team):
    for person in (alice, bob):
        MembershipFactory(person=person, team=TeamFactory(), role=Role.MEMBER)
    running("一度だけ", date(2026, 12, 1), alice, team)
    assert listed(alice) == ["一度だけ"]
