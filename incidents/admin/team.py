from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window, adopt, ask
from incidents.domain import team
from incidents.models import Membership, Team


class MembershipInline(admin.TabularInline):
    """Who belongs to the team, to read; each line leads to the membership, where the role is changed."""

    model = Membership
    extra = 0
    fields = ("person", "role")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        return super().get_queryset(request).select_related("person", "team").order_by("person__name")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(Window):
    writes = True
    list_display = ("name", "slug", "first_report_minutes", "created_at")
    search_fields = ("name", "slug")
    fields = team.FIELDS
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Team, form: forms.ModelForm, change: bool) -> None:
        if change:
            known = Team.objects.get(pk=obj.pk)
            team.edit_team(known, by=request.user, **{name: form.cleaned_data[name] for name in form.changed_data})
        else:
            adopt(obj, team.create_team(by=request.user, **{name: form.cleaned_data[name] for name in self.fields}))


@admin.register(Membership)
class MembershipAdmin(Window):
    """Who belongs where. The role is changed here; who leaves is removed by the action, with a reason."""

    writes = True
    list_display = ("person", "team", "role", "created_at")
    list_select_related = ("person", "team")
    list_filter = ("role", "team")
    search_fields = ("person__name", "person__email", "team__name")
    fields = ("person", "team", "role")
    actions = ("remove",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        return super().get_queryset(request).select_related("person", "team")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("person", "team") if obj else ()

    def save_model(self, request: HttpRequest, obj: Membership, form: forms.ModelForm, change: bool) -> None:
        made = team.set_membership(by=request.user, person=obj.person, team=obj.team, role=form.cleaned_data["role"])
        adopt(obj, made)

    @admin.action(description=_("チームから外す"))
    def remove(self, request: HttpRequest, queryset: models.QuerySet[Membership]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="remove",
            title=_("チームから外す"),
            explain=_("書いた記録はそのまま残ります。受け持っている対策は、先に引き継いでください。"),
            do=lambda one, reason: team.remove_membership(one, by=request.user, reason=reason),
            done=_("外しました。"),
        )
