"""Erasing a person: nothing names them but the words that somebody wrote, which are listed; what was recorded stays."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models

from incidents.domain import erasure, holds, jotting, letter, person, timeline
from incidents.enums import Certainty, LetterState, MailState, Role
from incidents.errors import NotAllowed, Refused
from incidents.models import (
    AuditEntry,
    Incident,
    Letter,
    Membership,
    Person,
    ReceivedMail,
    TimelineEntry,
)
from incidents.queries import mentions
from tests.factories import (
    AbsenceFactory,
    CalendarFeedFactory,
    CareCheckInFactory,
    IncidentFactory,
    LetterFactory,
    MembershipFactory,
    PersonFactory,
    ReceivedMailFactory,
    SavedViewFactory,
    TimelineEntryFactory,
)
from tests.rows import everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(bob: Person, alice: Person, crack: Incident, admin: Person, client_of, clock) -> Person:
    """bob has left traces everywhere, and has been deactivated."""
    client_of(bob).get("/")
    timeline.record(crack, by=bob, text="宛先を読み上げた", certainty=Certainty.FACT, event_at=clock.now)
    jotting.jot(by=bob, text="控えが一枚足りない")
    AbsenceFactory(person=bob)
    CareCheckInFactory(person=bob, day=date(2026, 11, 25))
    CalendarFeedFactory(person=bob)
    SavedViewFactory(person=bob)
    LetterFactory(
        recipient=bob,
        to_name=bob.name,
        to_email=bob.email,
        subject="鈴木さんへ",
        state=LetterState.SENT,
        sent_at=clock.now,
    )
    LetterFactory(recipient=bob, to_name=bob.name, to_email=bob.email, state=LetterState.WAITING)
    ReceivedMailFactory(
        person=bob, from_address=bob.email, from_name=bob.name, state=MailState.DRAFTED, text="私のことば"
    )
    person.edit_person(bob, by=admin, name="鈴木 健太", language="en")
    person.edit_person(bob, by=admin, is_active=False)
    return Person.objects.get(pk=bob.pk)


def gone_lead(crack: Incident) -> int:
    """Alice, who was told that bob's promises have nobody any more."""
    return Membership.objects.get(team=crack.team, role=Role.LEAD).person_id


def test_nothing_names_the_person_any_more(gone, admin, crack):
    old = (gone.name, gone.email)
    erasure.erase(gone, by=admin, reason="鈴木 健太 さんの求め")
    for label, rows in everything().items():
        if label == "Letter":  # what others were told of them goes with its term
            rows = [row for row in rows if row["recipient_id"] != gone_lead(crack)]
        text = json.dumps(rows, default=str, ensure_ascii=False)
        for words in old:
            assert words not in text and json.dumps(words)[1:-1] not in text, label
    gone.refresh_from_db()
    assert gone.name == f"退職された方 {gone.pk}" and gone.email.endswith("@erased.invalid")
    assert not gone.has_usable_password() and not gone.is_active and gone.erased_at is not None
    assert (gone.language, gone.last_login, gone.intake_key) == ("ja", None, "")


def test_what_was_theirs_alone_goes_and_what_was_recorded_stays(gone, admin, crack):
    before = set(TimelineEntry.objects.values_list("pk", "text"))
    done = erasure.erase(gone, by=admin, reason="求め")
    assert set(TimelineEntry.objects.values_list("pk", "text")) == before
    assert Incident.objects.get(pk=crack.pk).recorded_by_id == gone.pk
    for name in ("Jotting", "Absence", "CareCheckIn", "CalendarFeed", "SavedView", "Membership"):
        assert not apps.get_model("incidents", name).objects.filter(person=gone).exists(), name
    assert [step.rows for step in done if step.title == "まず一言"] == [1]
    assert not [one for one in Session.objects.all() if one.get_decoded().get("_auth_user_id") == str(gone.pk)]
    assert ReceivedMail.objects.get(person=gone).text == ""


def test_letters_keep_that_they_went_and_what_they_were_by_hash(gone, admin):
    sent = Letter.objects.get(recipient=gone, state=LetterState.SENT)
    was = letter.body_hash(sent)
    waiting = Letter.objects.filter(recipient=gone, state=LetterState.WAITING).values_list("pk", flat=True)[0]
    erasure.erase(gone, by=admin, reason="求め")
    sent.refresh_from_db()
    assert (sent.subject, sent.text, sent.html, sent.headers, sent.body_sha256) == ("", "", "", {}, was)
    assert sent.sent_at is not None and sent.message_id and sent.to_email.endswith("@erased.invalid")
    assert Letter.objects.get(pk=waiting).state == LetterState.CANCELLED


def test_the_trail_tells_the_pseudonym_and_the_erasure(gone, admin):
    entries = AuditEntry.objects.filter(actor_id=gone.pk).count()
    assert entries
    erasure.erase(gone, by=admin, reason="ご本人の求め")
    labels = set(AuditEntry.objects.filter(actor_id=gone.pk).values_list("actor_label", flat=True))
    assert labels == {f"退職された方 {gone.pk}"}
    entry = AuditEntry.objects.get(verb="person.erased")
    assert (entry.actor_id, entry.target_label, entry.reason) == (admin.pk, f"退職された方 {gone.pk}", "ご本人の求め")


def test_a_namesakes_trail_stays_theirs(gone, admin, other_team):
    double = PersonFactory(name=gone.name, email="double@example.jp")
    MembershipFactory(person=double, team=other_team, role=Role.MEMBER)
    AuditEntry.objects.create(
        actor_id=double.pk, actor_label=double.name, verb="person.edited", target_type="person", target_id=double.pk,
        target_label=double.name, changes={"owner": ["", double.name]},
    )  # fmt: skip
    erasure.erase(gone, by=admin, reason="求め")
    entry = AuditEntry.objects.get(actor_id=double.pk)
    assert (entry.actor_label, entry.target_label) == (double.name, double.name)
    assert entry.changes == {"owner": ["", double.name]}
    assert not AuditEntry.objects.filter(actor_id=gone.pk, actor_label=double.name).exists()


def test_a_preview_counts_what_would_be_done_and_changes_nothing(gone, admin):
    before = everything()
    steps = erasure.preview(gone, by=admin)
    assert everything() == before
    assert {step.title: step.rows for step in steps if step.deletes}["まず一言"] == 1
    assert erasure.erase(gone, by=admin, reason="求め") == steps


def test_who_still_signs_in_oneself_and_whoever_is_held_are_refused(gone, admin, alice, team, crack):
    for who, code in ((alice, "still_active"), (admin, "own_standing")):
        with pytest.raises(Refused) as refused:
            erasure.erase(who, by=admin, reason="求め")
        assert refused.value.code == code
    with pytest.raises(NotAllowed):
        erasure.preview(gone, by=alice)
    for held in ({"person": gone}, {"team": team}, {"incident": crack}):
        hold = holds.place(by=admin, reason="訴訟", **held)
        before = everything()
        with pytest.raises(Refused) as refused:
            erasure.erase(gone, by=admin, reason="求め")
        assert refused.value.code == "held" and everything() == before
        holds.lift(hold, by=admin, reason="終わった")
    erasure.erase(gone, by=admin, reason="求め")
    with pytest.raises(Refused) as refused:
        erasure.erase(gone, by=admin, reason="求め")
    assert refused.value.code == "erased_already"
    with pytest.raises(Refused) as refused:
        person.edit_person(gone, by=admin, is_active=True)
    assert refused.value.code == "erased_already"


def test_a_trace_that_fails_leaves_everything_as_it_was(gone, admin, monkeypatch):
    before = everything()

    def fails(*_args, **_more):
        raise RuntimeError

    monkeypatch.setattr(erasure.search, "write", fails)
    with pytest.raises(RuntimeError):
        erasure.erase(gone, by=admin, reason="求め")
    assert everything() == before


def test_texts_that_still_name_somebody_are_listed_without_their_words(gone, admin, alice, crack, team):
    TimelineEntryFactory(incident=crack, author=alice, text="鈴木さんが電話に出た")
    secret = IncidentFactory(team=team, recorded_by=alice, owner=alice, title="鈴木 健太の件", restricted=True)
    found = mentions.find(mentions.spellings(gone), by=admin)
    assert [(one.incident.pk, one.part, one.field) for one in found] == [(crack.pk, "経緯", "できごと")]
    assert secret.pk not in [one.incident.pk for one in found]
    Membership.objects.create(person=admin, team=team, role=Role.MEMBER)
    assert mentions.find(["あ"], by=admin) == []


def test_no_field_of_a_kept_row_that_the_inventory_empties_is_required():
    """What is emptied can be empty: the database takes it."""
    from incidents.rules import privacy

    for label, table in privacy.inventory().items():
        for name in table.fields_with("blank"):
            field = apps.get_model(label)._meta.get_field(name)
            assert field.null or isinstance(field, (models.CharField, models.TextField, models.JSONField)), (
                label,
                name,
            )
