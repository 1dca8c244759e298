"""A backup that was put back sends nothing of the outbox by itself, and forgets no promise."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from incidents.domain import auditor, letter, reminder, reply
from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.models import AuditEntry, Letter, ReminderDelivery
from incidents.tasks import sending
from tests.factories import LetterFactory

DUE = date(2026, 12, 11)


@pytest.fixture
def outbox(clock, story, bob):
    """A digest, a request for help, a password letter and a word of care, none of them sent."""
    measure = story.promised(due_on=DUE)
    clock.to("2026-12-11 09:00")
    reminder.write_due_digests()
    reply.ask_help(measure.follow_up, by=bob, mark="m", words="手が足りません。")
    for kind in (LetterKind.ACCOUNT, LetterKind.CARE):
        LetterFactory(kind=kind, key=f"{kind}:x", recipient=bob)


def states() -> dict[str, str]:
    return dict(Letter.objects.values_list("kind", "state"))


def restore() -> dict[str, int]:
    out = StringIO()
    call_command("after_restore", stdout=out)
    return json.loads(out.getvalue())


def test_nothing_leaves_by_itself_and_the_reminder_is_told_in_the_words_of_today(clock, outbox, bob, mailoutbox):
    clock.to("2026-12-15 10:00")
    assert restore() == {"told_anew": 1, "held": 1, "dropped": 2, "mended": 0}
    assert states() == {"digest": "cancelled", "help": "quarantined", "account": "cancelled", "care": "cancelled"}
    assert sending.deliver() == 0 and mailoutbox == []
    assert AuditEntry.objects.get(verb="outbox.restored").actor_id is None
    assert len(reminder.write_due_digests()) == 1
    assert sending.deliver() == 1
    assert [one.subject.partition(":")[0] for one in mailoutbox] == ["できましたか。期限の相談もできます"]
    assert not ReminderDelivery.objects.filter(state=DeliveryState.WRITTEN).exists()
    assert list(auditor.audit()) == []


def test_what_is_held_is_sent_or_cancelled_by_a_person(clock, outbox, admin, mailoutbox):
    restore()
    held = Letter.objects.get(kind=LetterKind.HELP)
    letter.send_again(held, by=admin)
    assert sending.deliver() == 1
    held.refresh_from_db()
    assert held.state == LetterState.SENT
    Letter.objects.filter(pk=held.pk).update(state=LetterState.QUARANTINED)
    assert letter.cancel(held, by=admin, reason="もう済みました")


def test_done_twice_it_changes_nothing_more(clock, outbox):
    restore()
    assert restore() == {"told_anew": 0, "held": 0, "dropped": 0, "mended": 0}
