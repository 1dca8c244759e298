from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.enums import SPREAD_KINDS
from incidents.models import FollowUp, ReminderDelivery


def _says_nothing_of_its_record(one: FollowUp) -> bool:
    """What another team is asked shows nothing of the record (invariant 9); a restricted one is not named either."""
    return one.kind in SPREAD_KINDS and one.incident.restricted


@admin.register(FollowUp)
class FollowUpAdmin(Window):
    """Promises and, on each, its ledger: who was or will be told which step, when, by which letter."""

    path = "incident"
    list_display = ("what", "reference", "kind", "due_on", "due_version", "state")
    list_filter = ("state", "kind", "incident__team")
    search_fields = ("measure__title", "check_plan__measure__title", "=incident__number")
    date_hierarchy = "due_on"
    fields = (
        "what", "record", "kind", "owner", "backup", "due_on", "due_version", "state", "closed_at", "ledger",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[FollowUp]:
        return (
            super()
            .get_queryset(request)
            .select_related("incident", "measure", "check_plan__measure", "owner", "backup")
        )

    @admin.display(description=_("約束"))
    def what(self, obj: FollowUp) -> str:
        return obj.what

    def readable(self, request: HttpRequest) -> models.Q:
        """As FollowUpQuerySet.visible_to: what another team is asked stands in the Spread, and is that team's."""
        return super().readable(request) | models.Q(kind__in=SPREAD_KINDS)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """A question to another team is not found by the number of a record that is not there."""
        rows, doubled = super().get_search_results(request, queryset, search_term)
        return (rows.filter(super().readable(request)) if search_term.strip() else rows), doubled

    @admin.display(description=_("記録"), ordering="incident__number")
    def reference(self, obj: FollowUp) -> str:
        return "-" if _says_nothing_of_its_record(obj) else obj.incident.reference

    @admin.display(description=_("記録"))
    def record(self, obj: FollowUp) -> str:
        if _says_nothing_of_its_record(obj):
            return "-"
        where = reverse("admin:incidents_incident_change", args=[obj.incident_id])
        return format_html('<a href="{}">{}</a>', where, obj.incident)

    @admin.display(description=_("お知らせの台帳"))
    def ledger(self, obj: FollowUp) -> str:
        rows = obj.deliveries.select_related("recipient").order_by("due_version", "planned_on", "pk")
        lines = ((row.planned_on, row.step, row.recipient, row.get_state_display(), row.reason) for row in rows)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {} {} {} {}</li>", lines))


@admin.register(ReminderDelivery)
class ReminderDeliveryAdmin(Window):
    path = "follow_up__incident"
    list_display = ("planned_on", "step", "what", "reference", "state", "reason", "settled_at")
    list_filter = ("state", "planned_on")
    search_fields = ("follow_up__measure__title", "=follow_up__incident__number")
    date_hierarchy = "planned_on"
    fields = (
        "what", "follow_up", "recipient", "step", "due_version", "planned_on", "state", "reason", "settled_at",
        "letter_link",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ReminderDelivery]:
        return (
            super()
            .get_queryset(request)
            .select_related(
                "follow_up__incident", "follow_up__measure", "follow_up__check_plan__measure", "recipient", "letter"
            )
        )

    @admin.display(description=_("約束"))
    def what(self, obj: ReminderDelivery) -> str:
        return obj.follow_up.what

    @admin.display(description=_("記録"), ordering="follow_up__incident__number")
    def reference(self, obj: ReminderDelivery) -> str:
        return obj.follow_up.incident.reference

    @admin.display(description=_("手紙"))
    def letter_link(self, obj: ReminderDelivery) -> str:
        if obj.letter_id is None:
            return "-"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:incidents_letter_change", args=[obj.letter_id]), obj.letter
        )
