"""What is past its term goes, once a day; a dry run and a hold keep it; what was sent stays provable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.domain import holds, letter, retention
from incidents.enums import LetterState, MailState, PostState
from incidents.errors import NotAllowed, Refused
from incidents.models import (
    AuditEntry,
    CareCheckIn,
    LegalHold,
    Letter,
    MirrorPost,
    Organisation,
    ReceivedMail,
    RecordRead,
    RetentionRun,
)
from incidents.rules.retention import TERMS, days_of
from incidents.tasks import housekeeping
from tests.factories import (
    AuditEntryFactory,
    CareCheckInFactory,
    LetterFactory,
    MirrorPostFactory,
    ReceivedMailFactory,
    RecordReadFactory,
)
from tests.rows import everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "organisation")]


def sent(**known) -> Letter:
    return LetterFactory(state=LetterState.SENT, sent_at=timezone.now(), text="本文", html="<p>本文</p>", **known)


def test_a_letter_loses_its_text_after_its_term_and_keeps_its_hash(clock, bob, client_of):
    one = sent(recipient=bob, subject="お知らせ")
    was = letter.body_hash(one)
    clock.forward(days=29)
    assert retention.run(apply=True).counts["bodies"]["gone"] == 0
    clock.forward(days=2)
    assert retention.run(apply=True).counts["bodies"] == {"past": 1, "held": 0, "gone": 1}
    one.refresh_from_db()
    assert (one.text, one.html, one.headers, one.subject, one.body_sha256) == ("", "", {}, "お知らせ", was)
    page = client_of(bob).get(f"/letters/{one.pk}/").content.decode()
    assert "保存期間が過ぎたため、本文を" in page and was in page
    assert client_of(bob).get(f"/letters/{one.pk}/mail/").headers["Location"] == f"/letters/{one.pk}/"
    clock.forward(days=340)
    assert retention.run(apply=True).counts["letters"]["gone"] == 1
    one.refresh_from_db()
    assert (one.to_email, one.to_name, one.subject, one.state) == ("", "", "", LetterState.SENT)
    assert str(one) == one.get_kind_display()


@pytest.mark.parametrize(
    "state", [LetterState.WAITING, LetterState.SENDING, LetterState.FAILED, LetterState.QUARANTINED]
)
def test_a_letter_that_may_still_go_out_keeps_its_text(state, clock, bob):
    one = LetterFactory(recipient=bob, state=state, text="本文")
    clock.forward(days=400)
    retention.run(apply=True)
    one.refresh_from_db()
    assert one.text == "本文" and one.body_erased_at is None


def test_no_letter_loses_its_text_without_its_hash(bob):
    one = sent(recipient=bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.filter(pk=one.pk).update(body_erased_at=timezone.now())


def old_things(clock, bob, crack) -> None:
    sent(recipient=bob)
    Session.objects.create(session_key="s", session_data="x", expire_date=timezone.now())
    ReceivedMailFactory(person=bob, state=MailState.NOTED)
    CareCheckInFactory(person=bob, day=clock.today)
    MirrorPostFactory(state=PostState.SENT, sent_at=timezone.now(), text="朝のお知らせ")
    RecordReadFactory(person=bob, incident=crack, hour=timezone.now())
    AuditEntryFactory()
    clock.forward(days=2600)


def test_a_dry_run_counts_and_changes_nothing_but_its_report(clock, bob, crack):
    old_things(clock, bob, crack)
    before = everything()
    made = retention.run()
    after = everything()
    for name in before:
        if name not in {"RetentionRun", "AuditEntry"}:
            assert after[name] == before[name], name
    assert {name: one["past"] for name, one in made.counts.items() if name != "audit"} == {
        "sessions": 1, "bodies": 1, "letters": 0, "mails": 1, "care": 3, "posts": 1, "reads": 1, "marks": 0, "runs": 0,
    }  # fmt: skip
    assert all(one["gone"] == 0 for one in made.counts.values())
    assert AuditEntry.objects.get(verb="retention.run").changes == {"applied": ["", False]}


def test_a_round_lets_go_of_each_class_and_only_tells_of_the_trail(clock, bob, crack):
    old_things(clock, bob, crack)
    trail = AuditEntry.objects.count()
    counts = retention.run(apply=True).counts
    assert not Session.objects.exists() and not ReceivedMail.objects.exists()
    assert not CareCheckIn.objects.exists() and not RecordRead.objects.exists()
    assert MirrorPost.objects.get().text == ""
    assert counts["audit"]["past"] >= 1 and counts["audit"]["gone"] == 0
    assert AuditEntry.objects.count() == trail + 1


@pytest.mark.parametrize("what", ["person", "team", "incident"])
def test_what_is_held_stays_and_is_counted(what, clock, admin, bob, crack, story):
    measure = story.promised(due_on=clock.today + timedelta(days=1))
    told = measure.follow_up.deliveries.first()
    one = sent(recipient=bob)
    told.letter, told.state = one, "sent"
    told.save()
    hold = {"person": bob, "team": crack.team, "incident": measure.incident}[what]
    held = holds.place(by=admin, reason="訴訟", **{what: hold})
    clock.forward(days=60)
    assert retention.run(apply=True).counts["bodies"] == {"past": 1, "held": 1, "gone": 0}
    holds.lift(held, by=admin, reason="終わった")
    assert retention.run(apply=True).counts["bodies"] == {"past": 1, "held": 0, "gone": 1}


def test_a_hold_is_of_one_thing_with_a_reason_and_lifted_once(admin, alice, bob, team):
    for named, code in (({"team": team, "person": bob}, "hold_of_one"), ({}, "hold_of_one")):
        with pytest.raises(Refused) as refused:
            holds.place(by=admin, reason="訴訟", **named)
        assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        holds.place(by=admin, reason="  ", team=team)
    assert refused.value.code == "hold_without_reason"
    with pytest.raises(NotAllowed):
        holds.place(by=alice, reason="訴訟", team=team)
    made = holds.place(by=admin, reason="訴訟", team=team)
    with pytest.raises(Refused) as refused:
        holds.place(by=admin, reason="訴訟", team=team)
    assert refused.value.code == "held_already"
    holds.lift(made, by=admin, reason="終わった")
    with pytest.raises(Refused) as refused:
        holds.lift(made, by=admin, reason="終わった")
    assert refused.value.code == "hold_lifted"
    assert list(AuditEntry.objects.filter(verb__startswith="hold.").values_list("verb", "reason")) == [
        ("hold.lifted", "終わった"),
        ("hold.placed", "訴訟"),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.create(team=team, person=bob, reason="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.create(team=team, reason="x", lifted_at=timezone.now())


def test_beat_lets_go_once_a_day_and_again_while_something_is_left(clock, bob, monkeypatch):
    monkeypatch.setattr(retention, "MOST", 2)
    for _n in range(5):
        sent(recipient=bob)
    clock.forward(days=40)
    for left in (3, 1, 0, 0):
        housekeeping.retention()
        clock.forward(hours=1)
        assert Letter.objects.filter(body_erased_at=None).count() == left
    assert RetentionRun.objects.count() == 3
    clock.forward(hours=20)
    housekeeping.retention()
    assert RetentionRun.objects.count() == 4


def test_the_organisation_chooses_its_terms(admin, alice):
    usual = {name: term.days for name, term in TERMS.items()}
    retention.set_terms(by=admin, terms=usual | {"bodies": 90, "mails": None})
    house = Organisation.objects.get()
    assert house.retention == {"bodies": 90, "mails": 0}
    assert (days_of(house.retention, "bodies"), days_of(house.retention, "care")) == (90, 30)
    assert AuditEntry.objects.get(verb="retention.set").changes == {"bodies": [30, 90], "mails": [180, 0]}
    for wrong in ({"letters": 3}, {"audit": 10}, {"bodies": 40_000}):
        with pytest.raises(Refused) as refused:
            retention.set_terms(by=admin, terms=usual | wrong)
        assert refused.value.code == "term_too_short"
    with pytest.raises(NotAllowed):
        retention.set_terms(by=alice, terms=usual)
    with pytest.raises(NotAllowed):
        retention.run(by=alice, apply=True)


@pytest.mark.parametrize("stored", [{"bodies": "x"}, {"bodies": True}, {"bodies": -1}, {"bodies": 10**9}, {}])
def test_a_term_that_cannot_be_meant_is_the_usual_one(stored):
    assert days_of(stored, "bodies") == 30


def test_the_command_is_a_dry_run_unless_told(clock, bob, capsys):
    sent(recipient=bob)
    clock.forward(days=40)
    call_command("retention")
    assert "Dry run" in capsys.readouterr().out and Letter.objects.get().text == "本文"
    call_command("retention", "--apply")
    assert Letter.objects.get().text == ""
    assert [row.split() for row in capsys.readouterr().out.splitlines() if row.startswith("bodies")] == [
        ["bodies", "1", "0", "1"]
    ]


def test_every_class_has_its_term_and_every_term_its_class():
    assert retention.CLASSES.keys() == TERMS.keys()
