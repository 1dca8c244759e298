"""Many records go to one person at once: by their verbs, in one transaction, told in one letter."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from incidents.domain import auditor, countermeasure, handed, handover, incident, reader, reminder
from incidents.domain import letter as letters
from incidents.enums import Role
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, FollowUp, Incident, Letter, Membership, TimelineEntry
from tests.factories import IncidentFactory, MembershipFactory, PersonFactory, TeamFactory
from tests.rows import arrive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def dora(team):
    """A second member, who takes over."""
    person = MembershipFactory(team=team, role=Role.MEMBER).person
    person.name = "伊藤 桜"
    person.save()
    return person


def owners(*records) -> list[str]:
    return [type(one).objects.get(pk=one.pk).owner.name for one in records]


def test_records_move_with_their_clock_their_trace_and_their_line(alice, bob, dora, crack, team):
    other = IncidentFactory(team=team, owner=bob, backup=dora)
    outcome = handover.hand_over_all([crack, other], by=alice, owner=dora, reason="異動のため")
    assert ([one.pk for one in outcome.moved], outcome.refused) == ([crack.pk, other.pk], [])
    assert owners(crack, other) == ["伊藤 桜", "伊藤 桜"]
    assert Incident.objects.get(pk=other.pk).backup is None
    assert FollowUp.objects.get(incident=crack, kind="first_report").owner == dora
    for one in (crack, other):
        assert AuditEntry.objects.get(incident_id=one.pk, verb="incident.handed_over").reason == "異動のため"
        line = TimelineEntry.objects.filter(incident=one).order_by("pk").last()
        assert line.text == "担当を引き継ぎ: 鈴木 健太 → 伊藤 桜（異動のため）"


def test_measures_move_with_their_promise_and_the_new_owner_gets_one_letter(alice, bob, dora, story, clock):
    known = story.with_root()
    made = [story.promised(to=known, title=f"対策{n}", due_on=clock.today + timedelta(days=20 + n)) for n in range(3)]
    handover.hand_over_all(made, by=alice, owner=dora, reason="長い休みに入るため")
    assert owners(*made) == ["伊藤 桜"] * 3
    assert set(FollowUp.objects.filter(measure__in=made).values_list("owner__name", flat=True)) == {"伊藤 桜"}
    letter = Letter.objects.get(recipient=dora)
    assert (letter.kind, letter.subject) == ("handed_over", "佐藤 美咲さんから3件を引き継ぎました")
    assert all(f"対策{n}" in letter.text for n in range(3)) and "長い休みに入るため" in letter.text
    assert not Letter.objects.exclude(recipient=dora).exists()
    assert TimelineEntry.objects.filter(text__contains="対策1 鈴木 健太 → 伊藤 桜（長い休みに入るため）").count() == 1


def test_what_cannot_move_stays_and_says_why_and_the_rest_moves(alice, bob, dora, story):
    known = story.with_root()
    moves = story.promised(to=known, title="動く")
    done = countermeasure.complete(story.promised(to=known, title="済み"), by=bob, note="済み")
    checked = story.promised(to=known, title="確かめる人", checker=dora)
    own = story.promised(to=known, title="もう担当", owner=dora)
    outcome = handover.hand_over_all([moves, done, checked, own], by=alice, owner=dora, reason="異動")
    assert [one.title for one in outcome.moved] == ["動く"]
    assert {one.title: refusal.code for one, refusal in outcome.refused} == {
        "済み": "not_running",
        "確かめる人": "checker_is_owner",
        "もう担当": "same_owner",
    }
    assert owners(done, checked) == ["鈴木 健太", "鈴木 健太"]
    assert "済み" not in Letter.objects.get(recipient=dora).text


def test_ended_records_and_people_outside_are_refused_each(alice, bob, vera, carol, crack, dora):
    for person in (vera, carol):
        outcome = handover.hand_over_all([crack], by=alice, owner=person, reason="x")
        assert [refusal.code for _one, refusal in outcome.refused] == ["not_in_team"] and not outcome.moved
    incident.end_otherwise(crack, by=alice, end="withdrawn", reason="まちがい")
    outcome = handover.hand_over_all([crack], by=alice, owner=dora, reason="x")
    assert [refusal.code for _one, refusal in outcome.refused] == ["ended"]
    assert not Letter.objects.filter(kind="handed_over").exists()


def test_leads_alone_hand_over(alice, bob, vera, carol, crack, dora):
    for person in (bob, vera, carol):
        with pytest.raises(NotAllowed):
            handover.hand_over_all([crack], by=person, owner=dora, reason="x")
        with pytest.raises(NotAllowed):
            handover.hand_over(crack, by=person, owner=dora, reason="x")
    assert owners(crack) == ["鈴木 健太"]


def test_nothing_or_too_much_is_refused_whole(alice, crack, dora, monkeypatch, team):
    other = IncidentFactory(team=MembershipFactory(person=alice, team=TeamFactory(), role=Role.LEAD).team)
    for records, reason, code in (
        ([], "x", "nothing_chosen"),
        ([crack], "  ", "no_reason"),
        ([crack, other], "x", "several_teams"),
    ):
        with pytest.raises(Refused, match=code):
            handover.hand_over_all(records, by=alice, owner=dora, reason=reason)
    monkeypatch.setattr(handover, "MOST", 1)
    with pytest.raises(Refused, match="too_many_chosen"):
        handover.hand_over_all([crack, IncidentFactory(team=team)], by=alice, owner=dora, reason="x")


def test_all_or_nothing_when_the_letter_fails(alice, dora, crack, team, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(letters, "later", fail)
    monkeypatch.setattr(handed.letter, "post", fail)
    with pytest.raises(RuntimeError):
        handover.hand_over_all([crack, IncidentFactory(team=team)], by=alice, owner=dora, reason="x")
    assert owners(crack) == ["鈴木 健太"]
    assert not AuditEntry.objects.filter(verb="incident.handed_over").exists()


def test_who_takes_over_themselves_needs_no_letter(alice, crack):
    handover.hand_over_all([crack], by=alice, owner=alice, reason="x")
    assert owners(crack) == ["佐藤 美咲"] and not Letter.objects.exists()


def test_what_is_restricted_goes_to_its_readers_alone(alice, bob, dora, crack, story, client_of):
    """A hand-over would tell its title to somebody who may not read it, by page and by letter (C9)."""
    measure = story.promised(title="明細を本人の画面だけに出す")
    for record in (crack, measure.incident):
        reader.restrict(record, by=alice, readers=[alice])
    outcome = handover.hand_over_all([crack, measure], by=alice, owner=dora, reason="x")
    assert [refusal.code for _one, refusal in outcome.refused] == ["not_reader", "not_reader"]
    assert owners(crack, measure) == ["鈴木 健太"] * 2 and not Letter.objects.filter(recipient=dora).exists()
    page = client_of(alice).get(f"/seams/hand-over/?row={measure.pk}").content.decode()
    assert alice.name in page and dora.name not in page
    for record in (crack, measure.incident):
        reader.restrict(record, by=alice, readers=[alice, dora])
    outcome = handover.hand_over_all([crack, measure], by=alice, owner=dora, reason="x")
    assert owners(crack, measure) == ["伊藤 桜"] * 2 and not outcome.refused


def test_the_letter_is_not_sent_once_the_new_owner_may_not_read(alice, dora, story, settings):
    settings.MAIL_CONFIGURED = True
    measure = story.promised()
    handover.hand_over_all([measure], by=alice, owner=dora, reason="x")
    reader.restrict(measure.incident, by=alice, readers=[alice])
    claimed = letters.claim(Letter.objects.get(kind="handed_over").pk)
    assert not handed.still_wanted(claimed)
    claimed.refresh_from_db()
    assert claimed.state == "cancelled"


@pytest.mark.parametrize("gone", ["left", "deactivated", "viewer", "stays"])
def test_letter_is_not_sent_to_who_has_left_meanwhile(alice, dora, crack, settings, gone):
    settings.MAIL_CONFIGURED = True
    handover.hand_over_all([crack], by=alice, owner=dora, reason="x")
    if gone == "left":
        Membership.objects.filter(person=dora).delete()
    elif gone == "viewer":
        Membership.objects.filter(person=dora).update(role=Role.VIEWER)
    elif gone == "deactivated":
        dora.is_active = False
        dora.save()
    claimed = letters.claim(Letter.objects.get(kind="handed_over").pk)
    assert handed.still_wanted(claimed) is (gone == "stays")
    claimed.refresh_from_db()
    assert claimed.state == ("sending" if gone == "stays" else "cancelled")


def told(clock, text: str) -> list[str]:
    """Whom a morning's digests go to; the mail server takes them."""
    clock.to(text)
    found = Letter.objects.filter(pk__in=reminder.write_due_digests()).select_related("recipient")
    names = sorted(one.recipient.email.partition("@")[0] for one in found)
    arrive()
    return names


def test_the_lead_hands_over_on_the_very_day_of_a_weekly_letter(clock, story, alice, bob):
    measure = story.promised(due_on=date(2026, 12, 11))
    eve = MembershipFactory(team=story.team, person=PersonFactory(email="eve@example.jp"), role=Role.MEMBER).person
    for day in ("2026-12-11", "2026-12-14", "2026-12-16", "2026-12-18", "2026-12-22"):
        told(clock, f"{day} 09:00")
    assert told(clock, "2027-01-04 09:00") == ["alice", "bob"]  # w1
    clock.to("2027-01-04 10:00")
    countermeasure.hand_over(measure, by=alice, owner=eve, reason="引き継ぎ")
    assert told(clock, "2027-01-04 11:00") == ["eve"]
    assert told(clock, "2027-01-12 09:00") == ["alice", "eve"]
    assert list(auditor.audit()) == []
