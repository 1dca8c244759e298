from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window, ask, each
from incidents.domain import letter, outbox
from incidents.enums import SPREAD_KINDS, LetterKind, LetterState
from incidents.errors import Refused
from incidents.models import Incident, Letter, Person, ReminderDelivery
from incidents.models.incident import open_to


def telling_of_closed(person: Person) -> models.QuerySet[ReminderDelivery]:
    """Ledger rows of restricted records that the person may not read: their letters carry its words."""
    closed = Incident.objects.filter(restricted=True).exclude(pk__in=Incident.objects.filter(open_to(person)))
    return ReminderDelivery.objects.filter(follow_up__incident__in=closed).exclude(follow_up__kind__in=SPREAD_KINDS)


@admin.register(Letter)
class LetterAdmin(Window):
    """The outbox, without the texts: they tell of records, and their links act in the recipient's name.

    A letter can be taken back before it is sent, or tried again after it failed. The subject may name
    what a record holds: of one that the administrator may not read, the kind of letter stands there instead.
    """

    list_display = ("created_at", "subject_line", "to_email", "state", "error")
    list_display_links = ("created_at", "subject_line")
    list_filter = ("state", "kind")
    search_fields = ("subject",)  # an address as well would count letters per person (invariant 8)
    date_hierarchy = "created_at"
    actions = ("cancel", "send_again", "release")
    change_list_template = "admin/incidents/letter/change_list.html"
    fields = (
        "subject_line", "to_name", "to_email", "kind", "language", "state", "attempts", "next_try_at", "sent_at", "error",
        "message_id", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Letter]:
        # Who is written to after a crack is theirs alone (P4): those letters are not in the console at all.
        rows = super().get_queryset(request).exclude(kind=LetterKind.CARE).defer("text", "html")
        return rows.annotate(is_closed=Exists(telling_of_closed(request.user).filter(letter=OuterRef("pk"))))

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        """A subject that is not shown is not searched either."""
        rows, doubled = super().get_search_results(request, queryset, search_term)
        return (rows.filter(is_closed=False) if search_term.strip() else rows), doubled

    @admin.display(description=_("件名"))
    def subject_line(self, obj: Letter) -> str:
        return str(obj)

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
            if one.state not in letter.LOOKED_AT:
                raise Refused("not_failed", _("送信できなかった手紙と保留の手紙だけを、もう一度送れます。"))
            letter.send_again(one, by=request.user)

        each(self, request, queryset, again, _("もう一度送ります。"))

    @admin.action(description=_("保留を解いて送る"))
    def release(self, request: HttpRequest, queryset: models.QuerySet[Letter]) -> HttpResponse | None:
        return ask(
            self,
            request,
            queryset,
            action="release",
            title=_("保留を解いて送る"),
            explain=_(
                "バックアップから戻したときに保留された手紙です。前に届いているかもしれません。その場合は、同じ手紙がもう一度届きます。"
            ),
            do=lambda one, reason: letter.release(one, by=request.user, reason=reason),
            done=_("送ります。"),
        )

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
