from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Category


class NamelessNote(models.Model):
    """A near miss without a name, until the morning batch publishes it (C2).

    Nothing here leads to a person: no foreign key to one, a random key instead of a number, a day instead of a time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("incidents.Team", models.PROTECT, related_name="+", verbose_name=_("チーム"))
    text = models.TextField(_("何がありましたか"))
    category = models.CharField(_("分類"), max_length=24, choices=Category, blank=True)
    process = models.CharField(_("業務"), max_length=120, blank=True)
    day = models.DateField(_("日"))
    receipt_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("名前のないヒヤリハット")
        verbose_name_plural = pgettext_lazy("plural", "名前のないヒヤリハット")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.id)
