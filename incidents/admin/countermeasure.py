from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.models import Countermeasure, EffectCheck

# People are shown on a record and are not what one filters or searches by: a filter with a count beside it would be
# a count per person (invariant 8).


@admin.register(Countermeasure)
class CountermeasureAdmin(Window):
    path = "incident"
    list_display = ("title", "reference", "team", "strength", "status", "due_on")
    list_filter = ("status", "strength", "kind", "incident__team")
    search_fields = ("title", "before", "after", "=incident__number")
    date_hierarchy = "due_on"
    fieldsets = (
        (None, {"fields": ("title", "incident", "root", "kind", "strength", "status", "before", "after")}),
        (
            _("約束"),
            {
                "fields": (
                    "owner",
                    "backup",
                    "due_on",
                    "promised_outside",
                    "promised_to",
                    "promised_what",
                    "weak_reason",
                    "committed_at",
                )
            },
        ),
        (
            _("実施"),
            {
                "fields": (
                    "done_at",
                    "done_by",
                    "done_note",
                    "done_evidence_name",
                    "done_evidence_version",
                    "done_evidence",
                    "steps_removed",
                    "minutes_saved",
                )
            },
        ),
        (_("実施しない"), {"fields": ("not_doing_reason", "not_doing_by", "not_doing_review_on", "not_doing_draft")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Countermeasure]:
        return (
            super()
            .get_queryset(request)
            .select_related("incident__team", "root__why", "owner", "backup", "done_by", "not_doing_by")
        )

    @admin.display(description=_("記録"), ordering="incident__number")
    def reference(self, obj: Countermeasure) -> str:
        return obj.incident.reference

    @admin.display(description=_("チーム"), ordering="incident__team__name")
    def team(self, obj: Countermeasure) -> str:
        return str(obj.incident.team)


@admin.register(EffectCheck)
class EffectCheckAdmin(Window):
    path = "measure__incident"
    list_display = ("measure", "reference", "what", "threshold", "check_on", "outcome")
    list_filter = ("outcome", "measure__incident__team")
    search_fields = ("what", "threshold", "measure__title", "=measure__incident__number")
    date_hierarchy = "check_on"
    fields = (
        "measure", "reference", "what", "threshold", "check_on", "checker",
        "outcome", "outcome_note", "decided_at", "decided_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[EffectCheck]:
        return super().get_queryset(request).select_related("measure__incident", "checker", "decided_by")

    @admin.display(description=_("記録"), ordering="measure__incident__number")
    def reference(self, obj: EffectCheck) -> str:
        return obj.measure.incident.reference
