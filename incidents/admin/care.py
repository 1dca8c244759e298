from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import ReasonForm, Window, adopt, ask
from incidents.domain import care
from incidents.models import HelpLine


@admin.register(HelpLine)
class HelpLineAdmin(Window):
    """Where people can talk (B-11). Who opens the page that shows them, and who is written to, is nowhere here."""

    writes = True
    list_display = ("name", "kind", "phone", "hours", "team_in_words", "checked_on", "place")
    list_select_related = ("team",)
    list_filter = ("kind", "team")
    search_fields = ("name",)
    fields = care.LINE_FIELDS
    formfield_overrides = {models.DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}}
    actions = ("remove",)

    @admin.display(description=_("だれに見せるか"), ordering="team__name")
    def team_in_words(self, obj: HelpLine) -> str:
        return str(obj.team or _("みんな"))

    def save_model(self, request: HttpRequest, obj: HelpLine, form: forms.ModelForm, change: bool) -> None:
        known = HelpLine.objects.get(pk=obj.pk) if change else None
        values: dict[str, Any] = {name: form.cleaned_data[name] for name in self.fields}
        adopt(obj, care.set_help_line(by=request.user, line=known, **values))

    @admin.action(description=_("外す"))
    def remove(self, request: HttpRequest, queryset: models.QuerySet[HelpLine]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="remove",
            title=_("相談先を外す"),
            explain=_("これらの相談先は、ひと息のページに出なくなります。"),
            form_class=ReasonForm,
            do=lambda one, reason: care.remove_help_line(one, by=request.user, reason=reason),
            done=_("外しました。"),
        )
