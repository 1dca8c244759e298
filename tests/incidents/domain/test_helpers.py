"""Who helps with a countermeasure, beside the one who answers for it; and the evidence it is done with (M6)."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import countermeasure
from incidents.enums import Role
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Countermeasure, Membership, ReminderDelivery, TimelineEntry
from tests.factories import MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def third(team):
    return MembershipFactory(person=PersonFactory(name="伊藤 誠"), team=team, role=Role.MEMBER).person


@pytest.fixture
def fourth(team):
    return MembershipFactory(person=PersonFactory(name="山本 葵"), team=team, role=Role.MEMBER).person


def names(measure) -> list[str]:
    return list(measure.helpers.order_by("name").values_list("name", flat=True))


def refused(act) -> str:
    with pytest.raises(Refused) as found:
        act()
    return found.value.code


def test_an_idea_takes_helpers_and_loses_them(clock, story, bob, third, fourth):
    measure = story.proposed(helpers=[third, fourth])
    assert names(measure) == ["伊藤 誠", "山本 葵"]
    countermeasure.edit(measure, by=bob, title="画面で止める")
    assert names(measure) == ["伊藤 誠", "山本 葵"]
    countermeasure.edit(measure, by=bob, helpers=[fourth])
    assert names(measure) == ["山本 葵"]
    assert AuditEntry.objects.filter(verb="measure.edited").first().changes == {
        "helpers": ["伊藤 誠、山本 葵", "山本 葵"]
    }


def test_a_promise_gets_helpers_with_a_line_and_a_trace(clock, story, bob, third, fourth):
    measure = story.promised()
    told = set(ReminderDelivery.objects.values_list("recipient", flat=True))
    countermeasure.set_helpers(measure, by=bob, helpers=[third])
    countermeasure.set_helpers(measure, by=bob, helpers=[third])
    countermeasure.set_helpers(measure, by=bob, helpers=[])

    assert names(measure) == []
    changes = AuditEntry.objects.filter(verb="measure.helpers_changed").order_by("pk").values_list("changes", flat=True)
    assert list(changes) == [{"helpers": ["", "伊藤 誠"]}, {"helpers": ["伊藤 誠", ""]}]
    lines = TimelineEntry.objects.filter(text__startswith="手伝う人").values_list("text", flat=True)
    assert list(lines) == [f"手伝う人: {measure.title}（伊藤 誠）", f"手伝う人: {measure.title}（–）"]
    # One is accountable, and one is reminded.
    assert set(ReminderDelivery.objects.values_list("recipient", flat=True)) == told


def test_helpers_are_active_people_of_the_team_and_not_the_owner(clock, story, alice, bob, vera, carol, third, fourth):
    measure = story.promised(backup=third)
    gone = MembershipFactory(person=PersonFactory(name="元の人", is_active=False), team=story.team).person
    for wrong in (vera, carol, gone):
        assert refused(lambda w=wrong: countermeasure.set_helpers(measure, by=bob, helpers=[fourth, w])) == (
            "not_in_team"
        )
    for wrong in (bob, third):
        assert refused(lambda w=wrong: countermeasure.set_helpers(measure, by=bob, helpers=[w])) == "helper_is_owner"
    known = story.with_root()
    count = Countermeasure.objects.count()
    assert refused(lambda: story.proposed(to=known, helpers=[carol])) == "not_in_team"
    assert refused(lambda: story.proposed(to=known, helpers=[bob])) == "helper_is_owner"
    assert (names(measure), Countermeasure.objects.count()) == ([], count)


def test_who_takes_the_measure_over_is_no_helper_any_more(clock, story, alice, bob, third, fourth):
    measure = story.promised(helpers=[third, fourth])
    countermeasure.hand_over(measure, by=alice, owner=third)
    assert names(measure) == ["山本 葵"]
    entry = AuditEntry.objects.get(verb="measure.handed_over")
    assert entry.changes["helpers"] == ["伊藤 誠、山本 葵", "山本 葵"]


def test_somebody_who_left_stays_named_until_the_helpers_are_changed(clock, story, bob, third, fourth):
    measure = story.proposed(helpers=[third, fourth])
    Membership.objects.filter(person=third).delete()
    countermeasure.edit(measure, by=bob, title="画面で止める")
    assert names(measure) == ["伊藤 誠", "山本 葵"]
    assert refused(lambda: countermeasure.edit(measure, by=bob, helpers=[third])) == "not_in_team"


def test_lead_and_member_choose_viewer_and_stranger_do_not(clock, story, alice, bob, vera, carol, third):
    measure = story.promised()
    for by in (vera, carol):
        with pytest.raises(NotAllowed):
            countermeasure.set_helpers(measure, by=by, helpers=[third])
    for by, chosen in ((alice, [third]), (bob, [])):
        countermeasure.set_helpers(measure, by=by, helpers=chosen)
        assert list(measure.helpers.all()) == chosen
    assert refused(lambda: countermeasure.set_helpers(story.done(), by=bob, helpers=[third])) == "not_running"


# Evidence -----------------------------------------------------------------------------------------

WHOLE = {"evidence_name": "受注マニュアル 4章", "evidence_version": "第3版", "evidence": "https://docs.example.jp/4"}


def done(story, bob, **said) -> Countermeasure:
    return Countermeasure.objects.get(pk=countermeasure.complete(story.promised(), by=bob, **said).pk)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"note": "変えました"}, "変えました"),
        (WHOLE, "受注マニュアル 4章 第3版"),
        ({"note": "変えました", **WHOLE}, "変えました（受注マニュアル 4章 第3版）"),
        ({"evidence": "https://docs.example.jp/4", "evidence_version": "v3"}, "https://docs.example.jp/4 v3"),
    ],
)
def test_evidence_is_a_name_a_link_and_a_version(clock, story, bob, said, line):
    measure = done(story, bob, **said)
    kept = (measure.done_note, measure.done_evidence_name, measure.done_evidence_version, measure.done_evidence)
    assert kept == tuple(said.get(name, "") for name in ("note", "evidence_name", "evidence_version", "evidence"))
    assert (
        TimelineEntry.objects.filter(text__startswith="対策を実施").get().text == f"対策を実施: {measure.title}。{line}"
    )
    changes = AuditEntry.objects.get(verb="measure.completed").changes
    assert {name: new for name, (_, new) in changes.items() if name != "status"} == {
        f"done_{name}": value for name, value in said.items() if name != "note"
    }


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"note": " ", "evidence_name": " "}, "no_evidence"),
        ({"evidence_version": "第3版"}, "no_evidence"),
        ({"note": "変えました", "evidence_version": "第3版"}, "version_of_nothing"),
    ],
)
def test_a_version_needs_what_it_is_the_version_of(clock, story, bob, said, code):
    measure = story.promised()
    assert refused(lambda: countermeasure.complete(measure, by=bob, **said)) == code
    assert Countermeasure.objects.get(pk=measure.pk).status == "committed"


def test_the_database_holds_the_evidence(clock, story, bob):
    measure = done(story, bob, evidence_name="受注マニュアル", evidence_version="第3版")
    for change in ({"done_evidence_name": ""}, {"done_evidence_name": "", "done_note": "変えました"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Countermeasure.objects.filter(pk=measure.pk).update(**change)
