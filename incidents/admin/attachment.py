from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.models import Attachment


@admin.register(Attachment)
class AttachmentAdmin(Window):
    """Which files there are and how large; what is in them is opened on their record, by those who may read it."""

    path = "incident"
    list_display = ("name", "reference", "team", "media_type", "size_label", "created_at", "withdrawn_at")
    list_filter = ("incident__team", "media_type")
    search_fields = ("name", "=sha256", "=incident__number")
    date_hierarchy = "created_at"
    fields = (
        "name", "reference", "measure", "media_type", "size_label", "sha256", "uploaded_by", "created_at",
        "withdrawn_at", "withdrawn_reason",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Attachment]:
        return super().get_queryset(request).select_related("incident__team", "measure", "uploaded_by")

    @admin.display(description=_("記録"), ordering="incident__number")
    def reference(self, obj: Attachment) -> str:
        return obj.incident.reference

    @admin.display(description=_("チーム"), ordering="incident__team__name")
    def team(self, obj: Attachment) -> str:
        return str(obj.incident.team)

    @admin.display(description=_("大きさ"), ordering="size")
    def size_label(self, obj: Attachment) -> str:
        return filesizeformat(obj.size)
