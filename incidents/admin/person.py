from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from incidents.admin import one_person
from incidents.admin.base import Window, adopt, each
from incidents.domain import outbox, person
from incidents.letters.links import absolute
from incidents.models import Membership, Person


def password_url(one: Person) -> str:
    """The site's own page to set a password; holds for one hour and until it has been used."""
    where = {"uidb36": user_pk_to_url_str(one), "key": default_token_generator.make_token(one)}
    return absolute(reverse("account_reset_password_from_key", kwargs=where))


class Unreached(admin.SimpleListFilter):
    """Active people to whom mail does not arrive; `manage.py doctor` says how many there are."""

    title = _("メール")
    parameter_name = "mail"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("unreached", _("届いていません"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Person]) -> models.QuerySet[Person]:
        if self.value() != "unreached":
            return queryset
        return queryset.filter(is_active=True, mail_bounced_at__isnull=False)


@admin.register(Person)
class PersonAdmin(Window):
    """Nobody is deleted: somebody who leaves is deactivated, and what they wrote stays."""

    writes = True
    list_display = ("name", "email", "is_active", "is_admin", "language", "last_login")
    list_filter = ("is_active", "is_admin", "language", Unreached)
    search_fields = ("name", "email")
    actions = ("send_password_link",)
    fieldsets = (
        (None, {"fields": ("name", "email")}),
        (_("言語と時刻"), {"fields": ("language", "time_zone", "digest_hour", "quiet_from", "quiet_until")}),
        (
            _("役割"),
            {
                "fields": ("is_active", "is_admin", "teams_in_words", "last_login", "mail_bounced_at", "own_data"),
                "description": _(
                    "パスワードはここでは決めません。登録すると、パスワードを設定するページの手紙が届きます（1時間有効）。"
                    "届かないときは、一覧の操作からもう一度送るか、サインインのページの「パスワードを忘れた」を使ってもらいます。"
                ),
            },
        ),
    )
    readonly_fields = ("teams_in_words", "last_login", "mail_bounced_at", "own_data")

    def get_fieldsets(self, request: HttpRequest, obj: Person | None = None) -> Any:
        if obj is not None:
            return self.fieldsets
        base, hours, (label, more) = self.fieldsets
        told = more["description"]
        if not settings.MAIL_CONFIGURED:
            told = _(
                "パスワードはここでは決めません。メールの設定がないので、登録した次の画面に、"
                "パスワードを設定するリンクを一度だけ表示します（1時間有効）。"
            )
        return (base, hours, (label, {"fields": ("is_admin",), "description": told}))

    def get_urls(self) -> list[URLPattern]:
        return one_person.urls(self) + super().get_urls()

    @admin.display(description=_("この方について保存しているもの"))
    def own_data(self, obj: Person) -> str:
        return one_person.links(obj)

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
        if settings.MAIL_CONFIGURED:
            outbox.send_password_link(obj, by=request.user, url=password_url(obj))
            self.message_user(request, _("パスワードを設定する手紙を出しました。"), messages.SUCCESS)

    def response_add(self, request: HttpRequest, obj: Person, post_url_continue: str | None = None) -> HttpResponse:
        if settings.MAIL_CONFIGURED:
            return super().response_add(request, obj, post_url_continue)
        return self._show_links(request, [obj])

    @admin.action(description=_("パスワード設定の手紙を送る"))
    def send_password_link(self, request: HttpRequest, queryset: models.QuerySet[Person]) -> HttpResponse | None:
        active = queryset.filter(is_active=True)
        if not settings.MAIL_CONFIGURED:
            return self._show_links(request, active)
        each(
            self,
            request,
            active,
            lambda one: outbox.send_password_link(one, by=request.user, url=password_url(one)),
            _("手紙を出しました。"),
        )
        return None

    def _show_links(self, request: HttpRequest, people: Iterable[Person]) -> HttpResponse:
        """The links themselves, on the answer and nowhere else: no letter would reach anybody, nothing keeps them."""
        rows = []
        for one in people:
            outbox.note_link_shown(one, by=request.user)
            rows.append({"person": one, "url": password_url(one)})
        context = {
            **self.admin_site.each_context(request),
            "title": _("パスワードを設定するリンク"),
            "opts": self.opts,
            "rows": rows,
        }
        return TemplateResponse(request, "admin/incidents/person/links.html", context)
