"""継いだ人: who mended, what and how long; never added up by person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import incident, mending, reader
from incidents.enums import Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Membership, Mending, Person, TimelineEntry
from incidents.queries.mending import mended
from tests.factories import MendingFactory

pytestmark = pytest.mark.django_db


def wrote(one, by, clock, **more):
    said = {"person": by, "what": "見積書を作り直した", "done_on": clock.today, "minutes": 80} | more
    return mending.record(one, by=by, **said)


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.code


def rows(one) -> list[Mending]:
    return list(Mending.objects.filter(incident=one).select_related("person"))


def test_one_writes_for_oneself_and_for_a_colleague(clock, crack, alice, bob):
    wrote(crack, bob, clock)
    wrote(crack, bob, clock, person=alice, what="先方へ届けた", minutes=120)
    wrote(crack, alice, clock, minutes=None)

    found = mended(rows(crack))
    assert (found.names, found.minutes, found.some_untold) == (["佐藤 美咲", "鈴木 健太"], 200, True)
    assert {(row.person, row.author, row.minutes) for row in rows(crack)} == {
        (bob, bob, 80),
        (alice, bob, 120),
        (alice, alice, None),
    }


def test_names_stand_by_the_alphabet_however_long_each_took(clock, crack, alice, bob):
    wrote(crack, bob, clock, minutes=600)
    wrote(crack, alice, clock, minutes=1)
    assert mended(rows(crack)).names == ["佐藤 美咲", "鈴木 健太"]


def test_trace_says_who_and_holds_no_minutes_and_the_timeline_says_nothing(clock, crack, bob):
    before = TimelineEntry.objects.count()
    made = wrote(crack, bob, clock)
    mending.withdraw(made, by=bob, reason="別の記録の仕事だった")

    entries = AuditEntry.objects.filter(verb__startswith="mending.").order_by("pk")
    assert [(one.verb, one.changes, one.reason) for one in entries] == [
        ("mending.recorded", {"person": ["", "鈴木 健太"]}, ""),
        ("mending.withdrawn", {}, "別の記録の仕事だった"),
    ]
    assert TimelineEntry.objects.count() == before


def test_no_trace_no_work(clock, crack, bob, monkeypatch):
    monkeypatch.setattr(mending.audit, "note", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wrote(crack, bob, clock)
    assert rows(crack) == []


@pytest.mark.parametrize("end", [Stage.REPAIRED_ONLY, Stage.WITHDRAWN])
def test_after_an_end_only_what_was_repaired_takes_work(clock, crack, bob, end):
    ended = incident.end_otherwise(crack, by=bob, end=end, reason="ここまで")
    if end == Stage.REPAIRED_ONLY:
        wrote(ended, bob, clock)
    else:
        assert code(wrote, ended, bob, clock) == "ended"
    assert len(rows(crack)) == (end == Stage.REPAIRED_ONLY)


def test_only_people_who_work_in_the_team_are_named(clock, crack, bob, vera, carol):
    for stranger in (vera, carol):
        assert code(wrote, crack, bob, clock, person=stranger) == "not_in_team"
    for writer in (vera, carol):
        with pytest.raises(NotAllowed):
            wrote(crack, writer, clock, person=bob)
    assert rows(crack) == []


def test_on_a_restricted_record_only_who_reads_it(clock, crack, alice, bob, team):
    from tests.conftest import _member

    third = _member(team, "伊藤 誠", "ito", "member")
    reader.restrict(crack, by=bob, readers=[alice])
    crack.refresh_from_db()
    assert code(wrote, crack, bob, clock, person=third) == "not_reader"
    wrote(crack, bob, clock, person=alice)


def test_who_has_left_stays_named(clock, crack, alice, bob):
    wrote(crack, bob, clock)
    Membership.objects.filter(person=bob).delete()
    Person.objects.filter(pk=bob.pk).update(is_active=False)
    assert mended(rows(crack)).names == ["鈴木 健太"]


def test_work_before_the_notice_or_to_come_is_refused(clock, crack, bob):
    assert code(wrote, crack, bob, clock, done_on=clock.today - timedelta(days=1)) == "mended_before_notice"
    assert code(wrote, crack, bob, clock, done_on=clock.today + timedelta(days=1)) == "mended_in_future"


def test_what_was_taken_back_stays_and_counts_no_more(clock, crack, alice, bob):
    made = wrote(crack, bob, clock)
    wrote(crack, alice, clock, minutes=30)
    wrote(crack, bob, clock, minutes=10)
    assert code(mending.withdraw, made, by=alice, reason=" ") == "no_reason"
    mending.withdraw(made, by=alice, reason="人をまちがえた")
    assert code(mending.withdraw, made, by=bob, reason="もう一度") == "already_withdrawn"

    found = mended(rows(crack))
    assert (found.names, found.minutes, len(found.withdrawn)) == (["佐藤 美咲", "鈴木 健太"], 40, 1)
    assert found.withdrawn[0].withdrawn_reason == "人をまちがえた"


def test_words_of_the_work_are_found(clock, crack, bob, alice):
    from incidents.queries import incident as incidents

    wrote(crack, bob, clock, what="宛名ラベルを刷り直した")
    found = incidents.incident_list(by=alice, filters=incidents.Filters(q="宛名ラベル"))
    assert [one.pk for one in found.rows] == [crack.pk]


@pytest.mark.parametrize(
    "broken",
    [{"minutes": 0}, {"minutes": 1441}, {"withdrawn_reason": "理由だけ"}],
    ids=["nothing", "more than a day", "a reason without its time"],
)
def test_database_holds_it_too(organisation, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        MendingFactory(**broken)
