"""不在: what is due for somebody away is told to others, once, and comes back by itself (U5, U6)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from incidents.domain import absence, auditor, letter, reader, reminder, reply, standing
from incidents.domain import promise as promises
from incidents.enums import DeliveryState, Role
from incidents.errors import NotAllowed
from incidents.models import Absence, AuditEntry, Incident, Letter, Membership, ReminderDelivery
from tests.factories import MembershipFactory, PersonFactory
from tests.rows import arrive, everything, refused

MONDAY, FRIDAY = date(2026, 12, 7), date(2026, 12, 11)


@pytest.fixture
def eve(team):
    """A second member of the team."""
    person = PersonFactory(name="伊藤 桜", email="eve@example.jp")
    return MembershipFactory(team=team, person=person, role=Role.MEMBER).person


def away(person, *, stand_in=None, starts_on=MONDAY, ends_on=FRIDAY) -> Absence:
    return absence.plan(person, by=person, starts_on=starts_on, ends_on=ends_on, stand_in=stand_in)


def morning(clock, text: str) -> list[tuple[str, str]]:
    """(who, what they are told of), of the digests that beat's ring at that minute writes."""
    clock.to(text)
    found = Letter.objects.filter(pk__in=reminder.write_due_digests()).order_by("recipient__email")
    return [(one.recipient.email.partition("@")[0], one.subject) for one in found]


def who(clock, text: str) -> list[str]:
    return [name for name, _subject in morning(clock, text)]


def ledger(**where) -> list[tuple[str, str, str, str]]:
    rows = ReminderDelivery.objects.filter(**where).select_related("recipient").order_by("planned_on", "pk")
    return [(row.step, row.recipient.email.partition("@")[0], row.state, row.reason) for row in rows]


# Telling of it ------------------------------------------------------------------------------------


def test_absence_is_kept_with_its_trace_and_the_stand_in_is_told(clock, bob, eve):
    made = away(bob, stand_in=eve)
    assert (made.person, made.starts_on, made.ends_on, made.stand_in) == (bob, MONDAY, FRIDAY, eve)
    entry = AuditEntry.objects.get(verb="absence.planned")
    assert (entry.actor_id, entry.changes) == (bob.pk, {"stand_in": ["", "伊藤 桜"]})
    told = Letter.objects.get()
    assert (told.kind, told.recipient) == ("stand_in", eve)
    assert "12月7日（月）から12月11日（金）まで" in told.subject


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ({"starts_on": FRIDAY, "ends_on": MONDAY}, "ends_before_start"),
        ({"starts_on": date(2026, 11, 2), "ends_on": date(2026, 11, 23)}, "absence_over"),
        ({"starts_on": MONDAY, "ends_on": date(2028, 1, 1)}, "absence_too_long"),
        ({"starts_on": date(2028, 1, 1), "ends_on": date(2028, 1, 1)}, "absence_too_long"),
        ({"starts_on": FRIDAY, "ends_on": date(2026, 12, 20)}, "already_away"),
        ({"starts_on": date(2026, 12, 8), "ends_on": date(2026, 12, 8)}, "already_away"),
    ],
)
def test_absence_refused(clock, bob, days, code):
    away(bob)
    before = everything()
    assert refused(absence.plan, bob, by=bob, **days) == code
    assert everything() == before


def test_stand_in_is_somebody_of_the_team_who_is_here(clock, alice, bob, eve, vera, carol):
    for nobody in (bob, vera, carol):
        assert refused(away, bob, stand_in=nobody) == "stand_in_not_in_team"
    away(eve, starts_on=FRIDAY, ends_on=FRIDAY)
    assert refused(away, bob, stand_in=eve) == "stand_in_away"
    assert away(bob, stand_in=alice).stand_in == alice


def test_each_says_it_for_themselves(clock, alice, bob):
    with pytest.raises(NotAllowed):
        absence.plan(bob, by=alice, starts_on=MONDAY, ends_on=FRIDAY)
    made = away(bob)
    with pytest.raises(NotAllowed):
        absence.end(made, by=alice)
    absence.end(made, by=bob)
    absence.end(made, by=bob)
    assert AuditEntry.objects.filter(verb="absence.ended").count() == 1
    away(bob)  # the days are free again


# Who hears instead ----------------------------------------------------------------------------------


def test_the_stand_in_is_told_while_the_owner_is_away_and_the_owner_again_afterwards(clock, story, bob, eve):
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    assert who(clock, "2026-12-02 09:00") == ["bob"]
    assert who(clock, "2026-12-08 09:00") == ["eve"]
    assert who(clock, "2026-12-10 09:00") == ["eve"]
    assert who(clock, "2026-12-11 09:00") == ["eve"]
    assert who(clock, "2026-12-14 09:00") == ["bob"]
    assert ledger(step="d-3") == [("d-3", "bob", "cancelled", "away"), ("d-3", "eve", "written", "")]


def test_the_letter_of_the_stand_in_says_why_and_lets_them_act(clock, story, bob, eve):
    measure = story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    morning(clock, "2026-12-08 09:00")
    told = Letter.objects.get(recipient=eve, kind="digest")
    assert measure.title in told.text
    for part in (told.text, told.html):
        assert "担当の鈴木さんは12月11日（金）まで不在です。" in part
        assert all(f"/m/{act}/" in part for act in ("due", "help", "not-mine"))
    assert told.text.count("できました") == 1


@pytest.mark.parametrize("hours", [(17, 7), (7, 17)], ids=["stand-in first", "owner first"])
def test_whose_morning_comes_first_does_not_matter(clock, story, bob, eve, hours):
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    type(bob).objects.filter(pk=bob.pk).update(digest_hour=hours[0], quiet_until=7)
    type(eve).objects.filter(pk=eve.pk).update(digest_hour=hours[1], quiet_until=7)
    told = [who(clock, f"2026-12-08 {hour:02}:00") for hour in range(24)]
    assert [(hour, names) for hour, names in enumerate(told) if names] == [(hours[1], ["eve"])]


def test_without_a_stand_in_the_backup_is_told_and_without_one_the_leads(clock, story, alice, bob, eve):
    known = story.with_root()
    story.promised(to=known, due_on=FRIDAY, backup=eve, title="代わりの人がいる対策")
    story.promised(to=known, due_on=FRIDAY, title="だれもいない対策")
    away(bob)
    told = dict(morning(clock, "2026-12-08 09:00"))
    assert {name: subject.rpartition(": ")[2] for name, subject in told.items()} == {
        "alice": "だれもいない対策",
        "eve": "代わりの人がいる対策",
    }


def test_a_stand_in_who_left_the_team_or_is_away_too_is_passed_over(clock, story, alice, bob, eve):
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    away(eve, starts_on=date(2026, 12, 8), ends_on=date(2026, 12, 8))
    assert who(clock, "2026-12-08 09:00") == ["alice"]
    Membership.objects.filter(person=eve).delete()
    assert who(clock, "2026-12-10 09:00") == ["alice"]


def test_a_restricted_record_is_told_to_its_readers_alone(clock, story, alice, bob, eve):
    measure = story.promised(due_on=FRIDAY)
    Incident.objects.filter(pk=measure.incident_id).update(owner=bob, recorded_by=bob)
    reader.restrict(Incident.objects.get(pk=measure.incident_id), by=alice, readers=[alice, bob])
    away(bob, stand_in=eve)
    assert who(clock, "2026-12-08 09:00") == ["alice"]
    assert not Letter.objects.filter(recipient=eve, kind="digest").exists()


def test_a_lead_who_is_away_is_stood_in_for_too(clock, story, alice, bob, eve):
    story.promised(due_on=date(2026, 11, 30))
    away(alice, stand_in=eve)
    assert who(clock, "2026-12-07 09:00") == ["bob", "eve"]
    told = Letter.objects.get(recipient=eve, kind="digest")
    assert "不在" not in told.text.replace("不在にします", "")  # bob, who owns it, is here


def test_when_nobody_else_is_here_the_absent_are_told_all_the_same(clock, story, alice, bob):
    story.promised(due_on=FRIDAY)
    away(bob)
    away(alice)
    assert who(clock, "2026-12-08 09:00") == ["bob"]


def test_who_comes_back_early_is_told_themselves(clock, story, bob, eve):
    story.promised(due_on=FRIDAY)
    made = away(bob, stand_in=eve)
    clock.to("2026-12-08 00:05")
    standing.hand_to_stand_ins(now=clock.now)
    assert ledger(step="d-3") == [("d-3", "bob", "cancelled", "away"), ("d-3", "eve", "pending", "")]
    absence.end(made, by=bob)
    assert who(clock, "2026-12-08 09:00") == []
    assert who(clock, "2026-12-08 09:01") == ["bob"]
    assert ledger(step="d-3") == [("d-3", "bob", "written", ""), ("d-3", "eve", "cancelled", "back")]


def test_standing_is_asked_again_when_the_letter_is_sent(clock, story, bob, eve, settings):
    settings.MAIL_CONFIGURED = True
    story.promised(due_on=FRIDAY)
    assert who(clock, "2026-12-08 09:00") == ["bob"]
    away(bob, stand_in=eve, starts_on=date(2026, 12, 8))
    mail = letter.claim(Letter.objects.get(recipient=bob).pk)
    assert reminder.still_wanted(mail) is False
    assert who(clock, "2026-12-08 09:01") == ["eve"]
    assert ledger(step="d-3") == [("d-3", "bob", "cancelled", "away"), ("d-3", "eve", "written", "")]


def test_an_absence_of_a_week_with_everybody_ringing_doubles_nothing_and_loses_nothing(clock, story, alice, bob, eve):
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    told: list[tuple[str, str]] = []
    for day in range(8, 23):
        for hour in ("00:01", "09:00", "09:01", "18:00"):
            told += [(f"12-{day:02}", name) for name in who(clock, f"2026-12-{day:02} {hour}")]
    assert told == [
        ("12-08", "eve"),
        ("12-10", "eve"),
        ("12-11", "eve"),
        ("12-14", "bob"),
        ("12-16", "bob"),
        ("12-18", "alice"),
        ("12-18", "bob"),
        ("12-22", "alice"),
        ("12-22", "bob"),
    ]
    assert not ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_on__lte=clock.today).exists()


def test_a_promise_of_a_minute_finds_who_stands_in_at_once(clock, story, bob, eve):
    away(bob, stand_in=eve, starts_on=clock.today, ends_on=clock.today)
    promises.promise(story.reported(), by=bob, text="折り返し", due_at=clock.now + timedelta(minutes=10))
    clock.forward(minutes=11)
    reminder.write_due_moments()
    reminder.write_due_moments()
    told = Letter.objects.get(kind="moment")
    assert told.recipient == eve
    assert "まで不在です" in told.text and "/m/help/" in told.text
    clock.forward(minutes=30)
    reminder.write_due_moments()
    reminder.write_due_moments()
    assert Letter.objects.filter(kind="moment", recipient=eve).count() == 2
    assert not Letter.objects.filter(kind="moment", recipient=bob).exists()


def test_the_days_are_those_of_ones_own_wall(clock, story, bob, eve):
    type(bob).objects.filter(pk=bob.pk).update(time_zone="America/New_York", digest_hour=20)
    bob.refresh_from_db()
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve, starts_on=FRIDAY, ends_on=FRIDAY)
    clock.to("2026-12-11 09:00")  # still the evening of the 10th in New York
    standing.hand_to_stand_ins(now=clock.now)
    assert ledger(step="d-1", recipient=bob) == [("d-1", "bob", "pending", "")]


def test_the_auditor_finds_nothing_silent_while_somebody_is_away(clock, story, alice, bob, eve):
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    found = []
    for day in range(1, 31):
        for hour in ("00:01", "09:00", "09:01"):
            who(clock, f"2026-12-{day:02} {hour}")
            arrive()
            found += [(day, hour, fault.code, fault.step) for fault in auditor.audit()]
    assert found == []


def test_nothing_is_handed_on_before_the_day_has_come_in_the_house(clock, story, bob, eve):
    type(bob).objects.filter(pk=bob.pk).update(time_zone="Australia/Sydney")
    bob.refresh_from_db()
    story.promised(due_on=FRIDAY)
    away(bob, stand_in=eve)
    assert who(clock, "2026-12-02 09:00") == ["bob"]
    arrive()
    clock.to("2026-12-07 23:30")  # the 8th in Sydney
    assert standing.hand_to_stand_ins(now=clock.now) == 0
    assert list(auditor.audit()) == []
    clock.to("2026-12-08 00:01")
    assert standing.hand_to_stand_ins(now=clock.now) == 1
    assert list(auditor.audit()) == []


# What somebody says from their mail ----------------------------------------------------------------


def test_words_for_a_lead_who_is_away_reach_whoever_stands_in(clock, story, alice, bob, eve):
    measure = story.promised()
    away(alice, stand_in=eve, starts_on=clock.today, ends_on=clock.today)
    reply.not_mine(measure.follow_up, by=bob, mark="a" * 64)
    assert [one.recipient for one in Letter.objects.filter(kind="not_mine")] == [eve]


def test_words_for_a_lead_alone_who_is_away_wait_for_them(clock, story, alice, bob):
    measure = story.promised()
    away(alice, starts_on=clock.today, ends_on=clock.today)
    reply.ask_help(measure.follow_up, by=bob, mark="a" * 64, words="手が足りません")
    assert [one.recipient for one in Letter.objects.filter(kind="help")] == [alice]


def test_a_letter_to_who_lost_the_standing_goes_to_the_next_lead(clock, story, team, alice, bob, settings):
    settings.MAIL_CONFIGURED = True
    measure = story.promised()
    reply.not_mine(measure.follow_up, by=bob, mark="a" * 64)
    other = MembershipFactory(team=team, role=Role.LEAD).person
    Membership.objects.filter(person=alice).update(role=Role.VIEWER)
    mail = letter.claim(Letter.objects.get(kind="not_mine").pk)
    assert reminder.still_wanted(mail) is False
    standing = Letter.objects.filter(kind="not_mine").exclude(state="cancelled")
    assert [one.recipient for one in standing] == [other]
    assert reminder.still_wanted(letter.claim(standing.get().pk)) is True


def test_a_stand_in_who_is_asked_no_more_gets_no_letter(clock, bob, eve, settings):
    settings.MAIL_CONFIGURED = True
    made = away(bob, stand_in=eve)
    absence.end(made, by=bob)
    mail = letter.claim(Letter.objects.get(kind="stand_in").pk)
    assert reminder.still_wanted(mail) is False


# The page ---------------------------------------------------------------------------------------------


def test_the_page_of_ones_own_absence(clock, client_of, bob, eve, alice):
    client = client_of(bob)
    assert "/preferences/away/" in client.get("/preferences/").content.decode()
    page = client.get("/preferences/away/").content.decode()
    assert "伊藤 桜" in page and "佐藤 美咲" in page and "高橋 直子" not in page
    typed = {"starts_on": "2026-12-07", "ends_on": "2026-12-01", "stand_in": eve.pk}
    assert "終わりの日が、始まりの日より前です。" in client.post("/preferences/away/", typed).content.decode()
    assert client.post("/preferences/away/", typed | {"ends_on": "2026-12-11"}).status_code == 302
    made = Absence.objects.get()
    assert "12月7日（月）から12月11日（金）まで" in client.get("/preferences/away/").content.decode()
    assert client_of(alice).post(f"/preferences/away/{made.pk}/end/").status_code == 404
    assert client.post(f"/preferences/away/{made.pk}/end/").status_code == 302
    assert Absence.objects.get().taken_back_at is not None
    assert "12月7日" not in client.get("/preferences/away/").content.decode()
