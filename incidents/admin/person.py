from __future__ import annotations

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window, adopt, each
from incidents.domain import outbox, person
from incidents.letters.links import absolute
from incidents.models import Membership, Person


def password_url(one: Person) -> str:
    """The site's own page to set a password; holds for one hour and until it has been used."""
    where = {"uidb36": user_pk_to_url_str(one), "key": default_token_generator.make_token(one)}
    return absolute(reverse("account_reset_password_from_key", kwargs=where))


@admin.register(Person)
class PersonAdmin(Window):
    """Nobody is deleted: somebody who leaves is deactivated, and what they wrote stays."""

    writes = True
    list_display = ("name", "email", "is_active", "is_admin", "language", "last_login")
    list_filter = ("is_active", "is_admin", "language")
    search_fields = ("name", "email")
    actions = ("send_password_link",)
    fieldsets = (
        (None, {"fields": ("name", "email")}),
        (_("言語と時刻"), {"fields": ("language", "time_zone", "digest_hour")}),
        (
            _("役割"),
            {
                "fields": ("is_active", "is_admin", "teams_in_words", "last_login"),
                "description": _(
                    "パスワードはここでは決めません。登録すると、パスワードを設定するページの手紙が届きます（1時間有効）。"
                    "届かないときは、一覧の操作からもう一度送るか、サインインのページの「パスワードを忘れた」を使ってもらいます。"
                ),
            },
        ),
    )
    readonly_fields = ("teams_in_words", "last_login")

    def get_fieldsets(self, request: HttpRequest, obj: Person | None = None) -> Any:
        if obj is not None:
            return self.fieldsets
        base, hours, (label, more) = self.fieldsets
        return (base, hours, (label, {**more, "fields": ("is_admin",)}))

    @admin.display(description=_("所属"))
    def teams_in_words(self, obj: Person) -> str:
        rows = Membership.objects.filter(person=obj).select_related("team").order_by("team__name")
        return format_html_join(", ", "{} ({})", ((one.team.name, one.get_role_display()) for one in rows)) or "-"

    def save_model(self, request: HttpRequest, obj: Person, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        if change:
            person.edit_person(Person.objects.get(pk=obj.pk), by=request.user, **values)
            return
        adopt(obj, person.create_person(by=request.user, **form.cleaned_data))
        outbox.send_password_link(obj, by=request.user, url=password_url(obj))
        self.message_user(request, _("パスワードを設定する手紙を出しました。"), messages.SUCCESS)

    @admin.action(description=_("パスワード設定の手紙を送る"))
    def send_password_link(self, request: HttpRequest, queryset: models.QuerySet[Person]) -> None:
        each(
            self,
            request,
            queryset.filter(is_active=True),
            lambda one: outbox.send_password_link(one, by=request.user, url=password_url(one)),
            _("手紙を出しました。"),
        )
