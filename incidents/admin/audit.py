from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.admin.letter import telling_of_closed
from incidents.models import AuditEntry, AuditSeal, EngineMark, ImportRun, Incident, Letter, Team
from incidents.models.incident import open_to
from incidents.queries.audit import VERBS, readable_changes, sentence
from incidents.tasks.signs import rings


class VerbFilter(admin.SimpleListFilter):
    title = _("何を")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(VERBS.items())

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(verb=self.value()) if self.value() else queryset


class TeamFilter(admin.SimpleListFilter):
    """By id and not by relation: the trail keeps no key to what may be erased."""

    title = _("チーム")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Team.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        value = self.value() or ""
        return queryset.filter(team_id=int(value)) if value.isdigit() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(Window):
    """Who did what, when, why. Searched by what was changed, not by who changed it (invariant 8)."""

    list_display = ("at", "in_words", "target_label", "reason")
    list_filter = (VerbFilter, TeamFilter, "at")
    search_fields = ("target_label", "reason")
    fields = ("at", "in_words", "target_label", "incident_in_words", "reason", "changes_in_words", "place")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AuditEntry]:
        """Nothing of a restricted record that the administrator may not read (C9), nor of the letters that name it."""
        readable = Incident.objects.filter(open_to(request.user))
        closed = Incident.objects.filter(restricted=True).exclude(pk__in=readable)
        letters = telling_of_closed(request.user).filter(letter__isnull=False)
        return (
            super()
            .get_queryset(request)
            .filter(Q(incident_id__isnull=True) | ~Q(incident_id__in=closed.values("pk")))
            .exclude(target_type=Letter._meta.model_name, target_id__in=letters.values("letter"))
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """`history_view` of every record leads here by these two."""
        return lookup in {"target_type", "target_id"} or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("記録"))
    def incident_in_words(self, obj: AuditEntry) -> str:
        return str(Incident.objects.filter(pk=obj.incident_id).first() or "-")

    @admin.display(description=_("前と後"))
    def changes_in_words(self, obj: AuditEntry) -> str:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {} → {}</li>", readable_changes(obj)))

    @admin.display(description=_("何があったか"), ordering="verb")
    def in_words(self, obj: AuditEntry) -> str:
        return sentence(obj)

    @admin.display(description=_("鎖での番号"))
    def place(self, obj: AuditEntry) -> str:
        """The place in its chain, by which verify_audit names it."""
        seal = AuditSeal.objects.filter(entry=obj).first()
        if obj.erasure:
            return _("%(seq)d番（%(erasure)d番で消したもの）") % {
                "seq": seal.seq if seal else 0,
                "erasure": obj.erasure,
            }
        return str(seal.seq) if seal else "-"


@admin.register(ImportRun)
class ImportRunAdmin(Window):
    list_display = ("at", "file_name", "mapping", "team", "skipped", "by_label")
    list_select_related = ("team",)
    list_filter = ("team", "mapping")
    search_fields = ("file_name", "sha256")
    fields = ("at", "by_label", "team", "file_name", "sha256", "mapping", "encoding", "skipped", "counts_in_words")

    @admin.display(description=_("件数"))
    def counts_in_words(self, obj: ImportRun) -> str:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {}</li>", sorted(obj.counts.items())))


@admin.register(EngineMark)
class EngineMarkAdmin(Window):
    """Whether the reminder engine lives: each task that beat rings for leaves its mark here (docs/features/health.md)."""

    list_display = ("name", "at", "health", "failed_at", "error")
    fields = ("name", "at", "health", "failed_at", "error")

    @admin.display(description=_("様子"))
    def health(self, obj: EngineMark) -> str:
        if obj.at is None:
            return _("まだ一度も動いていません")
        since = timezone.now() - obj.at
        hourly = obj.name in {"audit", "audit_clean"}
        every = 3600 if hourly else rings().get(obj.name, 0)
        if since < timedelta(minutes=5, seconds=3 * every):
            return _("動いています")
        return _("%(minutes)d分のあいだ、しるしがありません") % {"minutes": since.total_seconds() // 60}
