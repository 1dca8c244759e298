"""The clock and the promises of a minute, by two workers and two beats at once: each step is mailed once, and in its minute."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import incident, promise
from incidents.enums import Channel, DeliveryState
from incidents.models import ReminderDelivery
from tests.integration.test_reminders import Office
from tests.servers import until

pytestmark = pytest.mark.integration

CALLS = 6
SOON = timedelta(seconds=10)  # until the step, so that all workers are up and none may be early


def test_each_step_of_a_minute_is_mailed_once_by_two_workers(install):
    house = install()
    office = Office()
    for _ in range(2):
        house.worker()
        beat = house.beat()
    until(lambda: "Sending due task" in beat.said, 20, "beat rings")

    now = timezone.now()
    step = now + SOON
    noticed = step - timedelta(minutes=45)  # sixty minutes from there; owner and backup are told fifteen before the end
    crack = incident.report(
        by=office.bob, team=office.team, title="二重払い", noticed_at=noticed, who_waits="銀行", backup=office.alice
    )
    told = incident.report(by=office.bob, team=office.team, title="誤送付", noticed_at=noticed, who_waits="青空物産")
    due = step + timedelta(minutes=15)
    calls = [promise.promise(crack, by=office.bob, text=f"折り返し {n}", due_at=due) for n in range(1, CALLS + 1)]
    kept = promise.promise(crack, by=office.bob, text="先に折り返した", due_at=due)
    # Dealt with before its step: nobody hears of it.
    promise.keep(kept, by=office.bob, note="つながりました")
    incident.record_first_report(told, by=office.bob, channel=Channel.PHONE, reported_at=timezone.now())
    assert house.inbox.accepted == []

    house.inbox.wait(CALLS + 2, 60)
    time.sleep(3)  # three more rings of each beat

    mails = house.inbox.accepted
    assert Counter(to for mail in mails for to in mail.recipients) == {
        "bob@example.jp": CALLS + 1,
        "alice@example.jp": 1,
    }
    assert len({mail.message["Message-ID"] for mail in mails}) == len(mails) == CALLS + 2
    subjects = Counter(mail.message["Subject"] for mail in mails)
    assert [count for subject, count in subjects.items() if "一次報告" in subject] == [2]
    assert [sum(call.text in subject for subject in subjects) for call in calls] == [1] * CALLS
    assert min(mail.at for mail in mails) >= step.timestamp()

    rows = ReminderDelivery.objects.filter(follow_up__in=[*calls, kept])
    until(lambda: rows.filter(state=DeliveryState.SENT).count() == CALLS, 10, "the ledger says sent")
    assert Counter(rows.values_list("follow_up_id", "step", "state")) == Counter(
        [(call.pk, "m-15", DeliveryState.SENT) for call in calls]
        + [(call.pk, "m0", DeliveryState.PENDING) for call in calls]
        + [(kept.pk, step, DeliveryState.CANCELLED) for step in ("m-15", "m0")]
    )
