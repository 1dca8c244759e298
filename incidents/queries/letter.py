from __future__ import annotations

from django.core.paginator import Page, Paginator

from incidents.enums import DeliveryState
from incidents.models import Letter, Person, ReminderDelivery
from incidents.queries.calendar import today_of


def my_letters(person: Person, *, page: int | str) -> Page:
    """Letters to the person, newest first."""
    return Paginator(Letter.objects.addressed_to(person).order_by("-created_at", "-pk"), 30).get_page(page)


def due_today(person: Person) -> int:
    """How many reminders the next letter to the person would carry."""
    return ReminderDelivery.objects.filter(
        recipient=person, state=DeliveryState.PENDING, planned_at__isnull=True, planned_on__lte=today_of(person)
    ).count()
