"""An owner who is gone leaves nothing behind in silence: the leads hear of it that day (U5)."""

from __future__ import annotations

from datetime import date

import pytest

from incidents.domain import countermeasure, letter, person, reader, reminder, standing, team
from incidents.enums import LetterKind, Role
from incidents.models import Incident, Letter, Membership, ReminderDelivery
from tests.factories import MembershipFactory, PersonFactory

DUE = date(2027, 6, 11)


def told() -> list[tuple[str, str]]:
    letters = Letter.objects.filter(kind=LetterKind.ORPHANED).select_related("recipient").order_by("pk")
    return [(one.recipient.email.partition("@")[0], one.subject) for one in letters]


def leave(how: str, bob, team_, admin) -> None:
    membership = Membership.objects.get(person=bob)
    if how == "deactivated":
        person.edit_person(bob, by=admin, is_active=False)
    elif how == "viewer":
        team.set_membership(by=admin, person=bob, team=team_, role=Role.VIEWER)
    else:
        team.remove_membership(membership, by=admin, reason="異動")


@pytest.mark.parametrize("how", ["deactivated", "viewer", "left"])
def test_the_lead_hears_that_day_of_what_is_left_behind(clock, story, alice, bob, admin, how):
    known = story.with_root()
    story.promised(to=known, due_on=DUE)
    story.promised(to=known, due_on=DUE, title="もう一つの対策")
    leave(how, bob, story.team, admin)
    assert told() == [("alice", "鈴木 健太さんの約束が2件、引き継ぎを待っています")]
    one = Letter.objects.get(kind=LetterKind.ORPHANED)
    assert "/seams/?view=running&owner=gone" in one.text
    assert reminder.still_wanted(letter.claim(one.pk))


def test_who_leaves_nothing_behind_is_not_written_about(clock, story, bob, admin):
    countermeasure.complete(story.promised(due_on=DUE), by=bob, note="できました")
    leave("left", bob, story.team, admin)
    assert told() == []


def test_a_lead_who_may_not_read_the_record_does_not_hear_of_it(clock, story, alice, bob, admin):
    measure = story.promised(due_on=DUE)
    other = MembershipFactory(team=story.team, person=PersonFactory(email="eve@example.jp"), role=Role.LEAD).person
    reader.restrict(Incident.objects.get(pk=measure.incident_id), by=bob, readers=[bob, other])
    leave("left", bob, story.team, admin)
    assert [who for who, _subject in told()] == ["eve"]


def test_what_was_handed_over_meanwhile_needs_no_letter(clock, story, alice, bob, admin):
    measure = story.promised(due_on=DUE)
    eve = MembershipFactory(team=story.team, person=PersonFactory(), role=Role.MEMBER).person
    clock.to("2026-11-24 20:00")
    leave("viewer", bob, story.team, admin)
    clock.to("2026-11-25 08:00")
    countermeasure.hand_over(measure, by=alice, owner=eve, reason="引き継ぎ")
    one = letter.claim(Letter.objects.get(kind=LetterKind.ORPHANED).pk)
    assert not reminder.still_wanted(one)


def test_the_letters_pages_show_what_is_left_behind(clock, client_of, story, alice, bob, admin):
    measure = story.promised(due_on=DUE)
    leave("deactivated", bob, story.team, admin)
    for path, shown in (("/seams/?view=running&", measure.title), ("/incidents/?", measure.incident.title)):
        page = client_of(alice).get(f"{path}owner=gone")
        assert page.status_code == 200
        assert shown in page.content.decode(), path
    person.edit_person(bob, by=admin, is_active=True)
    for path, shown in (("/seams/?view=running&", measure.title), ("/incidents/?", measure.incident.title)):
        assert shown not in client_of(alice).get(f"{path}owner=gone").content.decode(), path


def test_the_only_lead_hears_although_their_own_row_of_the_step_was_taken_back(clock, story, alice, bob, admin):
    """Somebody who was no lead for a while is told like every lead when they are one again."""
    story.promised(due_on=date(2026, 12, 11), backup=alice)
    eve = MembershipFactory(team=story.team, person=PersonFactory(), role=Role.LEAD).person
    team.set_membership(by=admin, person=alice, team=story.team, role=Role.VIEWER)
    clock.to("2026-12-18 09:30")  # d+5 speaks to the owner and to alice, who may not work on it now
    reminder.write_due_digests()
    assert ReminderDelivery.objects.get(step="d+5", recipient=alice).reason == "viewer"
    ReminderDelivery.objects.filter(step="d+5", recipient=eve).delete()
    team.set_membership(by=admin, person=alice, team=story.team, role=Role.LEAD)
    team.set_membership(by=admin, person=eve, team=story.team, role=Role.MEMBER)
    row = ReminderDelivery.objects.select_related("follow_up__incident").get(step="d+5", recipient=bob)
    row.reason = "left_team"
    standing.speak_to_others([row], clock.today, {})
    again = ReminderDelivery.objects.get(step="d+5", recipient=alice)
    assert (again.state, again.reason) == ("pending", "")
