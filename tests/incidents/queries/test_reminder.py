"""What a ring finds: one question that says whether anything is to be done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.domain import auditor
from incidents.enums import DeliveryState, LetterState
from incidents.models import Letter, ReminderDelivery
from incidents.queries.reminder import Waits, what_waits
from incidents.sample import bench

pytestmark = pytest.mark.django_db
NOTHING = Waits(letters=False, moments=False, mornings=False)


def test_nothing_where_nobody_is_and_one_question(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert what_waits(now=timezone.now()) == NOTHING


def test_each_kind_of_work_is_seen_from_its_moment_on():
    bench.seed(50, 2)
    now = timezone.now()
    assert what_waits(now=now) == Waits(letters=True, moments=False, mornings=False)
    Letter.objects.update(state=LetterState.SENT, sent_at=now)
    assert what_waits(now=now) == NOTHING

    one = ReminderDelivery.objects.filter(state=DeliveryState.PENDING)[:1].get()
    at = one.planned_at
    assert [what_waits(now=at - timedelta(seconds=1)), what_waits(now=at)] == [
        NOTHING,
        Waits(letters=False, moments=True, mornings=False),
    ]

    ReminderDelivery.objects.filter(pk=one.pk).update(planned_at=None, planned_on=now.date())
    assert what_waits(now=now - timedelta(days=2)) == NOTHING
    assert what_waits(now=now) == Waits(letters=False, moments=False, mornings=True)


def test_the_hourly_look_finds_nothing_wrong_with_what_is_measured():
    bench.seed(20, 5, sent=3)
    assert list(auditor.audit()) == []


def test_no_table_is_read_through():
    bench.seed(3_000, 0)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE incidents_reminderdelivery")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{_sql()}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "reminder_morning" in plan and "reminder_due_at" in plan and "letter_due" in plan
    assert "Seq Scan" not in plan and "Parallel" not in plan
    assert "SCAN U0" not in plan


def _sql() -> str:
    """The question as the database was asked it, values and all."""
    with CaptureQueriesContext(connection) as asked:
        what_waits(now=timezone.now())
    return asked.captured_queries[-1]["sql"]
