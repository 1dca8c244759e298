"""Near misses without a name, by the verbs: held back, published in a batch, taken up, answered, put aside."""

from __future__ import annotations

from datetime import date

import pytest

from incidents import rules
from incidents.domain import nameless
from incidents.enums import IncidentKind
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Incident, NamelessNote, TimelineEntry
from incidents.queries import nameless as notes
from tests.factories import ClosureFactory, NamelessNoteFactory, TeamFactory

pytestmark = pytest.mark.django_db


def texts(**which) -> list[str]:
    return sorted(NamelessNote.objects.filter(**which).values_list("text", flat=True))


def morning(clock, text: str) -> None:
    clock.to(text)
    nameless.publish_due()


@pytest.mark.parametrize(
    ("held", "first", "quiet", "goes"),
    [
        (0, True, True, False),
        (1, False, True, False),
        (2, False, False, False),
        (1, True, False, False),
        (1, True, True, True),
        (2, True, True, True),
        (3, False, False, True),
        (9, True, False, True),
    ],
)
def test_batch_is_three_or_once_in_a_silent_week(held, first, quiet, goes):
    assert rules.batch_goes(held, first_morning_of_week=first, quiet_week=quiet) is goes


def test_three_are_published_on_the_next_business_morning_and_not_before(clock, team):
    for text in ("一", "二", "三"):
        nameless.write(team, text=text)
    morning(clock, "2026-11-25 08:59")
    assert texts(published_on=None) == ["一", "三", "二"]
    morning(clock, "2026-11-25 09:00")
    assert texts(published_on=date(2026, 11, 25)) == ["一", "三", "二"]


def test_third_note_after_the_morning_waits_for_the_next(clock, team):
    nameless.write(team, text="一")
    nameless.write(team, text="二")
    morning(clock, "2026-11-25 09:00")
    nameless.write(team, text="三")
    morning(clock, "2026-11-25 15:00")
    assert texts(published_on=None) == ["一", "三", "二"]
    morning(clock, "2026-11-26 09:10")
    assert texts(published_on=date(2026, 11, 26)) == ["一", "三", "二"]


def test_one_note_waits_for_the_week_to_turn(clock, team):
    nameless.publish_due()  # Tuesday's morning
    nameless.write(team, text="一")
    for day in ("2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29"):
        morning(clock, f"{day} 10:00")
        assert texts(published_on=None) == ["一"]
    morning(clock, "2026-11-30 09:00")
    assert texts(published_on=date(2026, 11, 30)) == ["一"]


def test_one_note_waits_on_when_a_batch_went_out_within_the_week(clock, team):
    NamelessNoteFactory(team=team, published_on=date(2026, 11, 27))
    nameless.publish_due()
    nameless.write(team, text="一")
    morning(clock, "2026-11-30 09:00")
    assert texts(published_on=None) == ["一"]
    morning(clock, "2026-12-07 09:00")
    assert texts(published_on=date(2026, 12, 7)) == ["一"]


def test_closed_day_publishes_nothing(clock, team):
    ClosureFactory(day=date(2026, 11, 25), team=team)
    for text in ("一", "二", "三"):
        nameless.write(team, text=text)
    morning(clock, "2026-11-25 10:00")
    assert texts(published_on=None) == ["一", "三", "二"]


def test_batches_of_teams_are_apart(clock, team, other_team):
    for text in ("一", "二"):
        nameless.write(team, text=text)
    nameless.write(other_team, text="三")
    morning(clock, "2026-11-25 10:00")
    assert texts(published_on=None) == ["一", "三", "二"]


def test_two_beats_publish_once(clock, team):
    for text in ("一", "二", "三"):
        nameless.write(team, text=text)
    morning(clock, "2026-11-25 09:00")
    nameless.publish_due()
    assert list(AuditEntry.objects.values_list("verb", "actor_id", "target_label", "changes")) == [
        ("nameless.published", None, team.name, {})
    ]


def test_same_text_twice_is_one_note_and_the_later_receipt_counts(clock, team):
    first, second = nameless.write(team, text="一"), nameless.write(team, text=" 一 ")
    assert texts() == ["一"]
    assert notes.note_behind(team, first) is None
    assert notes.note_behind(team, second.upper().replace("-", " ")).text == "一"


def test_receipt_is_kept_as_a_hash_alone_and_opens_nothing_elsewhere(clock, team, other_team):
    receipt = nameless.write(team, text="一")
    row = NamelessNote.objects.values().get()
    assert receipt not in str(row) and receipt.replace("-", "") not in str(row)
    assert notes.note_behind(other_team, receipt) is None


def test_full_box_refuses_and_loses_nothing(clock, team):
    NamelessNote.objects.bulk_create(NamelessNote(team=team, text=f"{n}") for n in range(nameless.MOST_HELD))
    with pytest.raises(Refused) as refusal:
        nameless.write(team, text="もう一つ")
    assert refusal.value.code == "box_full"
    assert NamelessNote.objects.count() == nameless.MOST_HELD
    with pytest.raises(Refused) as refusal:
        nameless.write(team, text=" \n")
    assert refusal.value.code == "empty"


def test_lead_takes_a_note_up_as_a_near_miss_with_its_text_unchanged(clock, team, alice):
    note = NamelessNoteFactory(team=team, text="一行目\n二行目", category="billing", process="請求")
    made = nameless.take_up(note, by=alice, kind=IncidentKind.NEAR_MISS, title="一行目", noticed_at=clock.now)
    made.refresh_from_db()
    assert (made.kind, made.title, made.body, made.category, made.process, made.recorded_by, made.who_waits) == (
        "near_miss",
        "一行目",
        "一行目\n二行目",
        "billing",
        "請求",
        alice,
        "",
    )
    assert made.first_report_due_at is None
    assert TimelineEntry.objects.filter(incident=made, kind="link").count() == 1
    note.refresh_from_db()
    assert note.incident == made
    with pytest.raises(Refused) as refusal:
        nameless.take_up(note, by=alice, kind=IncidentKind.CONCERN, title="また", noticed_at=clock.now)
    assert refusal.value.code == "note_done"
    assert Incident.objects.count() == 1


def test_only_the_lighter_kinds(clock, team, alice):
    note = NamelessNoteFactory(team=team)
    with pytest.raises(Refused) as refusal:
        nameless.take_up(note, by=alice, kind=IncidentKind.INCIDENT, title="重い", noticed_at=clock.now)
    assert refusal.value.code == "not_a_lighter_kind"


def test_writer_reads_the_reply_with_the_receipt(clock, team, alice):
    receipt = nameless.write(team, text="一")
    NamelessNote.objects.update(published_on=clock.today)
    nameless.reply(NamelessNote.objects.get(), by=alice, text="画面を直します")
    found = notes.note_behind(team, receipt)
    assert (found.reply, found.replied_on) == ("画面を直します", clock.today)


def test_put_aside_needs_a_reason_and_is_final(clock, team, alice):
    note = NamelessNoteFactory(team=team)
    with pytest.raises(Refused) as refusal:
        nameless.put_aside(note, by=alice, reason=" ")
    assert refusal.value.code == "no_reason"
    nameless.put_aside(note, by=alice, reason="名前があった")
    assert not NamelessNote.objects.waiting().exists()
    with pytest.raises(Refused) as refusal:
        nameless.put_aside(note, by=alice, reason="もう一度")
    assert refusal.value.code == "note_done"


@pytest.mark.parametrize("who", ["bob", "vera", "carol"])
def test_only_a_lead_of_the_team_deals_with_notes_and_address(who, clock, team, bob, vera, carol):
    person = {"bob": bob, "vera": vera, "carol": carol}[who]
    note = NamelessNoteFactory(team=team)
    for step in (
        lambda: nameless.take_up(note, by=person, kind="concern", title="一", noticed_at=clock.now),
        lambda: nameless.reply(note, by=person, text="一"),
        lambda: nameless.put_aside(note, by=person, reason="一"),
        lambda: nameless.move_door(team, by=person),
        lambda: nameless.set_door(team, by=person, is_open=False),
    ):
        with pytest.raises(NotAllowed):
            step()
    assert not AuditEntry.objects.exists()


def test_new_address_ends_the_old_one_and_a_shut_door_leads_nowhere(team, alice, admin):
    old = notes.token_of(team)
    assert notes.team_behind(old) == team
    moved = nameless.move_door(team, by=alice)
    assert (notes.team_behind(old), notes.team_behind(notes.token_of(moved))) == (None, team)
    shut = nameless.set_door(team, by=admin, is_open=False)
    nameless.set_door(team, by=admin, is_open=False)
    assert (notes.team_behind(notes.token_of(shut)), notes.door_path(shut)) == (None, "")
    nameless.set_door(team, by=alice, is_open=True)
    assert notes.team_behind(notes.token_of(moved)) == team
    assert [e.verb for e in AuditEntry.objects.order_by("pk")] == [
        "nameless.door_moved",
        "nameless.door_shut",
        "nameless.door_opened",
    ]


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t.replace("-1.", "-2."), lambda t: "x", lambda t: "."])
def test_altered_address_leads_nowhere(team, change):
    assert notes.team_behind(change(notes.token_of(team))) is None
    assert notes.team_behind(notes.token_of(TeamFactory(slug="other"))).slug == "other"
