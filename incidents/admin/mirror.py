from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from incidents.admin.base import Window
from incidents.letters.mirror import why_words
from incidents.models import Mirror


@admin.register(Mirror)
class MirrorAdmin(Window):
    """Which channels there are and whether they take what they are sent; never their addresses, keys or messages.

    A team's lead connects and stops them: this is a window.
    """

    list_display = ("name", "team", "kind", "host", "state", "failures", "told_at")
    list_select_related = ("team",)
    list_filter = ("state", "kind", "team")
    search_fields = ("name", "host")
    fields = (
        "name", "team", "kind", "host", "tail", "language", "morning", "clock", "titles", "state", "failures",
        "failing_since", "on_at", "off_at", "why_in_words", "told_at", "created_by", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Mirror]:
        return super().get_queryset(request).select_related("team", "created_by").defer("address", "secret")

    @admin.display(description=_("止まった理由"))
    def why_in_words(self, obj: Mirror) -> str:
        return why_words(obj.why) if obj.why else ""
