"""Lists and pages cost the same for one row and for many, and show each record once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from incidents.domain import countermeasure
from incidents.enums import LetterState, Role, Stage
from incidents.models import Incident, Why
from incidents.queries import engine, insight, paging, record, search
from incidents.queries import incident as incidents
from incidents.queries import team as teams
from incidents.queries.today import today
from tests.factories import (
    CountermeasureFactory,
    EngineMarkFactory,
    IncidentFactory,
    LetterFactory,
    MembershipFactory,
    PersonFactory,
    TeamFactory,
    TimelineEntryFactory,
    WhyFactory,
)
from tests.factories.index import indexed

pytestmark = pytest.mark.usefixtures("clock")


def listed(by, **filters) -> list[str]:
    return [one.title for one in incidents.incident_list(by=by, filters=incidents.Filters(**filters)).rows]


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_list_costs_the_same(alice, team, rows, django_assert_num_queries):
    for number in range(rows):
        CountermeasureFactory(incident=IncidentFactory(team=team, owner=alice, title=f"{number}"))
    with django_assert_num_queries(3):
        shown = incidents.incident_list(by=alice, filters=incidents.Filters()).rows
        assert len([(one.team.name, str(one.owner), one.seams) for one in shown]) == min(rows, paging.PAGE_SIZE)


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_incident_page_costs_the_same(story, rows, django_assert_num_queries):
    known = story.with_root()
    for number in range(rows):
        story.promised(to=known, title=f"対策{number}")
        TimelineEntryFactory(incident=known.incident)
        WhyFactory(incident=known.incident, parent=known.why)
    incident = Incident.objects.get(pk=known.incident.pk)
    with django_assert_num_queries(1):
        page = record.record_page(incident)
        for measure in page.measures:
            assert [(str(r.recipient), r.letter) for r in measure.follow_up.deliveries.all()]
            assert [str(check.checker) for check in measure.checks.all()]
        assert len(page.measures) == rows and len(page.whys) == rows + 1


def test_person_in_several_teams_sees_each_record_once(alice, bob, team):
    for person in (alice, bob):
        MembershipFactory(person=person, team=TeamFactory(), role=Role.MEMBER)
    IncidentFactory(team=team, title="一度だけ")
    assert listed(alice) == ["一度だけ"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("見積", True),
        ("見積 青空", True),
        ("見積 存在しない", False),
        ("K-7001", True),
        ("k-7001", True),
        ("7001", True),
        ("7002", False),
        ("宛先の候補", True),
        ("手順がない", True),
        ("突き合わせる", True),
        ("%", False),
        ("_", False),
        ("'; --", False),
        ("７００１", True),
        ("7", True),
        ("きりかえ", True),
        ("ﾐﾂﾓﾘ", True),
        ("に", False),
        ("積書", True),
        ("宛選", False),
        ("99999999999999999999", False),
    ],
)
def test_search(alice, team, words, found):
    one = IncidentFactory(team=team, number=7001, title="見積書を送った", counterparty="青空物産")
    TimelineEntryFactory(incident=one, text="宛先の候補から選んだ")
    why = WhyFactory(incident=one, text="手順がない")
    CountermeasureFactory(incident=one, root__why=why, title="社名を突き合わせる")
    TimelineEntryFactory(incident=one, text="みつもりのキリカエ")
    indexed(one)
    assert listed(alice, q=words) == (["見積書を送った"] if found else [])


def test_filters(alice, bob, team, other_team):
    IncidentFactory(team=team, title="a", severity="S1", category="billing", owner=bob, stage=Stage.MENDED)
    IncidentFactory(team=team, title="b", severity="S2", owner=alice)
    assert [
        listed(alice, **f)
        for f in (
            {"severity": "S1"},
            {"category": "billing"},
            {"owner": alice.pk},
            {"stage": "open"},
            {"stage": "mended"},
        )
    ] == [
        ["a"],
        ["a"],
        ["b"],
        ["b"],
        ["a"],
    ]
    assert listed(alice, team="accounts") == []


def test_why_tree_reads_top_down(crack):
    first = WhyFactory(incident=crack, text="A")
    second = WhyFactory(incident=crack, text="B")
    WhyFactory(incident=crack, text="A1", parent=first)
    WhyFactory(incident=crack, text="B1", parent=second)
    WhyFactory(incident=crack, text="A2", parent=first)
    nodes = incidents.why_tree(list(Why.objects.filter(incident=crack)))
    assert [(n.why.text, n.depth, n.number) for n in nodes] == [
        ("A", 0, "1"),
        ("A1", 1, "1.1"),
        ("A2", 1, "1.2"),
        ("B", 0, "2"),
        ("B1", 1, "2.1"),
    ]


# Today ----------------------------------------------------------------------------------------


def test_my_promises_in_business_days(story, bob, alice):
    known = story.with_root()
    for due_on in (date(2026, 11, 27), date(2026, 11, 24), date(2026, 12, 1)):
        story.promised(to=known, due_on=due_on)
    lines = today(bob).measures
    assert [(line.follow_up.due_on.day, line.days, line.is_late) for line in lines] == [
        (24, 0, False),
        (27, 3, False),
        (1, 5, False),
    ]
    assert today(alice).measures == []


def test_nothing_gets_later_on_a_closed_day(story, bob, clock):
    story.promised(due_on=date(2026, 11, 27))  # a Friday
    seen = {}
    for day in ("2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01"):
        clock.to(day)
        seen[day[-2:]] = today(bob).measures[0].days
    assert seen == {"27": 0, "28": 0, "29": 0, "30": -1, "01": -2}


@pytest.mark.parametrize("rows", [1, 3, 19])
def test_my_promises_cost_the_same(story, bob, rows, django_assert_num_queries):
    known = story.with_root()
    for _ in range(rows):
        story.promised(to=known)
    bob.standing = teams.my_memberships(bob)  # as a page has read them
    with django_assert_num_queries(1):  # one sheet
        assert len([line.follow_up.what for line in today(bob).measures]) == min(rows, 8)


def test_counts(story, bob, alice):
    known = story.with_root()
    story.promised(to=known, due_on=date(2026, 11, 24))
    measure = story.promised(to=known)
    countermeasure.complete(measure, by=bob, note="x")
    nothing_else = {"gold": 0, "clocks": 0, "requests": 0, "promises": 0, "asked_us": 0, "rest": 0}
    assert today(bob).counts == {"measures": 1, "checks": 0, **nothing_else}
    assert today(alice).counts == {"measures": 0, "checks": 1, **nothing_else}


def test_bowl_counts_the_teams_own_quarter(alice, carol, team):
    now = timezone.now()
    IncidentFactory(team=team, stage=Stage.MENDED, mended_at=now)
    IncidentFactory(team=team, stage=Stage.MEASURES_COMMITTED)
    IncidentFactory(team=team, stage=Stage.RECORDED)
    IncidentFactory(team=team, stage=Stage.WITHDRAWN)
    IncidentFactory(team=team, kind="concern")
    IncidentFactory(team=team, noticed_at=now - timedelta(days=200))
    bowl = today(alice).bowl
    assert (bowl.gold, bowl.urushi, bowl.open, bowl.left_out, len(bowl.cracks)) == (1, 1, 1, 0, 3)
    assert today(carol).bowl.total == 0


def test_figures_of_an_empty_team_are_none(alice):
    assert today(alice).figures == insight.TeamFigures(None, None, None, 0)


def test_work_is_given_to_active_editors(alice, bob, vera, team):
    MembershipFactory(person=PersonFactory(is_active=False), team=team, role=Role.LEAD)
    assert {person.email for person in teams.can_work(team)} == {"alice@example.jp", "bob@example.jp"}


# The engine -----------------------------------------------------------------------------------


def test_engine_that_never_ran_is_not_called_broken(organisation):
    assert not engine.stands_still()


@pytest.mark.parametrize(("minutes", "still"), [(119, False), (121, True)])
def test_engine_without_a_sign_of_life_stands_still(clock, organisation, minutes, still):
    EngineMarkFactory()
    clock.forward(minutes=minutes)
    assert engine.stands_still() is still


@pytest.mark.parametrize(("minutes", "still"), [(119, False), (121, True)])
def test_engine_that_never_gave_a_sign_stands_still_after_two_hours(clock, organisation, minutes, still):
    clock.forward(minutes=minutes)
    assert engine.stands_still() is still


@pytest.mark.parametrize("attempts", [0, 3])
@pytest.mark.parametrize(("minutes", "still"), [(119, False), (121, True)])
def test_letter_that_nobody_takes_means_standstill(clock, organisation, minutes, still, attempts):
    LetterFactory(attempts=attempts)
    clock.forward(minutes=minutes)
    EngineMarkFactory(at=clock.now)
    assert engine.stands_still() is still


def test_letters_given_up_are_counted_for_a_day(clock, organisation):
    LetterFactory(state=LetterState.FAILED)
    LetterFactory()
    assert engine.letters_failed_lately() == 1
    clock.forward(hours=25)
    assert engine.letters_failed_lately() == 0


SPOILED = [
    "~",
    "x~y",
    "2026-11-24~1",
    "9999-12-31T23:59:59+00:00~1",
    "0001-01-01T00:00+14:00~1",
    "1~99999999999",
    "\x00",
]


@pytest.mark.parametrize("sort", list(incidents.SORTS))
def test_pages_go_there_and_back_and_hold_each_row_once(alice, team, sort):
    made = [
        IncidentFactory(
            team=team,
            title=f"{n}",
            severity=["", "S1", "S4"][n % 3],
            noticed_at=timezone.now() - timedelta(hours=n % 4),
        )
        for n in range(11)
    ]
    indexed(*made)
    rows = incidents.incident_rows(by=alice, filters=incidents.Filters(sort=sort), found=None)
    order = incidents.SORTS[sort]
    whole = list(order.sorted(rows))
    pages, after = [], ""
    while True:
        page = paging.paged(rows, order, after=after, size=4)
        pages.append(page)
        if not (after := page.after):
            break
    assert [one for page in pages for one in page.rows] == whole and len(whole) == 11
    assert [page.before != "" for page in pages] == [False, True, True]
    back = paging.paged(rows, order, before=pages[2].before, size=4)
    assert (back.rows, back.after != "", back.before != "") == (pages[1].rows, True, True)
    first = paging.paged(rows, order, before=back.before, size=4)
    assert (first.rows, first.before) == (pages[0].rows, "")
    for text in SPOILED:
        assert order.parse(text) is None or paging.paged(rows, order, after=text, size=4)


def test_severity_is_sorted_by_gravity_and_the_open_ones_come_last(alice, team):
    for title in ("", "S3", "S1"):
        IncidentFactory(team=team, title=title or "open", severity=title)
    assert listed(alice, sort="severity") == ["S1", "S3", "open"]


def test_due_filters_look_at_the_next_open_promise(alice, story, clock):
    measure = story.promised(due_on=clock.today + timedelta(days=2))
    assert [listed(alice, due=due) != [] for due in ("late", "week", "none")] == [False, True, False]
    clock.forward(days=7)
    assert [listed(alice, due=due) != [] for due in ("late", "week", "none")] == [True, False, False]
    assert listed(alice, sort="due") == [measure.incident.title]


@pytest.fixture
def common(monkeypatch, alice, team):
    """Six records with a word; four make it a common one, three of them are handed to those who count."""
    monkeypatch.setattr(search, "COMMON", 4)
    monkeypatch.setattr(search, "LIKELY", 3)
    monkeypatch.setattr(paging, "COUNTED", 3)
    made = [IncidentFactory(team=team, title=f"請求書 {n}", severity="S4" if n else "S1") for n in range(6)]
    indexed(*made)
    return made


def test_common_word_is_found_along_the_list_and_counted_among_those_of_the_index(
    common, alice, django_assert_num_queries
):
    with django_assert_num_queries(5):
        page = incidents.incident_list(by=alice, filters=incidents.Filters(q="請求書"))
    assert (len(page.rows), page.count, page.counted_out) == (6, 3, True)


def test_common_word_with_few_rows_left_is_counted_out(common, alice, django_assert_num_queries):
    with django_assert_num_queries(6):
        page = incidents.incident_list(by=alice, filters=incidents.Filters(q="請求書", severity="S1"))
    assert ([one.title for one in page.rows], page.count) == (["請求書 0"], 1)


def test_common_word_counts_no_record_that_the_person_may_not_see(common, alice, vera):
    Incident.objects.exclude(title="請求書 5").update(restricted=True, owner=alice)
    assert incidents.incident_list(by=vera, filters=incidents.Filters(q="請求書")).count == 1
