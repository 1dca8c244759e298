from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.db.models.functions import Length
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.models import Containment, Paste, Question


class _OfARecord(Window):
    """Something that belongs to a record. Not filtered or searched by people (invariant 8)."""

    path = "incident"
    list_filter = ("incident__team",)

    @admin.display(description=_("記録"), ordering="incident__number")
    def reference(self, obj: Question | Containment | Paste) -> str:
        return obj.incident.reference

    @admin.display(description=_("チーム"), ordering="incident__team__name")
    def team(self, obj: Question | Containment | Paste) -> str:
        return str(obj.incident.team)


@admin.register(Question)
class QuestionAdmin(_OfARecord):
    """What is not known yet (R1); who finds it out stands on its follow-up."""

    list_display = ("text", "reference", "team", "created_at", "answered_at")
    search_fields = ("text", "answer", "=incident__number")
    date_hierarchy = "created_at"
    fields = (
        "text", "reference", "team", "entry", "asked_by", "created_at", "answer", "answered_by", "answered_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Question]:
        return super().get_queryset(request).select_related("incident__team", "entry", "asked_by", "answered_by")


@admin.register(Containment)
class ContainmentAdmin(_OfARecord):
    """What limits the effect now (F5), and whether it was taken off again."""

    list_display = ("text", "reference", "team", "done_at", "lifted_at")
    search_fields = ("text", "=incident__number")
    date_hierarchy = "done_at"
    fields = ("text", "reference", "team", "done_at", "author", "lifted_at", "lifted_note")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Containment]:
        return super().get_queryset(request).select_related("incident__team", "author")


@admin.register(Paste)
class PasteAdmin(_OfARecord):
    """Which originals there are, and their sum; the words of others in them are read on their record."""

    list_display = ("name", "reference", "team", "size", "created_at")
    list_display_links = ("name",)
    search_fields = ("=sha256", "=incident__number")
    date_hierarchy = "created_at"
    fields = ("reference", "team", "size", "sha256", "author", "created_at")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Paste]:
        rows = super().get_queryset(request).select_related("incident__team", "author")
        return rows.annotate(size=Length("text")).defer("text")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Paste | None:
        """The page's heading would begin with the words themselves: it names the record instead."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.text = self.name(found)
        return found

    @admin.display(description=_("原文"), ordering="pk")
    def name(self, obj: Paste) -> str:
        return f"{obj.incident.reference} #{obj.pk}"

    @admin.display(description=_("文字数"), ordering="size")
    def size(self, obj: Paste) -> int:
        return obj.size
