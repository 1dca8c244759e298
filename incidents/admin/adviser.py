from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import ReasonForm, Window, adopt, ask
from incidents.domain import adviser
from incidents.models import Adviser, Person


@admin.register(Adviser)
class AdviserAdmin(Window):
    """Whom people can choose to talk to, beside their own leads. What they are told is nowhere in the console."""

    writes = True
    list_display = ("person", "about", "place")
    list_select_related = ("person",)
    fields = adviser.FIELDS
    actions = ("remove",)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        kwargs["queryset"] = Person.objects.filter(is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Adviser | None = None) -> tuple[str, ...]:
        """Another person is another row."""
        return ("person",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Adviser, form: forms.ModelForm, change: bool) -> None:
        known = Adviser.objects.get(pk=obj.pk) if change else None
        adopt(obj, adviser.set_adviser(by=request.user, adviser=known, **form.cleaned_data))

    @admin.action(description=_("外す"))
    def remove(self, request: HttpRequest, queryset: models.QuerySet[Adviser]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="remove",
            title=_("相談を受ける人から外す"),
            explain=_("新しい相談の相手に選べなくなります。すでに受けている相談は、そのまま続きます。"),
            form_class=ReasonForm,
            do=lambda one, reason: adviser.remove_adviser(one, by=request.user, reason=reason),
            done=_("外しました。"),
        )
