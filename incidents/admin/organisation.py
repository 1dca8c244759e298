from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from incidents.admin import ladder, retention
from incidents.admin.base import ReasonForm, Window, adopt, ask
from incidents.domain import organisation
from incidents.models import Closure, Organisation, ReportClock


class WordedForm(forms.ModelForm):
    """Leaves double entries and the like to the verb, which refuses them in words."""

    def validate_unique(self) -> None: ...

    def validate_constraints(self) -> None: ...


# The browser's own widgets: they speak the reader's language and need no script.
CLOCK_TIME = {"widget": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}


def _say_moved(window: Window, request: HttpRequest, promises: int) -> None:
    """How many open promises are told on other days now."""
    if promises:
        words = ngettext(
            "続いている%(count)d件の約束で、お知らせの日が変わりました。",
            "続いている%(count)d件の約束で、お知らせの日が変わりました。",
            promises,
        )
        window.message_user(request, words % {"count": promises}, messages.INFO)


@admin.register(Organisation)
class OrganisationAdmin(Window):
    """The one row: defaults and calendar of the whole house."""

    writes = True
    form = WordedForm
    formfield_overrides = {models.TimeField: CLOCK_TIME}
    list_display = ("name", "language", "time_zone", "first_report_minutes", "closed_year_end", "closed_obon")
    fields = (*organisation.SETTINGS, "ladder_link", "retention_link")
    readonly_fields = ("ladder_link", "retention_link")

    @admin.display(description=_("お知らせのはしご"))
    def ladder_link(self, obj: Organisation) -> str:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:incidents_organisation_ladder"),
            _("自分たちで決めた段") if obj.ladder else _("ふつうの段"),
        )

    @admin.display(description=_("保存期間"))
    def retention_link(self, obj: Organisation) -> str:
        words = _("自分たちで決めた日数") if obj.retention else _("ふつうの日数")
        return format_html('<a href="{}">{}</a>', reverse("admin:incidents_organisation_retention"), words)

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path("ladder/", self.admin_site.admin_view(self.ladder), name="incidents_organisation_ladder"),
            path("retention/", self.admin_site.admin_view(self.retention), name="incidents_organisation_retention"),
        ]
        return mine + super().get_urls()

    def retention(self, request: HttpRequest) -> HttpResponse:
        return retention.page(self, request)

    def ladder(self, request: HttpRequest) -> HttpResponse:
        return ladder.page(self, request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Organisation, form: forms.ModelForm, change: bool) -> None:
        made = organisation.edit(by=request.user, **{name: form.cleaned_data[name] for name in form.changed_data})
        _say_moved(self, request, made.moved)


@admin.register(Closure)
class ClosureAdmin(Window):
    """Days on which nothing is late, or on which the house works after all."""

    writes = True
    list_display = ("day", "name", "team", "works")
    list_select_related = ("team",)
    list_filter = ("works", "team")
    search_fields = ("name",)
    fields = ("day", "name", "team", "works")
    formfield_overrides = {models.DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}}
    actions = ("remove",)

    def save_model(self, request: HttpRequest, obj: Closure, form: forms.ModelForm, change: bool) -> None:
        known = Closure.objects.get(pk=obj.pk) if change else None
        values = {name: form.cleaned_data[name] for name in self.fields}
        made = organisation.set_closure(by=request.user, closure=known, **values)
        adopt(obj, made)
        _say_moved(self, request, made.moved)

    @admin.action(description=_("登録を取り消す"))
    def remove(self, request: HttpRequest, queryset: models.QuerySet[Closure]) -> HttpResponse | None:
        def take_back(one: Closure, reason: str) -> None:
            _say_moved(self, request, organisation.remove_closure(one, by=request.user, reason=reason))

        return ask(
            self,
            request,
            queryset,
            action="remove",
            title=_("登録を取り消す"),
            explain=_("これらの日は、ふだんの暦にもどります。"),
            form_class=ReasonForm,
            do=take_back,
            done=_("取り消しました。"),
        )


@admin.register(ReportClock)
class ReportClockAdmin(Window):
    """How long the first report may take; the narrowest entry counts."""

    writes = True
    form = WordedForm
    list_display = ("team_in_words", "severity_in_words", "minutes", "business_hours")
    list_display_links = ("team_in_words", "severity_in_words")
    list_select_related = ("team",)
    list_filter = ("severity", "business_hours", "team")
    search_fields = ("team__name",)
    fields = ("team", "severity", "minutes", "business_hours")
    actions = ("remove",)

    @admin.display(description=_("チーム"), ordering="team__name")
    def team_in_words(self, obj: ReportClock) -> str:
        return str(obj.team or _("組織ぜんたい"))

    @admin.display(description=_("重大度"), ordering="severity")
    def severity_in_words(self, obj: ReportClock) -> str:
        return obj.get_severity_display() if obj.severity else str(_("どの重大度でも"))

    def save_model(self, request: HttpRequest, obj: ReportClock, form: forms.ModelForm, change: bool) -> None:
        known = ReportClock.objects.get(pk=obj.pk) if change else None
        values = {name: form.cleaned_data[name] for name in self.fields}
        adopt(obj, organisation.set_report_clock(by=request.user, clock=known, **values))

    @admin.action(description=_("登録を取り消す"))
    def remove(self, request: HttpRequest, queryset: models.QuerySet[ReportClock]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="remove",
            title=_("登録を取り消す"),
            explain=_("次に広い決まりが、これからの記録に当てはまります。いま動いている時計は変わりません。"),
            do=lambda one, reason: organisation.remove_report_clock(one, by=request.user, reason=reason),
            done=_("取り消しました。"),
        )
