"""A restricted record is not there in the console either, but for an administrator who is named in it (C9)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin as console
from django.urls import reverse
from django.utils import timezone

from incidents.domain import containment, countermeasure, paste, question, reader, reminder, timeline
from incidents.models import AuditEntry, FollowUp, Incident, IncidentReader
from tests.factories import AttachmentFactory

pytestmark = pytest.mark.django_db
WORD = "かなりや"


@pytest.fixture
def hidden(story, alice, bob) -> Incident:
    """A restricted record with a word of its own in all its parts."""
    known = story.with_root(title=f"{WORD}の題", body=f"{WORD}の本文")
    measure = story.promised(to=known, title=f"{WORD}の対策", check_what=f"{WORD}を数える")
    record = known.incident
    timeline.record(record, by=bob, text=f"{WORD}の経緯", event_at=None)
    question.ask(record, by=bob, text=f"{WORD}の問い", owner=bob, due_on=timezone.localdate())
    containment.record(record, by=bob, text=f"{WORD}の手当て", done_at=timezone.now())
    paste.keep(record, by=bob, text=f"{WORD}の文面")
    AttachmentFactory(incident=record, name=f"{WORD}.png")
    reader.restrict(record, by=alice, readers=[alice])
    countermeasure.start(measure, by=bob)
    reminder.write_digest(bob, asked_for=True)
    return record


def pages() -> list[str]:
    return [
        reverse(f"admin:incidents_{model._meta.model_name}_changelist")
        for model in apps.get_app_config("incidents").get_models()
        if console.site.is_registered(model)
    ]


def changes(hidden) -> list[str]:
    found = [reverse("admin:incidents_incident_change", args=[hidden.pk])]
    for rows in (
        hidden.measures.all(),
        hidden.questions.all(),
        hidden.containments.all(),
        hidden.pastes.all(),
        hidden.attachments.all(),
        FollowUp.objects.filter(incident=hidden),
        AuditEntry.objects.filter(incident_id=hidden.pk),
    ):
        assert rows, rows.model
        found += [reverse(f"admin:incidents_{one._meta.model_name}_change", args=[one.pk]) for one in rows]
    return found


def test_nothing_of_it_is_there_for_an_administrator(hidden, admin, client_of):
    client = client_of(admin)
    for address in pages():
        for query in ("", f"?q={WORD}", f"?q={hidden.number}"):
            answer = client.get(f"{address}{query}", follow=True)
            assert answer.status_code == 200
            told = answer.content.decode().replace(f"?q={WORD}", "").replace(f'value="{WORD}"', "")
            assert (address, query, WORD in told) == (address, query, False)
    for address in changes(hidden):
        answer = client.get(address)
        assert (address, answer.status_code) in {(address, 302), (address, 404)}


def test_an_administrator_who_is_named_sees_it(hidden, admin, client_of):
    IncidentReader.objects.create(incident=hidden, person=admin)
    client = client_of(admin)
    assert WORD in client.get(reverse("admin:incidents_incident_changelist")).content.decode()
    for address in changes(hidden):
        assert (address, client.get(address).status_code) == (address, 200)


def test_other_peoples_letters_keep_their_text(hidden, admin, bob, client_of):
    (letter,) = bob.letters.filter(kind="digest")
    page = client_of(admin).get(reverse("admin:incidents_letter_change", args=[letter.pk])).content.decode()
    assert "本文は、受け取る方だけが読みます。" in page and WORD not in page
