"""Similar records are found by the index, on both databases, and at the same cost however many there are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.domain import search
from incidents.enums import Stage
from incidents.models import Incident
from incidents.queries.search import find_each
from incidents.queries.similar import similar
from tests.factories import IncidentFactory

pytestmark = pytest.mark.django_db


def written(team, *titles: str, **known) -> list:
    made = [IncidentFactory(team=team, title=title, **known) for title in titles]
    search.write([one.pk for one in made])
    return made


def titles(by, title: str, **more) -> list[str]:
    return [one.incident.title for one in similar(by=by, title=title, **more)]


def test_what_shares_more_words_stands_first(bob, team):
    written(team, "請求書を郵送した", "請求書の金額を郵送で", "健康診断の予約", "金額の転記で請求書を郵送")

    assert titles(bob, "請求書の金額を転記して郵送") == [
        "金額の転記で請求書を郵送",
        "請求書の金額を郵送で",
        "請求書を郵送した",
    ]


def test_record_with_three_of_the_words_stands_above_very_many_with_two(bob, team):
    written(team, *[f"請求書の金額を直した {n}" for n in range(120)])
    (likest,) = written(team, "請求書の金額を一桁まちがえた")

    assert titles(bob, "請求書の金額を一桁まちがえた、添付も")[0] == likest.title


def test_widths_and_kana_do_not_matter(bob, team):
    written(team, "ﾒｰﾙの添付ファイルを取りちがえた")

    assert titles(bob, "めーるではなくメールに別の添付") == ["ﾒｰﾙの添付ファイルを取りちがえた"]


def test_word_that_everybody_uses_says_nothing(bob, team):
    written(team, *[f"請求書 {n} 号" for n in range(40)])
    (rare,) = written(team, "棚卸の差異")

    assert titles(bob, "請求書と棚卸") == [rare.title]


def test_withdrawn_and_duplicate_records_and_the_record_itself_are_left_out(bob, team):
    own, *_others = written(team, "請求書を郵送した")
    written(team, "請求書を郵送した件", stage=Stage.WITHDRAWN, end=Stage.WITHDRAWN, end_reason="まちがい")

    assert titles(bob, "請求書を郵送", but=own) == []


def test_index_answers_each_group_up_to_its_limit(team, other_team):
    ours = written(team, "請求書を郵送", "請求書を手渡し", "郵送の遅れ")
    written(other_team, "請求書を郵送")
    first, second, third = (one.pk for one in ours)

    found = find_each([(["請求書", "郵送"], 9), (["請求書"], 9), (["請求書"], 1), (["%"], 9)], [team.pk])
    assert [sorted(ids) for ids in found] == [[first], [first, second], [found[2][0]], []]
    assert found[2][0] in {first, second} and third not in found[1]
    assert find_each([(["請求書"], 9)], []) == [[]]


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_costs_three_queries(bob, team, rows):
    written(team, *[f"請求書を郵送 {n}" for n in range(min(rows, 3))])
    if rows > 3:
        made = Incident.objects.bulk_create(
            Incident(
                number=900_000 + n, team=team, title=f"請求書を郵送 {n}", noticed_at="2026-11-01T00:00Z",
                owner=bob, recorded_by=bob,
            )
            for n in range(rows)
        )  # fmt: skip
        search.write([one.pk for one in made])
    similar(by=bob, title="請求書を郵送")
    with CaptureQueriesContext(connection) as seen:
        assert len(similar(by=bob, title="請求書を郵送")) == min(rows, 3)
    assert len(seen) == 4  # and one for the person's teams, which a page has read already
    plan = [query["sql"] for query in seen if "incidents_found" in query["sql"] or "MATCH" in query["sql"]]
    assert len(plan) == 1
