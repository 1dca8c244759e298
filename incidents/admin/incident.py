from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import ReasonForm, Window, ask
from incidents.domain import incident, organisation
from incidents.enums import Stage
from incidents.models import Incident, Person
from incidents.models.incident import open_to

TITLES = {
    Stage.REPAIRED_ONLY: _("終える（修理のみ）"),
    Stage.WITHDRAWN: _("取り下げる"),
    Stage.DUPLICATE: _("重複として終える"),
}


def as_member(request: HttpRequest, do: Callable[..., object]) -> Callable[..., object]:
    """The verb `do`, with the true reason when whoever looks after the console stands outside the record's team."""

    def asked(one: Incident, **said: Any) -> object:
        organisation.refuse_unless_member(request.user, one)
        return do(one, **said)

    return asked


class DuplicateForm(ReasonForm):
    reader: Person
    duplicate_of = forms.CharField(label=_("元の記録"), help_text=_("K-… の番号"), max_length=12)
    field_order = ("duplicate_of", "reason")

    @classmethod
    def of(cls, reader: Person) -> type[DuplicateForm]:
        """The form that finds only what the person may read."""
        return type(cls.__name__, (cls,), {"reader": reader})

    def clean_duplicate_of(self) -> Incident:
        match = re.fullmatch(r"(?:K-)?([1-9][0-9]{0,8})", self.cleaned_data["duplicate_of"].strip(), re.IGNORECASE)
        known = Incident.objects.filter(open_to(self.reader))
        found = known.filter(number=int(match[1])).first() if match else None
        if found is None:
            raise ValidationError(_("その番号の記録は見つかりません。"))
        return found


@admin.register(Incident)
class IncidentAdmin(Window):
    """Records are read here and changed on their own page; the ends are also here, by the same verbs."""

    path = ""
    list_display = ("reference", "title", "team", "kind", "stage", "severity", "noticed_at")
    list_display_links = ("reference", "title")
    list_select_related = ("team",)
    list_filter = ("stage", "kind", "severity", "category", "team")
    search_fields = ("=number", "title", "body", "counterparty", "process")
    date_hierarchy = "noticed_at"
    actions = ("repaired_only", "withdraw", "duplicate", "reopen")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "reference",
                    "page",
                    "title",
                    "body",
                    "team",
                    "kind",
                    "stage",
                    "category",
                    "process",
                    "severity",
                )
            },
        ),
        (
            _("いつ・だれ"),
            {"fields": ("counterparty", "who_waits", "occurred_at", "noticed_at", "recorded_by", "owner")},
        ),
        (
            _("一次報告"),
            {
                "fields": (
                    "first_report_due_at",
                    "first_reported_at",
                    "first_report_channel",
                    "first_report_waived",
                    "final_report_agreed_on",
                    "final_reported_at",
                    "final_report_channel",
                    "final_report_waived",
                )
            },
        ),
        (_("終わり方"), {"fields": ("end", "end_reason", "original", "mended_at")}),
        (
            _("対外完了"),
            {
                "fields": (
                    "customer_closed_at",
                    "customer_closed_by",
                    "customer_closed_channel",
                    "customer_closed_agreed",
                    "customer_closed_note",
                )
            },
        ),
        (_("取り込み元"), {"fields": ("external_source", "external_id"), "classes": ("collapse",)}),
    )

    @admin.display(description=_("番号"), ordering="number")
    def reference(self, obj: Incident) -> str:
        return obj.reference

    @admin.display(description=_("記録のページ"))
    def page(self, obj: Incident) -> str:
        """Only members of the team can open it; the administrator stands outside the teams."""
        return format_html('<a href="{}">{}</a>', obj.get_absolute_url(), obj.reference)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Incident]:
        originals = Incident.objects.filter(open_to(request.user), pk=OuterRef("duplicate_of"))
        return (
            super()
            .get_queryset(request)
            .select_related("team", "recorded_by", "owner", "duplicate_of", "customer_closed_by")
            .annotate(original_is_open=Exists(originals))
        )

    @admin.display(description=_("元の記録"))
    def original(self, obj: Incident) -> str:
        """The record that this one doubles; without a word of one that the administrator may not read."""
        if obj.duplicate_of_id is None:
            return "-"
        return str(obj.duplicate_of) if obj.original_is_open else str(_("別の記録"))

    def _end(
        self, request: HttpRequest, queryset: models.QuerySet, action: str, stage: Stage, explain: object
    ) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action=action,
            title=TITLES[stage],
            explain=explain,
            form_class=DuplicateForm.of(request.user) if stage == Stage.DUPLICATE else ReasonForm,
            do=as_member(request, lambda one, **said: incident.end_otherwise(one, by=request.user, end=stage, **said)),
            done=_("終えました。"),
        )

    @admin.action(description=TITLES[Stage.REPAIRED_ONLY])
    def repaired_only(self, request: HttpRequest, queryset: models.QuerySet[Incident]) -> HttpResponse | None:
        explain = _("対策を約束せずに終えます。金継ぎとは分けて表示されます。もう約束した対策のお知らせは続きます。")
        return self._end(request, queryset, "repaired_only", Stage.REPAIRED_ONLY, explain)

    @admin.action(description=TITLES[Stage.WITHDRAWN])
    def withdraw(self, request: HttpRequest, queryset: models.QuerySet[Incident]) -> HttpResponse | None:
        return self._end(
            request, queryset, "withdraw", Stage.WITHDRAWN, _("記録は消えません。取り下げた理由とともに残ります。")
        )

    @admin.action(description=TITLES[Stage.DUPLICATE])
    def duplicate(self, request: HttpRequest, queryset: models.QuerySet[Incident]) -> HttpResponse | None:
        return self._end(request, queryset, "duplicate", Stage.DUPLICATE, _("続きは元の記録に書きます。"))

    @admin.action(description=_("開き直す"))
    def reopen(self, request: HttpRequest, queryset: models.QuerySet[Incident]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="reopen",
            title=_("開き直す"),
            explain=_("段階は、いまの記録の中身から決まります。"),
            do=as_member(request, lambda one, reason: incident.reopen(one, by=request.user, reason=reason)),
            done=_("開き直しました。"),
        )
