"""What happens to consultations by itself: the adviser is reminded, one who has gone is let go, old threads are forgotten.

Reminders follow the ordinary ladder of business days (U1) and speak to the adviser alone: no lead, backup or stand-in, no
channel and no digest hears of them, for ever.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from incidents.domain import consultation
from incidents.domain.ladder import next_week
from incidents.models import Consultation, ConsultationReminder, Person
from incidents.queries.calendar import business_calendars, today_here, zone_of
from tools.plain.holidays import BusinessCalendar

log = logging.getLogger(__name__)

KEPT_YEARS = 3  # after the end (hardening, retention)


def write_due(*, now: datetime | None = None) -> None:
    """Remind each adviser whose answer is due, once a morning, whatever the number of threads.

    now: aware; default the present. Returns nothing: nobody counts them. Any number of beats may call it.
    """
    now = now or timezone.now()
    calendar = business_calendars()[None]
    waiting = ConsultationReminder.objects.filter(told_on=None, planned_on__lte=(now + timedelta(hours=14)).date())
    ids = waiting.order_by().values_list("consultation__adviser", flat=True).distinct()
    for adviser in Person.objects.filter(pk__in=ids, is_active=True):
        local = now.astimezone(zone_of(adviser))
        today = local.date()
        if local.hour < adviser.digest_hour or adviser.quiet.hold(local) or adviser.pauses_on(today):
            continue
        if not calendar.is_business_day(today):
            continue
        try:
            _remind(adviser, today, calendar)
        except Exception:  # whatever is wrong with one, the next is still reminded (habit 7)
            log.exception("a letter of this morning could not be written")


@transaction.atomic
def _remind(adviser: Person, today: date, calendar: BusinessCalendar) -> None:
    rows = list(
        ConsultationReminder.objects.select_for_update(of=("self",))
        .filter(consultation__adviser=adviser, told_on=None, planned_on__lte=today)
        .select_related("consultation")
    )
    if not rows:
        return
    ConsultationReminder.objects.filter(pk__in=[row.pk for row in rows]).update(told_on=today)
    for row in rows:
        _plan_next(row, today, calendar)
    consultation.tell(adviser)


def _plan_next(row: ConsultationReminder, today: date, calendar: BusinessCalendar) -> None:
    """For ever: a weekly step that was told plans the one after it."""
    due = row.consultation.reply_due_on
    step = next_week(row.step, due, calendar)
    while step is not None and step.on <= today:
        step = next_week(step.name, due, calendar)
    if step is not None:
        ConsultationReminder.objects.get_or_create(
            consultation=row.consultation, version=row.version, step=step.name, defaults={"planned_on": step.on}
        )


def let_go() -> None:
    """Whoever was chosen and can no longer sign in reads no longer; the author is told, and may choose somebody else."""
    for pk in list(Consultation.objects.filter(adviser__is_active=False).values_list("pk", flat=True)):
        with transaction.atomic():
            thread = Consultation.objects.select_for_update(of=("self",)).select_related("adviser").get(pk=pk)
            if thread.adviser is None or thread.adviser.is_active:
                continue
            consultation.take_away(thread)
            consultation.note("consultation.adviser_gone")
            if thread.closed_on is None:
                consultation.tell_author(thread)


def forget_old(today: date | None = None, *, dry_run: bool = False) -> int:
    """Delete threads that were closed three years before `today` (a local date), with all that was written in them.

    dry_run: only say how many there are. Returns how many.
    """
    with transaction.atomic():
        old = _old(today or today_here())
        count = old.count()
        if count and not dry_run:
            old.delete()
            consultation.note("consultation.forgotten", threads=(count, 0))
    return count


def _old(today: date) -> QuerySet[Consultation]:
    day = today.replace(day=28) if (today.month, today.day) == (2, 29) else today
    return Consultation.objects.filter(closed_on__lt=day.replace(year=day.year - KEPT_YEARS))
