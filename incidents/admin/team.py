from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window, adopt, ask, each
from incidents.domain import nameless, team
from incidents.letters.links import absolute
from incidents.models import Membership, Team
from incidents.queries.nameless import door_path


@admin.register(Team)
class TeamAdmin(Window):
    writes = True
    list_display = ("name", "slug", "first_report_minutes", "created_at")
    search_fields = ("name", "slug")
    fields = team.FIELDS
    actions = ("move_door", "shut_door", "open_door")
    shown = ("nameless_address", "members_in_words")

    def get_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        return (*self.fields, *self.shown) if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> tuple[str, ...]:
        return self.shown if obj else ()

    @admin.display(description=_("名前を出さずに書くアドレス"))
    def nameless_address(self, obj: Team) -> str:
        path = door_path(obj)
        return absolute(path) if path else str(_("閉じています"))

    @admin.action(description=_("名前を出さずに書くアドレスを新しくする"))
    def move_door(self, request: HttpRequest, queryset: models.QuerySet[Team]) -> None:
        each(self, request, queryset, lambda one: nameless.move_door(one, by=request.user), _("新しくしました。"))

    @admin.action(description=_("名前を出さずに書くアドレスを閉じる"))
    def shut_door(self, request: HttpRequest, queryset: models.QuerySet[Team]) -> None:
        shut = lambda one: nameless.set_door(one, by=request.user, is_open=False)  # noqa: E731
        each(self, request, queryset, shut, _("閉じました。"))

    @admin.action(description=_("名前を出さずに書くアドレスを開く"))
    def open_door(self, request: HttpRequest, queryset: models.QuerySet[Team]) -> None:
        again = lambda one: nameless.set_door(one, by=request.user, is_open=True)  # noqa: E731
        each(self, request, queryset, again, _("開きました。"))

    @admin.display(description=_("メンバー"))
    def members_in_words(self, obj: Team) -> str:
        """Who belongs to the team; each line leads to the membership, where the role is changed."""
        rows = Membership.objects.filter(team=obj).select_related("person").order_by("person__name", "pk")
        lines = (
            (reverse("admin:incidents_membership_change", args=[one.pk]), one.person, one.get_role_display())
            for one in rows
        )
        return format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{}</a> {}</li>', lines))

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
