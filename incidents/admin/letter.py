from __future__ import annotations

import re

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window, ask, each
from incidents.domain import letter, outbox
from incidents.enums import LetterKind, LetterState
from incidents.errors import Refused
from incidents.models import Letter

# What lies behind these addresses acts in the recipient's name; who looks after the outbox must not be able to.
_SECRET_PATHS = re.compile(r"(/m/|/account/password/reset/key/|/setup/)[^\s\"'<>]+")


def masked(text: str) -> str:
    """The text with the secret part of each one-purpose link left out."""
    return _SECRET_PATHS.sub(r"\1…", text)


@admin.register(Letter)
class LetterAdmin(Window):
    """The outbox. Texts never change; a letter can be taken back before it is sent, or tried again after it failed."""

    list_display = ("created_at", "about", "to_email", "state", "error")
    list_display_links = ("created_at", "about")
    list_filter = ("state", "kind")
    date_hierarchy = "created_at"
    actions = ("cancel", "send_again")
    change_list_template = "admin/incidents/letter/change_list.html"
    fields = (
        "about", "to_name", "to_email", "kind", "language", "state", "attempts", "next_try_at", "sent_at", "error",
        "message_id", "created_at", "body",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Letter]:
        # Who is written to after a crack is theirs alone (P4): those letters are not in the console at all.
        rows = super().get_queryset(request).exclude(kind=LetterKind.CARE).defer("html")
        mine = models.ExpressionWrapper(models.Q(recipient=request.user), models.BooleanField())
        return rows.annotate(mine=mine)

    @admin.display(description=_("件名"))
    def about(self, obj: Letter) -> str:
        """A subject names what a record is about; of somebody else's letter its kind says enough to find what went wrong."""
        return obj.subject if obj.mine else str(obj)

    def label(self, obj: Letter) -> str:
        return f"{self.about(obj)} {obj.to_email}"

    @admin.display(description=_("本文"))
    def body(self, obj: Letter) -> str:
        """A letter tells of records that an administrator may not read; only one's own is shown."""
        if not obj.mine:
            return _("本文は、受け取る方だけが読みます。")
        return format_html("<pre>{}</pre>", masked(obj.text))

    @admin.action(description=_("取り消す"))
    def cancel(self, request: HttpRequest, queryset: models.QuerySet[Letter]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="cancel",
            title=_("取り消す"),
            explain=_("まだ送っていない手紙だけを取り消せます。送った手紙は変わりません。"),
            do=lambda one, reason: self._cancel(request, one, reason),
            done=_("取り消しました。"),
        )

    def _cancel(self, request: HttpRequest, one: Letter, reason: str) -> None:
        if one.state in {LetterState.SENT, LetterState.KEPT, LetterState.CANCELLED}:
            raise Refused("not_waiting", _("この手紙は、もう送られたか取り消されています。"))
        letter.cancel(one, by=request.user, reason=reason)

    @admin.action(description=_("もう一度送る"))
    def send_again(self, request: HttpRequest, queryset: models.QuerySet[Letter]) -> None:
        def again(one: Letter) -> None:
            if one.state != LetterState.FAILED:
                raise Refused("not_failed", _("送信できなかった手紙だけを、もう一度送れます。"))
            letter.send_again(one, by=request.user)

        each(self, request, queryset, again, _("もう一度送ります。"))

    def get_urls(self) -> list[URLPattern]:
        mine = [path("test/", self.admin_site.admin_view(self.send_test), name="incidents_letter_test")]
        return mine + super().get_urls()

    def send_test(self, request: HttpRequest) -> HttpResponse:
        """送信テスト: a letter to oneself, by the way that every reminder goes."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        written = outbox.send_test(by=request.user)
        if written.state == LetterState.KEPT:
            text = _("送信テストの手紙を書きました。メールの設定がないので、ここに保管しています。")
        else:
            text = _("送信テストの手紙を、あなたあてに出しました。")
        self.message_user(request, text, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:incidents_letter_change", args=[written.pk]))
