from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import ReasonForm, Window, adopt, ask
from incidents.domain import organisation
from incidents.models import Closure, Organisation


@admin.register(Organisation)
class OrganisationAdmin(Window):
    """The one row: defaults and calendar of the whole house."""

    writes = True
    list_display = ("name", "language", "time_zone", "first_report_minutes", "closed_year_end", "closed_obon")
    fields = organisation.SETTINGS

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Organisation, form: forms.ModelForm, change: bool) -> None:
        organisation.edit(by=request.user, **{name: form.cleaned_data[name] for name in form.changed_data})


@admin.register(Closure)
class ClosureAdmin(Window):
    """Days on which nothing is late, or on which the house works after all."""

    writes = True
    list_display = ("day", "name", "team", "works")
    list_select_related = ("team",)
    list_filter = ("works", "team")
    search_fields = ("name",)
    fields = ("day", "name", "team", "works")
    # The browser's own calendar: it speaks the reader's language and needs no script.
    formfield_overrides = {models.DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}}
    actions = ("remove",)

    def save_model(self, request: HttpRequest, obj: Closure, form: forms.ModelForm, change: bool) -> None:
        known = Closure.objects.get(pk=obj.pk) if change else None
        values = {name: form.cleaned_data[name] for name in self.fields}
        adopt(obj, organisation.set_closure(by=request.user, closure=known, **values))

    @admin.action(description=_("登録を取り消す"))
    def remove(self, request: HttpRequest, queryset: models.QuerySet[Closure]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="remove",
            title=_("登録を取り消す"),
            explain=_("これらの日は、ふだんの暦にもどります。"),
            form_class=ReasonForm,
            do=lambda one, reason: organisation.remove_closure(one, by=request.user, reason=reason),
            done=_("取り消しました。"),
        )
