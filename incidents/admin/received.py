from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.enums import UNSEEN_LETTERS, MailState
from incidents.models import ReceivedMail
from incidents.models.incident import open_to


@admin.register(ReceivedMail)
class ReceivedMailAdmin(Window):
    """What came in and what became of it, with the reason in words. Not what stands in it: that belongs to its record.

    What is somebody's draft is not here at all: nobody else learns that they jotted something down (C3).
    """

    list_display = ("created_at", "subject_line", "from_address", "kind", "state", "why")
    list_display_links = ("created_at", "subject_line")
    list_filter = ("state", "kind", "why")
    date_hierarchy = "created_at"
    fields = (
        "subject_line", "from_name", "from_address", "kind", "state", "why", "reference", "letter_line", "sent_at", "created_at",
        "size_label", "sha256", "message_id",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ReceivedMail]:
        rows = super().get_queryset(request).exclude(state=MailState.DRAFTED).defer("text", "quoted", "left_out")
        # A bounce of a letter of care would tell to whom one was written (P4).
        rows = rows.exclude(letter__kind__in=UNSEEN_LETTERS)
        rows = rows.filter(Q(incident=None) | open_to(request.user, "incident"))
        return rows.select_related("incident", "letter", "letter__recipient")

    @admin.display(description=_("件名"))
    def subject_line(self, obj: ReceivedMail) -> str:
        return obj.subject or str(obj.get_kind_display())

    @admin.display(description=_("記録"))
    def reference(self, obj: ReceivedMail) -> str:
        return obj.incident.reference if obj.incident else "–"

    @admin.display(description=_("手紙"))
    def letter_line(self, obj: ReceivedMail) -> str:
        return f"{obj.letter.get_kind_display()} {obj.letter.to_email}" if obj.letter else "–"

    @admin.display(description=_("大きさ"))
    def size_label(self, obj: ReceivedMail) -> str:
        return filesizeformat(obj.size)
